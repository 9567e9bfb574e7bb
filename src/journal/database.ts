/**
 * A database that says what it lost: LevelDB in a folder, with group commit, sealed values, a version of its layout, and a
 * way back after a full disk. Keys are ASCII; those that begin with `!` are its own, and `!tally` is its user's.
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CorebrumError } from '../errors.ts'
import { JOURNAL_REOPEN_MS, MAX_JOURNAL_PENDING_BYTES } from '../limits.ts'
import { CommitQueue, type Batch, type PutOptions } from './commit-queue.ts'
import { isDamage, journalError } from './journal-error.ts'
import { openLevel, readRange, readRow, readRows, writeBatch, type LevelHandle, type Range, type Row } from './level.ts'
import { Mark } from './mark.ts'
import { DAMAGE_NOTE, openChecked, type Checks } from './open-checked.ts'
import { WRITTEN_KEY } from './schema.ts'
import { TableWatch, type TableWatchInit } from './table-watch.ts'

export type JournalLog = (level: 'error' | 'warn' | 'info' | 'debug', message: string) => void

export interface DatabaseInit extends Partial<Checks> {
  /** Made when it is missing. */
  dir: string
  log?: JournalLog
  /** Called right before each write, to add what belongs to it. */
  beforeWrite?: () => void
  /** Default JOURNAL_LAZY_MS. */
  lazyMs?: number
  /** Default MAX_JOURNAL_PENDING_BYTES. */
  maxPendingBytes?: number
  /** Default JOURNAL_REOPEN_MS. */
  reopenMs?: number
  /** How its tables are looked through while it is in use. */
  watch?: Pick<TableWatchInit, 'bytesPerSecond' | 'everyMs'>
  /** Instead of LevelDB's own write; for tests of what cannot be had otherwise. */
  write?: typeof writeBatch
}

/** A row with its value, which is whole. */
export interface WholeRow { key: string, body: Uint8Array }

export class Database {
  readonly dir: string
  private readonly init: DatabaseInit
  private readonly queue: CommitQueue
  private level: LevelHandle | undefined
  private mark: Mark | undefined
  private watch: TableWatch | undefined
  private written = 0
  private reopening: NodeJS.Timeout | undefined
  private attempt: Promise<void> = Promise.resolve()
  private closed = false
  /** Why it could not be opened again after a failed write; until it is, nothing can be read. */
  private closedBy: unknown
  private noted = false
  /** Writes that have failed since one did not. */
  private failures = 0

  constructor (init: DatabaseInit) {
    this.init = init
    this.dir = init.dir
    this.queue = new CommitQueue({
      write: (batch) => this.write(batch),
      ...(init.beforeWrite === undefined ? {} : { beforeWrite: init.beforeWrite }),
      ...(init.lazyMs === undefined ? {} : { lazyMs: init.lazyMs }),
    })
  }

  /** True when something was damaged or missing, and the folder was made anew from what could be read. Rejects with ERR_JOURNAL. */
  async open (): Promise<boolean> {
    const { level, written, salvaged, unchecked } = await openChecked(this.dir, this.init, this.init.log ?? (() => {}))
    this.level = level
    this.written = written
    try {
      this.mark = await Mark.open(this.dir)
    } catch (error) {
      await level.close()
      throw journalError(error, this.dir)
    }
    this.watch = new TableWatch({ dir: this.dir, unchecked, onDamage: (name) => { this.damaged(`the table file ${name}`) }, ...this.init.watch })
    return salvaged
  }

  /** Writes what is left. Rejects with ERR_JOURNAL when that cannot be written. */
  async close (): Promise<void> {
    if (this.level === undefined || this.closed) return
    this.closed = true
    clearTimeout(this.reopening)
    await this.attempt
    // One more try: there may be room by now.
    if (this.queue.failure !== undefined) await this.reopen().catch(() => {})
    try {
      await this.queue.end()
    } catch (error) {
      throw journalError(error, this.dir)
    } finally {
      await this.mark?.close()
      await this.level.close().catch(() => {})
      await this.watch?.stop()
    }
  }

  /** As CommitQueue's. A strict put throws ERR_JOURNAL when the last write failed, and ERR_QUEUE_FULL when too much waits. */
  put (key: string, body: Uint8Array, options?: PutOptions): void {
    if (options?.strict === true) this.requireRoom()
    this.queue.put(key, body, options)
  }

  putLater (key: string, make: () => Uint8Array): void {
    this.queue.putLater(key, make)
  }

  hurry (key: string): void {
    this.queue.hurry(key)
  }

  delete (key: string): void {
    this.queue.delete(key)
  }

  strictly (sync: boolean): Promise<void> {
    return this.queue.strictly(sync)
  }

  patiently (sync: boolean): Promise<void> {
    return this.queue.patiently(sync)
  }

  /** A value as it was put last, on disk or not yet; undefined when there is none, or it is damaged. Rejects with ERR_JOURNAL. */
  async get (key: string): Promise<Uint8Array | undefined> {
    const waiting = this.queue.peek(key)
    if (waiting !== undefined) return waiting ?? undefined
    return this.whole(await this.read((level) => readRow(level, key)))?.body
  }

  async getMany (keys: readonly string[]): Promise<Array<Uint8Array | undefined>> {
    // First: what is written while the disk is read would be found in neither.
    const waiting = keys.map((key) => this.queue.peek(key))
    const rows = await this.read((level) => readRows(level, keys))
    return waiting.map((value, index) => value === undefined ? this.whole(rows?.[index])?.body : value ?? undefined)
  }

  /** Whole rows of a range in parts, as they are on disk; damaged ones are reported and left out. Rejects with ERR_JOURNAL. */
  async * rows (range: Range, rowsAtOnce?: number): AsyncGenerator<WholeRow[]> {
    const { level } = this
    if (level === undefined) return
    try {
      for await (const rows of readRange(level, range, rowsAtOnce)) yield rows.flatMap((row) => this.whole(row) ?? [])
    } catch (error) {
      if (isDamage(error)) this.damaged('a table file')
      else throw journalError(error, this.dir)
    }
  }

  /** Gives the space of what was deleted back. */
  async compact (range: { gte: string, lt: string }): Promise<void> {
    await this.read((level) => level.compactRange(range.gte, range.lt))
  }

  /** Notes that a row cannot be read, so that the next start makes the database anew. */
  damaged (what: string): void {
    if (this.noted) return
    this.noted = true
    this.init.log?.('warn', `the journal ${this.dir} is damaged: ${what} cannot be read; what can be will be saved into a new one at the next start`)
    writeFile(join(this.dir, DAMAGE_NOTE), what).catch(() => {})
  }

  private requireRoom (): void {
    if (this.closed) throw new CorebrumError('ERR_JOURNAL', `the journal ${this.dir} is closed`)
    if (this.queue.failure !== undefined) throw journalError(this.queue.failure, this.dir)
    const max = this.init.maxPendingBytes ?? MAX_JOURNAL_PENDING_BYTES
    if (this.queue.bytes > max) throw new CorebrumError('ERR_QUEUE_FULL', `${this.queue.bytes} bytes wait to be written to the journal ${this.dir}, and ${max} may; wait a moment`)
  }

  private whole (row: Row | undefined): WholeRow | undefined {
    if (row === undefined) return undefined
    if (row.body !== undefined) return { key: row.key, body: row.body }
    this.damaged(`the value of ${row.key}`)
    return undefined
  }

  private async read<T> (work: (level: LevelHandle) => Promise<T>): Promise<T | undefined> {
    if (this.level === undefined) return undefined
    try {
      return await work(this.level)
    } catch (error) {
      if (!isDamage(error)) throw journalError(this.closedBy ?? error, this.dir)
      this.damaged('a table file')
      return undefined
    }
  }

  private async write (batch: Batch): Promise<void> {
    const { level } = this
    if (level === undefined) throw new CorebrumError('ERR_JOURNAL', `the journal ${this.dir} is not open`)
    const count = this.written + 1
    batch.operations.set(WRITTEN_KEY, { body: Buffer.from(String(count)), fresh: false, strict: false })
    try {
      await (this.init.write ?? writeBatch)(level, batch)
    } catch (thrown) {
      const error = journalError(thrown, this.dir)
      if (isDamage(thrown)) this.damaged('a table file')
      if (this.failures++ === 0) this.init.log?.('error', `${error.message}; nothing is lost, and it is tried again every ${(this.init.reopenMs ?? JOURNAL_REOPEN_MS) / 1000} s`)
      this.tryLater()
      throw error
    }
    if (this.failures > 0) this.init.log?.('info', `the journal ${this.dir} is written again, after it could not be ${this.failures} times`)
    this.failures = 0
    this.written = count
    if (batch.sync) this.mark?.note(count)
  }

  private tryLater (): void {
    if (this.closed) return
    this.reopening = setTimeout(() => {
      this.attempt = this.reopen().catch((error: unknown) => {
        this.closedBy = error
        this.tryLater()
      })
    }, this.init.reopenMs ?? JOURNAL_REOPEN_MS)
  }

  /** LevelDB writes nothing more after a failure, or writes where it should not: only a new handle knows what is on disk. */
  private async reopen (): Promise<void> {
    await this.level?.close()
    this.level = await openLevel(this.dir, { create: false })
    const row = await readRow(this.level, WRITTEN_KEY)
    this.written = Math.max(this.written, row?.body === undefined ? 0 : Number(Buffer.from(row.body).toString('latin1')))
    this.closedBy = undefined
    this.queue.resume()
  }
}
