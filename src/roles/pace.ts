/** How long calls take lately, and from that how many to keep under way so that nobody waits for a round trip. */

/** Weight of the newest measurement in the moving average. */
const WEIGHT = 0.1
/** Work kept ahead of a busy slot: longer than a round trip, short enough that idle workers elsewhere lose little. */
const AHEAD_MS = 50
/** Work handed to an executor ahead of a busy slot: what is there already is not passed by, so it is no more than the hand-over takes. */
const HANDED_MS = 10
/** Calls are never taken to be shorter: handing one over costs about this much. */
const SHORTEST_MS = 0.05

export interface Pace {
  /** Adds one measurement, milliseconds. */
  note (wallMs: number): void
  /** Calls to have under way for `slots` slots: each slot's own, and what fills AHEAD_MS behind it. */
  depth (slots: number): number
  /** As that, in the executor itself: none behind calls that take long. */
  handed (slots: number): number
}

/** Until something is measured, one call waits behind each running one. */
export function createPace (): Pace {
  let averageMs: number | undefined
  return {
    note (wallMs) {
      const ms = Math.max(SHORTEST_MS, wallMs)
      averageMs = averageMs === undefined ? ms : averageMs + WEIGHT * (ms - averageMs)
    },
    depth: (slots) => slots * (1 + Math.ceil(averageMs === undefined ? 1 : AHEAD_MS / averageMs)),
    handed: (slots) => slots * (1 + (averageMs === undefined ? 1 : Math.floor(HANDED_MS / averageMs))),
  }
}
