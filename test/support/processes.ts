/** The child processes of this one: as the system sees them, and as they are started. */
import { ChildProcess, execFileSync } from 'node:child_process'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'

export function childPids (): number[] {
  const listing = spawnless()
  return listing.split('\n').map((line) => line.trim().split(/\s+/).map(Number)).flatMap(([pid, parent]) => (pid !== undefined && parent === process.pid ? [pid] : []))
}

/** The listing itself is a child too, but gone when it has been read. */
function spawnless (): string {
  return execFileSync('ps', ['-A', '-o', 'pid=,ppid=,comm='], { encoding: 'utf8' }).split('\n').filter((line) => !/ ps$/.test(line)).join('\n')
}

/** All that are started from now on, until `stop`. */
export function watchChildren (): { children: ChildProcess[], stop: () => void } {
  const children: ChildProcess[] = []
  const note = (message: unknown): void => {
    if (typeof message === 'object' && message !== null && 'process' in message && message.process instanceof ChildProcess) children.push(message.process)
  }
  subscribe('child_process', note)
  return { children, stop: () => { unsubscribe('child_process', note) } }
}
