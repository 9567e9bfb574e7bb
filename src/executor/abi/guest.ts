/** One instance while its call runs: its memory, what it wrote, and what it ran into. */
import { CorebrumError } from '../../errors.ts'
import { MAX_LOG_BYTES, MAX_OUTPUT_BYTES } from '../../limits.ts'
import { type Ambient, realAmbient } from './ambient.ts'
import { Capture } from './capture.ts'

/** Thrown by host functions through the module: it ended by itself, with this code. */
export class ProgramExit extends Error {
  readonly exitCode: number

  constructor (exitCode: number) {
    super(`exit ${exitCode}`)
    this.exitCode = exitCode
  }
}

/** Thrown through the module by an import that nobody provides, or by the module's own abort. */
export class GuestAbort extends CorebrumError {}

/** What a program finds when it starts. */
export interface GuestOptions {
  /** Default empty. */
  stdin?: Uint8Array
  /** Arguments after the program's name; default none. */
  args?: readonly string[]
  /** Default empty. */
  env?: Readonly<Record<string, string>>
  /** Files in its root, by path; default none. */
  files?: readonly GuestFile[]
  /** Clock and random numbers; default the real ones. */
  ambient?: Ambient
}

export interface GuestFile { path: string, bytes: Uint8Array }

export class Guest {
  readonly stdin: Uint8Array
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly files: readonly GuestFile[]
  /** Every convention takes the time and its random numbers from here, so that a deterministic task gets the same ones everywhere. */
  readonly ambient: Ambient
  readonly stdout = new Capture(MAX_OUTPUT_BYTES, 'refuse')
  /** stderr and console text. */
  readonly logs = new Capture(MAX_LOG_BYTES, 'truncate')
  /** Set by host functions that tried to grow the memory in vain. */
  growthRefused = false
  private instanceExports: WebAssembly.Exports = Object.create(null)
  private linearMemory: WebAssembly.Memory | undefined

  constructor (options: GuestOptions = {}) {
    this.stdin = options.stdin ?? new Uint8Array(0)
    this.args = options.args ?? []
    this.env = options.env ?? {}
    this.files = options.files ?? []
    this.ambient = options.ambient ?? realAmbient
  }

  /** Imported memory, known before the instance is. */
  useMemory (memory: WebAssembly.Memory): void {
    this.linearMemory = memory
  }

  useExports (exports: WebAssembly.Exports, memoryExport: string | undefined): void {
    this.instanceExports = exports
    const memory = memoryExport === undefined ? undefined : exports[memoryExport]
    if (memory instanceof WebAssembly.Memory) this.linearMemory = memory
  }

  get memory (): WebAssembly.Memory {
    if (this.linearMemory === undefined) throw new CorebrumError('ERR_SIGNATURE', 'the module exports no memory, so nothing but numbers can be passed')
    return this.linearMemory
  }

  /** 0 where there is no memory. */
  get memoryBytes (): number {
    return this.linearMemory?.buffer.byteLength ?? 0
  }

  /** The memory as it is now: growing it detaches earlier views. */
  bytes (): Uint8Array {
    return new Uint8Array(this.memory.buffer)
  }

  view (): DataView {
    return new DataView(this.memory.buffer)
  }

  hasFunction (name: string): boolean {
    return typeof this.instanceExports[name] === 'function'
  }

  /** Calls an export that is known to be there. */
  call (name: string, ...args: Array<number | bigint>): unknown {
    const target = this.instanceExports[name]
    if (typeof target !== 'function') throw new CorebrumError('ERR_NO_EXPORT', `the module exports no function ${JSON.stringify(name)}`)
    return target(...args)
  }

  /** A copy of `length` bytes at `pointer`, both as the module returned them; throws ERR_POINTER when outside of its memory. */
  copy (pointer: number, length: number): Uint8Array {
    const start = pointer >>> 0
    const size = length >>> 0
    if (start + size > this.memoryBytes) {
      throw new CorebrumError('ERR_POINTER', `the module returned ${size} bytes at ${start}; its memory ends at ${this.memoryBytes}`)
    }
    return new Uint8Array(this.memory.buffer, start, size).slice()
  }
}
