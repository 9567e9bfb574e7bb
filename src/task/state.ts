/** The life of one task: a record and the pure function that moves it from state to state. */
import type { ErrorCode } from '../errors.ts'
import { MAX_LOG_BYTES } from '../limits.ts'
import { withEvent, type HistoryEvent, type HistoryKind } from './history.ts'
import type { Receipt } from './receipt.ts'
import type { Usage } from './usage.ts'
import type { Value } from './values.ts'

export const TASK_STATES = ['pending', 'claimed', 'running', 'completed', 'failed', 'timeout', 'cancelled'] as const
export type TaskState = typeof TASK_STATES[number]

/** What a task ended with when it did not complete. `by` is the peer that said so. */
export interface TaskFailure {
  code: ErrorCode
  message: string
  by: string
}

/** Why a worker did not take the task, or gave it back. */
export interface Decline {
  peer: string
  code: ErrorCode
  reason: string
  atMs: number
}

export const JOB_KINDS = ['pipeline', 'map', 'recurring', 'agreement'] as const

/** Of a task that is made of others, `<id>-0` and so on: how far it is. */
export interface JobProgress {
  readonly kind: typeof JOB_KINDS[number]
  /** Tasks of it; absent where that is not known yet, or never. */
  readonly total?: number
  readonly done: number
  /** Of those that are done. */
  readonly failed: number
  /** It waits for its user to go on with it. */
  readonly paused?: boolean
  /** Another process of this machine, by its number, goes on with it; this node waits for that. Nowhere kept. */
  readonly holder?: number
}

/** All that a submitter knows of one task. Times are Unix milliseconds. */
export interface TaskRecord {
  readonly id: string
  readonly name: string
  readonly state: TaskState
  /** Peer that holds the lease, or that gave the result. */
  readonly worker?: string
  /** Grows with each lease; 0 before the first. */
  readonly fence: number
  /** Leases that ended without a result. */
  readonly attempts: number
  readonly createdAtMs: number
  readonly claimedAtMs?: number
  readonly startedAtMs?: number
  readonly endedAtMs?: number
  readonly outputs?: Record<string, Value>
  readonly failure?: TaskFailure
  readonly usage?: Usage
  /** stderr and console text of the module, capped: of the result, else what has come of the newest lease. */
  readonly logs: string
  readonly declines: readonly Decline[]
  readonly history: readonly HistoryEvent[]
  /** Of the result, signed by its worker; it may come a moment after the result. */
  readonly receipt?: Receipt
  /** The task was not run: this one had run before with the same program and inputs. */
  readonly reusedFrom?: string
  readonly job?: JobProgress
  /** Peers whose result was another one than what was agreed. */
  readonly differed?: readonly string[]
}

export function isFinal (state: TaskState): boolean {
  return state === 'completed' || state === 'failed' || state === 'timeout' || state === 'cancelled'
}

/** What can happen to a task. Times are Unix milliseconds. */
export type TaskEvent =
  | { type: 'leased', worker: string, fence: number, atMs: number }
  | { type: 'started', fence: number, atMs: number }
  /** The module wrote this to its log; the result replaces what came this way. */
  | { type: 'logged', fence: number, text: string }
  /** The lease ended without a result; `charged` counts it as an attempt. */
  | { type: 'released', fence: number, charged: boolean, decline?: Decline, atMs: number }
  /** A task made of others has moved on. */
  | { type: 'progressed', job: JobProgress, atMs: number }
  /** Something that changes nothing else; the only events, with `receipted`, that count in a final state. */
  | { type: 'noted', event: HistoryEvent }
  | { type: 'receipted', receipt: Receipt }
  /** `fence` of the lease that gave the result; absent where no lease did. */
  | { type: 'completed', worker: string, fence?: number | undefined, outputs: Record<string, Value>, usage: Usage, logs: string, atMs: number, more?: Pick<TaskRecord, 'reusedFrom' | 'receipt' | 'differed'> }
  /** `worker` gave the failed result for the lease with this fence, with its log; all absent when the submitter gave up. */
  | { type: 'failed', worker?: string, fence?: number | undefined, failure: TaskFailure, usage?: Usage, logs?: string, atMs: number }
  | { type: 'cancelled', failure: TaskFailure, atMs: number }

/** Declines that a record keeps; the newest. */
const MAX_DECLINES = 16

export function newTask (id: string, name: string, atMs: number): TaskRecord {
  return { id, name, state: 'pending', fence: 0, attempts: 0, createdAtMs: atMs, logs: '', declines: [], history: [{ atMs, kind: 'submitted' }] }
}

/**
 * The record after `event`. Pure. No event leaves a final state, and an event of an old lease does not touch a new one;
 * a result does, whichever lease it comes from: the first one wins.
 */
export function reduceTask (task: TaskRecord, event: TaskEvent): TaskRecord {
  if (event.type === 'noted') return { ...task, history: withEvent(task.history, event.event) }
  if (event.type === 'receipted') return task.receipt === undefined ? withReceipt(task, event.receipt) : task
  if (isFinal(task.state)) return task
  switch (event.type) {
    case 'leased': {
      if (task.state !== 'pending' || event.fence <= task.fence) return task
      const { worker, fence, atMs } = event
      // What every task goes through is written out here and below: spreading the record takes several times as long. A task that waits has no other fields.
      const { id, name, attempts, createdAtMs, declines } = task
      return { id, name, state: 'claimed', fence, attempts, createdAtMs, logs: '', declines, history: withEvent(task.history, { atMs, kind: 'leased', peer: worker, fence }), worker, claimedAtMs: atMs }
    }
    case 'started': {
      if (task.state !== 'claimed' || event.fence !== task.fence) return task
      const { fence, atMs } = event
      return { ...task, state: 'running', startedAtMs: atMs, history: withEvent(task.history, { ...ofWorker(task, 'started', atMs), fence }) }
    }
    case 'logged': {
      if (task.state === 'pending' || event.fence !== task.fence) return task
      const text = event.text.slice(0, MAX_LOG_BYTES - task.logs.length)
      return text === '' ? task : { ...task, logs: task.logs + text }
    }
    case 'released': {
      if (task.state === 'pending' || event.fence !== task.fence) return task
      const { id, name, createdAtMs, logs } = task
      const { decline, charged, atMs, fence } = event
      const detail = decline === undefined ? {} : { detail: `${decline.code}: ${decline.reason}` }
      return {
        id,
        name,
        state: 'pending',
        fence,
        createdAtMs,
        logs,
        attempts: task.attempts + (charged ? 1 : 0),
        declines: decline === undefined ? task.declines : [...task.declines, decline].slice(-MAX_DECLINES),
        history: withEvent(task.history, { ...ofWorker(task, charged ? 'failed-attempt' : 'released', atMs), fence, ...detail }),
      }
    }
    case 'progressed': {
      const { job, atMs } = event
      return task.state === 'pending' ? { ...task, state: 'running', job, startedAtMs: atMs } : { ...task, job }
    }
    case 'completed': {
      const { worker, outputs, usage, logs, atMs } = event
      const history = withEvent(task.history, event.fence === undefined ? { atMs, kind: 'completed', peer: worker } : { atMs, kind: 'completed', peer: worker, fence: event.fence })
      const { id, name, fence, attempts, createdAtMs, declines, claimedAtMs } = task
      const done: TaskRecord = task.state === 'claimed' && claimedAtMs !== undefined && task.receipt === undefined
        ? { id, name, state: 'completed', fence, attempts, createdAtMs, logs, declines, history, worker, claimedAtMs, endedAtMs: atMs, outputs, usage }
        : { ...task, state: 'completed', worker, outputs, usage, logs, endedAtMs: atMs, history }
      return event.more === undefined ? done : { ...done, ...event.more }
    }
    case 'failed': {
      const { worker, failure, usage, logs = task.logs, atMs, fence } = event
      const state = failure.code === 'ERR_TIME_LIMIT' || failure.code === 'ERR_DEADLINE' ? 'timeout' : 'failed'
      const history = withEvent(task.history, { atMs, kind: state, peer: failure.by, ...(fence === undefined ? {} : { fence }), detail: `${failure.code}: ${failure.message}` })
      return { ...task, state, failure, logs, history, endedAtMs: atMs, ...(worker === undefined ? {} : { worker }), ...(usage === undefined ? {} : { usage }) }
    }
    case 'cancelled': {
      const { failure, atMs } = event
      return { ...task, state: 'cancelled', failure, endedAtMs: atMs, history: withEvent(task.history, { atMs, kind: 'cancelled', peer: failure.by, detail: failure.message }) }
    }
  }
}

function withReceipt (task: TaskRecord, receipt: Receipt): TaskRecord {
  const { id, name, state, fence, attempts, createdAtMs, logs, declines, history, worker, claimedAtMs, startedAtMs, endedAtMs, outputs, usage } = task
  const isPlain = state === 'completed' && startedAtMs === undefined && task.job === undefined && task.reusedFrom === undefined && task.differed === undefined
  // Every small task comes here too.
  return isPlain && worker !== undefined && claimedAtMs !== undefined && endedAtMs !== undefined && outputs !== undefined && usage !== undefined
    ? { id, name, state, fence, attempts, createdAtMs, logs, declines, history, worker, claimedAtMs, endedAtMs, outputs, usage, receipt }
    : { ...task, receipt }
}

function ofWorker ({ worker }: TaskRecord, kind: HistoryKind, atMs: number): HistoryEvent {
  return worker === undefined ? { atMs, kind } : { atMs, kind, peer: worker }
}
