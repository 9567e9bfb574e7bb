/** One instance while its call runs: its memory, what it wrote, and what it ran into. */
import { CorebrumError } from '../../errors.ts'
import { MAX_LOG_BYTES, MAX_OUTPUT_BYTES } from '../../limits.ts'
import type { HttpRequest, HttpResponse } from '../../task/http.ts'
import { type Ambient, realAmbient, tellingSleep } from './ambient.ts'
import { Capture } from './capture.ts'
import { FuelTank } from './fuel-tank.ts'
import { LiveLog } from './live-log.ts'

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
  /** It has a root folder in memory; default false. */
  fileSystem?: boolean
  /** Files in its root, by path; default none. */
  files?: readonly GuestFile[]
  /** Standard output holds no outputs, so it is part of the log; default false. */
  logsStdout?: boolean
  /** Clock and random numbers; default the real ones. */
  ambient?: Ambient
  /** Most fuel that it may use, for a module that is metered. */
  fuel?: number
  /** Given what is written to the log, in parts, while the call runs; what comes last is left to the result. */
  onLog?: (text: string) => void
  /** Sends an HTTP request for the program and waits; absent: the task has no such grant. */
  sendRequest?: (request: HttpRequest) => HttpResponse
  /** Asked for by programs that take them as inputs; default none. */
  names?: () => HostNames
}

/** What the host and the call are named. */
export interface HostNames { taskId?: string, workerId?: string }

export interface GuestFile { path: string, bytes: Uint8Array }

export class Guest {
  readonly stdin: Uint8Array
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly fileSystem: boolean
  readonly files: readonly GuestFile[]
  /** Every convention takes the time and its random numbers from here, so that a deterministic task gets the same ones everywhere. */
  readonly ambient: Ambient
  /** Of a call whose module is metered. */
  readonly fuel: FuelTank | undefined
  /** Metered or deterministic: the call has to be the same whatever calls went before it. */
  readonly isRepeatable: boolean
  readonly sendRequest: GuestOptions['sendRequest']
  readonly stdout: Capture
  /** stderr and console text. */
  readonly logs = new Capture(MAX_LOG_BYTES, 'truncate')
  /** Set by host functions that tried to grow the memory in vain. */
  growthRefused = false
  private instanceExports: WebAssembly.Exports = Object.create(null)
  private linearMemory: WebAssembly.Memory | undefined
  private functionTable: WebAssembly.Table | undefined
  private readonly live: LiveLog | undefined
  private readonly askNames: () => HostNames
  private known: HostNames | undefined

  constructor (options: GuestOptions = {}) {
    this.stdin = options.stdin ?? new Uint8Array(0)
    this.args = options.args ?? []
    this.env = options.env ?? {}
    this.fileSystem = options.fileSystem ?? false
    this.files = options.files ?? []
    this.sendRequest = options.sendRequest
    this.fuel = options.fuel === undefined ? undefined : new FuelTank(options.fuel)
    this.isRepeatable = options.fuel !== undefined || options.ambient !== undefined
    this.askNames = options.names ?? (() => ({}))
    const ambient = options.ambient ?? realAmbient
    if (options.onLog !== undefined) this.live = new LiveLog(this.logs, options.onLog)
    this.ambient = this.live === undefined ? ambient : tellingSleep(ambient, () => { this.showLog() })
    this.stdout = options.logsStdout === true ? this.logs : new Capture(MAX_OUTPUT_BYTES, 'refuse')
  }

  /** Of worker and task; asked for once. */
  names (): HostNames {
    return this.known ??= this.askNames()
  }

  /** Reports what was logged so far; to be called before the sandbox waits for anything but a sleep of `ambient`. */
  showLog (): void {
    this.live?.flush()
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

  /** The value of an exported i32 global, or undefined. */
  globalValue (name: string): number | undefined {
    const found = this.instanceExports[name]
    if (!(found instanceof WebAssembly.Global)) return undefined
    try {
      return typeof found.value === 'number' ? found.value : undefined
    } catch {
      // A v128 has no value here.
      return undefined
    }
  }

  /** Imported table, known before the instance is. */
  useTable (table: WebAssembly.Table): void {
    this.functionTable = table
  }

  /** The function behind a pointer of the module's own, or undefined. */
  functionAt (index: number): ((...args: unknown[]) => unknown) | undefined {
    this.functionTable ??= Object.values(this.instanceExports).find((item) => item instanceof WebAssembly.Table)
    const found = index >>> 0 < (this.functionTable?.length ?? 0) ? this.functionTable?.get(index >>> 0) : undefined
    return typeof found === 'function' ? found : undefined
  }

  /** An exported table. */
  table (name: string): WebAssembly.Table | undefined {
    const table = this.instanceExports[name]
    return table instanceof WebAssembly.Table ? table : undefined
  }

  hasFunction (name: string): boolean {
    return typeof this.instanceExports[name] === 'function'
  }

  /** Calls an export that is known to be there. */
  call (name: string, ...args: readonly unknown[]): unknown {
    const target = this.instanceExports[name]
    if (typeof target !== 'function') throw new CorebrumError('ERR_NO_EXPORT', `the module exports no function ${JSON.stringify(name)}`)
    return target(...args)
  }

  /** A copy of `length` bytes at `pointer`, both as the module returned them; throws ERR_POINTER when outside of its memory. */
  copy (pointer: number, length: number): Uint8Array {
    const start = pointer >>> 0
    // What was computed from a length may have more than 32 bits.
    const size = length > 0xffffffff ? length : length >>> 0
    if (start + size > this.memoryBytes) {
      throw new CorebrumError('ERR_POINTER', `the module returned ${size} bytes at ${start}; its memory ends at ${this.memoryBytes}`)
    }
    return new Uint8Array(this.memory.buffer, start, size).slice()
  }
}

/** The first of `names` that the instance exports as a function. */
export function exportedAs (guest: Guest, names: readonly string[]): string | undefined {
  return names.find((name) => guest.hasFunction(name))
}
