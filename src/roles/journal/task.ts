/**
 * Open tasks as the journal keeps them.
 *
 *   task   = [program: bstr .size 32, check: bstr .size 32 / null, values: [* any], refs: value-refs / null, policy / null, apart: tstr / null, record]
 *   policy = [priority: int, retries, deadline, require: {* tstr => tstr}, on]                 ; what is not set is null
 *   check  = [name: tstr, outputs: [* [name, type, file, description]], schema: any / null]    ; under its sha2-256
 *   change = [event, state, worker, fence, attempts, claimed, started, decline]                ; of a task; or
 *          / [null, record]                                                                    ; all changes up to there
 *
 * See record.ts for record, event and decline, wire/blobs.ts for value-refs.
 */
import { MAX_INPUTS, MAX_LOG_BYTES, MAX_NAME_CHARS, MAX_REQUIRED_LABELS } from '../../limits.ts'
import type { TaskPolicy } from '../../task/definition.ts'
import { withEvent, type HistoryEvent } from '../../task/history.ts'
import { TASK_STATES, type TaskRecord } from '../../task/state.ts'
import type { Value } from '../../task/values.ts'
import { valueRefsFromWire, valueRefsToWire, type ValueRef } from '../../wire/blobs.ts'
import { asAmount, asArray, asBytes, asInteger, asRecord, asText, asValueType, broken, isValue, uint } from '../../wire/shape.ts'
import { declineFromCbor, declineToCbor, eventFromCbor, eventToCbor, recordFromCbor, recordToCbor } from './record.ts'
import type { NewTask, OutputCheck } from '../submitter/open-task.ts'

const DIGEST_BYTES = 32
const MAX_OUTPUTS = 10_000

/** A task without what it shares with others, which stands under its digests (hex). */
export interface StoredTask {
  program: string
  check?: string
  values: Array<Value | undefined>
  refs?: ValueRef[]
  policy?: TaskPolicy
  apart?: string
  record: TaskRecord
}

export function taskToCbor ({ values, refs, policy, apart }: NewTask, record: TaskRecord, program: string, check: string | undefined): unknown[] {
  return [
    Buffer.from(program, 'hex'), check === undefined ? null : Buffer.from(check, 'hex'), values, refs === undefined ? null : valueRefsToWire(refs),
    policy === undefined ? null : policyToCbor(policy), apart ?? null, recordToCbor(record, record.outputs),
  ]
}

/** Throws ERR_PROTOCOL. */
export function taskFromCbor (raw: unknown): StoredTask {
  const f = asArray(raw, 'task', 7)
  const values = asArray(f[2], 'task.values', 0, MAX_INPUTS).map((value) => {
    if (value !== undefined && !isValue(value)) throw broken('task.values')
    return value
  })
  return {
    program: digestFrom(f[0]),
    ...(f[1] === null ? {} : { check: digestFrom(f[1]) }),
    values,
    ...(f[3] === null ? {} : { refs: valueRefsFromWire(f[3], values) }),
    ...(f[4] === null ? {} : { policy: policyFromCbor(f[4]) }),
    ...(f[5] === null ? {} : { apart: asText(f[5], 'task.apart', MAX_LOG_BYTES) }),
    record: recordFromCbor(f[6]),
  }
}

export function checkToCbor ({ name, outputs, outputSchema }: OutputCheck): unknown[] {
  return [name, outputs.map((output) => [output.name, output.type, output.file ?? null, output.description ?? null]), outputSchema ?? null]
}

/** Throws ERR_PROTOCOL. */
export function checkFromCbor (raw: unknown): OutputCheck {
  const f = asArray(raw, 'check', 3)
  return {
    name: asText(f[0], 'check.name', MAX_LOG_BYTES),
    outputs: asArray(f[1], 'check.outputs', 0, MAX_OUTPUTS).map((entry) => {
      const output = asArray(entry, 'check.outputs', 4)
      return {
        name: asText(output[0], 'check.outputs', MAX_LOG_BYTES),
        type: asValueType(output[1], 'check.outputs'),
        ...(output[2] === null ? {} : { file: asText(output[2], 'check.outputs', MAX_LOG_BYTES) }),
        ...(output[3] === null ? {} : { description: asText(output[3], 'check.outputs', MAX_LOG_BYTES) }),
      }
    }),
    ...(f[2] === null ? {} : { outputSchema: asRecord(f[2], 'check.schema') }),
  }
}

export function changeToCbor (r: TaskRecord, event: HistoryEvent): unknown[] {
  const decline = r.declines.at(-1)
  return [
    eventToCbor(event), r.state, r.worker ?? null, uint(r.fence), r.attempts, r.claimedAtMs ?? null, r.startedAtMs ?? null,
    decline === undefined || decline.atMs !== event.atMs ? null : declineToCbor(decline),
  ]
}

/** All changes of a task up to now, as one. */
export function wholeToCbor (record: TaskRecord): unknown[] {
  return [null, recordToCbor(record, record.outputs)]
}

/** The record after a change. Throws ERR_PROTOCOL. */
export function withChange (before: TaskRecord, raw: unknown): TaskRecord {
  const f = asArray(raw, 'change', 2)
  if (f[0] === null) return recordFromCbor(f[1])
  asArray(raw, 'change', 8)
  const event = eventFromCbor(f[0])
  const state = TASK_STATES.find((item) => item === f[1])
  if (state === undefined) throw broken('change.state')
  const { id, name, createdAtMs, logs, declines, history } = before
  return {
    id,
    name,
    state,
    ...(f[2] === null ? {} : { worker: asText(f[2], 'change.worker', MAX_LOG_BYTES) }),
    fence: Math.max(before.fence, asInteger(f[3], 'change.fence', 0, Number.MAX_SAFE_INTEGER)),
    attempts: asInteger(f[4], 'change.attempts', 0, Number.MAX_SAFE_INTEGER),
    createdAtMs,
    ...(f[5] === null ? {} : { claimedAtMs: asAmount(f[5], 'change.claimed') }),
    ...(f[6] === null ? {} : { startedAtMs: asAmount(f[6], 'change.started') }),
    logs,
    declines: f[7] === null ? declines : [...declines, declineFromCbor(f[7])],
    history: withEvent(history, event),
  }
}

function policyToCbor ({ priority, retries, deadlineMs, require, on }: TaskPolicy): unknown[] {
  return [priority, retries ?? null, deadlineMs ?? null, require ?? null, on ?? null]
}

function policyFromCbor (raw: unknown): TaskPolicy {
  const f = asArray(raw, 'policy', 5)
  return {
    priority: asInteger(f[0], 'policy.priority', Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
    retries: f[1] === null ? undefined : asInteger(f[1], 'policy.retries', 0, Number.MAX_SAFE_INTEGER),
    deadlineMs: f[2] === null ? undefined : asAmount(f[2], 'policy.deadline'),
    require: f[3] === null ? undefined : labelsFrom(f[3]),
    on: f[4] === null ? undefined : asText(f[4], 'policy.on', MAX_LOG_BYTES),
  }
}

function labelsFrom (raw: unknown): Record<string, string> {
  const entries = Object.entries(asRecord(raw, 'policy.require'))
  if (entries.length > MAX_REQUIRED_LABELS) throw broken('policy.require')
  return Object.fromEntries(entries.map(([key, value]): [string, string] => [key, asText(value, 'policy.require', MAX_NAME_CHARS)]))
}

function digestFrom (raw: unknown): string {
  return Buffer.from(asBytes(raw, 'digest', DIGEST_BYTES, DIGEST_BYTES)).toString('hex')
}
