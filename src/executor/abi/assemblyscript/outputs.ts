/** What an AssemblyScript function returned as an i32, a number or a pointer, as the declared outputs. */
import { CorebrumError } from '../../../errors.ts'
import type { Value } from '../../../task/values.ts'
import type { TypedName } from '../adapter.ts'
import { isScalar } from '../convert.ts'
import { checkedOutput, fromJson, namesOutputs, outputsFromObject } from '../json.ts'
import type { Lifter } from './lift.ts'
import { needsRuntime } from './runtime.ts'

const WHAT = 'the text that the function returned'

/**
 * The outputs from a pointer; undefined where the result is to be taken as a number. `typed` says that the module tells
 * its classes. Throws ERR_POINTER, ERR_RESULT_TYPE, ERR_SIGNATURE.
 */
export function outputsFromObjects (raw: number, outputs: readonly TypedName[], lifter: Lifter, typed: boolean): Record<string, Value> | undefined {
  const [only] = outputs
  if (only === undefined) return undefined
  if (outputs.length > 1) return outputsFromObject(fromJson(lifter.text(raw), WHAT), outputs, WHAT)
  if (isScalar(only.type)) return undefined
  const value = only.type === 'json' ? anyValue(raw, only, lifter) : typed ? typedValue(raw, only, lifter) : untypedValue(raw, only, lifter)
  return value === undefined ? undefined : { [only.name]: value }
}

/**
 * For `json` the result may be a number or text: text is JSON for an object or a list. Where other text lies at just that
 * address nobody can tell, and a wrong value would be worse than none.
 */
function anyValue (raw: number, only: TypedName, lifter: Lifter): Value | undefined {
  const guess = lifter.guess(raw)
  if (guess === undefined) return undefined
  const value = guess === 'array' ? undefined : tryJson(guess.text)
  if (typeof value === 'object' && value !== null) return unwrapped(value, only)
  const found = guess === 'array' ? 'a list' : `the text ${JSON.stringify(guess.text.slice(0, 60))}`
  throw new CorebrumError('ERR_RESULT_TYPE', `the function returned ${raw}, which may be a number, or a pointer to ${found}: declare the output ${JSON.stringify(only.name)} as ${guess === 'array' ? 'array' : 'string'}, or as integer`)
}

function typedValue (raw: number, only: TypedName, lifter: Lifter): Value {
  const lifted = lifter.lift(raw)
  if (lifted !== undefined && 'text' in lifted) return fromText(lifted.text, only)
  if (lifted !== undefined && 'bytes' in lifted && only.type === 'bytes') return lifted.bytes
  return checkedOutput(lifter.value(lifted), only)
}

/** Without class ids the declared type says what there must be. */
function untypedValue (raw: number, only: TypedName, lifter: Lifter): Value {
  if (only.type === 'bytes') return lifter.raw(raw)
  const text = lifter.text(raw)
  if (only.type === 'array' && tryJson(text) === undefined) throw needsRuntime(`the output ${JSON.stringify(only.name)} of type array`)
  return fromText(text, only)
}

function fromText (text: string, only: TypedName): Value {
  if (only.type === 'string') return text
  if (only.type === 'bytes') {
    throw new CorebrumError('ERR_RESULT_TYPE', `the output ${JSON.stringify(only.name)} is declared as bytes; the function returned a string: return an ArrayBuffer or a Uint8Array`)
  }
  return unwrapped(fromJson(text, WHAT), only)
}

/** An object that names the output holds it. */
function unwrapped (value: Value, only: TypedName): Value {
  return checkedOutput(namesOutputs(value, [only]) ? outputsFromObject(value, [only], WHAT)[only.name] : value, only)
}

function tryJson (text: string): Value | undefined {
  try {
    return fromJson(text, WHAT)
  } catch {
    return undefined
  }
}
