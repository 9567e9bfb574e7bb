/** Exit codes of the commands: promises to scripts. */
import type { ErrorCode } from '../errors.ts'

export const EXIT = { done: 0, failed: 1, usage: 2, noDaemon: 3, waited: 4, cancelled: 5 } as const
export type ExitCode = typeof EXIT[keyof typeof EXIT]

/** Errors before there is a task: what was asked for is wrong. */
const USAGE: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'ERR_USAGE', 'ERR_CONFIG', 'ERR_DEFINITION', 'ERR_INPUT', 'ERR_TASK_UNKNOWN', 'ERR_NOT_WASM', 'ERR_MODULE_INVALID',
  'ERR_MODULE_UNSUPPORTED', 'ERR_MODULE_NOT_FOUND', 'ERR_MODULE_HASH_MISMATCH', 'ERR_MODULE_TOO_LARGE', 'ERR_URL_REFUSED', 'ERR_CID',
])

/** For an error that ended a command; the outcome of a task has `exitOfState`. */
export function exitOfError (code: ErrorCode): ExitCode {
  if (USAGE.has(code)) return EXIT.usage
  if (code === 'ERR_NO_DAEMON') return EXIT.noDaemon
  if (code === 'ERR_WAIT_TIMEOUT') return EXIT.waited
  if (code === 'ERR_CANCELLED') return EXIT.cancelled
  return EXIT.failed
}

/** `state` as JSON shows it, upper case; undefined when the task has not ended. */
export function exitOfState (state: string | undefined): ExitCode | undefined {
  if (state === 'COMPLETED') return EXIT.done
  if (state === 'FAILED' || state === 'TIMEOUT') return EXIT.failed
  return state === 'CANCELLED' ? EXIT.cancelled : undefined
}
