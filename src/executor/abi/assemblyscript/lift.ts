/**
 * Objects in the memory of an AssemblyScript module as values. An object has its class id 8 bytes and its size 4 bytes
 * before its pointer, in every version since 0.9. Nothing that the module says of itself is believed unchecked.
 */
import { CorebrumError } from '../../../errors.ts'
import { MAX_CBOR_ITEMS, MAX_VALUE_DEPTH } from '../../../limits.ts'
import type { Value } from '../../../task/values.ts'
import type { Guest } from '../guest.ts'
import type { ArrayClass, Classes } from './classes.ts'
import { readElement } from './elements.ts'

const HEADER_BYTES = 8
/** Objects are aligned so that a v128 fits. */
const ALIGNMENT = 16
/** Class ids of strings, before and since 0.22. */
const STRING_IDS: ReadonlySet<number> = new Set([1, 2])

const utf16 = new TextDecoder('utf-16le', { fatal: true, ignoreBOM: true })

/** Raw elements of a buffer or an array of numbers. */
export interface LiftedBytes { bytes: Uint8Array, element?: ArrayClass }

export type Lifted = { text: string } | LiftedBytes | { list: Value[] } | undefined

export class Lifter {
  private readonly guest: Guest
  private readonly classes: Classes | undefined
  private items = 0

  /** `classes` is undefined for a module built without `--exportRuntime`: strings and bytes can be read all the same. */
  constructor (guest: Guest, classes: Classes | undefined) {
    this.guest = guest
    this.classes = classes
  }

  /** What a number that a function returned would be as a pointer: a string, an array, or nothing of that kind. */
  guess (pointer: number): 'array' | { text: string } | undefined {
    const at = pointer >>> 0
    if (at < ALIGNMENT || at % ALIGNMENT !== 0 || at > this.guest.memoryBytes) return undefined
    const { id, size } = this.header(at)
    if (at + size > this.guest.memoryBytes) return undefined
    if (this.classes !== undefined && this.classes.arrays.has(id)) return 'array'
    const isString = this.classes === undefined ? STRING_IDS.has(id) && size > 0 : id === this.classes.stringId
    const text = isString && size % 2 === 0 ? this.tryText(at, size) : undefined
    return text === undefined ? undefined : { text }
  }

  /** The string at a pointer, whatever its class id. Throws ERR_POINTER, ERR_RESULT_TYPE. */
  text (pointer: number): string {
    const { at, size } = this.object(pointer)
    const text = size % 2 === 0 ? this.tryText(at, size) : undefined
    if (text === undefined) throw new CorebrumError('ERR_RESULT_TYPE', 'what the function returned is not UTF-16 text')
    return text
  }

  /** The bytes of an object, whatever its class id. Throws ERR_POINTER. */
  raw (pointer: number): Uint8Array {
    const { at, size } = this.object(pointer)
    return this.guest.copy(at, size)
  }

  /** Any object that has a value; undefined for null. Throws ERR_POINTER, and ERR_RESULT_TYPE for other classes. */
  lift (pointer: number, depth = 0): Lifted {
    if (pointer === 0) return undefined
    const { at, id, size } = this.object(pointer)
    if (this.classes === undefined || id === this.classes.stringId) return { text: this.text(at) }
    if (id === this.classes.bufferId) return { bytes: this.raw(at) }
    const found = this.classes.arrays.get(id)
    if (found === undefined) {
      throw new CorebrumError('ERR_RESULT_TYPE', `the function returned an object of a class of its own (id ${id}); return a string, for example JSON, or an array of numbers`)
    }
    const { start, bytes } = this.extent(found, at, size)
    if (found.kind !== 'managed') return { bytes: this.guest.copy(start, bytes), element: found }
    return { list: this.references(start, bytes, depth) }
  }

  /** A lifted object as a plain value. */
  value (lifted: Lifted): Value {
    if (lifted === undefined) return null
    if ('text' in lifted) return lifted.text
    if ('list' in lifted) return lifted.list
    return lifted.element === undefined ? lifted.bytes : this.numbers(lifted.bytes, lifted.element)
  }

  private numbers (bytes: Uint8Array, element: ArrayClass): Value[] {
    const count = Math.floor(bytes.length / element.size)
    this.count(count)
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    return Array.from({ length: count }, (_, index) => readElement(view, index * element.size, element))
  }

  private references (start: number, bytes: number, depth: number): Value[] {
    const length = Math.floor(bytes / 4)
    this.count(length)
    if (depth >= MAX_VALUE_DEPTH) throw new CorebrumError('ERR_RESULT_TYPE', `the function returned arrays nested deeper than ${MAX_VALUE_DEPTH} levels`)
    const view = new DataView(this.guest.copy(start, bytes).buffer)
    return Array.from({ length }, (_, index) => this.value(this.lift(view.getUint32(index * 4, true), depth + 1)))
  }

  /** One array in another many times over would be an endless result. */
  private count (items: number): void {
    this.items += items
    if (this.items > MAX_CBOR_ITEMS) throw new CorebrumError('ERR_OUTPUT_LIMIT', `the function returned more than ${MAX_CBOR_ITEMS} elements`)
  }

  /** Where the elements of an array lie. */
  private extent (found: ArrayClass, at: number, size: number): { start: number, bytes: number } {
    if (found.layout === 'flat') return { start: at, bytes: size }
    const fields = new DataView(this.guest.copy(at, found.growable ? 16 : 12).buffer)
    return { start: fields.getUint32(4, true), bytes: found.growable ? fields.getUint32(12, true) * found.size : fields.getUint32(8, true) }
  }

  private object (pointer: number): { at: number, id: number, size: number } {
    const at = pointer >>> 0
    if (at < HEADER_BYTES || at > this.guest.memoryBytes) {
      throw new CorebrumError('ERR_POINTER', at === 0 ? 'the function returned null' : `the function returned a pointer to ${at}; the module's memory ends at ${this.guest.memoryBytes}`)
    }
    const { id, size } = this.header(at)
    if (at + size > this.guest.memoryBytes) throw new CorebrumError('ERR_POINTER', `the function returned an object of ${size} bytes at ${at}; the module's memory ends at ${this.guest.memoryBytes}`)
    return { at, id, size }
  }

  private header (at: number): { id: number, size: number } {
    const view = this.guest.view()
    return { id: view.getUint32(at - 8, true), size: view.getUint32(at - 4, true) }
  }

  private tryText (at: number, size: number): string | undefined {
    try {
      return utf16.decode(this.guest.copy(at, size))
    } catch {
      return undefined
    }
  }
}
