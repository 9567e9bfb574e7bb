/** The journal in LevelDB: see roles/journal.ts for what it promises, keys.ts for where things lie. */
import { CorebrumError } from '../../errors.ts'
import { Database, type DatabaseInit, type JournalLog } from '../../journal/database.ts'
import { DEFAULT_KEEP_BYTES, DEFAULT_KEEP_SECONDS, DEFAULT_KEEP_TASKS } from '../../limits.ts'
import type { KeptBlob } from '../../modules/blobs.ts'
import type { HistoryEvent } from '../../task/history.ts'
import { reduceTask, type TaskRecord } from '../../task/state.ts'
import { splitTaskId } from '../../task/task-id.ts'
import type { LeaseRef } from '../../wire/messages.ts'
import type { ListOptions, OwedResult, RecoveredTask, TaskJournal } from '../journal.ts'
import { EndlessJobs } from './endless.ts'
import { OutputFiles, type OutputsFile } from './files.ts'
import { FinishedRows } from './finished.ts'
import { JobRows } from './jobs.ts'
import { TALLY_KEY } from './keys.ts'
import { idsWith, listChildren, listFinished } from './lookup.ts'
import { OpenRows, type Unrecoverable } from './open.ts'
import { OwedRows } from './owed.ts'
import { Retention, reusableKey, reuseOf, type Keep } from './retention.ts'
import { isRecordOfJournal, missingRecords, restoreCounts } from './rows.ts'
import { SharedParts } from './shared.ts'
import { Sweeper } from './sweeper.ts'
import { AgeClock, Tally } from './tally.ts'
import type { NewTask } from '../submitter/open-task.ts'

export interface TaskJournalInit {
  /** Folder of the database; made when it is missing. */
  dir: string
  /** Folder of large outputs. */
  outputsDir: string
  log?: JournalLog
  /** This node, for tasks that it must end itself. */
  peerId?: string
  /** Keeps modules and files of open tasks in their store; may be called before that is started. */
  hold?: (cid: string) => () => void
  /** Takes over large values that were kept before a restart; see Blobs.adopt. */
  adopt: (cid: string) => Promise<KeptBlob>
  keep?: Partial<Keep>
  /** A finished task is kept no longer: what is elsewhere of it may go. */
  onDropped?: (record: TaskRecord) => void
  /** Whether an open job runs for ever, so that nobody needs its oldest tasks. Default: none does. */
  isEndless?: (job: string) => boolean
  /** How often the oldest tasks are looked at; default RETENTION_SWEEP_MS. */
  sweepMs?: number
  /** As Sweeper's. */
  earlyMs?: number
  clock?: AgeClock
  /** For tests. */
  database?: Partial<Pick<DatabaseInit, 'lazyMs' | 'maxPendingBytes' | 'reopenMs' | 'write' | 'schema'>>
}

export interface DurableJournal extends TaskJournal {
  /** Opens it, and saves what can be read of a damaged one. Rejects with ERR_JOURNAL. Call before the module store is started. */
  start (): Promise<void>
  /** Writes what is left. Rejects with ERR_JOURNAL when it cannot. */
  stop (): Promise<void>
  /** Deletes what is kept no longer, as happens by itself from time to time; how many tasks. */
  sweep (): Promise<number>
  /** Finished tasks, and bytes of what is kept of them. */
  readonly usage: { tasks: number, bytes: number }
}

export function createTaskJournal (init: TaskJournalInit): DurableJournal {
  return new LevelJournal(init)
}

class LevelJournal implements DurableJournal {
  readonly durable = true
  private readonly init: TaskJournalInit
  private readonly keep: Keep
  readonly database: Database
  private readonly tally: Tally
  private readonly files: OutputFiles
  private readonly shared: SharedParts
  private readonly open: OpenRows
  readonly finished: FinishedRows
  private readonly owedRows: OwedRows
  private readonly retention: Retention
  private readonly jobRows: JobRows
  private seq = 0
  private readonly sweeper: Sweeper
  /** All open tasks are known: what they share and what they left can be told from the rest. */
  private recovered = false
  private tidied = false
  private stopped = false

  constructor (init: TaskJournalInit) {
    const { dir, outputsDir, log, hold = () => () => {}, adopt, keep = {}, onDropped = () => {}, isEndless = () => false, clock = new AgeClock() } = this.init = init
    this.keep = { ms: keep.ms ?? DEFAULT_KEEP_SECONDS * 1_000, tasks: keep.tasks ?? DEFAULT_KEEP_TASKS, bytes: keep.bytes ?? DEFAULT_KEEP_BYTES }
    const tally = this.tally = new Tally(clock)
    const database = this.database = new Database({
      dir,
      ...(log === undefined ? {} : { log }),
      ...init.database,
      beforeWrite: () => { database.put(TALLY_KEY, tally.encode()) },
      check: missingRecords,
      isRecord: isRecordOfJournal,
    })
    const nextSeq = (): number => ++this.seq
    const files = this.files = new OutputFiles(outputsDir)
    const shared = this.shared = new SharedParts({ database, tally, hold })
    this.open = new OpenRows({ database, shared, tally, nextSeq, adopt, ...(log === undefined ? {} : { log }) })
    const endless = new EndlessJobs(database)
    const finished = this.finished = new FinishedRows({ database, tally, endless, files, nextSeq })
    this.owedRows = new OwedRows({ database, tally, nextSeq, adopt })
    this.jobRows = new JobRows({ database, tally })
    this.retention = new Retention({ database, finished, files, tally, keep: this.keep, endless, endlessJobs: () => new Set([...this.jobRows.ids].filter(isEndless)), onDropped })
    this.sweeper = new Sweeper({ sweep: () => this.sweepOnce(), keep: this.keep, usage: () => this.usage, log, everyMs: init.sweepMs, earlyMs: init.earlyMs })
  }

  get usage (): { tasks: number, bytes: number } {
    return { tasks: this.tally.finished, bytes: this.tally.bytes }
  }

  async start (): Promise<void> {
    const salvaged = await this.database.open()
    try {
      this.seq = await restoreCounts(this.database, this.tally, { salvaged, maxAwayMs: this.keep.ms / 2 })
      await this.shared.load()
      await this.jobRows.load()
    } catch (error) {
      await this.database.close()
      throw error
    }
    this.sweeper.start()
  }

  async stop (): Promise<void> {
    if (this.stopped) return
    this.stopped = true
    const swept = this.sweeper.stop()
    await this.finished.settle()
    await this.database.close()
    await swept
  }

  submitted (task: NewTask, record: TaskRecord): Promise<void> {
    return this.open.submitted(task, record)
  }

  changed (record: TaskRecord, event: HistoryEvent): void {
    this.open.changed(record, event)
  }

  ended (record: TaskRecord): Promise<void> {
    const { outputs } = record
    if (OutputFiles.takes(outputs)) return this.files.write(record.id, outputs).then((file) => this.put(record, file))
    return this.put(record, undefined)
  }

  amended (record: TaskRecord): void {
    this.finished.amend(record)
  }

  async * recover (): AsyncGenerator<RecoveredTask> {
    for await (const part of this.open.recover()) {
      for (const found of part) {
        if ('task' in found) yield found
        else this.giveUp(found)
      }
    }
    this.recovered = true
  }

  find (id: string): Promise<TaskRecord | undefined> {
    return splitTaskId(id) === undefined ? Promise.resolve(undefined) : this.finished.find(id)
  }

  idsWith (prefix: string, limit: number): Promise<string[]> {
    return idsWith(this, prefix, limit)
  }

  list (options: ListOptions): Promise<TaskRecord[]> {
    return listFinished(this, options)
  }

  children (job: string, options: { from?: number, limit: number }): Promise<TaskRecord[]> {
    return listChildren(this, job, options)
  }

  async reusable (key: string): Promise<TaskRecord | undefined> {
    const id = await this.database.get(reusableKey(key))
    return id === undefined ? undefined : await this.find(Buffer.from(id).toString('latin1'))
  }

  noteReusable (key: string, id: string): void {
    this.database.put(reusableKey(key), Buffer.from(id))
    this.database.put(reuseOf(id), Buffer.from(key))
  }

  saveJob (id: string, bytes: Uint8Array): Promise<void> {
    return this.jobRows.save(id, bytes)
  }

  dropJob (id: string): void {
    this.jobRows.drop(id)
  }

  jobs (): AsyncGenerator<{ id: string, bytes: Uint8Array }> {
    return this.jobRows.all()
  }

  owe (result: OwedResult, { sync }: { sync: boolean }): Promise<void> {
    return this.owedRows.owe(result, sync)
  }

  settled (submitter: string, ref: LeaseRef): void {
    this.owedRows.settled(submitter, ref)
  }

  owed (): AsyncGenerator<OwedResult> {
    return this.owedRows.owed()
  }

  sweep (): Promise<number> {
    return this.sweeper.sweep()
  }

  private put (record: TaskRecord, file: OutputsFile | undefined): Promise<void> {
    if (this.stopped) return Promise.reject(new CorebrumError('ERR_JOURNAL', `the journal ${this.init.dir} is closed`))
    this.finished.put(record, file)
    this.open.drop(record.id)
    this.sweeper.grown()
    return this.database.patiently(true)
  }

  /** Nobody waits for it: what cannot be written is given up again at the next start. */
  private giveUp ({ record, reason }: Unrecoverable): void {
    const message = `the journal was damaged, and ${reason} is lost: submit the task again`
    this.init.log?.('warn', `task ${record.id} cannot go on: ${message}`)
    this.ended(reduceTask(record, { type: 'failed', failure: { code: 'ERR_JOURNAL', message, by: this.init.peerId ?? '' }, atMs: Date.now() })).catch(() => {})
  }

  private async sweepOnce (): Promise<number> {
    if (this.recovered) {
      this.shared.collect()
      if (!this.tidied) await this.tidyFiles()
    }
    return await this.retention.sweep(() => this.stopped)
  }

  /** Removes files of tasks whose record was never written; that of an open task or job may be on its way. */
  private async tidyFiles (): Promise<void> {
    this.tidied = true
    for await (const id of this.files.all()) {
      if (!this.open.has(id) && !this.jobRows.ids.has(id) && await this.finished.keyOf(id) === undefined) await this.files.remove(id)
    }
  }
}
