/** What goes wrong with the files of a job, as ERR_JOURNAL with the path and what to do. */
import { codeOf, describeSystemError } from '../../config/system-error.ts'
import { CorebrumError } from '../../errors.ts'

/** `thrown` as ERR_JOURNAL; a CorebrumError stays as it is. */
export function fileError (thrown: unknown, path: string): CorebrumError {
  if (thrown instanceof CorebrumError) return thrown
  return new CorebrumError('ERR_JOURNAL', `${path}: ${describeSystemError(thrown)}; what was kept so far is safe: set that right, then go on with the job`, { cause: thrown })
}

/** Codes of the system and of LevelDB; those of this program, and of Node for what is used wrongly, begin otherwise. */
const SYSTEM_CODE = /^(?:E(?!RR_)|LEVEL_)/

/**
 * Whether it may be gone another time, as what the system says of full disks and too many open files, and damage of the journal, which
 * its next start mends; damage of a job's own files, and what is not there, stays.
 */
export function isPassing ({ cause }: CorebrumError): boolean {
  const code = codeOf(cause) ?? ''
  return SYSTEM_CODE.test(code) && code !== 'ENOENT'
}

export function damaged (path: string, what: string): CorebrumError {
  return new CorebrumError('ERR_JOURNAL', `${path} is damaged: ${what}; the job cannot go on, submit its inputs again`)
}
