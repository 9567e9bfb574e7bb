/**
 * The memories of a module's calls. Reserving the address space of a memory costs about 100 µs, clearing a small one a
 * quarter of that, so a memory that did not grow is cleared and serves the next call. A call never sees what another left.
 */
import type { MemoryBounds } from './binary/rewrite.ts'
import { WASM_PAGE_BYTES } from '../limits.ts'
import { MAX_MEMORY_BYTES_KEPT_AT_ONCE, MAX_RECYCLED_MEMORY_BYTES } from './limits.ts'

export class MemoryPool {
  private readonly bounds: MemoryBounds
  private spare: WebAssembly.Memory | undefined
  /** A module that is called once may never be called again. */
  private calls = 0

  constructor (bounds: MemoryBounds) {
    this.bounds = bounds
  }

  /** A memory of the initial size, all zero. Throws RangeError when there is no room for it. */
  take (): WebAssembly.Memory {
    const memory = this.spare ?? new WebAssembly.Memory(this.bounds)
    this.spare = undefined
    this.calls++
    return memory
  }

  /** True when clearing this memory is cheaper than making one, for the calls that can be expected. */
  reusable (memory: WebAssembly.Memory): boolean {
    const initialBytes = this.bounds.initial * WASM_PAGE_BYTES
    return memory.buffer.byteLength === initialBytes && initialBytes <= (this.calls > 1 ? MAX_RECYCLED_MEMORY_BYTES : MAX_MEMORY_BYTES_KEPT_AT_ONCE)
  }

  /** Takes back a reusable memory of a call that has ended, and clears it. */
  give (memory: WebAssembly.Memory): void {
    new Uint8Array(memory.buffer).fill(0)
    this.spare = memory
  }
}
