/** The inputs of a map on disk: lines are added while others are read, and stay until the job goes. See spool-format.ts. */
import { open, type FileHandle } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import { CorebrumError } from '../../errors.ts'
import { MAX_MAP_ITEMS } from '../../limits.ts'
import { MAX_MAP_LINE_BYTES, SPOOL_BLOCK_BYTES } from '../limits.ts'
import { createChunkCache } from './chunk-cache.ts'
import { damaged, fileError } from './job-error.ts'
import { BLOCK_HEADER_BYTES, blockHeader, countItems, isBlockWhole, readBlockHeader } from './spool-format.ts'
import { SpoolCursor } from './spool-cursor.ts'

const NEWLINE = 0x0a

/** What is there of the lines, so that somebody who has all of them can add the rest. */
export interface SpoolMark {
  /** Of the lines, newlines counted. */
  bytes: number
  /** CRC-32 of those bytes. */
  crc: number
}

export class Spool {
  readonly path: string
  private readonly file: FileHandle
  /** Bytes of the file that hold whole blocks. */
  private end = 0
  private marked: SpoolMark = { bytes: 0, crc: 0 }
  private count = 0
  private sealed = false
  /** The last block is written, and maybe not on disk yet. */
  private closing = false
  /** A line that has begun. */
  private pending: Buffer[] = []
  private pendingBytes = 0
  private readonly waiting = new Set<() => void>()

  private constructor (path: string, file: FileHandle) {
    this.path = path
    this.file = file
  }

  /** Opens what is there, or makes it; a block that was not written to its end is cut off. Rejects with ERR_JOURNAL. */
  static async open (path: string): Promise<Spool> {
    let file: FileHandle | undefined
    try {
      file = await open(path, 'a+', 0o600)
      const spool = new Spool(path, file)
      await spool.scan()
      return spool
    } catch (error) {
      await file?.close().catch(() => {})
      throw fileError(error, path)
    }
  }

  /** Inputs that are there. */
  get items (): number {
    return this.count
  }

  /** All inputs are there. */
  get isSealed (): boolean {
    return this.sealed
  }

  get mark (): SpoolMark {
    return this.marked
  }

  /** Where the blocks end, for those who read them. */
  get size (): number {
    return this.end
  }

  /** Adds bytes of lines, which may end within one. Rejects with ERR_INPUT and ERR_JOURNAL; then the lines before are there. */
  async add (bytes: Uint8Array): Promise<void> {
    const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    const whole = chunk.lastIndexOf(NEWLINE) + 1
    if (whole > 0) {
      // Handed over in blocks that a reader can hold.
      let start = 0
      while (start < whole) {
        const cut = whole - start <= SPOOL_BLOCK_BYTES ? whole : start + chunk.subarray(start, start + SPOOL_BLOCK_BYTES).lastIndexOf(NEWLINE) + 1
        const end = cut > start ? cut : chunk.indexOf(NEWLINE, start) + 1
        this.checkLine(chunk.indexOf(NEWLINE, start) - start)
        const lines = Buffer.concat([...this.pending, chunk.subarray(start, end)])
        this.pending = []
        this.pendingBytes = 0
        await this.write(lines)
        start = end
      }
    }
    if (whole === chunk.length) return
    this.checkLine(chunk.length - whole)
    this.pending.push(Buffer.from(chunk.subarray(whole)))
    this.pendingBytes += chunk.length - whole
  }

  /** No more lines will come. All that came is on disk when it resolves. Rejects as `add`. */
  async seal (): Promise<void> {
    if (this.sealed) return
    if (this.pendingBytes > 0) await this.add(Uint8Array.of(NEWLINE))
    if (!this.closing) await this.append(blockHeader(new Uint8Array(), this.count))
    this.closing = true
    await this.sync()
    this.sealed = true
    this.wake()
  }

  /** What came so far is on disk when it resolves; a line that has only begun is forgotten. */
  async pauseAdding (): Promise<void> {
    this.pending = []
    this.pendingBytes = 0
    await this.sync()
  }

  /** Reads the inputs from the first one on. */
  cursor (): SpoolCursor {
    return new SpoolCursor(this, createChunkCache(this.file))
  }

  /** Resolves when there is more to read than there was, or when no more will come. */
  grown (before: number): Promise<void> {
    if (this.end > before || this.sealed) return Promise.resolve()
    return new Promise((resolve) => { this.waiting.add(resolve) })
  }

  async close (): Promise<void> {
    await this.file.close()
  }

  /** `more` bytes of the line that has begun are there. */
  private checkLine (more: number): void {
    if (this.pendingBytes + more <= MAX_MAP_LINE_BYTES) return
    throw new CorebrumError('ERR_INPUT', `line ${this.count + 1} of the inputs, blank ones not counted, has more than ${MAX_MAP_LINE_BYTES} bytes, as many as one may have; split it`)
  }

  private async write (lines: Buffer): Promise<void> {
    const items = countItems(lines)
    if (this.count + items > MAX_MAP_ITEMS) throw new CorebrumError('ERR_INPUT', `the map has more than ${MAX_MAP_ITEMS} inputs, as many as may be; split it`)
    await this.append(Buffer.concat([blockHeader(lines, items), lines]))
    this.count += items
    this.marked = { bytes: this.marked.bytes + lines.length, crc: crc32(lines, this.marked.crc) }
    this.wake()
  }

  /** A write that failed half way leaves nothing behind. */
  private async append (bytes: Buffer): Promise<void> {
    try {
      let written = 0
      while (written < bytes.length) written += (await this.file.write(bytes, written)).bytesWritten
      this.end += bytes.length
    } catch (error) {
      await this.file.truncate(this.end).catch(() => {})
      throw fileError(error, this.path)
    }
  }

  private async sync (): Promise<void> {
    await this.file.datasync().catch((error: unknown) => { throw fileError(error, this.path) })
  }

  private wake (): void {
    for (const resolve of this.waiting) resolve()
    this.waiting.clear()
  }

  private async scan (): Promise<void> {
    const { size } = await this.file.stat()
    const chunks = createChunkCache(this.file)
    while (this.end < size) {
      const header = await chunks.load(this.end, BLOCK_HEADER_BYTES)
      const block = readBlockHeader(header)
      const next = block === undefined ? size : this.end + BLOCK_HEADER_BYTES + block.length
      const lines = block === undefined || next > size ? undefined : await chunks.load(this.end + BLOCK_HEADER_BYTES, block.length)
      if (block === undefined || lines === undefined || !isBlockWhole(block, header, lines)) {
        if (next < size) throw damaged(this.path, `the block at byte ${this.end} is not what was written`)
        await this.file.truncate(this.end)
        return
      }
      this.end = next
      if (block.length === 0) {
        if (block.items !== this.count || next !== size) throw damaged(this.path, 'it does not end where it was closed')
        this.sealed = true
        return
      }
      this.count += block.items
      this.marked = { bytes: this.marked.bytes + lines.length, crc: crc32(lines, this.marked.crc) }
    }
  }
}
