/** Typed inputs and outputs: what they can hold, and whether a value fits a declared type. */
import { MAX_CBOR_ITEMS, MAX_VALUE_DEPTH } from '../limits.ts'

/** What inputs and outputs can hold. Integers beyond ±2^53 are bigint, so that they stay exact. */
export type Value =
  | null | boolean | number | bigint | string | Uint8Array
  | Value[] | { [key: string]: Value }

export const VALUE_TYPES = ['integer', 'number', 'string', 'boolean', 'array', 'object', 'json', 'bytes'] as const
export type ValueType = typeof VALUE_TYPES[number]

const ALIASES: ReadonlyMap<string, ValueType> = new Map<string, ValueType>([
  ...VALUE_TYPES.map((type): [string, ValueType] => [type, type]),
  ['int', 'integer'], ['long', 'integer'],
  ['float', 'number'], ['double', 'number'], ['decimal', 'number'],
  ['text', 'string'], ['str', 'string'],
  ['bool', 'boolean'],
  ['list', 'array'],
  ['map', 'object'], ['dict', 'object'],
  ['any', 'json'],
  ['binary', 'bytes'], ['base64', 'bytes'],
])

/** The type that a definition means by `name`, in any case, or undefined. */
export function valueTypeNamed (name: string): ValueType | undefined {
  return ALIASES.get(name.toLowerCase())
}

export type Mapping = { [key: string]: Value }

export function isMapping (value: Value | undefined): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)
}

/** The field's value; undefined where it is not the mapping's own. */
export function fieldOf (mapping: Mapping, key: string): Value | undefined {
  return Object.hasOwn(mapping, key) ? mapping[key] : undefined
}

/** A value in words for a message, cut short: `the string "abc"`, `3.5`, `a list of 2`. */
export function describe (value: unknown): string {
  if (typeof value === 'string') return `the string ${quoted(value)}`
  if (value instanceof Uint8Array) return `${value.length} bytes`
  if (Array.isArray(value)) return `a list of ${value.length}`
  if (typeof value === 'object' && value !== null) return 'an object'
  if (typeof value === 'function' || typeof value === 'symbol') return `a ${typeof value}`
  return String(value)
}

/** A name or text in quotes, escaped and cut at 60 characters. */
export function quoted (text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text)
}

export type Fit = { ok: true, value: Value } | { ok: false, problem: string }

/**
 * The value as an input or output of `type` holds it. Nothing is guessed: a string is never a number.
 * Only `bytes` converts: it also takes a base64 string (RFC 4648, section 4).
 */
export function fit (value: Value, type: ValueType): Fit {
  switch (type) {
    case 'json': return { ok: true, value }
    case 'integer': return fitInteger(value)
    case 'number': return typeof value === 'number' || typeof value === 'bigint' ? { ok: true, value } : misfit(value, 'a number')
    case 'string': return typeof value === 'string' ? { ok: true, value } : misfit(value, 'a string')
    case 'boolean': return typeof value === 'boolean' ? { ok: true, value } : misfit(value, 'true or false')
    case 'array': return Array.isArray(value) ? { ok: true, value } : misfit(value, 'a list')
    case 'object': return isMapping(value) ? { ok: true, value } : misfit(value, 'an object')
    case 'bytes': return fitBytes(value)
  }
}

/** An integer as a number where that is exact, else as a bigint. */
export function exactInteger (value: bigint): number | bigint {
  return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value
}

function fitInteger (value: Value): Fit {
  if (typeof value === 'bigint') return { ok: true, value: exactInteger(value) }
  if (typeof value !== 'number' || !Number.isInteger(value)) return misfit(value, 'an integer')
  if (Number.isSafeInteger(value)) return { ok: true, value: value + 0 }
  return { ok: false, problem: `found ${value}, which is a floating-point number too large to be exact; write all digits of the integer, or use a bigint` }
}

function fitBytes (value: Value): Fit {
  if (value instanceof Uint8Array) return { ok: true, value }
  const bytes = typeof value === 'string' ? fromBase64(value) : undefined
  return bytes === undefined ? misfit(value, 'bytes: a base64 string') : { ok: true, value: bytes }
}

function misfit (value: Value, allowed: string): Fit {
  const advice = typeof value === 'string' && allowed !== 'a string' && /^(-?[\d.]+|true|false|[[{].*)$/s.test(value)
    ? ' - leave out the quotes' : ''
  return { ok: false, problem: `found ${describe(value)}, allowed: ${allowed}${advice}` }
}

/** The bytes of base64 text, white space ignored; undefined when it is not base64. */
export function fromBase64 (text: string): Uint8Array<ArrayBuffer> | undefined {
  let binary: string
  try {
    binary = atob(text)
  } catch {
    return undefined
  }
  const bytes = new Uint8Array(binary.length)
  for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i)
  return bytes
}

/** Base64 of bytes (RFC 4648, section 4, padded). */
export function toBase64 (bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64')
}

/** Values inside of it, itself and the names of fields counted, as CBOR counts its items. */
export function itemsIn (value: Value | undefined): number {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return 1
  if (Array.isArray(value)) return value.reduce<number>((sum, item) => sum + itemsIn(item), 1)
  return Object.values(value).reduce<number>((sum, item) => sum + 1 + itemsIn(item), 1)
}

/** What keeps `value`, which a program made, from being a Value; undefined when it is one. */
export function valueFault (value: unknown): string | undefined {
  let items = 0
  const visit = (part: unknown, depth: number): string | undefined => {
    if (depth > MAX_VALUE_DEPTH) return `is nested deeper than ${MAX_VALUE_DEPTH} levels`
    if (++items > MAX_CBOR_ITEMS) return `holds more than ${MAX_CBOR_ITEMS} values`
    switch (typeof part) {
      case 'boolean': case 'number': case 'bigint': case 'string': return undefined
      case 'object': break
      default: return `holds ${describe(part)}, which is not a value`
    }
    if (part === null || part instanceof Uint8Array) return undefined
    if (Array.isArray(part)) return firstFault(part, (item) => visit(item, depth + 1))
    const prototype: unknown = Object.getPrototypeOf(part)
    if (prototype !== null && prototype !== Object.prototype) return `holds a ${part.constructor?.name ?? 'strange object'}, which is not a value`
    return firstFault(Object.entries(part), ([key, item]) => {
      // The name of a field counts too, as it does in CBOR.
      items++
      return key === '__proto__' ? 'has a field named __proto__, which is not allowed' : visit(item, depth + 1)
    })
  }
  return visit(value, 0)
}

function firstFault<T> (items: Iterable<T>, check: (item: T) => string | undefined): string | undefined {
  for (const item of items) {
    const fault = check(item)
    if (fault !== undefined) return fault
  }
  return undefined
}
