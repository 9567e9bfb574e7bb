/**
 * What a node and its sandbox processes say to each other. Frames are a length (4 bytes, little-endian), and to the
 * sandbox a kind (1 byte), then the body. The sandbox reads in order and runs calls in the order in which they came.
 */
import { decode } from '../cbor.ts'
import { CorebrumError, ERRORS, type ErrorCode } from '../errors.ts'
import { MAX_LOG_BYTES } from '../limits.ts'
import type { HttpResponse } from '../task/http.ts'
import type { ProgramFile, ProgramSetup } from '../task/program.ts'
import type { FullUsage } from '../task/usage.ts'
import { type Value, valueFault } from '../task/values.ts'
import type { Signature } from './abi/adapter.ts'
import type { HostNames } from './abi/guest.ts'
import type { CallFile } from './executor.ts'

/** Kinds of frames to the sandbox: commands as a CBOR array, or a module (see `encodeModuleHeader`). */
export const FrameKind = { COMMANDS: 0, MODULE: 1 } as const

export const Op = { PROGRAM: 0, CALL: 1, DROP_MODULE: 2, DROP_PROGRAM: 3, RESUME: 4, RESPONSE: 5, NAMES: 6 } as const

/** What a deterministic program finds as `worker_id`: it must not tell workers apart. */
export const ANY_WORKER = 'worker'

/** A program as a sandbox knows it. */
export interface SandboxProgram extends Signature {
  /** Names the compiled module: its CID, the memory cap it was compiled with, and whether it is metered. */
  moduleKey: string
  abi?: string
  /** Most fuel that a call may use; its module is metered. */
  fuel?: number
  deterministic?: boolean
  setup?: SandboxSetup
  networking?: boolean
  fileSystem?: boolean
}

/** As `ProgramSetup`, less what the node has turned into files of the call. */
export interface SandboxSetup extends Omit<ProgramSetup, 'files'> {
  files: Array<Exclude<ProgramFile, { cid: string }>>
}

/** What only some calls need. */
export interface CallExtras {
  /** Seeds time and chance, and fills inputs that the host gives. */
  taskId?: string
  workerId?: string
  files?: readonly CallFile[]
  /** The log is reported while the call runs, not only with its end. */
  live?: boolean
}

export type Command =
  | [typeof Op.PROGRAM, number, SandboxProgram]
  /** Sequence number, program, values, extras. */
  | [typeof Op.CALL, number, number, Array<Value | undefined>, CallExtras?]
  | [typeof Op.DROP_MODULE, string]
  | [typeof Op.DROP_PROGRAM, number]
  /** Answers a report with `asks`: these calls are no longer the sandbox's. */
  | [typeof Op.RESUME, number[]]
  /** Answers REQUEST. */
  | [typeof Op.RESPONSE, HttpResponse | Failure]
  /** Answers NAMES. */
  | [typeof Op.NAMES, HostNames]

export const Event = { READY: 0, STARTED: 1, DONE: 2, FAILED: 3, LOG: 4, REQUEST: 5, NAMES: 6 } as const

export interface Failure { code: ErrorCode, message: string }

export interface Report {
  sequence: number
  usage: FullUsage
  logs: string
  /** The sandbox waits for RESUME before it begins its next call. */
  asks: boolean
  outputs?: Record<string, Value>
  failure?: Failure
}

export type SandboxEvent =
  | { event: typeof Event.READY }
  /** Sent only before a call that is not begun at once, because its module is compiled first. */
  | { event: typeof Event.STARTED, sequence: number }
  /** What the running call has written to its log since the last one. */
  | { event: typeof Event.LOG, sequence: number, text: string }
  /** The running call sends an HTTP request and waits for RESPONSE. */
  | { event: typeof Event.REQUEST, sequence: number, request: unknown }
  /** The running call takes the names of worker and task, came without them, and waits for NAMES. */
  | { event: typeof Event.NAMES, sequence: number }
  | ({ event: typeof Event.DONE } & Report)

/** Reads one event of a sandbox; throws ERR_SANDBOX_CRASHED for anything else, as a sandbox that is sane sends nothing else. */
export function decodeEvent (body: Uint8Array): SandboxEvent {
  const message = decode(body)
  if (!Array.isArray(message)) throw broken()
  const fields: unknown[] = message
  const [event, sequence, ...rest] = fields
  if (event === Event.READY) return { event }
  if (typeof sequence !== 'number') throw broken()
  if (event === Event.STARTED || event === Event.NAMES) return { event, sequence }
  if (event === Event.REQUEST) return { event, sequence, request: rest[0] }
  if (event === Event.LOG && typeof rest[0] === 'string') return { event, sequence, text: rest[0] }
  const [usage, logs, asks, what, text] = rest
  if (typeof logs !== 'string' || logs.length > MAX_LOG_BYTES || typeof asks !== 'boolean') throw broken()
  const report = { event: Event.DONE, sequence, usage: decodeUsage(usage), logs, asks } as const
  if (event === Event.DONE && isOutputs(what)) return { ...report, outputs: what }
  const code = what
  if (event === Event.FAILED && isErrorCode(code) && typeof text === 'string') return { ...report, failure: { code, message: text } }
  throw broken()
}

/** `[wall ms, cpu ms, memory bytes, module bytes, file bytes, ? fuel]`. */
export function encodeUsage ({ wallMs, cpuMs, memoryBytes, moduleBytes, fileBytes, fuel }: FullUsage): number[] {
  return [wallMs, cpuMs, memoryBytes, moduleBytes, fileBytes, ...(fuel === undefined ? [] : [fuel])]
}

function decodeUsage (value: unknown): FullUsage {
  if (!Array.isArray(value) || value.length < 5) throw broken()
  const [wallMs = 0, cpuMs = 0, memoryBytes = 0, moduleBytes = 0, fileBytes = 0, fuel] = value.map((item: unknown, index) => {
    // The first two are durations; what is counted has no fractions.
    if (typeof item !== 'number' || !(item >= 0 && item <= Number.MAX_SAFE_INTEGER) || (index > 1 && !Number.isInteger(item))) throw broken()
    return item
  })
  return { wallMs, cpuMs, memoryBytes, moduleBytes, fileBytes, ...(fuel === undefined ? {} : { fuel }) }
}

function broken (): CorebrumError {
  return new CorebrumError('ERR_SANDBOX_CRASHED', 'the sandbox sent something that is no report')
}

function isOutputs (value: unknown): value is Record<string, Value> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array) && valueFault(value) === undefined
}

function isErrorCode (value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(ERRORS, value)
}

/** Left free before a module's bytes, for what confining it adds: it then need not be copied. */
const MODULE_ROOM_BYTES = 128
/** However long the key. */
export const MAX_MODULE_HEADER_BYTES = 2 + 0xffff + 4 + MODULE_ROOM_BYTES

/** What stands before a module's bytes: its key (length in 2 bytes, then UTF-8), its cap in pages (4 bytes), and room. */
export function encodeModuleHeader (key: string, maxPages: number): Uint8Array {
  const text = Buffer.from(key, 'utf8')
  const header = Buffer.alloc(6 + text.length + MODULE_ROOM_BYTES)
  header.writeUInt16LE(text.length, 0)
  header.set(text, 2)
  header.writeUInt32LE(maxPages, 2 + text.length)
  return header
}

/** `spare`: so many bytes stand before the module's, which are of no use any more. */
export function decodeModule (body: Buffer): { key: string, maxPages: number, bytes: Uint8Array, spare: number } {
  const end = 2 + body.readUInt16LE(0)
  const spare = end + 4 + MODULE_ROOM_BYTES
  return { key: body.toString('utf8', 2, end), maxPages: body.readUInt32LE(end), bytes: body.subarray(spare), spare }
}
