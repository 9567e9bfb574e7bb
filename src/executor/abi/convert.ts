/** Values to and from the four number types of WebAssembly: exact, and checked against the parameter's own type. */
import { CorebrumError } from '../../errors.ts'
import { type Value, type ValueType, exactInteger } from '../../task/values.ts'
import type { WasmType } from '../binary/module-info.ts'
import type { TypedName } from './adapter.ts'

const SCALARS: ReadonlySet<ValueType> = new Set(['integer', 'number', 'boolean'])

/** True for types that travel as one number. */
export function isScalar (type: ValueType): boolean {
  return SCALARS.has(type)
}

/** What a value is, for messages. */
export function describeValue (value: unknown): string {
  if (value === undefined) return 'nothing'
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'an array'
  if (value instanceof Uint8Array) return 'bytes'
  if (typeof value === 'object') return 'an object'
  if (typeof value === 'string') return `the string ${JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value)}`
  return `the ${typeof value} ${String(value)}`
}

/**
 * One value as the argument of a parameter. Signed and unsigned integers fit, from -2^(n-1) to 2^n - 1.
 * Throws ERR_INPUT for the wrong kind of value, ERR_VALUE_RANGE for one that the parameter cannot hold exactly.
 */
export function toWasm (value: Value | undefined, input: TypedName, wasm: WasmType): number | bigint {
  const number = requireNumber(value, input)
  switch (wasm) {
    case 'i32': return Number(BigInt.asIntN(32, requireInteger(number, input, 32)))
    case 'i64': return BigInt.asIntN(64, requireInteger(number, input, 64))
    case 'f64': return requireFloat(number, input, wasm, (float) => float)
    case 'f32': return requireFloat(number, input, wasm, Math.fround)
    default: throw new CorebrumError('ERR_SIGNATURE', `the input ${JSON.stringify(input.name)} meets a parameter of type ${wasm}, which no task can give`)
  }
}

function requireNumber (value: Value | undefined, input: TypedName): number | bigint {
  if (typeof value === 'boolean' && input.type !== 'number') return value ? 1 : 0
  if (input.type === 'boolean') throw wrongInput(value, input)
  if (typeof value === 'bigint' || typeof value === 'number') {
    if (input.type === 'integer' && typeof value === 'number' && !Number.isInteger(value)) throw wrongInput(value, input)
    return value
  }
  throw wrongInput(value, input)
}

function wrongInput (value: Value | undefined, input: TypedName): CorebrumError {
  return new CorebrumError('ERR_INPUT', `the input ${JSON.stringify(input.name)} must be of type ${input.type}; it is ${describeValue(value)}`)
}

function requireInteger (value: number | bigint, input: TypedName, bits: 32 | 64): bigint {
  if (typeof value === 'number' && !Number.isInteger(value)) {
    throw new CorebrumError('ERR_VALUE_RANGE', `the input ${JSON.stringify(input.name)} is ${value}; the function takes a whole number (i${bits})`)
  }
  const integer = BigInt(value)
  if (integer < -(1n << BigInt(bits - 1)) || integer >= 1n << BigInt(bits)) {
    const range = bits === 32 ? '-2147483648 to 4294967295' : '-9223372036854775808 to 18446744073709551615'
    throw new CorebrumError('ERR_VALUE_RANGE', `the input ${JSON.stringify(input.name)} is ${value}; the function takes an i${bits}, from ${range}`)
  }
  return integer
}

function requireFloat (value: number | bigint, input: TypedName, wasm: 'f32' | 'f64', round: (float: number) => number): number {
  const float = Number(value)
  const rounded = round(float)
  if (Number.isFinite(float) && !Number.isFinite(rounded)) {
    throw new CorebrumError('ERR_VALUE_RANGE', `the input ${JSON.stringify(input.name)} is ${value}; that is beyond what an ${wasm} holds`)
  }
  // A fraction may be rounded, a whole number that was declared as such may not.
  const whole = typeof value === 'bigint' || input.type === 'integer'
  if (whole && (!Number.isFinite(rounded) || BigInt(rounded) !== BigInt(value))) {
    throw new CorebrumError('ERR_VALUE_RANGE', `the input ${JSON.stringify(input.name)} is ${value}; the function takes an ${wasm}, which cannot hold it exactly`)
  }
  return rounded
}

/** One result as a value of the declared type; i64 comes back exact. Throws ERR_RESULT_TYPE. */
function fromWasm (result: unknown, output: TypedName, wasm: WasmType): Value {
  if (typeof result !== 'number' && typeof result !== 'bigint') {
    throw new CorebrumError('ERR_RESULT_TYPE', `the output ${JSON.stringify(output.name)} is declared as ${output.type}; the function returned a value of type ${wasm}`)
  }
  const exact = typeof result === 'bigint' ? exactInteger(result) : result
  switch (output.type) {
    case 'boolean': return exact !== 0
    case 'number': case 'json': return exact
    case 'integer':
      if (typeof exact === 'bigint' || Number.isSafeInteger(exact)) return exact
      if (Number.isInteger(exact)) return BigInt(exact)
      throw new CorebrumError('ERR_RESULT_TYPE', `the output ${JSON.stringify(output.name)} is declared as integer; the function returned ${exact}`)
    default:
      throw new CorebrumError('ERR_RESULT_TYPE', `the output ${JSON.stringify(output.name)} is declared as ${output.type}; the function returned a plain number (${wasm} ${String(exact)})`)
  }
}

/** The results of one function as named outputs, in order. Throws ERR_RESULT_TYPE when their number differs. */
export function outputsFromResults (raw: unknown, results: readonly WasmType[], outputs: readonly TypedName[]): Record<string, Value> {
  if (outputs.length === 0) return {}
  const list: unknown[] = results.length === 0 ? [] : results.length === 1 ? [raw] : Array.isArray(raw) ? raw : [raw]
  const [only] = outputs
  if (outputs.length === 1 && only !== undefined && results.length === 0 && only.type === 'json') return { [only.name]: null }
  if (outputs.length === 1 && only !== undefined && results.length > 1 && (only.type === 'array' || only.type === 'json')) {
    return { [only.name]: list.map((item, index) => fromWasm(item, { name: only.name, type: 'json' }, results[index] ?? 'ref')) }
  }
  if (results.length !== outputs.length) {
    throw new CorebrumError('ERR_RESULT_TYPE', `the task declares ${outputs.length} outputs (${outputs.map((output) => output.name).join(', ')}); the function returns ${results.length} values (${results.join(', ')})`)
  }
  return Object.fromEntries(outputs.map((output, index) => [output.name, fromWasm(list[index], output, results[index] ?? 'ref')]))
}
