/** Checks of decoded CBOR: each reads one field as a type or throws ERR_PROTOCOL naming the field. */
import { CorebrumError } from '../errors.ts'
import { MAX_VALUE_DEPTH } from '../limits.ts'
import { VALUE_TYPES, type Value, type ValueType } from '../task/values.ts'

export function broken (what: string): CorebrumError {
  return new CorebrumError('ERR_PROTOCOL', `${what} is not of the agreed form`)
}

export function asArray (value: unknown, what: string, minLength = 0, maxLength = Infinity): unknown[] {
  if (!Array.isArray(value) || value.length < minLength || value.length > maxLength) throw broken(what)
  return value
}

export function asInteger (value: unknown, what: string, min: number, max: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max) throw broken(what)
  return value
}

/** Any finite number that is not negative: durations and sizes that a peer reports. */
export function asAmount (value: unknown, what: string): number {
  if (typeof value !== 'number' || !Number.isFinite(value) || value < 0) throw broken(what)
  return value
}

export function asText (value: unknown, what: string, maxLength: number): string {
  if (typeof value !== 'string' || value.length > maxLength) throw broken(what)
  return value
}

export function asBytes (value: unknown, what: string, minLength: number, maxLength: number): Uint8Array {
  if (!(value instanceof Uint8Array) || value.length < minLength || value.length > maxLength) throw broken(what)
  return value
}

export function asBoolean (value: unknown, what: string): boolean {
  if (typeof value !== 'boolean') throw broken(what)
  return value
}

export function asRecord (value: unknown, what: string): Record<string, unknown> {
  if (value === null || typeof value !== 'object' || Object.getPrototypeOf(value) !== Object.prototype) throw broken(what)
  return value as Record<string, unknown>
}

export function asTexts (value: unknown, what: string, maxCount: number, maxLength: number): string[] {
  return asArray(value, what, 0, maxCount).map((item) => asText(item, what, maxLength))
}

export function asValueType (value: unknown, what: string): ValueType {
  const found = VALUE_TYPES.find((type) => type === value)
  if (found === undefined) throw broken(what)
  return found
}

/** True when CBOR gave a plain value: no tags, dates, sets, or nesting beyond MAX_VALUE_DEPTH. */
export function isValue (value: unknown, depth = 0): value is Value {
  switch (typeof value) {
    case 'boolean': case 'number': case 'bigint': case 'string': return true
    case 'object': break
    default: return false
  }
  if (value === null || value instanceof Uint8Array) return true
  if (depth >= MAX_VALUE_DEPTH) return false
  if (Array.isArray(value)) return value.every((item) => isValue(item, depth + 1))
  return Object.getPrototypeOf(value) === Object.prototype && Object.values(value).every((item) => isValue(item, depth + 1))
}
