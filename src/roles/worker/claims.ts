/** Tells submitters how many leases they may place here, whenever that changes. */
import type { Pace } from '../pace.ts'
import type { ServedSubmitter } from './served-submitter.ts'
import { shareOut } from './windows.ts'

export interface ClaimsComponents {
  submitters: Iterable<ServedSubmitter> & { readonly leases: number }
  /** How long all calls take. */
  pace: Pick<Pace, 'depth'>
  /** Monotonic milliseconds. */
  now: () => number
}

export interface Claims {
  /** Shares out what this many slots are worth; 0: nothing more is taken. */
  share (slots: number): void
}

export function createClaims ({ submitters, pace, now }: ClaimsComponents): Claims {
  /** When the last free slot was taken. */
  let fullSince: number | undefined

  return {
    share (slots) {
      const at = now()
      if (submitters.leases < slots) fullSince = undefined
      else fullSince ??= at
      const linked = [...submitters].filter(({ link }) => link !== undefined)
      const windows = shareOut(linked, { slots, depth: pace.depth(slots), fullForMs: fullSince === undefined ? 0 : at - fullSince })
      linked.forEach((submitter, i) => {
        const window = windows[i] ?? 0
        if (submitter.window === window) return
        submitter.window = window
        submitter.link?.send({ kind: 'claim', slots: window })
      })
    },
  }
}
