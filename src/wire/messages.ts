/**
 * The messages of `/corebrum/work/1.0.0`. The worker opens the stream to the submitter; frames are in `network/frames.ts`.
 * Each message is an array that begins with its kind; items behind those named here are ignored.
 *
 *   worker to submitter
 *     hello   = [0, version: 1, capability]                        ; first message, once
 *     claim   = [1, slots: uint]                                   ; leases of one priority it will hold at once; replaces the last claim
 *     running = [2, [+ lease-ref]]                                 ; these have begun
 *     result  = [3, id, fence, 0, outputs: {* tstr => any}, usage, logs: tstr, ? output-refs]
 *             / [3, id, fence, status: uint, message: tstr, usage, logs: tstr]
 *     renew   = [4, [+ lease-ref]]                                 ; still held
 *     refuse  = [5, id, fence, status: uint, reason: tstr]         ; gives a lease back without running it
 *     log     = [6, id, fence, text: tstr]                         ; what the module wrote since the last one; `logs` of the result has it all
 *     receipts = [7, signature: bstr .size 64, [+ entry]]           ; for results that are acknowledged: see receipts.ts
 *   submitter to worker
 *     program = [16, digest: bstr .size 32, program]               ; before the first lease that names it
 *     lease   = [17, id, fence, digest: bstr .size 32, lease-ms: uint, values: [* any], ? value-refs, ? placement]
 *     ack     = [18, [+ lease-ref]]                                ; the results are kept; forget them
 *     cancel  = [19, id, fence]
 *
 *   lease-ref = [id, fence]    id: see task-id.ts    fence = uint
 *   usage: see usage.ts
 *   status = 0, or the status of a code in errors.ts
 *   values: one for each input of the program, `undefined` where the user gave none
 *   value-refs, output-refs: large values that travel beside the message: see blobs.ts
 *   placement: see placement.ts; leases of higher priority go before others of the same submitter
 */
import { CorebrumError, ERRORS, codeOfStatus, type ErrorCode } from '../errors.ts'
import { MAX_CLAIM_WINDOW, MAX_INPUTS, MAX_LOG_BYTES, MAX_TIME_LIMIT_MS } from '../limits.ts'
import type { Placement } from '../task/policy.ts'
import type { Program } from '../task/program.ts'
import type { Usage } from '../task/usage.ts'
import type { Value } from '../task/values.ts'
import { outputRefsFromWire, outputRefsToWire, valueRefsFromWire, valueRefsToWire, type OutputRef, type ValueRef } from './blobs.ts'
import { capabilityFromWire, capabilityToWire, type Capability } from './capability.ts'
import { placementFromWire, placementToWire } from './placement.ts'
import { programFromWire, programToWire } from './program.ts'
import { receiptsFromWire, receiptsToWire, type ReceiptBatch } from './receipts.ts'
import { usageFromWire, usageToWire } from './usage.ts'
import { asArray, asBytes, asInteger, asRecord, asText, broken, isValue, uint } from './shape.ts'
import { idFromWire, idToWire } from './task-id.ts'

export const WORK_PROTOCOL = '/corebrum/work/1.0.0'
const WORK_VERSION = 1
/** Error messages and reasons; long enough for a list of exports. */
export const MAX_MESSAGE_LENGTH = 8192

export interface LeaseRef { taskId: string, fence: number }

export type Outcome =
  /** `refs`: outputs that are not in `outputs`, but to be fetched from the worker. */
  | { ok: true, outputs: Record<string, Value>, usage: Usage, logs: string, refs?: OutputRef[] }
  | { ok: false, code: ErrorCode, message: string, usage: Usage, logs: string }

export type WorkerMessage =
  | { kind: 'hello', capability: Capability }
  | { kind: 'claim', slots: number }
  | { kind: 'running', leases: LeaseRef[] }
  | { kind: 'result', taskId: string, fence: number, outcome: Outcome }
  | { kind: 'renew', leases: LeaseRef[] }
  | { kind: 'refuse', taskId: string, fence: number, code: ErrorCode, reason: string }
  | { kind: 'log', taskId: string, fence: number, text: string }
  | { kind: 'receipts' } & ReceiptBatch

export type SubmitterMessage =
  | { kind: 'program', digest: string, program: Program }
  | { kind: 'lease', taskId: string, fence: number, digest: string, leaseMs: number, values: Array<Value | undefined>, refs?: ValueRef[], placement?: Placement }
  | { kind: 'ack', leases: LeaseRef[] }
  | { kind: 'cancel', taskId: string, fence: number }

export function workerMessageToWire (m: WorkerMessage): unknown[] {
  switch (m.kind) {
    case 'hello': return [0, WORK_VERSION, capabilityToWire(m.capability)]
    case 'claim': return [1, m.slots]
    case 'running': return [2, refsToWire(m.leases)]
    case 'result': {
      const { outcome: o } = m
      const head = [3, idToWire(m.taskId), uint(m.fence)]
      const tail = [usageToWire(o.usage), o.logs, ...(o.ok && o.refs !== undefined ? [outputRefsToWire(o.refs)] : [])]
      return o.ok ? [...head, 0, o.outputs, ...tail] : [...head, ERRORS[o.code].status, o.message.slice(0, MAX_MESSAGE_LENGTH), ...tail]
    }
    case 'renew': return [4, refsToWire(m.leases)]
    case 'refuse': return [5, idToWire(m.taskId), uint(m.fence), ERRORS[m.code].status, m.reason.slice(0, MAX_MESSAGE_LENGTH)]
    case 'log': return [6, idToWire(m.taskId), uint(m.fence), m.text]
    case 'receipts': return [7, ...receiptsToWire(m)]
  }
}

/** Throws ERR_PROTOCOL; `undefined` for a kind that a newer peer may send. */
export function workerMessageFromWire (raw: unknown): WorkerMessage | undefined {
  const f = asArray(raw, 'message', 1)
  switch (f[0]) {
    case 0:
      if (f[1] !== WORK_VERSION) throw new CorebrumError('ERR_PROTOCOL', `work protocol version ${String(f[1])} is not supported, only ${WORK_VERSION}`)
      return { kind: 'hello', capability: capabilityFromWire(f[2]) }
    case 1: return { kind: 'claim', slots: asInteger(f[1], 'claim.slots', 0, MAX_CLAIM_WINDOW) }
    case 2: return { kind: 'running', leases: refsFromWire(f[1], 'running') }
    case 3: return { kind: 'result', taskId: idFromWire(f[1]), fence: fenceFromWire(f[2]), outcome: outcomeFromWire(f) }
    case 4: return { kind: 'renew', leases: refsFromWire(f[1], 'renew') }
    case 5: return {
      kind: 'refuse',
      taskId: idFromWire(f[1]),
      fence: fenceFromWire(f[2]),
      code: codeOfStatus(asInteger(f[3], 'refuse.status', 1, 65535)),
      reason: asText(f[4], 'refuse.reason', MAX_MESSAGE_LENGTH),
    }
    case 6: return { kind: 'log', taskId: idFromWire(f[1]), fence: fenceFromWire(f[2]), text: asText(f[3], 'log.text', MAX_LOG_BYTES) }
    case 7: return { kind: 'receipts', ...receiptsFromWire(f[1], f[2]) }
    default: return undefined
  }
}

export function submitterMessageToWire (m: SubmitterMessage): unknown[] {
  switch (m.kind) {
    case 'program': return [16, Buffer.from(m.digest, 'hex'), programToWire(m.program)]
    case 'lease': return [17, idToWire(m.taskId), uint(m.fence), Buffer.from(m.digest, 'hex'), m.leaseMs, m.values, ...restOfLease(m)]
    case 'ack': return [18, refsToWire(m.leases)]
    case 'cancel': return [19, idToWire(m.taskId), uint(m.fence)]
  }
}

/** Throws ERR_PROTOCOL; `undefined` for a kind that a newer peer may send. */
export function submitterMessageFromWire (raw: unknown): SubmitterMessage | undefined {
  const f = asArray(raw, 'message', 1)
  switch (f[0]) {
    case 16: return { kind: 'program', digest: digestFromWire(f[1]), program: programFromWire(f[2]) }
    case 17: {
      const values = valuesFromWire(f[5])
      const refs = valueRefsFromWire(f[6], values)
      const placement = placementFromWire(f[7], 'lease.placement')
      return {
        kind: 'lease',
        taskId: idFromWire(f[1]),
        fence: fenceFromWire(f[2]),
        digest: digestFromWire(f[3]),
        leaseMs: asInteger(f[4], 'lease.ms', 1, MAX_TIME_LIMIT_MS),
        values,
        ...(refs.length === 0 ? {} : { refs }),
        ...(placement === undefined ? {} : { placement }),
      }
    }
    case 18: return { kind: 'ack', leases: refsFromWire(f[1], 'ack') }
    case 19: return { kind: 'cancel', taskId: idFromWire(f[1]), fence: fenceFromWire(f[2]) }
    default: return undefined
  }
}

/** What most leases do not have. */
function restOfLease ({ refs, placement }: Extract<SubmitterMessage, { kind: 'lease' }>): unknown[] {
  const placed = placement === undefined ? undefined : placementToWire(placement)
  if (placed === undefined) return refs === undefined ? [] : [valueRefsToWire(refs)]
  return [valueRefsToWire(refs ?? []), placed]
}

function valuesFromWire (raw: unknown): Array<Value | undefined> {
  return asArray(raw, 'lease.values', 0, MAX_INPUTS).map((value) => {
    if (value !== undefined && !isValue(value)) throw broken('lease.values')
    return value
  })
}

function outcomeFromWire (f: unknown[]): Outcome {
  const status = asInteger(f[3], 'result.status', 0, 65535)
  const usage = usageFromWire(f[5])
  const logs = asText(f[6], 'result.logs', MAX_LOG_BYTES)
  if (status !== 0) return { ok: false, code: codeOfStatus(status), message: asText(f[4], 'result.message', MAX_MESSAGE_LENGTH), usage, logs }
  const outputs = asRecord(f[4], 'result.outputs')
  if (!isValue(outputs)) throw broken('result.outputs')
  const refs = outputRefsFromWire(f[7], outputs)
  return { ok: true, outputs, usage, logs, ...(refs.length === 0 ? {} : { refs }) }
}

/** Leases that a message names in a list, before anything of it is read. */
export function refsIn (raw: unknown): number {
  const [, refs] = Array.isArray(raw) ? raw : []
  return Array.isArray(refs) ? refs.length : 0
}

function refsToWire (leases: LeaseRef[]): unknown[] {
  return leases.map(({ taskId, fence }) => [idToWire(taskId), uint(fence)])
}

function refsFromWire (raw: unknown, what: string): LeaseRef[] {
  return asArray(raw, what, 1, MAX_CLAIM_WINDOW).map((entry) => {
    const pair = asArray(entry, what, 2)
    return { taskId: idFromWire(pair[0]), fence: fenceFromWire(pair[1]) }
  })
}

function fenceFromWire (raw: unknown): number {
  return asInteger(raw, 'fence', 0, Number.MAX_SAFE_INTEGER)
}

function digestFromWire (raw: unknown): string {
  return Buffer.from(asBytes(raw, 'digest', 32, 32)).toString('hex')
}
