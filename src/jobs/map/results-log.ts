/**
 * The results of a map on disk. They are written and synced together (group commit), and nobody reads one before it is on disk:
 * what was once shown stays, whatever happens. What was not on disk yet when the power went is run again.
 */
import { open, type FileHandle } from 'node:fs/promises'
import { MAP_COMMIT_MS, MAX_MAP_RESULT_BYTES } from '../limits.ts'
import { createChunkCache, type ChunkCache } from './chunk-cache.ts'
import { fileError } from './job-error.ts'
import { OffsetTable } from './offset-table.ts'
import { isRecordWhole, readRecordHeader, RECORD_HEADER_BYTES, recordRoom, writeRecord } from './results-format.ts'

const STAGE_BYTES = 256 * 1024

export class ResultsLog {
  readonly path: string
  private readonly file: FileHandle
  private readonly table = new OffsetTable()
  private failedCount = 0
  private firstFailedIndex: number | undefined
  /** Bytes of the file that are on disk. */
  private committedBytes = 0
  /** Where the next record will stand. */
  private end = 0
  /** Records that are not written yet: full buffers, and the one that is filled. */
  private full: Buffer[] = []
  private stage: Buffer = Buffer.allocUnsafe(STAGE_BYTES)
  private staged = 0
  /** One that was written. */
  private spare: Buffer | undefined
  private timer: NodeJS.Timeout | undefined
  private committing: Promise<void> | undefined
  private failure: Error | undefined
  private readonly waiting = new Set<() => void>()
  /** Who reads the file; it is closed when the last one has ended. */
  private readers = 0
  private closed = false
  /** Told of the error when results cannot be written; nothing more is taken then. */
  onFailure: (error: Error) => void = () => {}
  /** Told when results have got to the disk. */
  onCommit: () => void = () => {}

  private constructor (path: string, file: FileHandle) {
    this.path = path
    this.file = file
  }

  /**
   * Opens what is there, or makes it; from the first record on that is not what was written, it is cut off, but not
   * `forReading`: somebody else may just write there. Rejects with ERR_JOURNAL.
   */
  static async open (path: string, { forReading = false }: { forReading?: boolean } = {}): Promise<ResultsLog> {
    let file: FileHandle | undefined
    try {
      file = await open(path, 'a+', 0o600)
      const log = new ResultsLog(path, file)
      await log.scan(forReading)
      return log
    } catch (error) {
      await file?.close().catch(() => {})
      throw fileError(error, path)
    }
  }

  /** Results that were added. */
  get done (): number {
    return this.table.count
  }

  /** Of those, errors. */
  get failed (): number {
    return this.failedCount
  }

  get firstFailed (): number | undefined {
    return this.firstFailedIndex
  }

  /** One more than the largest index. */
  get indexes (): number {
    return this.table.length
  }

  get committed (): number {
    return this.committedBytes
  }

  /** Bytes that are not on disk yet. */
  get unwritten (): number {
    return this.end - this.committedBytes
  }

  has (index: number): boolean {
    return this.table.has(index)
  }

  /** Where the record stands; undefined while it is not on disk. */
  offsetOf (index: number): number | undefined {
    const offset = this.table.get(index)
    return offset !== undefined && offset < this.committedBytes ? offset : undefined
  }

  /** Takes a result whose index has none; it is on disk soon, or `onFailure` is called. */
  add (index: number, failed: boolean, line: string): void {
    if (this.failure !== undefined || this.closed) return
    const room = recordRoom(line)
    if (this.staged + room > this.stage.length) this.nextStage(room)
    const bytes = writeRecord(this.stage, this.staged, { index, failed, line })
    if (bytes > RECORD_HEADER_BYTES + MAX_MAP_RESULT_BYTES) throw new RangeError('a result is longer than any may be')
    this.staged += bytes
    this.note(index, failed, this.end)
    this.end += bytes
    if (this.full.length > 0) void this.commit()
    else this.timer ??= setTimeout(() => { void this.commit() }, MAP_COMMIT_MS)
  }

  /** All that was added is on disk when it resolves. Rejects with ERR_JOURNAL. */
  async flush (): Promise<void> {
    while (this.unwritten > 0 && this.failure === undefined) await this.commit()
    if (this.failure !== undefined) throw this.failure
  }

  /** Reads of the file, until `leave` is called; also of one that is closed meanwhile. */
  enter (): ChunkCache {
    this.readers++
    return createChunkCache(this.file)
  }

  leave (): void {
    if (--this.readers === 0 && this.closed) this.file.close().catch(() => {})
  }

  /** Resolves when more is on disk than `before`, or at `wake`. */
  changed (before: number): Promise<void> {
    if (this.committedBytes > before) return Promise.resolve()
    return new Promise((resolve) => { this.waiting.add(resolve) })
  }

  /** Tells all who wait in `changed`. */
  wake (): void {
    for (const resolve of this.waiting) resolve()
    this.waiting.clear()
  }

  /** Takes nothing more. What is not on disk yet is given up, unless `flush` was called before. */
  async close (): Promise<void> {
    if (this.closed) return
    this.closed = true
    clearTimeout(this.timer)
    await this.committing
    this.wake()
    if (this.readers === 0) await this.file.close()
  }

  private nextStage (room: number): void {
    if (this.staged > 0) this.full.push(this.stage.subarray(0, this.staged))
    this.stage = room <= STAGE_BYTES && this.spare !== undefined ? this.spare : Buffer.allocUnsafe(Math.max(STAGE_BYTES, room))
    if (this.stage === this.spare) this.spare = undefined
    this.staged = 0
  }

  /** Writes what there is, once what is being written is. */
  private commit (): Promise<void> {
    this.committing ??= this.write().finally(() => {
      this.committing = undefined
      if (this.unwritten > 0 && this.failure === undefined && !this.closed) this.timer ??= setTimeout(() => { void this.commit() }, this.full.length > 0 ? 0 : MAP_COMMIT_MS)
    })
    return this.committing
  }

  private async write (): Promise<void> {
    clearTimeout(this.timer)
    this.timer = undefined
    if (this.failure !== undefined) return
    const { stage } = this
    this.nextStage(0)
    const buffers = this.full
    const { end } = this
    this.full = []
    try {
      for (const buffer of buffers) {
        let written = 0
        while (written < buffer.length) written += (await this.file.write(buffer, written)).bytesWritten
      }
      if (stage.length === STAGE_BYTES) this.spare = stage
      await this.file.datasync()
      this.committedBytes = end
      this.wake()
      this.onCommit()
    } catch (error) {
      // What is not on disk counts as not done: it is found out when the file is opened again.
      await this.file.truncate(this.committedBytes).catch(() => {})
      this.failure = fileError(error, this.path)
      this.onFailure(this.failure)
    }
  }

  private note (index: number, failed: boolean, offset: number): void {
    this.table.set(index, offset)
    if (!failed) return
    this.failedCount++
    if (this.firstFailedIndex === undefined || index < this.firstFailedIndex) this.firstFailedIndex = index
  }

  private async scan (forReading: boolean): Promise<void> {
    const { size } = await this.file.stat()
    const chunks = createChunkCache(this.file)
    while (this.end < size) {
      const bytes = chunks.at(this.end, RECORD_HEADER_BYTES) ?? await chunks.load(this.end, RECORD_HEADER_BYTES)
      const header = readRecordHeader(bytes)
      if (header === undefined) break
      const length = RECORD_HEADER_BYTES + header.length
      if (this.end + length > size || !isRecordWhole(header, chunks.at(this.end, length) ?? await chunks.load(this.end, length))) break
      if (!this.table.has(header.index)) this.note(header.index, header.failed, this.end)
      this.end += length
    }
    if (this.end < size && !forReading) await this.file.truncate(this.end)
    this.committedBytes = this.end
  }
}
