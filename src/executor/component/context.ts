/** What converting the values of one call needs: a memory, the way to allocate in it, handles, and budgets. */
import { CorebrumError } from '../../errors.ts'
import { MAX_COMPONENT_CALL_BYTES, MAX_COMPONENT_VALUES, MAX_COMPONENT_VALUE_BYTES } from '../limits.ts'
import { BorrowScope, type HandleTable } from './handles.ts'
import type { CanonOptions } from './items.ts'

/** The parts of a component instance that a context works on. */
export interface ContextHost {
  encoding: CanonOptions['encoding']
  /** Number of the component instance. */
  instance: number
  handles: HandleTable
  memory: WebAssembly.Memory | undefined
  /** Told of bytes that the host copies for the component. */
  charge: (bytes: number) => void
  /** Calls the component's own allocator; undefined where it named none. */
  realloc: ((oldPointer: number, oldSize: number, align: number, size: number) => number) | undefined
}

export class CallContext {
  readonly host: ContextHost
  readonly scope = new BorrowScope()
  private valuesLeft = MAX_COMPONENT_VALUES
  private bytesLeft = MAX_COMPONENT_CALL_BYTES
  private buffer: ArrayBuffer | undefined
  private cachedView = new DataView(new ArrayBuffer(0))

  constructor (host: ContextHost) {
    this.host = host
  }

  private get memory (): WebAssembly.Memory {
    const { memory } = this.host
    if (memory === undefined) throw new CorebrumError('ERR_MODULE_INVALID', 'the component passes a value through memory, but names no memory for it')
    return memory
  }

  /** The memory as it is now: growing it detaches earlier views. */
  view (): DataView {
    const { buffer } = this.memory
    if (buffer !== this.buffer) {
      this.buffer = buffer
      this.cachedView = new DataView(buffer)
    }
    return this.cachedView
  }

  bytes (pointer: number, length: number): Uint8Array {
    return new Uint8Array(this.memory.buffer, pointer, length)
  }

  /** A pointer of the component's as a number; throws ERR_POINTER unless it is aligned and `length` bytes at it lie in the memory. */
  requireRange (pointer: number, length: number, align: number): number {
    const start = pointer >>> 0
    const { byteLength } = this.memory.buffer
    if (start % align !== 0) throw new CorebrumError('ERR_POINTER', `the component gave the pointer ${start}, which is not a multiple of ${align}`)
    if (start + length > byteLength) throw new CorebrumError('ERR_POINTER', `the component gave ${length} bytes at ${start}; its memory ends at ${byteLength}`)
    return start
  }

  /** Room for `length` bytes, made by the component's own allocator. */
  allocate (align: number, length: number): number {
    const { realloc } = this.host
    if (realloc === undefined) throw new CorebrumError('ERR_MODULE_INVALID', 'the component takes a string or list, but names no allocator (realloc) for it')
    this.host.charge(length)
    return this.requireRange(realloc(0, 0, align, length), length, align)
  }

  /** Counts values that are made on the host's side. */
  spendValues (count: number): void {
    this.valuesLeft -= count
    if (this.valuesLeft < 0) throw new CorebrumError('ERR_OUTPUT_LIMIT', `one call of the component passes more than ${MAX_COMPONENT_VALUES} values`)
  }

  spendBytes (count: number): void {
    this.host.charge(count)
    this.bytesLeft -= count
    if (this.bytesLeft < 0) throw new CorebrumError('ERR_OUTPUT_LIMIT', `one call of the component passes more than ${MAX_COMPONENT_CALL_BYTES} bytes of strings and lists`)
  }

  /** The bytes of a list of `length` elements; throws ERR_POINTER above what the Component Model allows. */
  listBytes (length: number, elementSize: number): number {
    const total = length * elementSize
    if (total >= MAX_COMPONENT_VALUE_BYTES) throw new CorebrumError('ERR_POINTER', `the component gave a list of ${total} bytes; less than ${MAX_COMPONENT_VALUE_BYTES} are allowed`)
    return total
  }
}
