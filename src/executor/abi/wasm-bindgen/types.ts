/** The types that wasm-bindgen passes, and the WebAssembly values ("slots") that each is passed as. */
import type { WasmType } from '../../binary/module-info.ts'

export type ElementType = 'i8' | 'u8' | 'i16' | 'u16' | 'i32' | 'u32' | 'i64' | 'u64' | 'f32' | 'f64' | 'any' | 'string'

export type Type =
  /** `either`: the module does not say whether it is signed. */
  | { kind: 'integer', bits: 8 | 16 | 32 | 64 | 128, sign: 'signed' | 'unsigned' | 'either' }
  | { kind: 'float', bits: 32 | 64 }
  | { kind: 'boolean' | 'char' | 'string' | 'unit' }
  | { kind: 'vector', of: ElementType }
  /** A JavaScript value: an index into a table of them, or a reference. */
  | { kind: 'any', slot: 'i32' | 'externref' }
  /** `hole` stands for None, where the type has a value to spare for it. */
  | { kind: 'enum', hole: number }
  | { kind: 'option', of: Type }
  | { kind: 'result', of: Type }
  | { kind: 'unsupported', name: string }

/** The numbers that are elements of vectors, and parameters. */
export type NumberElement = Exclude<ElementType, 'any' | 'string'>

export const NUMBERS: Readonly<Record<NumberElement, Extract<Type, { kind: 'integer' | 'float' }>>> = {
  i8: { kind: 'integer', bits: 8, sign: 'signed' },
  u8: { kind: 'integer', bits: 8, sign: 'unsigned' },
  i16: { kind: 'integer', bits: 16, sign: 'signed' },
  u16: { kind: 'integer', bits: 16, sign: 'unsigned' },
  i32: { kind: 'integer', bits: 32, sign: 'signed' },
  u32: { kind: 'integer', bits: 32, sign: 'unsigned' },
  i64: { kind: 'integer', bits: 64, sign: 'signed' },
  u64: { kind: 'integer', bits: 64, sign: 'unsigned' },
  f32: { kind: 'float', bits: 32 },
  f64: { kind: 'float', bits: 64 },
}

/** Release of wasm-bindgen as one number that grows: 0.2.83 is 83; what is not 0.2 counts as the newest. */
export type Release = number

/** Since then an optional number of 32 bits travels as an f64, and later with another value for None. */
const OPTION_AS_F64: Release = 96
const OPTION_AS_LARGE_F64: Release = 120

/** None where the type has less than 32 bits: beyond every character. */
export const NONE_AS_SMALL = 0xffffff

/** The number that None travels as; undefined where it does not travel as one. */
export function noneAsF64 (release: Release): number | undefined {
  return release >= OPTION_AS_LARGE_F64 ? Number.MAX_SAFE_INTEGER : release >= OPTION_AS_F64 ? 2 ** 32 + 1 : undefined
}

export const ELEMENT_BYTES: Readonly<Record<ElementType, number>> = { i8: 1, u8: 1, i16: 2, u16: 2, i32: 4, u32: 4, i64: 8, u64: 8, f32: 4, f64: 8, any: 4, string: 4 }

/** How None is told: by a value of the one slot, by a null pointer, or by a slot of its own in front. */
export function noneOf (type: Type, release: Release): 'small' | 'float' | 'null' | 'flag' {
  switch (type.kind) {
    case 'boolean': case 'char': case 'enum': return 'small'
    case 'string': case 'vector': case 'any': return 'null'
    case 'integer':
      if (type.bits < 32) return 'small'
      return type.bits === 32 && release >= OPTION_AS_F64 ? 'float' : 'flag'
    case 'float': return type.bits === 32 && release >= OPTION_AS_F64 ? 'float' : 'flag'
    default: return 'flag'
  }
}

/** The WebAssembly types that a value of this type is passed as, in order. */
export function slotsOf (type: Type, release: Release): WasmType[] {
  switch (type.kind) {
    case 'integer': return type.bits === 128 ? ['i64', 'i64'] : [type.bits === 64 ? 'i64' : 'i32']
    case 'float': return [type.bits === 64 ? 'f64' : 'f32']
    case 'boolean': case 'char': case 'enum': return ['i32']
    case 'string': case 'vector': return ['i32', 'i32']
    case 'any': return [type.slot]
    case 'unit': return []
    case 'unsupported': return ['ref']
    case 'result': return [...slotsOf(type.of, release), 'i32', 'i32']
    case 'option': {
      const none = noneOf(type.of, release)
      if (none === 'float') return ['f64']
      return none === 'flag' ? ['i32', ...slotsOf(type.of, release)] : slotsOf(type.of, release)
    }
  }
}

/** Where each slot lies in a structure in memory, in bytes, as C lays it out; `size` is that of the whole. */
export function layoutOf (slots: readonly WasmType[]): { offsets: number[], size: number } {
  let size = 0
  const offsets = slots.map((slot) => {
    const width = slot === 'i64' || slot === 'f64' ? 8 : 4
    const offset = Math.ceil(size / width) * width
    size = offset + width
    return offset
  })
  return { offsets, size: Math.ceil(size / 8) * 8 }
}

/** A type in words, as Rust writes it. */
export function describeBindgenType (type: Type): string {
  switch (type.kind) {
    case 'integer': return `${type.sign === 'unsigned' ? 'u' : 'i'}${type.bits}`
    case 'float': return `f${type.bits}`
    case 'boolean': return 'bool'
    case 'string': return 'String'
    case 'unit': return '()'
    case 'vector': return `Vec<${type.of === 'any' ? 'JsValue' : type.of === 'string' ? 'String' : type.of}>`
    case 'any': return 'JsValue'
    case 'option': return `Option<${describeBindgenType(type.of)}>`
    case 'result': return `Result<${describeBindgenType(type.of)}>`
    case 'unsupported': return type.name
    default: return type.kind
  }
}
