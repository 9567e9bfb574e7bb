/** What a failure says: of the task, or only of the worker that reported it. */
import { toCorebrumError, type ErrorCode } from '../errors.ts'

/** Failures of the worker, not of the task: another worker may do better. */
export const RETRIED: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'ERR_SANDBOX_CRASHED', 'ERR_EXECUTOR_STOPPED', 'ERR_INTERNAL', 'ERR_MODULE_NOT_FOUND', 'ERR_STORE'])

/** The failed outcome that a thrown error means. */
export function failureOf (thrown: unknown): { ok: false, code: ErrorCode, message: string } {
  const { code, message } = toCorebrumError(thrown)
  return { ok: false, code, message }
}
