/** Who was granted a task: whose results of old leases count, and who may go on with one that ended without him. */
import { MAX_AVOIDED_PER_TASK } from './limits.ts'
import type { OpenTask } from './open-task.ts'

/** Leases of one task whose results are still accepted: the newest ones. */
const MAX_GRANTS_REMEMBERED = 32

/** Notes that `peer` may answer for the lease with this fence. */
export function rememberGrant ({ granted }: OpenTask, fence: number, peer: string): void {
  granted.set(fence, peer)
  if (granted.size > MAX_GRANTS_REMEMBERED) dropOldest(granted)
}

/**
 * Whether `peer` was granted the lease with this fence. Leases are written behind: a worker that is awaited since a restart may
 * have had a newer one than what was written, and is taken at its word for one. Of a task that was not leased as far as is known
 * nobody is believed, though somebody may have it: whoever has heard of its id could say so, and it is only run once more.
 */
export function hasGrant (task: OpenTask, fence: number, peer: string): boolean {
  if (task.granted.get(fence) === peer) return true
  const { absence, unwritten } = task
  if (absence?.peer !== peer || fence <= absence.fence || fence > unwritten) return false
  task.unwritten = 0
  rememberGrant(task, fence, peer)
  return true
}

/** The lease of `peer` ended without a result; should it come back and go on, it has no more time than that lease gave it. */
export function rememberLapse (task: OpenTask, peer: string, endsAt: number): void {
  const lapsed = task.lapsed ??= new Map()
  lapsed.delete(peer)
  lapsed.set(peer, endsAt)
  if (lapsed.size > MAX_AVOIDED_PER_TASK) dropOldest(lapsed)
}

function dropOldest (map: Map<unknown, unknown>): void {
  for (const key of map.keys()) {
    map.delete(key)
    return
  }
}
