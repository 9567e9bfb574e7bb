/** Inputs as values for a Go program, and what it returns as outputs. */
import { CorebrumError } from '../../../errors.ts'
import { MAX_CBOR_ITEMS, MAX_OUTPUT_BYTES, MAX_VALUE_DEPTH } from '../../../limits.ts'
import type { Value } from '../../../task/values.ts'
import type { TypedName } from '../adapter.ts'
import { checkedOutput, fromJson, namesOutputs, outputsFromObject } from '../json.ts'
import { bytesOf, textOf } from './operations.ts'
import type { Realm } from './realm.ts'
import { type Inert, Thing, makeObject } from './thing.ts'
import { makeArray, makeBytes } from './lists.ts'

/** Of an error that a function gives, in a message. */
const SHOWN_CHARS = 1000
const WHAT = 'what the function returned'

/** Throws ERR_VALUE_RANGE for an integer beyond 2^53: syscall/js has only 64-bit floats. */
export function toInert (realm: Realm, value: Value, name: string): Inert {
  if (typeof value === 'bigint') {
    throw new CorebrumError('ERR_VALUE_RANGE', `the input ${JSON.stringify(name)} holds ${value}; syscall/js passes numbers as 64-bit floats, exact up to 2^53: declare it as a string`)
  }
  if (value === null || typeof value !== 'object') return value
  if (value instanceof Uint8Array) return makeBytes(realm, value.slice())
  if (Array.isArray(value)) return makeArray(realm, value.map((item) => toInert(realm, item, name)))
  return makeObject(Object.entries(value).map(([key, item]) => [key, toInert(realm, item, name)]))
}

/**
 * What JSON keeps of a value: functions and undefined fields are left out.
 * Throws ERR_RESULT_TYPE for nesting or loops deeper than MAX_VALUE_DEPTH and for more than MAX_CBOR_ITEMS values, and
 * ERR_OUTPUT_LIMIT for text and bytes that are over it, however often the same one is used.
 */
export function toValue (inert: Inert): Value {
  let items = 0
  let size = 0
  const visit = (part: Inert, depth: number): Value => {
    if (depth > MAX_VALUE_DEPTH) throw new CorebrumError('ERR_RESULT_TYPE', `${WHAT} is nested deeper than ${MAX_VALUE_DEPTH} levels, or holds itself`)
    if (++items > MAX_CBOR_ITEMS) throw new CorebrumError('ERR_RESULT_TYPE', `${WHAT} holds more than ${MAX_CBOR_ITEMS} values`)
    const { items: list, bytes } = part instanceof Thing ? part.nature : {}
    size += typeof part === 'string' ? part.length : bytes?.length ?? 0
    if (size > MAX_OUTPUT_BYTES) throw new CorebrumError('ERR_OUTPUT_LIMIT', `${WHAT} holds more than ${MAX_OUTPUT_BYTES} bytes`)
    if (!(part instanceof Thing)) return part ?? null
    if (bytes !== undefined) return bytes.slice()
    if (list !== undefined) return list.map((item) => visit(item, depth + 1))
    return Object.fromEntries([...part.fields].filter(([, item]) => isData(item)).map(([key, item]) => [key, visit(item, depth + 1)]))
  }
  return visit(inert, 0)
}

function isData (value: Inert): boolean {
  return value !== undefined && !(value instanceof Thing && value.kind === 'Function')
}

/**
 * What the function returned as the declared outputs: an object that has them by name, a value, or JSON text of either.
 * Throws ERR_RESULT_TYPE.
 */
export function outputsFromInert (result: Inert, outputs: readonly TypedName[]): Record<string, Value> {
  const [only] = outputs
  if (only === undefined) return {}
  const bytes = bytesOf(result)
  if (outputs.length === 1 && only.type === 'bytes' && bytes !== undefined) return { [only.name]: bytes.slice() }
  if (outputs.length === 1 && only.type === 'string' && typeof result === 'string') return { [only.name]: result }
  const value = unpacked(toValue(result), outputs)
  if (outputs.length > 1 || namesOutputs(value, outputs)) return outputsFromObject(withBase64(value), outputs, WHAT)
  return { [only.name]: only.type === 'json' ? value : checkedOutput(value, only) }
}

/** Text is taken as JSON where the declared outputs cannot be text. */
function unpacked (value: Value, outputs: readonly TypedName[]): Value {
  if (typeof value !== 'string') return value
  const [only] = outputs
  if (outputs.length === 1 && (only?.type === 'string' || only?.type === 'bytes')) return value
  try {
    return fromJson(value, WHAT)
  } catch (thrown) {
    if (outputs.length === 1 && only?.type === 'json') return value
    throw thrown
  }
}

/** Bytes among the fields as the text that outputs of type bytes are read from. */
function withBase64 (value: Value): Value {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof Uint8Array) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, item instanceof Uint8Array ? Buffer.from(item).toString('base64') : item]))
}

/** The text of what a Go function gave as an error. */
export function errorText (reason: Inert): string {
  const message = reason instanceof Thing ? reason.fields.get('message') : reason
  return (typeof message === 'string' ? message : textOf(reason)).slice(0, SHOWN_CHARS)
}
