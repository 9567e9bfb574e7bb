/** Readers of single values: the same one serves text from flags and variables and typed values from the file. */

import { parseDuration } from '../task/duration.ts'
import { isLabel, labelValue, splitLabel, type Labels } from '../task/labels.ts'

/** The value, or what was found instead, ready to stand in a sentence. */
export type Reading<T> = { value: T } | { wrong: string }

const UNITS: Record<string, number> = {
  '': 1, b: 1, k: 1024, kb: 1024, kib: 1024, m: 1024 ** 2, mb: 1024 ** 2, mib: 1024 ** 2,
  g: 1024 ** 3, gb: 1024 ** 3, gib: 1024 ** 3, t: 1024 ** 4, tb: 1024 ** 4, tib: 1024 ** 4,
}
const SHOWN_LENGTH = 80

export function readBoolean (raw: unknown): Reading<boolean> {
  if (typeof raw === 'boolean') return { value: raw }
  const text = typeof raw === 'string' ? raw.trim().toLowerCase() : ''
  if (['true', 'yes', 'on', '1'].includes(text)) return { value: true }
  if (['false', 'no', 'off', '0'].includes(text)) return { value: false }
  return { wrong: show(raw) }
}

export function readInteger (raw: unknown, min: number, max: number): Reading<number> {
  const text = typeof raw === 'string' ? raw.trim() : ''
  const value = typeof raw === 'number' ? raw : /^\d{1,15}$/.test(text) ? Number(text) : NaN
  return Number.isSafeInteger(value) && value >= min && value <= max ? { value } : { wrong: show(raw) }
}

/** Units are powers of 1024, as WebAssembly's memory pages are: 64MB is 1024 pages. */
export function readSize (raw: unknown, min: number, max: number): Reading<number> {
  if (typeof raw === 'number') return readInteger(raw, min, max)
  const match = typeof raw === 'string' ? /^(\d{1,15}(?:\.\d{1,6})?)\s*([a-z]*)$/i.exec(raw.trim()) : null
  const unit = UNITS[match?.[2]?.toLowerCase() ?? '']
  if (match === null || unit === undefined) return { wrong: show(raw) }
  const value = Math.round(Number(match[1]) * unit)
  return value >= min && value <= max ? { value } : { wrong: show(raw) }
}

/** Whole seconds, at least 1, of a duration such as 90s, 12h or 7d; a bare number is in seconds. */
export function readSeconds (raw: unknown, max: number): Reading<number> {
  const value = Math.round((parseDuration(raw) ?? 0) / 1_000)
  return value >= 1 && value <= max ? { value } : { wrong: show(raw) }
}

export function readOneOf<T extends string> (raw: unknown, allowed: readonly T[]): Reading<T> {
  const text = typeof raw === 'string' ? raw.trim().toLowerCase() : ''
  const value = allowed.find((item) => item === text)
  return value === undefined ? { wrong: show(raw) } : { value }
}

/** A list of TCP multiaddrs: an array, or text with commas or blanks between them. */
export async function readAddresses (raw: unknown, maxCount: number): Promise<Reading<string[]>> {
  // The parser of addresses takes long to load, and most nodes name none.
  if (Array.isArray(raw) ? raw.length === 0 : split(raw).length === 0) return { value: [] }
  const { isTcpAddress } = await import('./addresses.ts')
  return readList(raw, maxCount, 'addresses', isTcpAddress)
}

/** A list of texts: an array, or text with commas or blanks between them. `what` names the items in the plural. */
export function readList (raw: unknown, maxCount: number, what: string, isItem: (text: string) => boolean): Reading<string[]> {
  const items: unknown[] = Array.isArray(raw) ? raw.flatMap((item) => split(item)) : split(raw)
  if (items.length > maxCount) return { wrong: `${items.length} ${what}` }
  const value: string[] = []
  const wrong: string[] = []
  for (const item of items) {
    if (typeof item === 'string' && isItem(item)) value.push(item)
    else wrong.push(show(item))
  }
  return wrong.length > 0 ? { wrong: wrong.join(', ') } : { value }
}

/** Labels of this node: a mapping, or a list of `key=value`, also as text with commas or blanks between them. */
export function readLabels (raw: unknown, maxCount: number): Reading<Labels> {
  const pairs = isPlainMapping(raw)
    ? Object.entries(raw).map(([key, value]) => ({ shown: `${key}: ${show(value)}`, label: { key, value: labelValue(value) ?? '' } }))
    : (Array.isArray(raw) ? raw.flatMap((item) => split(item)) : split(raw)).map((item) => ({ shown: show(item), label: typeof item === 'string' ? splitLabel(item) : undefined }))
  if (pairs.length > maxCount) return { wrong: `${pairs.length} labels` }
  const wrong = pairs.filter(({ label }) => label === undefined || !isLabel(label.key, label.value)).map(({ shown }) => shown)
  if (wrong.length > 0) return { wrong: wrong.join(', ') }
  const labels: Record<string, string> = {}
  for (const { label } of pairs) {
    if (label === undefined) continue
    if (Object.hasOwn(labels, label.key) && labels[label.key] !== label.value) return { wrong: `two values for ${label.key}` }
    labels[label.key] = label.value
  }
  return { value: labels }
}

function isPlainMapping (raw: unknown): raw is Record<string, unknown> {
  return typeof raw === 'object' && raw !== null && !Array.isArray(raw)
}

function split (raw: unknown): unknown[] {
  return typeof raw === 'string' ? raw.split(/[\s,]+/).filter((part) => part !== '') : [raw]
}

function show (raw: unknown): string {
  if (raw === '') return 'nothing'
  const text = typeof raw === 'string' ? `"${raw}"` : JSON.stringify(raw) ?? String(raw)
  return text.length > SHOWN_LENGTH ? `${text.slice(0, SHOWN_LENGTH)}…` : text
}
