/** Reads what flags name: files, `@file`, and `-` for standard input. */
import { closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs'
import { describeSystemError } from '../config/system-error.ts'
import { CorebrumError } from '../errors.ts'

const PIPE_CHUNK_BYTES = 64 * 1024

export interface TextInput {
  text: string
  /** How messages name it. */
  name: string
}

/** The text of a file, or of standard input for `-`. Rejects with ERR_USAGE, naming `flag`. */
export async function readTextFile (path: string, flag: string, maxBytes: number): Promise<string> {
  return (await readBytesFile(path, flag, maxBytes)).toString('utf8')
}

/** The bytes of a file, or of standard input for `-`. Rejects with ERR_USAGE, naming `flag`. */
export async function readBytesFile (path: string, flag: string, maxBytes: number): Promise<Buffer<ArrayBuffer>> {
  if (path === '-') return await readStandardInput(flag, maxBytes)
  let file: number | undefined
  try {
    file = openSync(path, 'r')
    const info = fstatSync(file)
    if (info.isDirectory()) throw unreadable(flag, path, 'it is a folder, not a file')
    if (info.size > maxBytes) throw tooLarge(flag, path, info.size, maxBytes)
    return info.isFile() ? readFileSync(file) : readToEnd(file, flag, path, maxBytes)
  } catch (cause) {
    if (cause instanceof CorebrumError) throw cause
    throw unreadable(flag, path, describeSystemError(cause), cause)
  } finally {
    if (file !== undefined) closeSync(file)
  }
}

/** A pipe or a device does not say how much it holds, and may never end. */
function readToEnd (file: number, flag: string, path: string, maxBytes: number): Buffer<ArrayBuffer> {
  const chunks: Buffer[] = []
  let size = 0
  while (true) {
    const chunk = Buffer.allocUnsafe(PIPE_CHUNK_BYTES)
    const count = readSync(file, chunk)
    if (count === 0) return Buffer.concat(chunks)
    size += count
    if (size > maxBytes) throw tooLarge(flag, path, size, maxBytes)
    chunks.push(chunk.subarray(0, count))
  }
}

async function readStandardInput (flag: string, maxBytes: number): Promise<Buffer<ArrayBuffer>> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of process.stdin) {
    if (!Buffer.isBuffer(chunk)) continue
    size += chunk.length
    if (size > maxBytes) throw tooLarge(flag, '-', size, maxBytes)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** A value that stands on the command line itself, in a file (`@file`), or on standard input (`-`). */
export async function readValue (value: string, flag: string, maxBytes: number): Promise<TextInput> {
  if (value === '-') return { text: await readTextFile('-', flag, maxBytes), name: `${flag} (standard input)` }
  if (value.startsWith('@')) {
    const path = value.slice(1)
    return { text: await readTextFile(path, flag, maxBytes), name: `${flag} (${path})` }
  }
  return { text: value, name: flag }
}

function unreadable (flag: string, path: string, why: string, cause?: unknown): CorebrumError {
  const shown = path === '-' ? 'standard input' : path === '' ? 'an empty name' : path
  return new CorebrumError('ERR_USAGE', `${flag}: ${shown} cannot be read: ${why}`, { cause })
}

function tooLarge (flag: string, path: string, size: number, maxBytes: number): CorebrumError {
  return unreadable(flag, path, `it has ${size} bytes, allowed are ${maxBytes}`)
}
