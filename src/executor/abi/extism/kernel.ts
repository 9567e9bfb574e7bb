/**
 * What the Extism kernel does for a plug-in, on the host and for one call: blocks of memory beside the plug-in's own,
 * through which input, output, configuration and variables go. Handles are plain addresses, as in Extism's own kernel.
 */
import { MAX_OUTPUT_BYTES } from '../../../limits.ts'
import { MAX_EXTISM_BLOCKS, MAX_EXTISM_BYTES, MAX_EXTISM_VARIABLE_BYTES } from '../../limits.ts'
import { GuestAbort } from '../guest.ts'

/** Address 0 says that there is nothing. */
const FIRST_ADDRESS = 64
const SMALLEST_BLOCK = 16
const INITIAL_BYTES = 4096

interface Block { length: number, capacity: number }

export class Kernel {
  /** Set when the function is called: what initialises a plug-in sees none. */
  input: Uint8Array = new Uint8Array(0)
  /** Of the last HTTP request: its status, and the address of its headers as JSON; 0 before there was one. */
  httpStatus = 0
  httpHeaders = 0
  private outputBytes: Uint8Array = new Uint8Array(0)
  private errorAt = 0
  private memory = new Uint8Array(INITIAL_BYTES)
  private end = FIRST_ADDRESS
  private readonly blocks = new Map<number, Block>()
  /** Freed addresses by the capacity of their block, which is a power of two. */
  private readonly free = new Map<number, number[]>()
  private readonly variables = new Map<string, Uint8Array>()
  private variableBytes = 0
  private inputAt: number | undefined

  /** Address of a new block; throws ERR_MEMORY_LIMIT as a trap. */
  allocate (length: number): number {
    const capacity = Math.max(SMALLEST_BLOCK, 2 ** Math.ceil(Math.log2(Math.max(length, 1))))
    const address = this.free.get(capacity)?.pop() ?? this.extend(capacity, length)
    this.blocks.set(address, { length, capacity })
    return address
  }

  release (address: number): void {
    const block = this.blocks.get(address)
    if (block === undefined) return
    this.blocks.delete(address)
    const freed = this.free.get(block.capacity)
    if (freed === undefined) this.free.set(block.capacity, [address])
    else freed.push(address)
  }

  /** 0 for an address that is no block's. */
  lengthOf (address: number): number {
    return this.blocks.get(address)?.length ?? 0
  }

  /** A view on `length` bytes of any blocks; throws ERR_POINTER as a trap. */
  view (address: number, length: number): DataView {
    if (!(address >= FIRST_ADDRESS && address + length <= this.end)) {
      throw new GuestAbort('ERR_POINTER', `the plug-in used ${length} bytes at ${address} of the memory that it shares with its host, which ends at ${this.end}`)
    }
    return new DataView(this.memory.buffer, address, length)
  }

  /** A copy of `length` bytes, or of a whole block. */
  read (address: number, length = this.lengthOf(address)): Uint8Array {
    if (length === 0) return new Uint8Array(0)
    const { buffer } = this.view(address, length)
    return new Uint8Array(buffer, address, length).slice()
  }

  text (address: number): string {
    return new TextDecoder().decode(this.read(address))
  }

  store (bytes: Uint8Array): number {
    const address = this.allocate(bytes.length)
    this.memory.set(bytes, address)
    return address
  }

  /** The input as a block of its own, made when it is first asked for. */
  inputAddress (): number {
    this.inputAt ??= this.input.length === 0 ? 0 : this.store(this.input)
    return this.inputAt
  }

  /** Empty until it is set. */
  get output (): Uint8Array {
    return this.outputBytes
  }

  /** Throws ERR_POINTER, ERR_OUTPUT_LIMIT as a trap. */
  setOutput (address: number, length: number): void {
    if (length > MAX_OUTPUT_BYTES) throw new GuestAbort('ERR_OUTPUT_LIMIT', `the plug-in's output has ${length} bytes; ${MAX_OUTPUT_BYTES} are allowed`)
    this.outputBytes = this.read(address, length)
  }

  /** Address of the error text, 0 for none. */
  get error (): number {
    return this.errorAt
  }

  /** Throws ERR_POINTER as a trap. */
  setError (address: number): void {
    if (address !== 0 && !this.blocks.has(address)) throw new GuestAbort('ERR_POINTER', `the plug-in set its error to ${address}, where it has no memory`)
    this.errorAt = address
  }

  variable (name: string): Uint8Array | undefined {
    return this.variables.get(name)
  }

  /** Variables live as long as the call. Throws ERR_MEMORY_LIMIT as a trap. */
  setVariable (name: string, value: Uint8Array | undefined): void {
    const before = this.variables.get(name)
    if (before !== undefined) this.variableBytes -= before.length + name.length
    this.variables.delete(name)
    if (value === undefined) return
    this.variableBytes += value.length + name.length
    if (this.variableBytes > MAX_EXTISM_VARIABLE_BYTES || this.variables.size >= MAX_EXTISM_BLOCKS) {
      throw new GuestAbort('ERR_MEMORY_LIMIT', `the plug-in's variables are over ${MAX_EXTISM_VARIABLE_BYTES} bytes`)
    }
    this.variables.set(name, value)
  }

  private extend (capacity: number, length: number): number {
    const address = this.end
    if (address + capacity > MAX_EXTISM_BYTES || this.blocks.size >= MAX_EXTISM_BLOCKS) {
      throw new GuestAbort('ERR_MEMORY_LIMIT', `the plug-in asked for ${length} bytes more of the memory that it shares with its host; ${MAX_EXTISM_BYTES} bytes in ${MAX_EXTISM_BLOCKS} blocks are allowed`)
    }
    this.end = address + capacity
    if (this.end > this.memory.length) {
      const grown = new Uint8Array(Math.min(Math.max(2 * this.memory.length, this.end), MAX_EXTISM_BYTES))
      grown.set(this.memory.subarray(0, address))
      this.memory = grown
    }
    return address
  }
}
