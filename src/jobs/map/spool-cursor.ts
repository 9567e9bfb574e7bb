/** Reads a spool from its beginning, a block in memory at a time, while lines are still added to it. */
import { isUtf8 } from 'node:buffer'
import type { ChunkCache } from './chunk-cache.ts'
import { damaged, fileError } from './job-error.ts'
import type { Spool } from './spool.ts'
import { BLOCK_HEADER_BYTES, endOfLine, isBlank, isBlockWhole, readBlockHeader } from './spool-format.ts'

export interface SpoolItem {
  index: number
  /** Counted from 1, blank lines too. */
  line: number
  /** Undefined where the line is not text in UTF-8. */
  text: string | undefined
}

export class SpoolCursor {
  private readonly spool: Pick<Spool, 'path' | 'size' | 'isSealed' | 'grown'>
  private readonly chunks: ChunkCache
  private position = 0
  private block: Buffer = Buffer.alloc(0)
  private isText = true
  private at = 0
  private index = 0
  private line = 0

  constructor (spool: Pick<Spool, 'path' | 'size' | 'isSealed' | 'grown'>, chunks: ChunkCache) {
    this.spool = spool
    this.chunks = chunks
  }

  /** Bytes of the file that were read. */
  get consumed (): number {
    return this.position
  }

  /** The next input of the block in memory, unless `skip` knows its index; undefined: call `more`. */
  next (skip: (index: number) => boolean): SpoolItem | undefined {
    const { block } = this
    while (this.at < block.length) {
      const start = this.at
      const end = endOfLine(block, start)
      this.at = end + 1
      this.line++
      if (isBlank(block, start, end)) continue
      const index = this.index++
      if (skip(index)) continue
      const text = this.isText || isUtf8(block.subarray(start, end)) ? block.toString('utf8', start, end) : undefined
      return { index, line: this.line, text }
    }
    return undefined
  }

  /** Reads the next block, which it waits for while lines are added. False when there will be none. Rejects with ERR_JOURNAL. */
  async more (): Promise<boolean> {
    while (this.position >= this.spool.size) {
      if (this.spool.isSealed) return false
      await this.spool.grown(this.position)
    }
    try {
      const header = await this.chunks.load(this.position, BLOCK_HEADER_BYTES)
      const block = readBlockHeader(header)
      if (block === undefined) throw this.damage()
      if (block.length === 0) {
        this.position += BLOCK_HEADER_BYTES
        return false
      }
      const lines = await this.chunks.load(this.position + BLOCK_HEADER_BYTES, block.length)
      if (!isBlockWhole(block, header, lines)) throw this.damage()
      this.position += BLOCK_HEADER_BYTES + block.length
      this.block = lines
      this.isText = isUtf8(lines)
      this.at = 0
      return true
    } catch (error) {
      throw fileError(error, this.spool.path)
    }
  }

  private damage (): Error {
    return damaged(this.spool.path, `the block at byte ${this.position} is not what was written`)
  }
}
