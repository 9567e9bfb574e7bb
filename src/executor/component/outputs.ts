/** What a component returned as values of a task's outputs, by its WIT type. */
import { CorebrumError } from '../../errors.ts'
import type { Value, ValueType } from '../../task/values.ts'
import type { TypedName } from '../abi/adapter.ts'
import { describeValue } from '../abi/convert.ts'
import { exactInteger } from '../../task/values.ts'
import { checkedOutput, isPlainObject, toJson } from '../abi/json.ts'
import { findNamed, snakeName } from './names.ts'
import type { ValType } from './types.ts'
import { type Lifted, VariantValue, mismatch } from './values.ts'

/** Characters of an error's own text that a message repeats. */
const ERROR_TEXT_CHARS = 1000

/** A value of a component as a task's value: list<u8> as bytes, records as objects, an empty option as null, other variants by the names of their cases. */
export function fromLifted (value: Lifted, type: ValType): Value {
  switch (type.kind) {
    case 's64': case 'u64':
      if (typeof value !== 'bigint') throw mismatch(type.kind)
      return exactInteger(value)
    case 'list':
      if (value instanceof Uint8Array) return value
      return items(value).map((item) => fromLifted(item, type.element))
    case 'record': {
      const parts = items(value).map((item, index) => fromLifted(item, type.fields[index]?.type ?? type))
      return type.tuple ? parts : Object.fromEntries(type.fields.map(({ name }, index) => [snakeName(name), parts[index] ?? null]))
    }
    case 'variant': return fromVariant(value, type)
    case 'flags':
      if (typeof value !== 'number') throw mismatch('flags')
      return type.names.filter((_, bit) => ((value >>> bit) & 1) === 1)
    case 'own': case 'borrow': throw new CorebrumError('ERR_RESULT_TYPE', `the component returned the resource ${JSON.stringify(type.resource.name)}, which no task can hold`)
    default:
      if (typeof value === 'boolean' || typeof value === 'number' || typeof value === 'string') return value
      throw mismatch(type.kind)
  }
}

function items (value: Lifted): readonly Lifted[] {
  if (!Array.isArray(value)) throw mismatch('list')
  return value
}

function fromVariant (value: Lifted, { cases, form }: Extract<ValType, { kind: 'variant' }>): Value {
  if (!(value instanceof VariantValue)) throw mismatch('variant')
  const chosen = cases[value.index]
  const payload = chosen?.type === undefined || value.payload === undefined ? undefined : fromLifted(value.payload, chosen.type)
  if (form === 'option') return payload ?? null
  const name = chosen?.name ?? ''
  if (form === 'result') return Object.fromEntries([[name, payload ?? null]])
  return payload === undefined ? name : Object.fromEntries([[name, payload]])
}

/**
 * The result of a function as the declared outputs: alone, or by name from a record. An `ok` gives what it holds.
 * Throws ERR_EXIT_CODE for an `error`, with its text; ERR_RESULT_TYPE for another type than was declared.
 */
export function outputsFrom (result: Lifted | undefined, type: ValType | undefined, outputs: readonly TypedName[]): Record<string, Value> {
  if (type?.kind === 'variant' && type.form === 'result' && result instanceof VariantValue) {
    const inner = type.cases[result.index]?.type
    if (result.index !== 0) throw failed(result.payload, inner)
    return outputsFrom(result.payload, inner, outputs)
  }
  const [only] = outputs
  if (only === undefined) return {}
  const value = result === undefined || type === undefined ? null : fromLifted(result, type)
  if (outputs.length === 1) {
    const named = isPlainObject(value) && only.type !== 'object' && only.type !== 'json' ? fieldNamed(value, only.name) : undefined
    return { [only.name]: asOutput(named ?? value, only) }
  }
  if (Array.isArray(value) && type?.kind === 'record' && value.length === outputs.length) {
    return Object.fromEntries(outputs.map((output, index) => [output.name, asOutput(value[index] ?? null, output)]))
  }
  if (!isPlainObject(value)) throw new CorebrumError('ERR_RESULT_TYPE', `the task declares the outputs ${outputs.map(({ name }) => name).join(', ')}; the component returned ${describeValue(value)}, not a record with these names`)
  return Object.fromEntries(outputs.map((output) => [output.name, asOutput(fieldNamed(value, output.name), output)]))
}

function fieldNamed (value: { [key: string]: Value }, name: string): Value | undefined {
  return findNamed(Object.entries(value), name, ([key]) => key)?.[1]
}

/** Component values know their type, so that only bytes and numbers in a list need care. */
function asOutput (value: Value | undefined, output: TypedName): Value {
  const type: ValueType = output.type
  if (value instanceof Uint8Array) {
    if (type === 'bytes') return value
    if (type === 'array') return [...value]
  }
  if (type === 'bytes') throw new CorebrumError('ERR_RESULT_TYPE', `the output ${JSON.stringify(output.name)} is declared as bytes; the component returned ${describeValue(value)}, not list<u8>`)
  return checkedOutput(value, output)
}

function failed (payload: Lifted | undefined, type: ValType | undefined): CorebrumError {
  if (payload === undefined || type === undefined) return new CorebrumError('ERR_EXIT_CODE', 'the function returned an error')
  const value = fromLifted(payload, type)
  const text = typeof value === 'string' ? value : toJson(value)
  return new CorebrumError('ERR_EXIT_CODE', `the function returned an error: ${text.length > ERROR_TEXT_CHARS ? `${text.slice(0, ERROR_TEXT_CHARS)}…` : text}`)
}
