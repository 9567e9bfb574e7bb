/** A moment of the wall clock, however far away. */

/** Timers of Node hold 31 bits. */
const MAX_TIMER_MS = 0x7fffffff

/** Calls `reached` at `atMs`, Unix milliseconds; at once where that is over. Keeps no process alive. The result ends the wait. */
export function atTime (atMs: number, reached: () => void): () => void {
  let timer: NodeJS.Timeout | undefined
  const look = (): void => {
    const leftMs = atMs - Date.now()
    if (leftMs <= 0) reached()
    else timer = setTimeout(look, Math.min(leftMs, MAX_TIMER_MS)).unref()
  }
  look()
  return () => { clearTimeout(timer) }
}
