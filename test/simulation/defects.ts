/** Defects on purpose, each at a seam of the simulation: to see that they are found. */
export const DEFECTS = [
  /** A submit is answered before it is on disk. */
  'accepts-before-written',
  /** A result is acknowledged and shown before it is on disk. */
  'ends-before-written',
  /** The submitter hears of no stream's end, and its leases do not expire. */
  'never-leases-again',
  /** A result counts whoever sends it. */
  'believes-anybody',
  'ignores-cancels',
  'ignores-acknowledgements',
] as const
export type Defect = typeof DEFECTS[number]
