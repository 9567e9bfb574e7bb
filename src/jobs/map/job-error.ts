/** What goes wrong with the files of a job, as ERR_JOURNAL with the path and what to do. */
import { describeSystemError } from '../../config/system-error.ts'
import { CorebrumError } from '../../errors.ts'

/** `thrown` as ERR_JOURNAL; a CorebrumError stays as it is. */
export function fileError (thrown: unknown, path: string): CorebrumError {
  if (thrown instanceof CorebrumError) return thrown
  return new CorebrumError('ERR_JOURNAL', `${path}: ${describeSystemError(thrown)}; what was kept so far is safe: set that right, then go on with the job`, { cause: thrown })
}

export function damaged (path: string, what: string): CorebrumError {
  return new CorebrumError('ERR_JOURNAL', `${path} is damaged: ${what}; the job cannot go on, submit its inputs again`)
}
