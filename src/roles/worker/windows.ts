/** How many leases each submitter may place on a worker: a fair share for those that want to, a warm start for the rest. */
import { MAX_CLAIM_WINDOW } from '../../limits.ts'
import type { Pace } from '../pace.ts'

/** A worker that has been full for this long closes the windows of submitters that do not use them now. */
const FULL_BEFORE_CLOSING_MS = 100

export interface WindowedSubmitter {
  /** Leases that it has here. */
  readonly leases: number
  /** It has tasks that nobody runs yet. */
  readonly wanting: boolean
  /** What was last claimed. */
  readonly window: number
  /** How long its own calls take; absent while none has ended: then they count as those of all. */
  readonly pace?: Pick<Pace, 'depth'> | undefined
}

export interface Room {
  /** 0: nothing more is taken. */
  slots: number
  /** Leases that are worth having under way in all, by how long all calls take. */
  depth: number
  /** Milliseconds for which all slots have been taken; 0 when one is free. */
  fullForMs: number
}

/** The window of each submitter, in order. */
export function shareOut (submitters: WindowedSubmitter[], { slots, depth, fullForMs }: Room): number[] {
  const active = submitters.filter(({ leases, wanting }) => leases > 0 || wanting).length
  return submitters.map(({ leases, wanting, window, pace }) => {
    if (slots === 0) return 0
    // Who has short calls needs more of them here to fill its share of the time.
    const worth = pace?.depth(slots) ?? depth
    const share = Math.min(MAX_CLAIM_WINDOW, Math.max(1, Math.floor(worth / Math.max(1, active))))
    if (leases === 0 && !wanting) {
      if (fullForMs >= FULL_BEFORE_CLOSING_MS) return 0
      // Who comes back every moment with a short call keeps what it had: no message for each call.
      return fullForMs > 0 || (window >= slots && window <= worth * 1.25) ? window : slots
    }
    // Small moves are not worth a message.
    return window > 0 && Math.abs(share - window) <= window / 4 ? window : share
  })
}
