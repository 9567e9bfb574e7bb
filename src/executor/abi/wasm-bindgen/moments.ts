/** Moments in text. */

/** The last moment that a Date can be, milliseconds since 1970. */
const MAX_DATE_MS = 8.64e15

/** As `toISOString` writes it; `Invalid Date` for what is none. */
export function toIsoText (ms: number): string {
  return Math.abs(ms) <= MAX_DATE_MS ? new Date(ms).toISOString() : 'Invalid Date'
}
