/** Checks of decoded CBOR: each reads one field as a type or throws ERR_PROTOCOL naming the field. */
import { CorebrumError } from '../errors.ts'
import { VALUE_TYPES, valueFault, type Value, type ValueType } from '../task/values.ts'

/** Items of one message or record that are read or ignored; more are none that a later version would add. */
const MAX_FIELDS = 64

export function broken (what: string): CorebrumError {
  return new CorebrumError('ERR_PROTOCOL', `${what} is not of the agreed form`)
}

export function asArray (value: unknown, what: string, minLength = 0, maxLength = MAX_FIELDS): unknown[] {
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

/** True when it is what a task's inputs and outputs can hold: no tags, dates or sets, not too deep, not too many. */
export function isValue (value: unknown): value is Value {
  return valueFault(value) === undefined
}

/** An integer as CBOR writes integers: the encoder makes floats of numbers over 32 bits, and integers of bigints. */
export function uint (value: number): number | bigint {
  return value > 0xffffffff ? BigInt(value) : value
}

/** As `uint`; null for what is not known. */
export function uintOrNull (value: number | undefined): number | bigint | null {
  return value === undefined ? null : uint(value)
}
