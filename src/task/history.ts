/** What happened to a task, in order: what `corebrum history` prints. */

export const HISTORY_KINDS = [
  'submitted', 'recovered', 'leased', 'resumed', 'started', 'released', 'failed-attempt', 'waiting',
  'duplicate', 'collected', 'completed', 'failed', 'timeout', 'cancelled',
  'step', 'paused', 'continued', 'agreed', 'differed', 'reused',
] as const
export type HistoryKind = typeof HISTORY_KINDS[number]

/** One event. `peer` is who did it or to whom it was done; `detail` is a short text for people. Times are Unix milliseconds. */
export interface HistoryEvent {
  readonly atMs: number
  readonly kind: HistoryKind
  readonly peer?: string
  readonly fence?: number
  readonly detail?: string
}

/** Events that a task keeps from its beginning, and in all: of a task that is tried for weeks the middle is left out. */
const FIRST_EVENTS = 16
const MAX_EVENTS = 64
/** Characters of a detail. */
const MAX_DETAIL_CHARS = 256

/** The history with one more event. */
export function withEvent (history: readonly HistoryEvent[], event: HistoryEvent): readonly HistoryEvent[] {
  const { detail } = event
  // Through bytes, as a slice would keep the whole text in memory.
  const kept = detail === undefined || detail.length <= MAX_DETAIL_CHARS ? event : { ...event, detail: Buffer.from(detail.slice(0, MAX_DETAIL_CHARS)).toString() }
  if (history.length < MAX_EVENTS) return [...history, kept]
  return [...history.slice(0, FIRST_EVENTS), ...history.slice(FIRST_EVENTS + 1), kept]
}
