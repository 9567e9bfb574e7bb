/**
 * After its CLI a wasm-bindgen module no longer says which types a function takes. They follow from the types that the
 * task declares and the WebAssembly types of the parameters: the cheapest reading that uses all of them.
 */
import type { ValueType } from '../../../task/values.ts'
import type { WasmType } from '../../binary/module-info.ts'
import type { TypedName } from '../adapter.ts'
import { type Release, type Type, slotsOf } from './types.ts'

/** One way to pass a declared type. */
interface Reading { type: Type, cost: number }

/** What the module shows besides. */
export interface Hints {
  release: Release
  /** It keeps JavaScript values by index; where it does not, an i32 is a number or a character. */
  holdsIndices: boolean
}

export interface GuessedParameters {
  types: Type[]
  /** Strings behind the declared inputs. */
  extraStrings: number
  cost: number
}

const I32: Type = { kind: 'integer', bits: 32, sign: 'either' }
const I64: Type = { kind: 'integer', bits: 64, sign: 'either' }
const F64: Type = { kind: 'float', bits: 64 }
const F32: Type = { kind: 'float', bits: 32 }
/** An input that was left out is None: whether the function takes that cannot be seen, and it is what JavaScript passes. */
const optional = (of: Type): Type => ({ kind: 'option', of })
const STRING = optional({ kind: 'string' })
const REFERENCE: Reading = { type: optional({ kind: 'any', slot: 'externref' }), cost: 1 }
const INDEX: Reading = { type: optional({ kind: 'any', slot: 'i32' }), cost: 3 }

const OPTIONAL_NUMBERS: Reading[] = [
  { type: optional(I64), cost: 2 },
  { type: optional(F64), cost: 2 },
  // A pair of i32 is more often text.
  { type: optional(I32), cost: 4 },
]

const CHARACTER: Reading = { type: { kind: 'char' }, cost: 3 }
const JSON_READINGS: Reading[] = [{ type: STRING, cost: 1 }, { ...REFERENCE, cost: 0 }, INDEX]

const READINGS: Readonly<Record<ValueType, Reading[]>> = {
  integer: [
    { type: I32, cost: 0 }, { type: I64, cost: 0 }, { type: F64, cost: 1 }, { type: F32, cost: 1 },
    { type: { kind: 'integer', bits: 128, sign: 'either' }, cost: 1 }, REFERENCE, ...OPTIONAL_NUMBERS,
  ],
  number: [
    { type: F64, cost: 0 }, { type: F32, cost: 0 }, { type: I32, cost: 1 }, { type: I64, cost: 1 },
    REFERENCE, ...OPTIONAL_NUMBERS,
  ],
  boolean: [{ type: { kind: 'boolean' }, cost: 0 }, REFERENCE],
  string: [{ type: STRING, cost: 0 }, REFERENCE, INDEX, CHARACTER],
  bytes: [{ type: optional({ kind: 'vector', of: 'u8' }), cost: 0 }, REFERENCE, INDEX],
  array: JSON_READINGS,
  object: JSON_READINGS,
  json: [...JSON_READINGS, { type: F64, cost: 4 }, { type: I64, cost: 4 }, { type: I32, cost: 4 }],
}

const MAX_EXTRA_STRINGS = 2
/** A string that no input stands for is the last resort. */
const EXTRA_STRING_COST = 100

/** The cheapest reading of `params` from `from` on; undefined when there is none. */
export function guessParameters (inputs: readonly TypedName[], params: readonly WasmType[], from: number, { release, holdsIndices }: Hints): GuessedParameters | undefined {
  const known = new Map<number, GuessedParameters | null>()

  const rest = (index: number, at: number): GuessedParameters | null => {
    const key = index * (params.length + 1) + at
    let best = known.get(key)
    if (best === undefined) known.set(key, best = index === inputs.length ? extraStrings(params.slice(at)) : cheapest(index, at))
    return best
  }

  const cheapest = (index: number, at: number): GuessedParameters | null => {
    let best: GuessedParameters | null = null
    for (const reading of READINGS[inputs[index]?.type ?? 'json']) {
      if (reading === INDEX && !holdsIndices) continue
      const slots = slotsOf(reading.type, release)
      if (slots.some((slot, offset) => params[at + offset] !== slot)) continue
      const behind = rest(index + 1, at + slots.length)
      if (behind === null) continue
      const cost = reading.cost + behind.cost
      if (best === null || cost < best.cost) best = { types: [reading.type, ...behind.types], extraStrings: behind.extraStrings, cost }
    }
    return best
  }

  return rest(0, from) ?? undefined
}

function extraStrings (params: readonly WasmType[]): GuessedParameters | null {
  const count = params.length / 2
  if (!Number.isInteger(count) || count > MAX_EXTRA_STRINGS || params.some((type) => type !== 'i32')) return null
  return { types: [], extraStrings: count, cost: count * EXTRA_STRING_COST }
}
