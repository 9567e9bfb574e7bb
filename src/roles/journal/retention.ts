/**
 * Deletes the oldest finished tasks: those over the age, the number or the bytes that are kept, each with the tasks of its job,
 * its files, its receipt and what makes it reusable. Tasks of open jobs are needed and stay, but for those of jobs that run for
 * ever: these keep to a share of their own, so that they push nobody else's results out.
 */
import type { Database } from '../../journal/database.ts'
import { COMPACT_AFTER_BYTES, ENDLESS_JOBS_KEEP, MAX_CHILDREN_OF_OPEN_JOB, MAX_DELETED_AT_ONCE } from '../../limits.ts'
import type { TaskRecord } from '../../task/state.ts'
import { evenShare, type EndlessJobs } from './endless.ts'
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
  endless: EndlessJobs
  /** Open jobs that run for ever. */
  endlessJobs: () => ReadonlySet<string>
  /** A task is kept no longer; the record of a map is off the disk by then. */
  onDropped: (record: TaskRecord) => void
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
    // First, as it makes room for the others.
    let deleted = await this.trimAll(isStopped)
    const oldest = tally.clock.now() - keep.ms
    const isOver = (ageMs: number): boolean => ageMs < oldest || tally.finished > keep.tasks || tally.bytes > keep.bytes
    scan: for await (const rows of database.rows(allOf('f'))) {
      for (const { key, body } of rows) {
        const found = this.init.finished.read(key, body)
        // A damaged row goes too: it would stand here for ever.
        if (found !== undefined && !isOver(found.ageMs)) break scan
        if (isStopped()) break scan
        deleted += await this.dropRow(key, body, found, true)
      }
    }
    await this.written()
    await this.compact()
    return deleted
  }

  private async dropRow (key: string, body: Uint8Array, found: Finished | undefined, withTasks: boolean): Promise<number> {
    if (found !== undefined) return await this.drop(key, body, found, withTasks)
    this.init.finished.dropDamaged(key, body.length)
    return 0
  }

  private async drop (key: string, body: Uint8Array, found: Finished, withTasks: boolean): Promise<number> {
    const { finished } = this.init
    const { record, record: { id, job } } = found
    let deleted = 1
    if (withTasks && job !== undefined) for (const range of descendantsOf(id)) deleted += await this.dropRange(range, false)
    const receipt = await this.belongings(key, id)
    const bytes = body.length + (found.file?.size ?? 0) + receipt
    finished.drop(key, found, bytes)
    this.deletedBytes += bytes
    if (found.file !== undefined || job?.kind === 'map') await this.written()
    // The record went first: files without a record are in nobody's way, a record without its files is.
    if (found.file !== undefined) await this.init.files.remove(id)
    this.init.onDropped(record)
    return deleted
  }

  /** `withTasks`: also those of jobs among them. */
  private async dropRange (range: { gte: string, lt: string }, withTasks: boolean): Promise<number> {
    const { database, finished } = this.init
    let deleted = 0
    for await (const rows of database.rows(range)) {
      for (const { key, body } of rows) {
        deleted += await this.dropRow(key, body, finished.read(key, body), withTasks)
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

  /** The jobs that run for ever: what each may have is even, as far as they need it. */
  private async trimAll (isStopped: () => boolean): Promise<number> {
    const { endless, endlessJobs, keep, tally } = this.init
    const amounts = await endless.of(endlessJobs())
    const values = [...amounts.values()]
    const tasks = Math.min(MAX_CHILDREN_OF_OPEN_JOB, evenShare(values.map((amount) => amount.tasks), keep.tasks * ENDLESS_JOBS_KEEP))
    const bytes = evenShare(values.map((amount) => amount.bytes), keep.bytes * ENDLESS_JOBS_KEEP)
    const oldest = tally.clock.now() - keep.ms
    let deleted = 0
    for (const [job, amount] of amounts) {
      deleted += await this.trim(job, ({ ageMs }) => !isStopped() && (ageMs < oldest || amount.tasks > tasks || amount.bytes > bytes))
    }
    return deleted
  }

  /** The oldest tasks of a job, up to its newest: that one shows how the job fares, and the job goes on from it after a restart. */
  private async trim (job: string, isOver: (found: Finished) => boolean): Promise<number> {
    const { database, finished } = this.init
    const all = childrenOf(job)
    let newest = all.gte
    for await (const rows of database.rows({ ...all, reverse: true, limit: 1 })) newest = rows[0]?.key ?? newest
    let deleted = 0
    for await (const rows of database.rows({ ...all, lt: newest })) {
      for (const { key, body } of rows) {
        const found = finished.read(key, body)
        if (found !== undefined && !isOver(found)) return deleted
        deleted += await this.dropRow(key, body, found, true)
        if (deleted % MAX_DELETED_AT_ONCE === 0) await this.written()
      }
    }
    return deleted
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
