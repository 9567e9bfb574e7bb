/** Rough memory of a value, for budgets: exact for text and bytes, a constant for the rest. */
import type { Value } from './values.ts'

const BYTES_PER_ITEM = 16

/** Bytes, at least 16. */
export function approximateBytes (value: Value | undefined): number {
  if (typeof value === 'string') return BYTES_PER_ITEM + value.length * 2
  if (typeof value !== 'object' || value === null) return BYTES_PER_ITEM
  if (value instanceof Uint8Array) return BYTES_PER_ITEM + value.length
  let bytes = BYTES_PER_ITEM
  if (Array.isArray(value)) for (const item of value) bytes += approximateBytes(item)
  else for (const key in value) bytes += key.length * 2 + approximateBytes(value[key])
  return bytes
}
