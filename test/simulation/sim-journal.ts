/**
 * The disk of one host, and the journal that a process keeps on it. Writes are grouped as the port says; a crash takes what was not
 * written, in order: what is on its way to the disk gets there up to a random point.
 */
import { CorebrumError } from '../../src/errors.ts'
import { JOURNAL_LAZY_MS } from '../../src/limits.ts'
import type { OwedResult, RecoveredTask, TaskJournal } from '../../src/roles/journal.ts'
import type { HeldLetter } from '../../src/roles/mailbox/letter-ledger.ts'
import type { NewTask } from '../../src/roles/submitter/open-task.ts'
import { isFinal, type TaskRecord } from '../../src/task/state.ts'
import { parentId, splitTaskId } from '../../src/task/task-id.ts'
import type { LeaseRef } from '../../src/wire/messages.ts'
import type { Process, World } from './world.ts'

interface OpenEntry {
  task: NewTask
  record: TaskRecord
  granted: ReadonlyMap<number, string>
}


/** What is on a disk; values in it are never changed. */
export interface Disk {
  readonly open: Map<string, OpenEntry>
  readonly finished: Map<string, TaskRecord>
  readonly reusable: Map<string, string>
  readonly jobs: Map<string, Uint8Array>
  readonly owed: Map<string, OwedResult>
  /** Large values by CID. */
  readonly blobs: Map<string, Uint8Array>
  /** Letters that are held for others, by key. */
  readonly letters: Map<string, { letter: HeldLetter, sealed: Uint8Array }>
  /** Starts that found open tasks. */
  recoveries: number
}

export function createDisk (): Disk {
  return { open: new Map(), finished: new Map(), reusable: new Map(), jobs: new Map(), owed: new Map(), blobs: new Map(), letters: new Map(), recoveries: 0 }
}

/** Something that the disk will hold: all of it or nothing. */
type Change = (disk: Disk) => void

export interface SimJournalInit {
  /** Longest time of one write, milliseconds. */
  writeMs: number
  /** A defect on purpose: this is promised before it is written. */
  early?: 'submitted' | 'ended'
}

export class SimJournal implements TaskJournal {
  readonly durable = true
  /** Set while the disk takes nothing more. */
  full = false
  private readonly world: World
  private readonly process: Process
  private readonly disk: Disk
  private readonly init: SimJournalInit
  private waiting: Change[] = []
  private inWrite: Change[] = []
  /** Of the changes that wait, together. */
  private group?: { promise: Promise<void>, resolve: () => void }

  constructor (world: World, process: Process, disk: Disk, init: SimJournalInit) {
    this.world = world
    this.process = process
    this.disk = disk
    this.init = init
  }

  /** Writes on their way, or handed over. */
  get unwritten (): number {
    return this.waiting.length + this.inWrite.length
  }

  /** The process was killed, or the power failed. */
  crash (): void {
    const kept = this.world.random.int(0, this.inWrite.length)
    this.world.note(() => `disk      of ${this.process.name}: ${kept} of ${this.inWrite.length} changes in the last write are there, ${this.waiting.length} more are not`)
    for (const change of this.inWrite.slice(0, kept)) change(this.disk)
    this.inWrite = []
    this.waiting = []
  }

  submitted ({ release, ...task }: NewTask, record: TaskRecord): Promise<void> {
    void release
    if (this.full) return Promise.reject(new CorebrumError('ERR_JOURNAL', 'the disk is full'))
    return this.promise('submitted', this.write(({ open }) => { open.set(record.id, { task, record, granted: new Map() }) }))
  }

  changed (record: TaskRecord, { kind, fence, peer }: Parameters<TaskJournal['changed']>[1]): void {
    this.writeLazily(({ open }) => {
      const entry = open.get(record.id)
      if (entry === undefined) return
      const granted = kind === 'leased' && fence !== undefined && peer !== undefined ? new Map(entry.granted).set(fence, peer) : entry.granted
      open.set(record.id, { task: entry.task, record, granted })
    })
  }

  ended (record: TaskRecord): Promise<void> {
    if (!isFinal(record.state)) throw new Error(`an open task was written as ended: ${record.state}`)
    return this.promise('ended', this.write(({ open, finished }) => {
      open.delete(record.id)
      finished.set(record.id, record)
    }))
  }

  amended (record: TaskRecord): void {
    void this.write(({ finished }) => { if (finished.has(record.id)) finished.set(record.id, record) })
  }

  async * recover (): AsyncGenerator<RecoveredTask> {
    if (this.disk.open.size === 0) return
    const { disk } = this
    const recoveries = disk.recoveries + 1
    await this.write(() => { disk.recoveries = recoveries })
    for (const entry of [...disk.open.values()]) yield { ...entry, recoveries }
  }

  async find (id: string): Promise<TaskRecord | undefined> {
    return this.disk.finished.get(id)
  }

  async idsWith (prefix: string, limit: number): Promise<string[]> {
    return [...this.disk.finished.keys()].filter((id) => id.startsWith(prefix)).slice(0, limit)
  }

  async list ({ limit, state }: { limit: number, state?: string }): Promise<TaskRecord[]> {
    return [...this.disk.finished.values()].filter((record) => state === undefined || record.state === state).reverse().slice(0, limit)
  }

  async children (job: string, { from = 0, limit }: { from?: number, limit: number }): Promise<TaskRecord[]> {
    const numberOf = (id: string): number => splitTaskId(id)?.numbers.at(-1) ?? -1
    return [...this.disk.finished.values()].filter(({ id }) => parentId(id) === job && numberOf(id) >= from).sort((a, b) => numberOf(a.id) - numberOf(b.id)).slice(0, limit)
  }

  async reusable (key: string): Promise<TaskRecord | undefined> {
    return this.disk.finished.get(this.disk.reusable.get(key) ?? '')
  }

  noteReusable (key: string, id: string): void {
    void this.write(({ reusable }) => { reusable.set(key, id) })
  }

  saveJob (id: string, bytes: Uint8Array): Promise<void> {
    return this.write(({ jobs }) => { jobs.set(id, bytes) })
  }

  dropJob (id: string): void {
    void this.write(({ jobs }) => { jobs.delete(id) })
  }

  async * jobs (): AsyncGenerator<{ id: string, bytes: Uint8Array }> {
    for (const [id, bytes] of this.disk.jobs) yield { id, bytes }
  }

  owe (result: OwedResult): Promise<void> {
    if (this.full) return Promise.reject(new CorebrumError('ERR_JOURNAL', 'the disk is full'))
    return this.write(({ owed }) => { owed.set(`${result.submitter} ${result.taskId} ${result.fence}`, result) })
  }

  settled (submitter: string, { taskId, fence }: LeaseRef): void {
    void this.write(({ owed }) => { owed.delete(`${submitter} ${taskId} ${fence}`) })
  }

  async * owed (): AsyncGenerator<OwedResult> {
    yield * [...this.disk.owed.values()]
  }

  private write (change: Change): Promise<void> {
    this.waiting.push(change)
    if (this.group === undefined) {
      let resolve = (): void => {}
      const promise = new Promise<void>((written) => { resolve = written })
      this.group = { promise, resolve }
    }
    const { promise } = this.group
    if (this.inWrite.length === 0) this.begin()
    return promise
  }

  private promise (what: 'submitted' | 'ended', written: Promise<void>): Promise<void> {
    return this.init.early === what ? Promise.resolve() : written
  }

  /** It leaves with the next write, or after a while. */
  private writeLazily (change: Change): void {
    this.waiting.push(change)
    if (this.waiting.length > 1 || this.inWrite.length > 0) return
    this.world.after(JOURNAL_LAZY_MS, () => {
      this.world.enter(this.process, () => { if (this.inWrite.length === 0 && this.waiting.length > 0) this.begin() })
    })
  }

  /** Everything that waits leaves with one write. */
  private begin (): void {
    this.inWrite = this.waiting
    this.waiting = []
    const { group } = this
    delete this.group
    const write = (): void => {
      this.world.after(this.world.random.time(1, this.init.writeMs), () => {
        // What it took on before is tried again until there is room.
        if (this.full && this.process.alive) write()
        else this.world.enter(this.process, () => { this.written(group?.resolve) })
      })
    }
    write()
  }

  private written (resolve: (() => void) | undefined): void {
    for (const change of this.inWrite) change(this.disk)
    this.inWrite = []
    resolve?.()
    if (this.waiting.length > 0) this.begin()
  }
}
