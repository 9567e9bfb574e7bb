/** What a failure says: of the task, or only of the worker that reported it. */
import { toCorebrumError, type ErrorCode } from '../errors.ts'
import type { Decline } from '../task/state.ts'

/** Characters that are kept of why a worker gave a task back: many tasks keep several of them. */
const MAX_REASON_CHARS = 256

/** Failures of the worker, not of the task: another worker may do better. */
export const RETRIED: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'ERR_SANDBOX_CRASHED', 'ERR_EXECUTOR_STOPPED', 'ERR_INTERNAL', 'ERR_MODULE_NOT_FOUND', 'ERR_STORE', 'ERR_QUEUE_FULL', 'ERR_DECLINED'])

/** The failed outcome that a thrown error means. */
export function failureOf (thrown: unknown): { ok: false, code: ErrorCode, message: string } {
  const { code, message } = toCorebrumError(thrown)
  return { ok: false, code, message }
}

/** Why a peer gave a task back, as the task's record keeps it. */
export function declineOf (peer: string, code: ErrorCode, reason: string): Decline {
  // Through bytes, as a slice would keep the whole text in memory.
  const kept = reason.length <= MAX_REASON_CHARS ? reason : Buffer.from(reason.slice(0, MAX_REASON_CHARS)).toString()
  return { peer, code, reason: kept, atMs: Date.now() }
}
