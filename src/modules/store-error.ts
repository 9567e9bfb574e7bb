/** Turns what the file system throws into ERR_STORE with the path and what to do. */
import { CorebrumError } from '../errors.ts'

const ADVICE: Partial<Record<string, string>> = {
  ENOSPC: 'the disk is full: free some space, or remove modules with "corebrum modules rm"',
  EDQUOT: 'the disk quota is used up',
  EROFS: 'the file system is read-only',
  EACCES: 'this user may not write or read there',
  EPERM: 'this user may not write or read there',
  ENOTDIR: 'a part of the path is not a folder',
  EMFILE: 'too many files are open',
}

/** The operating system's error code of a thrown value, such as `ENOENT`. */
export function systemCode (thrown: unknown): string | undefined {
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : undefined
}

/** `thrown` as ERR_STORE that names `path`; a CorebrumError stays as it is. */
export function storeError (thrown: unknown, path: string): CorebrumError {
  if (thrown instanceof CorebrumError) return thrown
  const reason = thrown instanceof Error ? thrown.message : String(thrown)
  const advice = ADVICE[systemCode(thrown) ?? '']
  return new CorebrumError('ERR_STORE', `the module store cannot use ${path}: ${advice ?? reason}`, { cause: thrown })
}
