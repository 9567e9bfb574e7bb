/** Ends a sandbox whose node is gone, where the system cannot: a module that spins would go on for ever. */

/** Tells a sandbox to watch; needs a thread, because its main thread may never come back from the module. */
export const WATCH_ARGUMENT = '--watch-parent'
const LOOK_EVERY_MS = 1000

/** Runs in a thread of the sandbox process: orphans get another parent. */
export function watchParent (): void {
  const parent = process.ppid
  setInterval(() => {
    if (process.ppid !== parent) process.kill(process.pid, 'SIGKILL')
  }, LOOK_EVERY_MS)
}
