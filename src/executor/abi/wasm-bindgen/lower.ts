/** The inputs of a task as the arguments of a function that wasm-bindgen exports. */
import { CorebrumError } from '../../../errors.ts'
import type { Value, ValueType } from '../../../task/values.ts'
import type { TypedName } from '../adapter.ts'
import { describeValue, toWasm } from '../convert.ts'
import { toJson } from '../json.ts'
import { encodeNumbers } from './elements.ts'
import type { BindgenHost } from './host.ts'
import { hostValueOf } from './host-values.ts'
import { integerRange, lowerInteger, requireInRange } from './integers.ts'
import { ELEMENT_BYTES, type ElementType, NONE_AS_SMALL, type Release, type Type, describeBindgenType, noneAsF64, noneOf, slotsOf } from './types.ts'

const encoder = new TextEncoder()

/** The kinds of values that can be passed as each declared type. */
const TAKES: Readonly<Record<ValueType, ReadonlyArray<Type['kind']>>> = {
  integer: ['integer', 'float', 'enum', 'any'],
  number: ['float', 'integer', 'any'],
  boolean: ['boolean', 'integer', 'any'],
  string: ['string', 'char', 'any'],
  bytes: ['vector', 'any'],
  array: ['vector', 'string', 'any'],
  object: ['string', 'any'],
  json: ['string', 'any', 'integer', 'float', 'boolean', 'vector', 'enum'],
}

/** Throws ERR_SIGNATURE when no value of the declared type can be passed as `type`. */
export function requirePassable (input: TypedName, type: Type): void {
  const plain = type.kind === 'option' ? type.of : type
  const bytes = input.type !== 'bytes' || plain.kind !== 'vector' || plain.of === 'u8'
  if (TAKES[input.type].includes(plain.kind) && bytes) return
  throw new CorebrumError('ERR_SIGNATURE', `the input ${JSON.stringify(input.name)} is declared as ${input.type}; the function takes ${describeBindgenType(type)} there`)
}

/** The arguments for one input. Throws ERR_INPUT, ERR_VALUE_RANGE, and what placing it in memory throws. */
export function lower (value: Value | undefined, input: TypedName, type: Type, host: BindgenHost): unknown[] {
  if (type.kind === 'option') return value === undefined || value === null ? lowerNone(type.of, host.release) : lowerSome(value, input, type.of, host)
  if (value === undefined) throw new CorebrumError('ERR_INPUT', `the input ${JSON.stringify(input.name)} has no value`)
  switch (type.kind) {
    case 'any': return [host.references.give(hostValueOf(value), type.slot)]
    case 'boolean': case 'enum': return [toWasm(value, input, 'i32')]
    case 'float': return [toWasm(value, input, type.bits === 32 ? 'f32' : 'f64')]
    case 'integer': {
      const number = typeof value === 'boolean' ? Number(value) : value
      if (typeof number !== 'number' && typeof number !== 'bigint') throw wrong(value, input, type)
      return lowerInteger(requireInRange(number, integerRange(type), input.name), type.bits)
    }
    case 'char': {
      const [only, more] = typeof value === 'string' ? value : ''
      if (only === undefined || more !== undefined) throw wrong(value, input, type)
      return [only.codePointAt(0)]
    }
    case 'string': return lowerBytes(encoder.encode(textOf(value, input)), 'u8', host)
    case 'vector': return lowerVector(value, input, type, host)
    default: throw wrong(value, input, type)
  }
}

function lowerSome (value: Value, input: TypedName, type: Type, host: BindgenHost): unknown[] {
  const slots = lower(value, input, type, host)
  switch (noneOf(type, host.release)) {
    case 'flag': return [1, ...slots]
    case 'float': return [type.kind === 'integer' && type.sign === 'unsigned' ? Number(slots[0]) >>> 0 : Number(slots[0])]
    default: return slots
  }
}

function lowerNone (type: Type, release: Release): unknown[] {
  const slots = slotsOf(type, release)
  const zeros = slots.map((slot) => (slot === 'i64' ? 0n : slot === 'externref' ? undefined : 0))
  switch (noneOf(type, release)) {
    case 'flag': return [0, ...zeros]
    case 'float': return [noneAsF64(release)]
    case 'small': return [type.kind === 'enum' ? type.hole : NONE_AS_SMALL]
    case 'null': return zeros
  }
}

/** Text as it is for a declared string, else as JSON. */
function textOf (value: Value, input: TypedName): string {
  if (input.type !== 'string') return toJson(value)
  if (typeof value !== 'string') throw wrong(value, input, { kind: 'string' })
  return value
}

function lowerVector (value: Value, input: TypedName, type: Extract<Type, { kind: 'vector' }>, host: BindgenHost): unknown[] {
  if (value instanceof Uint8Array && type.of === 'u8') return lowerBytes(value, 'u8', host)
  if (!Array.isArray(value)) throw wrong(value, input, type)
  if (type.of !== 'any' && type.of !== 'string') return lowerBytes(encodeNumbers(value, type.of, input.name), type.of, host)
  if (type.of === 'string' && value.some((item) => typeof item !== 'string')) throw wrong(value, input, type)
  const indices = Uint32Array.from(value, (item) => host.references.keep(hostValueOf(item)))
  return lowerBytes(new Uint8Array(indices.buffer), 'u32', host)
}

/** Pointer and number of elements. */
function lowerBytes (bytes: Uint8Array, of: ElementType, host: BindgenHost): [number, number] {
  const width = ELEMENT_BYTES[of]
  return [host.place(bytes, width === 1 || width === 2 || width === 4 ? width : 8), bytes.length / width]
}

function wrong (value: Value, input: TypedName, type: Type): CorebrumError {
  return new CorebrumError('ERR_INPUT', `the input ${JSON.stringify(input.name)} is ${describeValue(value)}; the function takes ${describeBindgenType(type)}`)
}
