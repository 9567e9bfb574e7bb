/** Durations as people write them: `90s`, `10m`, `1h30m`, `7d`; a bare number is in seconds. */

const UNITS_MS: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 }
const WHOLE = /^(?:\d{1,12}(?:\.\d{1,6})?(?:ms|s|m|h|d|w))+$/
const PART = /(\d+(?:\.\d+)?)(ms|s|m|h|d|w)/g

export const DURATION_RULE = 'a duration such as 90s, 10m, 1h30m or 2d, or a number of seconds'

/** Milliseconds, whole and at least 1; undefined for what is no duration above 0. */
export function parseDuration (value: unknown): number | undefined {
  if (typeof value === 'number' || typeof value === 'bigint') return atLeastOne(Number(value) * 1_000)
  if (typeof value !== 'string') return undefined
  const text = value.trim().toLowerCase().replace(/\s+/g, '')
  if (/^\d{1,12}(?:\.\d{1,6})?$/.test(text)) return atLeastOne(Number(text) * 1_000)
  if (!WHOLE.test(text)) return undefined
  let ms = 0
  for (const [, count, unit = ''] of text.matchAll(PART)) ms += Number(count) * (UNITS_MS[unit] ?? NaN)
  return atLeastOne(ms)
}

function atLeastOne (ms: number): number | undefined {
  return Number.isFinite(ms) && ms > 0 && ms <= Number.MAX_SAFE_INTEGER ? Math.max(1, Math.round(ms)) : undefined
}

/** `250 ms`, `1.5 s`, `10 min`, `2 h`: to two places at most. */
export function durationText (ms: number): string {
  const [unit, size] = ms < 1_000 ? ['ms', 1] as const : ms < 120_000 ? ['s', 1_000] as const : ms < 7_200_000 ? ['min', 60_000] as const : ['h', 3_600_000] as const
  return `${Math.round(ms / size * 10) / 10} ${unit}`
}
