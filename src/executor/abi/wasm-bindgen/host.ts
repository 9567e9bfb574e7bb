/** One instance of a wasm-bindgen module while its call runs: its memory, its values, its allocator. */
import { CorebrumError } from '../../../errors.ts'
import { MAX_OUTPUT_BYTES } from '../../../limits.ts'
import { MAX_BINDGEN_BYTES } from '../../limits.ts'
import type { FoundFunction } from '../adapter.ts'
import { type Guest, GuestAbort } from '../guest.ts'
import { decodeText } from '../json.ts'
import type { BindgenExports } from './exports.ts'
import { ByteView } from './host-values.ts'
import { References } from './references.ts'
import type { Release } from './types.ts'

const encoder = new TextEncoder()

export class BindgenHost {
  readonly guest: Guest
  readonly exports: BindgenExports
  readonly release: Release
  readonly references: References
  /** Words that the module describes a type with. */
  readonly described: number[] = []
  private ownBytes = 0

  constructor (guest: Guest, exports: BindgenExports, release: Release) {
    this.guest = guest
    this.exports = exports
    this.release = release
    this.references = new References(guest, exports)
  }

  /** Puts bytes into the module's memory. Throws ERR_SIGNATURE, ERR_MEMORY_LIMIT, ERR_POINTER. */
  place (bytes: Uint8Array, alignment: 1 | 2 | 4 | 8 = 1): number {
    const pointer = this.allocate(bytes.length, alignment)
    this.guest.bytes().set(bytes, pointer)
    return pointer
  }

  /** Room in the module's memory. Throws ERR_SIGNATURE, ERR_MEMORY_LIMIT, ERR_POINTER. */
  allocate (size: number, alignment: 1 | 2 | 4 | 8): number {
    const { allocators } = this.exports
    const [allocator, other] = allocators
    if (allocator === undefined) throw new CorebrumError('ERR_SIGNATURE', 'the module exports no __wbindgen_malloc, so nothing but numbers can be passed')
    if (other !== undefined) this.chooseAllocator()
    return this.allocateWith(allocators[0] ?? allocator, size, alignment)
  }

  /** UTF-8 text in memory. Throws ERR_POINTER, ERR_OUTPUT_LIMIT, ERR_RESULT_TYPE. */
  text (pointer: number, length: number): string {
    return decodeText(this.copy(pointer, length), 'the text that the module passed')
  }

  /** A copy of bytes in memory. Throws ERR_POINTER, and ERR_OUTPUT_LIMIT for more than any output may have. */
  copy (pointer: number, length: number): Uint8Array {
    const size = length >>> 0
    if (size > MAX_OUTPUT_BYTES && size <= this.guest.memoryBytes) {
      throw new CorebrumError('ERR_OUTPUT_LIMIT', `the module passed ${size} bytes in one piece; ${MAX_OUTPUT_BYTES} are allowed`)
    }
    return this.guest.copy(pointer, length)
  }

  placeText (text: string): { pointer: number, length: number } {
    const bytes = encoder.encode(text)
    return { pointer: this.place(bytes), length: bytes.length }
  }

  /** A view of memory for one read or write at `pointer`. Throws ERR_POINTER. */
  viewAt (pointer: number, length: number): DataView {
    const start = pointer >>> 0
    if (start + length > this.guest.memoryBytes) {
      throw new CorebrumError('ERR_POINTER', `the module named ${length} bytes at ${start}; its memory ends at ${this.guest.memoryBytes}`)
    }
    return new DataView(this.guest.memory.buffer, start, length)
  }

  /** New bytes on the host, for a module to fill. Throws ERR_MEMORY_LIMIT beyond what a call may have. */
  newBytes (length: number): ByteView {
    const size = length >>> 0
    this.ownBytes += size
    if (this.ownBytes > MAX_BINDGEN_BYTES) {
      throw new GuestAbort('ERR_MEMORY_LIMIT', `the module made byte arrays of more than ${MAX_BINDGEN_BYTES} bytes in one call`)
    }
    return new ByteView(new Uint8Array(size), 0, size)
  }

  /** What a byte array shows now; throws ERR_POINTER where it lies outside. */
  bytesOf = (view: ByteView): Uint8Array => {
    const bytes = view.own ?? this.guest.bytes()
    if (view.offset + view.length > bytes.length) {
      throw new CorebrumError('ERR_POINTER', `the module named ${view.length} bytes at ${view.offset}; there are ${bytes.length}`)
    }
    return bytes.subarray(view.offset, view.offset + view.length)
  }

  private allocateWith ({ name, type }: FoundFunction, size: number, alignment: number): number {
    // One byte at least: releases differ in what they return for none.
    const wanted = Math.max(size, 1)
    const answer = this.guest.call(name, ...(type.params.length === 2 ? [wanted, alignment] : [wanted]))
    const pointer = typeof answer === 'number' ? answer >>> 0 : 0
    if (pointer === 0) throw new CorebrumError('ERR_MEMORY_LIMIT', `the module's ${name}(${wanted}) returned 0: its memory of ${this.guest.memoryBytes} bytes has no room for the inputs`)
    if (pointer + wanted > this.guest.memoryBytes) {
      throw new CorebrumError('ERR_POINTER', `the module's ${name}(${wanted}) returned ${pointer}; its memory ends at ${this.guest.memoryBytes}`)
    }
    return pointer
  }

  /** Of several exports of the allocator's type, keeps the first that gives room, each time another and aligned. */
  private chooseAllocator (): void {
    const { allocators } = this.exports
    const chosen = allocators.find((candidate) => this.allocates(candidate))
    if (chosen === undefined) throw new CorebrumError('ERR_SIGNATURE', `none of ${allocators.map(({ name }) => name).join(', ')} allocates memory, so nothing but numbers can be passed`)
    allocators.splice(0, allocators.length, chosen)
  }

  private allocates (candidate: FoundFunction): boolean {
    try {
      const first = this.allocateWith(candidate, 24, 8)
      const second = this.allocateWith(candidate, 24, 8)
      return first % 8 === 0 && second % 8 === 0 && Math.abs(first - second) >= 24
    } catch (thrown) {
      if (thrown instanceof WebAssembly.RuntimeError || thrown instanceof CorebrumError) return false
      throw thrown
    }
  }
}
