/**
 * Deletes the oldest finished tasks: those over the age, the number or the bytes that are kept, each with the tasks of its job,
 * its files, its receipt and what makes it reusable.
 */
import type { Database } from '../../journal/database.ts'
import { COMPACT_AFTER_BYTES, MAX_CHILDREN_OF_OPEN_JOB, MAX_DELETED_AT_ONCE } from '../../limits.ts'
import type { OutputFiles } from './files.ts'
import { receiptKey, type Finished, type FinishedRows } from './finished.ts'
import { allOf, childrenOf, descendantsOf } from './keys.ts'
import type { Tally } from './tally.ts'

export interface Keep {
  /** Age, milliseconds since a task ended. */
  ms: number
  tasks: number
  /** Of records, receipts and files together. */
  bytes: number
}

export interface RetentionInit {
  database: Database
  finished: FinishedRows
  files: OutputFiles
  tally: Tally
  keep: Keep
  openJobs: () => Iterable<string>
  /** A map is kept no longer; its record is off the disk. */
  onMapDropped: (id: string) => void
}

/** Keys of finished tasks are spread over these kinds. */
const COMPACTED = ['o', 'f', 'i', 'c', 'x', 'r', 'u'] as const

export class Retention {
  private readonly init: RetentionInit
  private deletedBytes = 0

  constructor (init: RetentionInit) {
    this.init = init
  }

  /** Deletes what is over; how many tasks that were. Rejects with ERR_JOURNAL. */
  async sweep (isStopped: () => boolean = () => false): Promise<number> {
    const { database, keep, tally } = this.init
    let deleted = 0
    const oldest = tally.clock.now() - keep.ms
    const isOver = (ageMs: number): boolean => ageMs < oldest || tally.finished > keep.tasks || tally.bytes > keep.bytes
    scan: for await (const rows of database.rows(allOf('f'))) {
      for (const { key, body } of rows) {
        const found = this.init.finished.read(key, body)
        // A damaged row goes too: it would stand here for ever.
        if (found !== undefined && !isOver(found.ageMs)) break scan
        if (isStopped()) break scan
        if (found === undefined) database.delete(key)
        else deleted += await this.drop(key, body, found, true)
      }
    }
    for (const job of this.init.openJobs()) deleted += await this.trim(job)
    await this.written()
    await this.compact()
    return deleted
  }

  private async drop (key: string, body: Uint8Array, found: Finished, withTasks: boolean): Promise<number> {
    const { finished } = this.init
    const { id, job } = found.record
    let deleted = 1
    if (withTasks && job !== undefined) for (const range of descendantsOf(id)) deleted += await this.dropRange(range, false)
    const receipt = await this.belongings(key, id)
    const bytes = body.length + (found.file?.size ?? 0) + receipt
    finished.drop(key, found, bytes)
    this.deletedBytes += bytes
    if (found.file !== undefined || job?.kind === 'map') await this.written()
    // The record went first: files without a record are in nobody's way, a record without its files is.
    if (found.file !== undefined) await this.init.files.remove(id)
    if (job?.kind === 'map') this.init.onMapDropped(id)
    return deleted
  }

  /** `withTasks`: also those of jobs among them. */
  private async dropRange (range: { gte: string, lt: string }, withTasks: boolean): Promise<number> {
    const { database, finished } = this.init
    let deleted = 0
    for await (const rows of database.rows(range)) {
      for (const { key, body } of rows) {
        const found = finished.read(key, body)
        if (found === undefined) database.delete(key)
        else deleted += await this.drop(key, body, found, withTasks)
        if (deleted % MAX_DELETED_AT_ONCE === 0) await this.written()
      }
    }
    return deleted
  }

  /** Deletes what makes a task reusable; the bytes of its late receipt. */
  private async belongings (key: string, id: string): Promise<number> {
    const { database } = this.init
    const [reuse, receipt] = await database.getMany([reuseOf(id), receiptKey(key)])
    if (reuse !== undefined) {
      const reuseKey = Buffer.from(reuse).toString('latin1')
      database.delete(reuseOf(id))
      const holder = await database.get(reusableKey(reuseKey))
      if (holder !== undefined && Buffer.from(holder).toString('latin1') === id) database.delete(reusableKey(reuseKey))
    }
    return receipt?.length ?? 0
  }

  /** A job that runs for ever ends tasks for ever. */
  private async trim (job: string): Promise<number> {
    let count = 0
    let oldest = ''
    for await (const rows of this.init.database.rows({ ...childrenOf(job), reverse: true, limit: MAX_CHILDREN_OF_OPEN_JOB + 1 })) {
      count += rows.length
      oldest = rows.at(-1)?.key ?? oldest
    }
    return count <= MAX_CHILDREN_OF_OPEN_JOB ? 0 : await this.dropRange({ gte: childrenOf(job).gte, lt: `${oldest}!` }, true)
  }

  private async written (): Promise<void> {
    await this.init.database.patiently(false)
  }

  private async compact (): Promise<void> {
    if (this.deletedBytes < COMPACT_AFTER_BYTES) return
    this.deletedBytes = 0
    for (const kind of COMPACTED) await this.init.database.compact(allOf(kind))
  }
}

export function reusableKey (key: string): string {
  return `r!${key}`
}

export function reuseOf (id: string): string {
  return `u!${id}`
}
