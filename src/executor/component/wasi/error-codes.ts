/** Errors of the file system as components know them (wasi:filesystem/types, error-code). */
import { Errno, WasiError } from '../../wasi/errno.ts'
import { type Lifted, VariantValue } from '../values.ts'
import { err, ok } from './interface.ts'

const CODES = [
  'access', 'would-block', 'already', 'bad-descriptor', 'busy', 'deadlock', 'quota', 'exist', 'file-too-large', 'illegal-byte-sequence',
  'in-progress', 'interrupted', 'invalid', 'io', 'is-directory', 'loop', 'too-many-links', 'message-size', 'name-too-long', 'no-device',
  'no-entry', 'no-lock', 'insufficient-memory', 'insufficient-space', 'not-directory', 'not-empty', 'not-recoverable', 'unsupported',
  'no-tty', 'no-such-device', 'overflow', 'not-permitted', 'pipe', 'read-only', 'invalid-seek', 'text-file-busy', 'cross-device',
] as const

export const ERROR_CODE_TYPE = `enum { ${CODES.join(', ')} }`

const BY_ERRNO = new Map<number, typeof CODES[number]>([
  [Errno.ACCES, 'access'], [Errno.AGAIN, 'would-block'], [Errno.BADF, 'bad-descriptor'], [Errno.BUSY, 'busy'], [Errno.EXIST, 'exist'],
  [Errno.FBIG, 'file-too-large'], [Errno.ILSEQ, 'illegal-byte-sequence'], [Errno.INVAL, 'invalid'], [Errno.ISDIR, 'is-directory'],
  [Errno.LOOP, 'loop'], [Errno.MFILE, 'insufficient-memory'], [Errno.NAMETOOLONG, 'name-too-long'], [Errno.NOENT, 'no-entry'],
  [Errno.NOSPC, 'insufficient-space'], [Errno.NOSYS, 'unsupported'], [Errno.NOTDIR, 'not-directory'], [Errno.NOTEMPTY, 'not-empty'],
  [Errno.NOTSUP, 'unsupported'], [Errno.PERM, 'not-permitted'], [Errno.NOTCAPABLE, 'not-permitted'], [Errno.SPIPE, 'invalid-seek'],
])

export function errorCode (errno: number): VariantValue {
  return new VariantValue(CODES.indexOf(BY_ERRNO.get(errno) ?? 'io'))
}

export function errorName (errno: number): string {
  return BY_ERRNO.get(errno) ?? 'io'
}

/** A `result` whose error is an error-code. */
export function attempt (action: () => Lifted | undefined): VariantValue {
  try {
    return ok(action())
  } catch (thrown) {
    if (thrown instanceof WasiError) return err(errorCode(thrown.errno))
    throw thrown
  }
}
