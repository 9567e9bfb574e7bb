/**
 * Records of tasks as the journal keeps them. An item that is not known is null.
 *
 *   record  = [id, name, state, fence, attempts, created, claimed, started, ended, worker, logs, [* decline], [* event],
 *              outputs: {* tstr => any}, failure, usage, more]
 *   decline = [peer, code, reason, at]    event = [kind, at, peer, fence, detail]    failure = [code, message, by]
 *   more    = { ? receipt, ? reused: id, ? job: [kind, total, done, failed, paused: bool], ? differed: [+ peer] }
 *   receipt = [call: bstr, hashes: bstr, task id, fence, status, usage, started, ended, lefts: uint, signature: bstr]
 *
 * In a receipt `call` is CBOR that many have in common, see task/receipt-digests.ts; the hashes are those of the inputs and of
 * the outputs, then its path; bit i of lefts: hash i of the path stands left.
 *
 * Texts stand for states, kinds and codes, so that their lists may change. Times are Unix milliseconds. usage: see wire/usage.ts.
 */
import { ERRORS, type ErrorCode } from '../../errors.ts'
import { MAX_LOG_BYTES } from '../../limits.ts'
import { HISTORY_KINDS, type HistoryEvent } from '../../task/history.ts'
import { JOB_KINDS, TASK_STATES, type Decline, type JobProgress, type TaskFailure, type TaskRecord } from '../../task/state.ts'
import type { Value } from '../../task/values.ts'
import { asAmount, asArray, asBoolean, asInteger, asRecord, asText, broken, isValue, uint } from '../../wire/shape.ts'
import { idFromWire, idToWire } from '../../wire/task-id.ts'
import { usageFromWire, usageToWire } from '../../wire/usage.ts'
import { receiptFromCbor, receiptToCbor } from './receipt.ts'

/** Texts of people and peers; nothing that is written is longer. */
const MAX_TEXT = MAX_LOG_BYTES
const MAX_ENTRIES = 1024

/** `outputs` stands apart, as it may lie elsewhere. */
export function recordToCbor (r: TaskRecord, outputs: Record<string, Value> | undefined): unknown[] {
  return [
    idToWire(r.id), r.name, r.state, uint(r.fence), r.attempts, r.createdAtMs, r.claimedAtMs ?? null, r.startedAtMs ?? null, r.endedAtMs ?? null,
    r.worker ?? null, r.logs, r.declines.map(declineToCbor), r.history.map(eventToCbor), outputs ?? null,
    r.failure === undefined ? null : [r.failure.code, r.failure.message, r.failure.by],
    r.usage === undefined ? null : usageToWire(r.usage),
    moreToCbor(r),
  ]
}

/** Throws ERR_PROTOCOL. */
export function recordFromCbor (raw: unknown): TaskRecord {
  const f = asArray(raw, 'record', 17)
  const id = idFromWire(f[0])
  const outputs = f[13] === null ? undefined : outputsFrom(f[13])
  return {
    id,
    name: asText(f[1], 'record.name', MAX_TEXT),
    state: oneOf(TASK_STATES, f[2], 'record.state'),
    fence: whole(f[3], 'record.fence'),
    attempts: whole(f[4], 'record.attempts'),
    createdAtMs: asAmount(f[5], 'record.created'),
    ...(f[6] === null ? {} : { claimedAtMs: asAmount(f[6], 'record.claimed') }),
    ...(f[7] === null ? {} : { startedAtMs: asAmount(f[7], 'record.started') }),
    ...(f[8] === null ? {} : { endedAtMs: asAmount(f[8], 'record.ended') }),
    ...(f[9] === null ? {} : { worker: text(f[9], 'record.worker') }),
    logs: text(f[10], 'record.logs'),
    declines: asArray(f[11], 'record.declines', 0, MAX_ENTRIES).map(declineFromCbor),
    history: asArray(f[12], 'record.history', 0, MAX_ENTRIES).map(eventFromCbor),
    ...(outputs === undefined ? {} : { outputs }),
    ...(f[14] === null ? {} : { failure: failureFrom(f[14]) }),
    ...(f[15] === null ? {} : { usage: usageFromWire(f[15]) }),
    ...moreFrom(f[16]),
  }
}

export function eventToCbor ({ atMs, kind, peer, fence, detail }: HistoryEvent): unknown[] {
  return [kind, atMs, peer ?? null, fence === undefined ? null : uint(fence), detail ?? null]
}

/** Throws ERR_PROTOCOL. */
export function eventFromCbor (raw: unknown): HistoryEvent {
  const f = asArray(raw, 'event', 5)
  return {
    atMs: asAmount(f[1], 'event.at'),
    kind: oneOf(HISTORY_KINDS, f[0], 'event.kind'),
    ...(f[2] === null ? {} : { peer: text(f[2], 'event.peer') }),
    ...(f[3] === null ? {} : { fence: whole(f[3], 'event.fence') }),
    ...(f[4] === null ? {} : { detail: text(f[4], 'event.detail') }),
  }
}

export function declineToCbor ({ peer, code, reason, atMs }: Decline): unknown[] {
  return [peer, code, reason, atMs]
}

/** Throws ERR_PROTOCOL. */
export function declineFromCbor (raw: unknown): Decline {
  const f = asArray(raw, 'decline', 4)
  return { peer: text(f[0], 'decline.peer'), code: codeFrom(f[1]), reason: text(f[2], 'decline.reason'), atMs: asAmount(f[3], 'decline.at') }
}

/** Throws ERR_PROTOCOL. */
export function outputsFrom (raw: unknown): Record<string, Value> {
  const outputs = asRecord(raw, 'record.outputs')
  if (!isValue(outputs)) throw broken('record.outputs')
  return outputs
}

function moreToCbor ({ receipt, reusedFrom, job, differed }: TaskRecord): unknown {
  if (receipt === undefined && reusedFrom === undefined && job === undefined && differed === undefined) return null
  return {
    ...(receipt === undefined ? {} : { receipt: receiptToCbor(receipt) }),
    ...(reusedFrom === undefined ? {} : { reused: idToWire(reusedFrom) }),
    ...(job === undefined ? {} : { job: [job.kind, job.total === undefined ? null : uint(job.total), uint(job.done), uint(job.failed), job.paused === true] }),
    ...(differed === undefined ? {} : { differed }),
  }
}

function moreFrom (raw: unknown): Pick<TaskRecord, 'receipt' | 'reusedFrom' | 'job' | 'differed'> {
  if (raw === null) return {}
  const more = asRecord(raw, 'record.more')
  return {
    ...(more.receipt === undefined ? {} : { receipt: receiptFromCbor(more.receipt) }),
    ...(more.reused === undefined ? {} : { reusedFrom: idFromWire(more.reused) }),
    ...(more.job === undefined ? {} : { job: jobFrom(more.job) }),
    ...(more.differed === undefined ? {} : { differed: asArray(more.differed, 'record.differed', 0, MAX_ENTRIES).map((peer) => text(peer, 'record.differed')) }),
  }
}

function jobFrom (raw: unknown): JobProgress {
  const f = asArray(raw, 'record.job', 5)
  return {
    kind: oneOf(JOB_KINDS, f[0], 'job.kind'),
    ...(f[1] === null ? {} : { total: whole(f[1], 'job.total') }),
    done: whole(f[2], 'job.done'),
    failed: whole(f[3], 'job.failed'),
    ...(asBoolean(f[4], 'job.paused') ? { paused: true } : {}),
  }
}

function failureFrom (raw: unknown): TaskFailure {
  const f = asArray(raw, 'record.failure', 3)
  return { code: codeFrom(f[0]), message: text(f[1], 'failure.message'), by: text(f[2], 'failure.by') }
}

function codeFrom (raw: unknown): ErrorCode {
  const found = CODES.find((code) => code === raw)
  if (found === undefined) throw broken('code')
  return found
}

const CODES = Object.keys(ERRORS) as ErrorCode[]

function oneOf<T extends string> (allowed: readonly T[], raw: unknown, what: string): T {
  const found = allowed.find((item) => item === raw)
  if (found === undefined) throw broken(what)
  return found
}

function text (raw: unknown, what: string): string {
  return asText(raw, what, MAX_TEXT)
}

function whole (raw: unknown, what: string): number {
  return asInteger(raw, what, 0, Number.MAX_SAFE_INTEGER)
}
