/**
 * What a node and its sandbox processes say to each other. Frames are a length (4 bytes, little-endian), and to the
 * sandbox a kind (1 byte), then the body. The sandbox reads in order and runs calls in the order in which they came.
 */
import { decode } from '../cbor.ts'
import { CorebrumError, ERRORS, type ErrorCode } from '../errors.ts'
import type { Value } from '../task/values.ts'
import type { Signature } from './abi/adapter.ts'

/** Kinds of frames to the sandbox: commands as a CBOR array, or a module (see `encodeModuleHeader`). */
export const FrameKind = { COMMANDS: 0, MODULE: 1 } as const

export const Op = { PROGRAM: 0, CALL: 1, DROP_MODULE: 2, DROP_PROGRAM: 3, RESUME: 4 } as const

/** A program as a sandbox knows it. */
export interface SandboxProgram extends Signature {
  /** Names the compiled module: its CID and the memory cap it was compiled with. */
  moduleKey: string
  abi?: string
}

export type Command =
  | [typeof Op.PROGRAM, number, SandboxProgram]
  /** Sequence number, program, values. */
  | [typeof Op.CALL, number, number, Array<Value | undefined>]
  | [typeof Op.DROP_MODULE, string]
  | [typeof Op.DROP_PROGRAM, number]
  /** Answers a report with `asks`: these calls are no longer the sandbox's. */
  | [typeof Op.RESUME, number[]]

export const Event = { READY: 0, STARTED: 1, DONE: 2, FAILED: 3 } as const

export interface Report {
  sequence: number
  wallMs: number
  memoryBytes: number
  logs: string
  /** The sandbox waits for RESUME before it begins its next call. */
  asks: boolean
  outputs?: Record<string, Value>
  failure?: { code: ErrorCode, message: string }
}

export type SandboxEvent =
  | { event: typeof Event.READY }
  /** Sent only before a call that is not begun at once, because its module is compiled first. */
  | { event: typeof Event.STARTED, sequence: number }
  | ({ event: typeof Event.DONE } & Report)

/** Reads one event of a sandbox; throws ERR_SANDBOX_CRASHED for anything else, as a sandbox that is sane sends nothing else. */
export function decodeEvent (body: Uint8Array): SandboxEvent {
  const message = decode(body)
  if (!Array.isArray(message)) throw broken()
  const fields: unknown[] = message
  const [event, sequence, wallMs, memoryBytes, logs, asks] = fields
  if (event === Event.READY) return { event }
  if (typeof sequence !== 'number') throw broken()
  if (event === Event.STARTED) return { event, sequence }
  if (typeof wallMs !== 'number' || typeof memoryBytes !== 'number' || typeof logs !== 'string' || typeof asks !== 'boolean') throw broken()
  const report = { event: Event.DONE, sequence, wallMs, memoryBytes, logs, asks } as const
  if (event === Event.DONE && isOutputs(fields[6])) return { ...report, outputs: fields[6] }
  const [code, text] = [fields[6], fields[7]]
  if (event === Event.FAILED && isErrorCode(code) && typeof text === 'string') return { ...report, failure: { code, message: text } }
  throw broken()
}

function broken (): CorebrumError {
  return new CorebrumError('ERR_SANDBOX_CRASHED', 'the sandbox sent something that is no report')
}

/** CBOR gives nothing but values, so an object is outputs. */
function isOutputs (value: unknown): value is Record<string, Value> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)
}

function isErrorCode (value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(ERRORS, value)
}

/** What stands before a module's bytes: its key (length in 2 bytes, then UTF-8) and its cap in pages (4 bytes). */
export function encodeModuleHeader (key: string, maxPages: number): Uint8Array {
  const text = Buffer.from(key, 'utf8')
  const header = Buffer.alloc(6 + text.length)
  header.writeUInt16LE(text.length, 0)
  header.set(text, 2)
  header.writeUInt32LE(maxPages, 2 + text.length)
  return header
}

export function decodeModule (body: Buffer): { key: string, maxPages: number, bytes: Uint8Array } {
  const end = 2 + body.readUInt16LE(0)
  return { key: body.toString('utf8', 2, end), maxPages: body.readUInt32LE(end), bytes: body.subarray(end + 4) }
}
