/**
 * What a `__wbindgen_describe_*` function says: a function's type as a row of 32-bit words. The words' numbering
 * changed with releases of wasm-bindgen, always by inserting names.
 */
import { CorebrumError } from '../../../errors.ts'
import { MAX_BINDGEN_PARAMETERS } from '../../limits.ts'
import { type ElementType, NUMBERS, type Release, type Type } from './types.ts'

/** Every name in the order of its number, with the first release that has it; 0: all. */
const NAMES: Array<[string, Release]> = [
  ['I8', 0], ['U8', 0], ['I16', 0], ['U16', 0], ['I32', 0], ['U32', 0], ['I64', 0], ['U64', 0], ['I64_AS_F64', 120], ['U64_AS_F64', 120],
  ['I128', 96], ['U128', 96], ['F32', 0], ['F64', 0], ['BOOLEAN', 0], ['FUNCTION', 0], ['CLOSURE', 0], ['CACHED_STRING', 0], ['STRING', 0],
  ['REF', 0], ['REFMUT', 0], ['LONGREF', 84], ['SLICE', 0], ['VECTOR', 0], ['EXTERNREF', 0], ['NAMED_EXTERNREF', 0], ['ENUM', 0],
  ['STRING_ENUM', 93], ['DYNAMIC_UNION', 122], ['RUST_STRUCT', 0], ['CHAR', 0], ['OPTIONAL', 0], ['RESULT', 79], ['UNIT', 0], ['CLAMPED', 0],
  ['NONNULL', 92], ['RAW_POINTER', 120],
]

/** Since then the number of an enum is followed by its name. */
const ENUM_HAS_NAME: Release = 88

const SIMPLE: Readonly<Record<string, Type>> = {
  ...Object.fromEntries(Object.entries(NUMBERS).map(([name, type]) => [name.toUpperCase(), type])),
  I128: { kind: 'integer', bits: 128, sign: 'signed' },
  U128: { kind: 'integer', bits: 128, sign: 'unsigned' },
  BOOLEAN: { kind: 'boolean' },
  STRING: { kind: 'string' },
  CACHED_STRING: { kind: 'string' },
  CHAR: { kind: 'char' },
  UNIT: { kind: 'unit' },
  EXTERNREF: { kind: 'any', slot: 'i32' },
}

const ELEMENTS: Readonly<Record<string, ElementType>> = { I8: 'i8', U8: 'u8', I16: 'i16', U16: 'u16', I32: 'i32', U32: 'u32', I64: 'i64', U64: 'u64', F32: 'f32', F64: 'f64', EXTERNREF: 'any', STRING: 'string', CACHED_STRING: 'string' }

export interface Described { params: Type[], result: Type }

/** Types may contain types; deeper ones than this are no Rust that anyone wrote. */
const MAX_DEPTH = 16

/** Throws ERR_MODULE_INVALID for words that describe no function. */
export function decodeFunction (words: readonly number[], release: Release): Described {
  return new Decoder(words, release).function()
}

class Decoder {
  private readonly words: readonly number[]
  private readonly release: Release
  private readonly names: string[]
  private at = 0
  private depth = 0

  constructor (words: readonly number[], release: Release) {
    this.words = words
    this.release = release
    this.names = NAMES.filter(([, since]) => since <= release).map(([name]) => name)
  }

  function (): Described {
    if (this.name() !== 'FUNCTION') throw this.damaged()
    this.word()
    const count = this.word()
    if (count > MAX_BINDGEN_PARAMETERS) throw this.damaged()
    const params = Array.from({ length: count }, () => this.type())
    return { params, result: this.type() }
  }

  private type (): Type {
    if (++this.depth > MAX_DEPTH) throw this.damaged()
    const type = this.named(this.name())
    this.depth--
    return type
  }

  private named (name: string): Type {
    const simple = SIMPLE[name]
    if (simple !== undefined) return simple
    switch (name) {
      case 'REF': case 'REFMUT': case 'LONGREF': case 'CLAMPED': return this.type()
      case 'SLICE': case 'VECTOR': return this.vector()
      case 'OPTIONAL': return { kind: 'option', of: this.type() }
      case 'RESULT': return { kind: 'result', of: this.type() }
      case 'NAMED_EXTERNREF':
        this.text()
        return { kind: 'any', slot: 'i32' }
      case 'ENUM':
        if (this.release >= ENUM_HAS_NAME) this.text()
        return { kind: 'enum', hole: this.word() }
      // What follows is not read: a function with such a type is refused as a whole.
      default: return { kind: 'unsupported', name: name.toLowerCase().replaceAll('_', ' ') }
    }
  }

  private vector (): Type {
    const name = this.name()
    if (name === 'NAMED_EXTERNREF') this.text()
    const of = name === 'NAMED_EXTERNREF' ? 'any' : ELEMENTS[name]
    return of === undefined ? { kind: 'unsupported', name: `vector of ${name.toLowerCase().replaceAll('_', ' ')}` } : { kind: 'vector', of }
  }

  private text (): string {
    let text = ''
    for (let length = this.word(); length > 0; length--) text += String.fromCharCode(this.word())
    return text
  }

  private name (): string {
    const name = this.names[this.word()]
    if (name === undefined) throw this.damaged()
    return name
  }

  private word (): number {
    const word = this.words[this.at++]
    if (word === undefined) throw this.damaged()
    return word
  }

  private damaged (): CorebrumError {
    return new CorebrumError('ERR_MODULE_INVALID', `what the module says of its function cannot be read at word ${this.at} of ${this.words.length}; it was built with a release of wasm-bindgen that is not known here, or is damaged: run the wasm-bindgen CLI on it`)
  }
}
