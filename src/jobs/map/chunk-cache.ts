/** Reads of a growing file that come from a few pieces of it kept in memory, so that a small read is no call to the system. */
import type { FileHandle } from 'node:fs/promises'
import { LRUCache } from 'lru-cache'

const CHUNK_BYTES = 128 * 1024
/** Results lie in their file about as they are read: within the few thousand that are open at the same time. */
const MAX_CHUNKS = 16

export interface ChunkCache {
  /** Bytes that are in memory; undefined: call `load`. They stay as they are when others are loaded. */
  at (position: number, length: number): Buffer | undefined
  /** Those bytes, read from the file where they are not in memory; fewer at its end. */
  load (position: number, length: number): Promise<Buffer>
}

export function createChunkCache (file: Pick<FileHandle, 'read'>): ChunkCache {
  const chunks = new LRUCache<number, Buffer>({ max: MAX_CHUNKS })

  async function read (position: number, length: number): Promise<Buffer> {
    const buffer = Buffer.allocUnsafe(length)
    let filled = 0
    while (filled < length) {
      const { bytesRead } = await file.read(buffer, filled, length - filled, position + filled)
      if (bytesRead === 0) break
      filled += bytesRead
    }
    return buffer.subarray(0, filled)
  }

  const at = (position: number, length: number): Buffer | undefined => {
    const number = Math.floor(position / CHUNK_BYTES)
    const start = position - number * CHUNK_BYTES
    // The last chunk of a growing file is short, and is read again when more of it is wanted.
    const chunk = chunks.get(number)
    return chunk !== undefined && start + length <= chunk.length ? chunk.subarray(start, start + length) : undefined
  }

  return {
    at,
    async load (position, length) {
      const known = at(position, length)
      if (known !== undefined) return known
      const number = Math.floor(position / CHUNK_BYTES)
      const start = position - number * CHUNK_BYTES
      if (start + length > CHUNK_BYTES) return await read(position, length)
      const chunk = await read(number * CHUNK_BYTES, CHUNK_BYTES)
      chunks.set(number, chunk)
      return chunk.subarray(start, start + length)
    },
  }
}
