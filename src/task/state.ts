/** The life of one task: a record and the pure function that moves it from state to state. */
import type { ErrorCode } from '../errors.ts'
import { MAX_LOG_BYTES } from '../limits.ts'
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
  | { type: 'released', fence: number, charged: boolean, decline?: Decline }
  | { type: 'completed', worker: string, outputs: Record<string, Value>, usage: Usage, logs: string, atMs: number }
  /** `worker` gave the failed result, with its log; both absent when the submitter gave up. */
  | { type: 'failed', worker?: string, failure: TaskFailure, usage?: Usage, logs?: string, atMs: number }
  | { type: 'cancelled', failure: TaskFailure, atMs: number }

/** Declines that a record keeps; the newest. */
const MAX_DECLINES = 16

export function newTask (id: string, name: string, atMs: number): TaskRecord {
  return { id, name, state: 'pending', fence: 0, attempts: 0, createdAtMs: atMs, logs: '', declines: [] }
}

/**
 * The record after `event`. Pure. No event leaves a final state, and an event of an old lease does not touch a new one;
 * a result does, whichever lease it comes from: the first one wins.
 */
export function reduceTask (task: TaskRecord, event: TaskEvent): TaskRecord {
  if (isFinal(task.state)) return task
  switch (event.type) {
    case 'leased':
      if (task.state !== 'pending' || event.fence <= task.fence) return task
      return { ...task, state: 'claimed', worker: event.worker, fence: event.fence, claimedAtMs: event.atMs, logs: '' }
    case 'started':
      if (task.state !== 'claimed' || event.fence !== task.fence) return task
      return { ...task, state: 'running', startedAtMs: event.atMs }
    case 'logged': {
      if (task.state === 'pending' || event.fence !== task.fence) return task
      const text = event.text.slice(0, MAX_LOG_BYTES - task.logs.length)
      return text === '' ? task : { ...task, logs: task.logs + text }
    }
    case 'released': {
      if (task.state === 'pending' || event.fence !== task.fence) return task
      const { id, name, fence, createdAtMs, logs } = task
      const declines = event.decline === undefined ? task.declines : [...task.declines, event.decline].slice(-MAX_DECLINES)
      return { id, name, state: 'pending', fence, attempts: task.attempts + (event.charged ? 1 : 0), createdAtMs, logs, declines }
    }
    case 'completed': {
      const { worker, outputs, usage, logs, atMs } = event
      return { ...task, state: 'completed', worker, outputs, usage, logs, endedAtMs: atMs }
    }
    case 'failed': {
      const { worker, failure, usage, logs = task.logs, atMs } = event
      const state = failure.code === 'ERR_TIME_LIMIT' ? 'timeout' : 'failed'
      return { ...task, state, failure, logs, endedAtMs: atMs, ...(worker === undefined ? {} : { worker }), ...(usage === undefined ? {} : { usage }) }
    }
    case 'cancelled':
      return { ...task, state: 'cancelled', failure: event.failure, endedAtMs: event.atMs }
  }
}
