/** JSON with exact integers, and JSON values as declared outputs. */
import { parse, stringify } from 'lossless-json'
import { CorebrumError } from '../../errors.ts'
import { MAX_INTEGER_DIGITS, MAX_VALUE_DEPTH } from '../../limits.ts'
import { utf8Text } from '../../task/utf8.ts'
import type { Value } from '../../task/values.ts'
import type { TypedName } from './adapter.ts'
import { describeValue } from './convert.ts'
import { exactInteger } from '../../task/values.ts'

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

/** JSON text of a value: integers with all their digits, bytes as base64, NaN and infinities as null as JSON has none. */
export function toJson (value: Value): string {
  const text = stringify(value, (_key, item: unknown) => {
    if (item instanceof Uint8Array) return Buffer.from(item.buffer, item.byteOffset, item.byteLength).toString('base64')
    if (typeof item === 'number' && !Number.isFinite(item)) return null
    return item
  })
  return text ?? 'null'
}

/** A value from JSON text; throws ERR_RESULT_TYPE with `what` as its subject. */
export function fromJson (text: string, what: string): Value {
  checkDepth(text, what)
  try {
    return asValue(parse(text, undefined, { parseNumber: exactNumber, onDuplicateKey: ({ newValue }) => newValue }))
  } catch (cause) {
    if (cause instanceof CorebrumError) throw cause
    const found = text.trim() === '' ? 'it is empty' : `it begins with ${JSON.stringify(text.slice(0, 60))}`
    throw new CorebrumError('ERR_RESULT_TYPE', `${what} is not JSON: ${found}`, { cause })
  }
}

function exactNumber (text: string): number | bigint {
  if (!/^-?\d+$/.test(text)) return Number(text)
  if (text.length > MAX_INTEGER_DIGITS) throw new CorebrumError('ERR_RESULT_TYPE', `an integer of ${text.length} digits is too long; ${MAX_INTEGER_DIGITS} are allowed`)
  return exactInteger(BigInt(text))
}

/** Nesting is counted before parsing, because the parser and all that handles the value later recurse. */
function checkDepth (text: string, what: string): void {
  let depth = 0
  let quoted = false
  for (let index = 0; index < text.length; index++) {
    const char = text.charCodeAt(index)
    if (quoted) {
      if (char === 0x5c) index++
      else if (char === 0x22) quoted = false
    } else if (char === 0x22) quoted = true
    else if (char === 0x7b || char === 0x5b) depth++
    else if (char === 0x7d || char === 0x5d) depth--
    if (depth > MAX_VALUE_DEPTH) throw new CorebrumError('ERR_RESULT_TYPE', `${what} is nested deeper than ${MAX_VALUE_DEPTH} levels`)
  }
}

function asValue (parsed: unknown): Value {
  if (parsed === null || typeof parsed === 'boolean' || typeof parsed === 'number' || typeof parsed === 'bigint' || typeof parsed === 'string') return parsed
  if (Array.isArray(parsed)) return parsed.map(asValue)
  if (typeof parsed === 'object') return Object.fromEntries(Object.entries(parsed).map(([key, item]) => [key, asValue(item)]))
  throw new CorebrumError('ERR_INTERNAL', `JSON gave ${describeValue(parsed)}`)
}

export function isPlainObject (value: Value | undefined): value is { [key: string]: Value } {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)
}

/** A JSON value as the declared output; throws ERR_RESULT_TYPE with what was found. */
export function checkedOutput (value: Value | undefined, output: TypedName): Value {
  const wrong = (): CorebrumError => new CorebrumError('ERR_RESULT_TYPE', `the output ${JSON.stringify(output.name)} is declared as ${output.type}; the module returned ${describeValue(value)}`)
  switch (output.type) {
    case 'json':
      if (value === undefined) throw wrong()
      return value
    case 'integer':
      if (typeof value === 'bigint' || Number.isSafeInteger(value)) return value ?? null
      if (typeof value === 'number' && Number.isInteger(value)) return BigInt(value)
      throw wrong()
    case 'number':
      if (typeof value !== 'number' && typeof value !== 'bigint') throw wrong()
      return value
    case 'string':
      if (typeof value !== 'string') throw wrong()
      return value
    case 'boolean':
      if (typeof value !== 'boolean') throw wrong()
      return value
    case 'array':
      if (!Array.isArray(value)) throw wrong()
      return value
    case 'object':
      if (!isPlainObject(value)) throw wrong()
      return value
    case 'bytes':
      if (typeof value !== 'string' || !BASE64.test(value)) throw wrong()
      return new Uint8Array(Buffer.from(value, 'base64'))
  }
}

/** Several outputs from one JSON object, by name; throws ERR_RESULT_TYPE for each that is missing or of another type. */
export function outputsFromObject (value: Value, outputs: readonly TypedName[], what: string): Record<string, Value> {
  if (!isPlainObject(value)) {
    throw new CorebrumError('ERR_RESULT_TYPE', `the task declares the outputs ${outputs.map((output) => output.name).join(', ')}; ${what} is ${describeValue(value)}, not an object with these names`)
  }
  return Object.fromEntries(outputs.map((output) => [output.name, checkedOutput(Object.hasOwn(value, output.name) ? value[output.name] : undefined, output)]))
}

/** True for an object that has every declared output by name. */
export function namesOutputs (value: Value, outputs: readonly TypedName[]): boolean {
  return isPlainObject(value) && outputs.every((output) => Object.hasOwn(value, output.name))
}

/** UTF-8 text; throws ERR_RESULT_TYPE with `what` as its subject for other bytes. */
export function decodeText (bytes: Uint8Array, what: string): string {
  const text = utf8Text(bytes)
  if (text === undefined) throw new CorebrumError('ERR_RESULT_TYPE', `${what} is not UTF-8 text`)
  return text
}

/** Bytes that hold the outputs: raw or text for one output of such a type, else JSON. */
export function outputsFromBytes (bytes: Uint8Array, outputs: readonly TypedName[], what: string): Record<string, Value> {
  const [only] = outputs
  if (only === undefined) return {}
  if (outputs.length > 1) return outputsFromObject(fromJson(decodeText(bytes, what), what), outputs, what)
  if (only.type === 'bytes') return { [only.name]: bytes }
  const text = decodeText(bytes, what)
  if (only.type === 'string') return { [only.name]: text }
  return { [only.name]: checkedOutput(fromJson(text, what), only) }
}
