/** The life of one task: a record and the pure function that moves it from state to state. */
import type { ErrorCode } from '../errors.ts'
import type { Value } from './values.ts'

export const TASK_STATES = ['pending', 'claimed', 'running', 'completed', 'failed', 'timeout', 'cancelled'] as const
export type TaskState = typeof TASK_STATES[number]

/** What a task ended with when it did not complete. `by` is the peer that said so. */
export interface TaskFailure {
  code: ErrorCode
  message: string
  by: string
}

export interface TaskUsage {
  wallMs: number
  memoryBytes: number
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
  readonly usage?: TaskUsage
  /** stderr and console text of the module, capped. */
  readonly logs: string
  readonly declines: readonly Decline[]
}

export function isFinal (state: TaskState): boolean {
  return state === 'completed' || state === 'failed' || state === 'timeout' || state === 'cancelled'
}
