/** How long a test waits for what must come: it tells a hang from a busy machine, and measures nothing. Below the time of mocha, so that it says what did not come. */
export const DEADLINE_MS = 60_000
