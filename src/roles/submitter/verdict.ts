/** What a failure says: of the task, or only of the worker that reported it. */
import { toCorebrumError, type ErrorCode } from '../../errors.ts'
import { MAX_SANDBOX_CRASHES } from './limits.ts'
import type { TaskPolicy } from '../../task/definition.ts'
import { durationText } from '../../task/duration.ts'
import type { Decline, TaskEvent } from '../../task/state.ts'
import { NO_USAGE } from '../../task/usage.ts'
import type { Outcome } from '../../wire/messages.ts'

/** Characters that are kept of why a worker gave a task back: many tasks keep several of them. */
const MAX_REASON_CHARS = 256

/** Failures of the worker, not of the task: another worker may do better. */
export const RETRIED: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'ERR_SANDBOX_CRASHED', 'ERR_EXECUTOR_STOPPED', 'ERR_INTERNAL', 'ERR_MODULE_NOT_FOUND', 'ERR_STORE', 'ERR_QUEUE_FULL', 'ERR_DECLINED'])

/** Failures that mean that the worker cannot run the program now, whatever task of it. */
export const CANNOT_RUN: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['ERR_EXECUTOR_STOPPED', 'ERR_MODULE_NOT_FOUND', 'ERR_STORE', 'ERR_QUEUE_FULL', 'ERR_DECLINED'])

/** The failed outcome that a thrown error means. */
export function failureOf (thrown: unknown): { ok: false, code: ErrorCode, message: string } {
  const { code, message } = toCorebrumError(thrown)
  return { ok: false, code, message }
}

/** A refusal as the outcome of the task. */
export function refusalOf (code: ErrorCode, message: string): Outcome {
  return { ok: false, code, message, usage: NO_USAGE, logs: '' }
}

/** How a result of `by` ends its task; `fence` is that of its lease, if it had one. */
export function endOf (outcome: Outcome, by: string, fence?: number): TaskEvent {
  const { usage, logs } = outcome
  const atMs = Date.now()
  return outcome.ok
    ? { type: 'completed', worker: by, fence, outputs: outcome.outputs, usage, logs, atMs }
    : { type: 'failed', worker: by, fence, failure: { code: outcome.code, message: outcome.message, by }, usage, logs, atMs }
}

/** The end of a task that was leased in vain too often; `by` says so. */
export function givenUp (attempts: number, { peer, code, reason }: Decline, by: string): TaskEvent {
  const message = `no result after ${attempts} attempts; the last one, on ${peer}, ended with ${code}: ${reason}`
  return { type: 'failed', failure: { code: 'ERR_ATTEMPTS', message, by }, atMs: Date.now() }
}

/** The end of a task whose sandboxes died, as the newest one did. */
export function crashedTooOften ({ peer, code, reason }: Decline): TaskEvent {
  const message = `the task killed its sandbox ${MAX_SANDBOX_CRASHES} times; the last one: ${reason}`
  return { type: 'failed', worker: peer, failure: { code, message, by: peer }, atMs: Date.now() }
}

/** The end of a task at its deadline; `by` says so. */
export function deadlineOver ({ deadlineMs = 0 }: TaskPolicy, by: string): TaskEvent {
  return { type: 'failed', failure: { code: 'ERR_DEADLINE', message: `the task had not ended ${durationText(deadlineMs)} after it was submitted`, by }, atMs: Date.now() }
}

/** Why a peer gave a task back, as the task's record keeps it. */
export function declineOf (peer: string, code: ErrorCode, reason: string): Decline {
  // Through bytes, as a slice would keep the whole text in memory.
  const kept = reason.length <= MAX_REASON_CHARS ? reason : Buffer.from(reason.slice(0, MAX_REASON_CHARS)).toString()
  return { peer, code, reason: kept, atMs: Date.now() }
}
