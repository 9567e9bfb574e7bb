/**
 * The memories of a module's calls. Reserving the address space of a memory costs about 100 µs, clearing a small one a
 * quarter of that, so a memory that did not grow is cleared and serves the next call. A call never sees what another left.
 */
import type { MemoryBounds } from './binary/rewrite.ts'
import { MAX_RECYCLED_MEMORY_BYTES, WASM_PAGE_BYTES } from '../limits.ts'

export class MemoryPool {
  private readonly bounds: MemoryBounds
  private spare: WebAssembly.Memory | undefined

  constructor (bounds: MemoryBounds) {
    this.bounds = bounds
  }

  /** A memory of the initial size, all zero. Throws RangeError when there is no room for it. */
  take (): WebAssembly.Memory {
    const memory = this.spare ?? new WebAssembly.Memory(this.bounds)
    this.spare = undefined
    return memory
  }

  /** True when clearing this memory is cheaper than making one. */
  reusable (memory: WebAssembly.Memory): boolean {
    const initialBytes = this.bounds.initial * WASM_PAGE_BYTES
    return memory.buffer.byteLength === initialBytes && initialBytes <= MAX_RECYCLED_MEMORY_BYTES
  }

  /** Takes back a reusable memory of a call that has ended, and clears it. */
  give (memory: WebAssembly.Memory): void {
    new Uint8Array(memory.buffer).fill(0)
    this.spare = memory
  }
}
