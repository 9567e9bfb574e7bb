/** Inputs of a task as values of a component's parameters, by their WIT types. */
import { CorebrumError } from '../../errors.ts'
import { type Value, fromBase64 } from '../../task/values.ts'
import { describeValue } from '../abi/convert.ts'
import { isPlainObject } from '../abi/json.ts'
import { findNamed, plainName } from './names.ts'
import type { ValType } from './types.ts'
import { type Lifted, VariantValue } from './values.ts'
import { typeText } from './wit-text.ts'

const RANGES = {
  s8: [-(2n ** 7n), 2n ** 7n - 1n], u8: [0n, 2n ** 8n - 1n],
  s16: [-(2n ** 15n), 2n ** 15n - 1n], u16: [0n, 2n ** 16n - 1n],
  s32: [-(2n ** 31n), 2n ** 31n - 1n], u32: [0n, 2n ** 32n - 1n],
  s64: [-(2n ** 63n), 2n ** 63n - 1n], u64: [0n, 2n ** 64n - 1n],
} as const

type Integer = keyof typeof RANGES

/** `what` names the value in messages: `the input "point"`. Throws ERR_INPUT for another kind of value, ERR_VALUE_RANGE for one out of range. */
export function toLifted (value: Value | undefined, type: ValType, what: string): Lifted {
  switch (type.kind) {
    case 'bool':
      if (typeof value !== 'boolean') throw wrong(value, type, what)
      return value
    case 's8': case 'u8': case 's16': case 'u16': case 's32': case 'u32': return Number(integer(value, type.kind, type, what))
    case 's64': case 'u64': return integer(value, type.kind, type, what)
    case 'f32': return float(value, type, what, Math.fround)
    case 'f64': return float(value, type, what, (number) => number)
    case 'char':
      if (typeof value !== 'string' || [...value].length !== 1) throw wrong(value, type, what)
      return wellFormed(value, what)
    case 'string':
      if (typeof value !== 'string') throw wrong(value, type, what)
      return wellFormed(value, what)
    case 'list': return list(value, type, what)
    case 'record': return record(value, type, what)
    case 'variant': return variant(value, type, what)
    case 'flags': return flags(value, type, what)
    case 'own': case 'borrow':
      throw new CorebrumError('ERR_SIGNATURE', `${what} meets a resource (${typeText(type)}), which no task can give`)
  }
}

function wrong (value: Value | undefined, type: ValType, what: string): CorebrumError {
  return new CorebrumError('ERR_INPUT', `${what} is ${describeValue(value)}; the component takes ${typeText(type)}`)
}

function integer (value: Value | undefined, kind: Integer, type: ValType, what: string): bigint {
  if (typeof value !== 'number' && typeof value !== 'bigint') throw wrong(value, type, what)
  if (typeof value === 'number' && !Number.isInteger(value)) throw new CorebrumError('ERR_VALUE_RANGE', `${what} is ${value}; the component takes a whole number (${kind})`)
  const whole = BigInt(value)
  const [least, most] = RANGES[kind]
  if (whole < least || whole > most) throw new CorebrumError('ERR_VALUE_RANGE', `${what} is ${value}; the component takes ${kind}, from ${least} to ${most}`)
  return whole
}

function float (value: Value | undefined, type: ValType, what: string, round: (number: number) => number): number {
  if (typeof value !== 'number' && typeof value !== 'bigint') throw wrong(value, type, what)
  const rounded = round(Number(value))
  const exact = typeof value === 'number' || (Number.isFinite(rounded) && BigInt(rounded) === value)
  if (!exact || (Number.isFinite(Number(value)) && !Number.isFinite(rounded))) throw new CorebrumError('ERR_VALUE_RANGE', `${what} is ${value}, which ${type.kind} cannot hold`)
  return rounded
}

/** A half of a surrogate pair is no character, so no string of a component holds one. */
function wellFormed (text: string, what: string): string {
  if (/\p{Surrogate}/u.test(text)) throw new CorebrumError('ERR_INPUT', `${what} holds half of a surrogate pair, which is no text`)
  return text
}

function list (value: Value | undefined, type: Extract<ValType, { kind: 'list' }>, what: string): Lifted {
  const { element, length } = type
  if (element.kind === 'u8' && length === undefined) {
    const bytes = typeof value === 'string' ? fromBase64(value) : value
    if (bytes instanceof Uint8Array) return bytes
  }
  const items = value instanceof Uint8Array ? [...value] : value
  if (!Array.isArray(items)) throw wrong(value, type, what)
  if (length !== undefined && items.length !== length) throw new CorebrumError('ERR_INPUT', `${what} has ${items.length} items; the component takes ${length}`)
  const lifted = items.map((item, index) => toLifted(item, element, `${what}[${index}]`))
  return element.kind === 'u8' && length === undefined ? Uint8Array.from(lifted, Number) : lifted
}

function record (value: Value | undefined, type: Extract<ValType, { kind: 'record' }>, what: string): Lifted {
  const { fields, tuple } = type
  if (Array.isArray(value) && tuple && value.length === fields.length) return fields.map((field, index) => toLifted(value[index], field.type, `${what}[${index}]`))
  if (!isPlainObject(value) || tuple) throw wrong(value, type, what)
  const given = Object.entries(value)
  for (const [name] of given) {
    if (findNamed(fields, name, (field) => field.name) === undefined) throw new CorebrumError('ERR_INPUT', `${what} has a field ${JSON.stringify(name)}; the component takes ${typeText(type)}`)
  }
  return fields.map((field) => toLifted(findNamed(given, field.name, ([name]) => name)?.[1], field.type, `${what}.${field.name}`))
}

function variant (value: Value | undefined, type: Extract<ValType, { kind: 'variant' }>, what: string): Lifted {
  const { cases, form } = type
  if (form === 'option') return option(value, type, what)
  const [tag, payload, more] = isPlainObject(value) ? entryOf(value) : [value, undefined, false]
  const index = typeof tag === 'string' && !more ? caseIndex(type, tag) : -1
  const chosen = cases[index]
  if (chosen === undefined) throw wrong(value, type, what)
  if (chosen.type !== undefined) return new VariantValue(index, toLifted(payload, chosen.type, `${what}.${chosen.name}`))
  if (payload !== undefined && payload !== null) throw new CorebrumError('ERR_INPUT', `${what} gives the case ${JSON.stringify(chosen.name)} a value; it has none`)
  return new VariantValue(index)
}

function entryOf (value: { [key: string]: Value }): [string | undefined, Value | undefined, boolean] {
  const [[tag, payload] = [undefined, undefined], ...more] = Object.entries(value)
  return [tag, payload, more.length > 0]
}

function caseIndex ({ cases, form }: Extract<ValType, { kind: 'variant' }>, tag: string): number {
  const exact = cases.findIndex((item) => item.name === tag)
  if (exact >= 0) return exact
  if (form === 'result' && tag === 'err') return 1
  return cases.findIndex((item) => plainName(item.name) === plainName(tag))
}

/** Null and what was left out are nothing. An option of an option cannot be told apart from it: null is the outer one. */
function option (value: Value | undefined, { cases }: Extract<ValType, { kind: 'variant' }>, what: string): Lifted {
  const inner = cases[1]?.type
  if (value === undefined || value === null || inner === undefined) return new VariantValue(0)
  return new VariantValue(1, toLifted(value, inner, what))
}

function flags (value: Value | undefined, type: Extract<ValType, { kind: 'flags' }>, what: string): Lifted {
  const set = Array.isArray(value) ? value : isPlainObject(value) ? setFlags(value, type, what) : undefined
  if (set === undefined) throw wrong(value, type, what)
  return set.reduce<number>((bits, name) => {
    const found = typeof name === 'string' ? findNamed(type.names, name, (item) => item) : undefined
    if (found === undefined) throw new CorebrumError('ERR_INPUT', `${what} names the flag ${describeValue(name)}; the component has ${typeText(type)}`)
    return (bits | (1 << type.names.indexOf(found))) >>> 0
  }, 0)
}

function setFlags (value: { [key: string]: Value }, type: ValType, what: string): string[] {
  return Object.entries(value).flatMap(([name, on]) => {
    if (typeof on !== 'boolean') throw wrong(on, type, `${what}.${name}`)
    return on ? [name] : []
  })
}
