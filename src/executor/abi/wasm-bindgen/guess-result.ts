/** What a function returned, where the module does not tell: read by the declared outputs and by what it left behind. */
import type { ValueType } from '../../../task/values.ts'
import type { WasmType } from '../../binary/module-info.ts'
import type { TypedName } from '../adapter.ts'
import type { BindgenHost } from './host.ts'
import { type Type, noneAsF64 } from './types.ts'

/** A result found: its type and its slots. */
export interface FoundResult { type: Type, slots: unknown[] }

const UNIT: FoundResult = { type: { kind: 'unit' }, slots: [] }
const NUMBERS: ReadonlySet<ValueType | undefined> = new Set<ValueType | undefined>(['integer', 'number', 'boolean'])

/** The values that a function returned directly. */
export function readReturned (raw: unknown, results: readonly WasmType[], outputs: readonly TypedName[], host: BindgenHost): FoundResult {
  const slots: unknown[] = results.length === 0 ? [] : results.length === 1 ? [raw] : Array.isArray(raw) ? raw : [raw]
  const wanted = wantedType(outputs)
  const [first, second] = slots
  switch (results.join()) {
    case '': return UNIT
    case 'i32': return { type: single(first, wanted, host), slots }
    case 'f64': return first === noneAsF64(host.release) ? UNIT : { type: scalar('f64', wanted), slots }
    case 'i64': case 'f32': case 'externref': return { type: scalar(results[0] ?? 'ref', wanted), slots }
    case 'i32,i32':
      if (NUMBERS.has(wanted)) return flagged(scalar('i32', wanted), slots)
      return wanted === undefined || isFailure(first, second, host) ? { type: { kind: 'result', of: { kind: 'unit' } }, slots } : { type: pair(wanted), slots }
    case 'i64,i64': return { type: { kind: 'integer', bits: 128, sign: 'either' }, slots }
    case 'i32,i64': case 'i32,f64': case 'i32,f32': return flagged(scalar(results[1] ?? 'ref', wanted), slots)
    default: return readResult(slots, results, wanted, host)
  }
}

/** A Result as several values: the value, the error, and whether it is one. */
function readResult (slots: unknown[], results: readonly WasmType[], wanted: ValueType | undefined, host: BindgenHost): FoundResult {
  if (results.length < 3 || slots.at(-1) !== 0) return { type: { kind: 'result', of: { kind: 'unit' } }, slots: slots.slice(-2) }
  const [first, ...more] = results.slice(0, -2)
  const values = slots.slice(0, -2)
  switch (more.join()) {
    case '': return { type: first === 'i32' ? single(values[0], wanted, host) : scalar(first ?? 'ref', wanted), slots: values }
    case 'i32': return NUMBERS.has(wanted) ? flagged(scalar('i32', wanted), values) : { type: pair(wanted), slots: values }
    case 'i64': return first === 'i64' ? { type: { kind: 'integer', bits: 128, sign: 'either' }, slots: values } : flagged(scalar('i64', wanted), values)
    case 'f64': case 'f32': return flagged(scalar(more[0] ?? 'ref', wanted), values)
    default: return { type: { kind: 'unsupported', name: results.join(', ') }, slots: values }
  }
}

/** An Option whose first slot says whether there is a value. */
export function flagged (of: Type, slots: readonly unknown[]): FoundResult {
  return slots[0] === 0 ? UNIT : { type: of, slots: slots.slice(1) }
}

/** The one type that the declared outputs ask for; several are fields of an object. */
export function wantedType (outputs: readonly TypedName[]): ValueType | undefined {
  return outputs.length > 1 ? 'object' : outputs[0]?.type
}

export function isNumber (wanted: ValueType | undefined): boolean {
  return NUMBERS.has(wanted)
}

export function scalar (slot: WasmType, wanted: ValueType | undefined): Type {
  switch (slot) {
    case 'i32': return wanted === 'boolean' ? { kind: 'boolean' } : { kind: 'integer', bits: 32, sign: 'either' }
    case 'i64': return { kind: 'integer', bits: 64, sign: 'either' }
    case 'f32': return { kind: 'float', bits: 32 }
    case 'f64': return { kind: 'float', bits: 64 }
    case 'externref': return { kind: 'any', slot }
    default: return { kind: 'unsupported', name: slot }
  }
}

/** Pointer and length. */
export function pair (wanted: ValueType | undefined): Type {
  return { kind: 'option', of: wanted === 'bytes' ? { kind: 'vector', of: 'u8' } : { kind: 'string' } }
}

/** One i32: a number, a character, or a JavaScript value where the module was given one of that index. */
export function single (raw: unknown, wanted: ValueType | undefined, host: BindgenHost): Type {
  if (isNumber(wanted)) return scalar('i32', wanted)
  if (host.references.holds(raw)) return { kind: 'any', slot: 'i32' }
  return wanted === 'string' ? { kind: 'char' } : scalar('i32', wanted)
}

/** True for an error and its mark, which no pointer and length look like: memory begins with the stack, so no text lies there. */
export function isFailure (error: unknown, mark: unknown, host: BindgenHost): boolean {
  return mark === 1 && host.references.holds(error)
}
