/** Reads files that the user names, and says in plain words why one cannot be read. */
import { constants, open, realpath } from 'node:fs/promises'
import { resolve, sep } from 'node:path'
import { CorebrumError, type ErrorCode } from '../errors.ts'
import { systemCode } from './store-error.ts'

const REASONS: Partial<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'a part of the path is not a folder',
  EACCES: 'this user may not read it',
  EPERM: 'this user may not read it',
  EISDIR: 'it is a folder, not a file',
  ELOOP: 'its symbolic links lead in a circle',
  ENAMETOOLONG: 'the name is too long',
  ENXIO: 'it is a socket, or a device that is not there',
}

/** What a file is to hold: the words for it, and the codes where it is missing or too large. */
export interface FileKind {
  name: string
  missing: ErrorCode
  tooLarge: ErrorCode
  /** Only below `baseDir`: a definition of somebody else must not send a user's own files to strangers. Default false. */
  confined?: boolean
}

export const MODULE_FILE: FileKind = { name: 'module', missing: 'ERR_MODULE_NOT_FOUND', tooLarge: 'ERR_MODULE_TOO_LARGE' }
export const DATA_FILE: FileKind = { name: 'file', missing: 'ERR_DEFINITION', tooLarge: 'ERR_DEFINITION', confined: true }

export interface ReadOptions {
  /** Default MODULE_FILE. */
  kind?: FileKind
  signal?: AbortSignal
}

/** The bytes of `path`, taken from `baseDir`. Rejects with the codes of `kind`, naming the absolute path, and with ERR_CANCELLED. */
export async function readUserFile (baseDir: string, path: string, maxBytes: number, { kind = MODULE_FILE, signal }: ReadOptions = {}): Promise<{ path: string, bytes: Uint8Array }> {
  const absolute = resolve(baseDir, path)
  try {
    if (kind.confined === true) await requireBelow(baseDir, absolute)
    return { path: absolute, bytes: await readWhole(absolute, maxBytes, kind, signal) }
  } catch (thrown) {
    if (thrown instanceof CorebrumError) throw thrown
    if (signal?.aborted === true) throw new CorebrumError('ERR_CANCELLED', `the ${kind.name} is no longer wanted`, { cause: thrown })
    const reason = REASONS[systemCode(thrown) ?? ''] ?? (thrown instanceof Error ? thrown.message : String(thrown))
    throw new CorebrumError(kind.missing, `cannot read the ${kind.name} ${absolute}: ${reason}`, { cause: thrown })
  }
}

/** Symbolic links are followed first. */
async function requireBelow (baseDir: string, path: string): Promise<void> {
  const [folder, file] = await Promise.all([realpath(baseDir), realpath(path)])
  if (file.startsWith(folder.endsWith(sep) ? folder : folder + sep)) return
  throw new CorebrumError('ERR_DEFINITION', `${path} is outside of the definition's folder ${baseDir}; only files in it can be named - copy it there, or leave it out here and give it with --file-input`)
}

/** As `readUserFile` for `NAME.wasm`; `bytes` is absent when there is no such file. */
export async function readNamedFile (baseDir: string, name: string, maxBytes: number, signal?: AbortSignal): Promise<{ path: string, bytes?: Uint8Array }> {
  const file = name.endsWith('.wasm') ? name : `${name}.wasm`
  try {
    return await readUserFile(baseDir, file, maxBytes, signal === undefined ? {} : { signal })
  } catch (error) {
    if (error instanceof CorebrumError && systemCode(error.cause) === 'ENOENT') return { path: resolve(baseDir, file) }
    throw error
  }
}

async function readWhole (path: string, maxBytes: number, kind: FileKind, signal?: AbortSignal): Promise<Uint8Array> {
  // Opening a pipe would wait for somebody to write to it.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    const info = await file.stat()
    const found = info.isDirectory() ? 'a folder' : 'not a regular file'
    if (!info.isFile()) throw new CorebrumError(kind.missing, `cannot read the ${kind.name} ${path}: it is ${found}`)
    if (info.size > maxBytes) throw tooLarge(kind, path, info.size, maxBytes)
    const bytes = await file.readFile({ signal })
    // It may have grown since.
    if (bytes.length > maxBytes) throw tooLarge(kind, path, bytes.length, maxBytes)
    return bytes
  } finally {
    await file.close()
  }
}

function tooLarge ({ name, tooLarge }: FileKind, path: string, size: number, maxBytes: number): CorebrumError {
  return new CorebrumError(tooLarge, `${path} has ${size} bytes; a ${name} may have at most ${maxBytes}`)
}
