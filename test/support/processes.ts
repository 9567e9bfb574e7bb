/** The child processes of this one, as the system sees them. */
import { execFileSync } from 'node:child_process'

export function childPids (): number[] {
  const listing = spawnless()
  return listing.split('\n').map((line) => line.trim().split(/\s+/).map(Number)).flatMap(([pid, parent]) => (pid !== undefined && parent === process.pid ? [pid] : []))
}

/** The listing itself is a child too, but gone when it has been read. */
function spawnless (): string {
  return execFileSync('ps', ['-A', '-o', 'pid=,ppid=,comm='], { encoding: 'utf8' }).split('\n').filter((line) => !/ ps$/.test(line)).join('\n')
}
