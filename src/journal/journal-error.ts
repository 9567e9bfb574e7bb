/** What LevelDB and the file system throw, as ERR_JOURNAL with the folder and what to do. */
import { CorebrumError } from '../errors.ts'

/** Words in messages of LevelDB, which has no codes for errors of the system, and the codes of Node. */
const CAUSES: ReadonlyArray<{ found: RegExp, advice: string }> = [
  { found: /No space left on device|ENOSPC/, advice: 'the disk is full: free some space' },
  { found: /quota exceeded|EDQUOT/i, advice: 'the disk quota is used up: free some space' },
  { found: /Read-only file system|EROFS/, advice: 'the file system is read-only: mount it for writing, or choose another folder with --data-dir' },
  { found: /Permission denied|Operation not permitted|EACCES|EPERM/, advice: 'this user may not read or write there: change the owner of the folder, or choose another one with --data-dir' },
  { found: /Too many open files|EMFILE|ENFILE/, advice: 'too many files are open: raise the limit of open files (ulimit -n)' },
  { found: /Not a directory|File exists|ENOTDIR|EEXIST/, advice: 'a file stands where the folder should be: move it away' },
]

/** `LEVEL_CORRUPTION`, `LEVEL_LOCKED` and so on; the wrapper's own errors have the binding's as their cause. */
export function levelCode (thrown: unknown): string | undefined {
  if (!(thrown instanceof Error)) return undefined
  const code = 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : undefined
  return code === 'LEVEL_DATABASE_NOT_OPEN' || code === undefined ? levelCode(thrown.cause) ?? code : code
}

/** The files themselves are damaged. LevelDB has a code for that, but not where a table ends before what it says. */
export function isDamage (thrown: unknown): boolean {
  return levelCode(thrown) === 'LEVEL_CORRUPTION' || /^IO error: .*\.(?:ldb|sst): Invalid argument$/.test(reasonOf(thrown))
}

/** The innermost reason. */
export function reasonOf (thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown)
  return thrown.cause instanceof Error ? reasonOf(thrown.cause) : thrown.message
}

/** What the system had against it; undefined when the trouble lies in the files themselves. */
export function systemAdvice (thrown: unknown): string | undefined {
  if (!(thrown instanceof Error)) return undefined
  const code = 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : ''
  const text = `${code} ${thrown.message}`
  return CAUSES.find(({ found }) => found.test(text))?.advice ?? systemAdvice(thrown.cause)
}

export function journalError (thrown: unknown, dir: string): CorebrumError {
  if (thrown instanceof CorebrumError) return thrown
  if (levelCode(thrown) === 'LEVEL_LOCKED') {
    return new CorebrumError('ERR_JOURNAL', `another process uses the journal ${dir}: stop it, or give this node a folder of its own with --data-dir`, { cause: thrown })
  }
  const advice = systemAdvice(thrown) ?? (isDamage(thrown) ? `it is damaged (${reasonOf(thrown)}): start this node again, and what can be read is saved into a new one` : reasonOf(thrown))
  return new CorebrumError('ERR_JOURNAL', `cannot use the journal ${dir}: ${advice}`, { cause: thrown })
}
