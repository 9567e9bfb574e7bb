/** Reads module files: whole or in chunks, checked against their digest while they are read. */
import { createHash } from 'node:crypto'
import { open, type FileHandle } from 'node:fs/promises'
import { MODULE_CHUNK_BYTES } from './limits.ts'

/** The file is not what its name says; the store removes it. */
export class DamagedFile extends Error {}

/** All bytes of a file of `size`. With `sha256`, they are checked. Throws DamagedFile and what the file system throws. */
export async function readModuleFile (path: string, size: number, sha256?: Uint8Array): Promise<Uint8Array> {
  const bytes = Buffer.allocUnsafeSlow(size)
  const hash = sha256 === undefined ? undefined : createHash('sha256')
  let filled = 0
  for await (const chunk of chunksInto(path, size, (length) => bytes.subarray(filled, filled + length))) {
    hash?.update(chunk)
    filled += chunk.length
  }
  if (sha256 !== undefined && hash?.digest().equals(sha256) !== true) throw new DamagedFile(path)
  return bytes
}

/** Reads a file of `size` to its end and checks it. Throws DamagedFile and what the file system throws. */
export async function verifyModuleFile (path: string, size: number, sha256: Uint8Array): Promise<void> {
  const hash = createHash('sha256')
  const buffer = Buffer.allocUnsafeSlow(Math.min(size, MODULE_CHUNK_BYTES))
  for await (const chunk of chunksInto(path, size, (length) => buffer.subarray(0, length))) hash.update(chunk)
  if (!hash.digest().equals(sha256)) throw new DamagedFile(path)
}

/** A file's bytes from `offset` to `size`, each chunk in memory of its own; one chunk is read ahead. */
export async function * streamModuleFile (path: string, size: number, offset: number): AsyncGenerator<Uint8Array> {
  const file = await open(path, 'r')
  try {
    let position = offset
    const next = (): Promise<Uint8Array> => {
      const length = Math.min(MODULE_CHUNK_BYTES, size - position)
      const at = position
      position += length
      const reading = fill(file, path, Buffer.allocUnsafeSlow(length), at)
      // A consumer that leaves never awaits the chunk that was read ahead.
      reading.catch(() => {})
      return reading
    }
    let ahead = position < size ? next() : undefined
    while (ahead !== undefined) {
      const chunk = await ahead
      ahead = position < size ? next() : undefined
      yield chunk
    }
  } finally {
    await file.close()
  }
}

async function * chunksInto (path: string, size: number, target: (length: number) => Buffer): AsyncGenerator<Buffer> {
  const file = await open(path, 'r')
  try {
    if ((await file.stat()).size !== size) throw new DamagedFile(path)
    for (let position = 0; position < size;) {
      const buffer = target(Math.min(MODULE_CHUNK_BYTES, size - position))
      yield await fill(file, path, buffer, position)
      position += buffer.length
    }
  } finally {
    await file.close()
  }
}

async function fill (file: FileHandle, path: string, buffer: Buffer, position: number): Promise<Buffer> {
  for (let filled = 0; filled < buffer.length;) {
    const { bytesRead } = await file.read(buffer, filled, buffer.length - filled, position + filled)
    if (bytesRead === 0) throw new DamagedFile(path)
    filled += bytesRead
  }
  return buffer
}
