/** Reads module files that the user names, and says in plain words why one cannot be read. */
import { constants, open } from 'node:fs/promises'
import { resolve } from 'node:path'
import { CorebrumError } from '../errors.ts'
import { systemCode } from './store-error.ts'

const REASONS: Partial<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'a part of the path is not a folder',
  EACCES: 'this user may not read it',
  EPERM: 'this user may not read it',
  EISDIR: 'it is a folder, not a file',
  ELOOP: 'its symbolic links lead in a circle',
}

/** The bytes of `path`, taken from `baseDir`. Rejects with ERR_MODULE_NOT_FOUND or ERR_MODULE_TOO_LARGE, naming the absolute path. */
export async function readUserFile (baseDir: string, path: string, maxBytes: number, signal?: AbortSignal): Promise<{ path: string, bytes: Uint8Array }> {
  const absolute = resolve(baseDir, path)
  try {
    return { path: absolute, bytes: await readWhole(absolute, maxBytes, signal) }
  } catch (thrown) {
    if (thrown instanceof CorebrumError) throw thrown
    if (signal?.aborted === true) throw new CorebrumError('ERR_CANCELLED', 'the module is no longer wanted', { cause: thrown })
    const reason = REASONS[systemCode(thrown) ?? ''] ?? (thrown instanceof Error ? thrown.message : String(thrown))
    throw new CorebrumError('ERR_MODULE_NOT_FOUND', `cannot read the module ${absolute}: ${reason}`, { cause: thrown })
  }
}

/** As `readUserFile` for `NAME.wasm`; `bytes` is absent when there is no such file. */
export async function readNamedFile (baseDir: string, name: string, maxBytes: number, signal?: AbortSignal): Promise<{ path: string, bytes?: Uint8Array }> {
  const file = name.endsWith('.wasm') ? name : `${name}.wasm`
  try {
    return await readUserFile(baseDir, file, maxBytes, signal)
  } catch (error) {
    if (error instanceof CorebrumError && systemCode(error.cause) === 'ENOENT') return { path: resolve(baseDir, file) }
    throw error
  }
}

async function readWhole (path: string, maxBytes: number, signal?: AbortSignal): Promise<Uint8Array> {
  // Opening a pipe would wait for somebody to write to it.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    const info = await file.stat()
    const kind = info.isDirectory() ? 'a folder' : 'not a regular file'
    if (!info.isFile()) throw new CorebrumError('ERR_MODULE_NOT_FOUND', `cannot read the module ${path}: it is ${kind}`)
    if (info.size > maxBytes) throw new CorebrumError('ERR_MODULE_TOO_LARGE', `${path} has ${info.size} bytes; a module may have at most ${maxBytes}`)
    const bytes = await file.readFile({ signal })
    // It may have grown since.
    if (bytes.length > maxBytes) throw new CorebrumError('ERR_MODULE_TOO_LARGE', `${path} has ${bytes.length} bytes; a module may have at most ${maxBytes}`)
    return bytes
  } finally {
    await file.close()
  }
}
