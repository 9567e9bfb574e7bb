/** A journal in memory, whose writes end when the test says so. */
import { CorebrumError } from '../../src/errors.ts'
import type { ListOptions, OwedResult, RecoveredTask, TaskJournal } from '../../src/roles/journal.ts'
import type { NewTask } from '../../src/roles/submitter/open-task.ts'
import type { HistoryEvent } from '../../src/task/history.ts'
import type { TaskRecord } from '../../src/task/state.ts'
import type { LeaseRef } from '../../src/wire/messages.ts'

interface Group { promise: Promise<void>, resolve: () => void, reject: (error: Error) => void, apply: Array<() => void> }

function debtKey (submitter: string, { taskId, fence }: LeaseRef): string {
  return `${submitter} ${taskId} ${fence}`
}

export class FakeJournal implements TaskJournal {
  readonly durable = true
  /** False: writes wait for `write` or `fail`. */
  writesAtOnce = true
  readonly tasks = new Map<string, NewTask>()
  /** What is on disk. */
  readonly open = new Map<string, TaskRecord>()
  readonly finished = new Map<string, TaskRecord>()
  readonly changes: Array<[string, HistoryEvent['kind']]> = []
  readonly granted = new Map<string, Map<number, string>>()
  /** Results that are owed and on disk, and the ids of those that were written with an fsync. */
  readonly debts = new Map<string, OwedResult>()
  readonly synced = new Set<string>()
  private readonly owing = new Set<string>()
  lookups = 0
  recoveries = 0
  private group: Group | undefined

  submitted (task: NewTask, record: TaskRecord): Promise<void> {
    return this.add(() => {
      this.tasks.set(task.id, task)
      if (!this.open.has(task.id)) this.open.set(task.id, record)
    })
  }

  changed (record: TaskRecord, event: HistoryEvent): void {
    this.changes.push([record.id, event.kind])
    this.open.set(record.id, record)
    if (event.kind !== 'leased' || event.peer === undefined || event.fence === undefined) return
    this.granted.set(record.id, (this.granted.get(record.id) ?? new Map<number, string>()).set(event.fence, event.peer))
  }

  ended (record: TaskRecord): Promise<void> {
    return this.add(() => {
      this.open.delete(record.id)
      this.finished.set(record.id, record)
    })
  }

  amended (record: TaskRecord): void {
    if (this.finished.has(record.id)) this.finished.set(record.id, record)
  }

  async * recover (): AsyncGenerator<RecoveredTask> {
    if (this.open.size > 0) this.recoveries++
    for (const [id, record] of this.open) {
      const task = this.tasks.get(id)
      if (task !== undefined) yield { task, record, granted: this.granted.get(id) ?? new Map<number, string>(), recoveries: this.recoveries }
    }
  }

  async find (id: string): Promise<TaskRecord | undefined> {
    this.lookups++
    return this.finished.get(id)
  }

  async idsWith (): Promise<string[]> { return [] }
  async list ({ limit }: ListOptions): Promise<TaskRecord[]> { return [...this.finished.values()].reverse().slice(0, limit) }
  async children (): Promise<TaskRecord[]> { return [] }
  async reusable (): Promise<undefined> {}
  noteReusable (): void {}
  async saveJob (): Promise<void> {}
  dropJob (): void {}
  async * jobs (): AsyncGenerator<{ id: string, bytes: Uint8Array }> {}

  owe (result: OwedResult, { sync }: { sync: boolean }): Promise<void> {
    const key = debtKey(result.submitter, result)
    if (sync) this.synced.add(result.taskId)
    this.owing.add(key)
    return this.add(() => { if (this.owing.has(key)) this.debts.set(key, result) })
  }

  settled (submitter: string, ref: LeaseRef): void {
    this.owing.delete(debtKey(submitter, ref))
    this.debts.delete(debtKey(submitter, ref))
  }

  async * owed (): AsyncGenerator<OwedResult> {
    yield * this.debts.values()
  }

  /** Ends the write that is under way. */
  write (): void {
    const { group } = this
    this.group = undefined
    for (const apply of group?.apply ?? []) apply()
    group?.resolve()
  }

  /** The write that is under way fails: nothing of it is on disk. */
  fail (message = 'no space left on device'): void {
    const { group } = this
    this.group = undefined
    group?.reject(new CorebrumError('ERR_JOURNAL', message))
  }

  private add (apply: () => void): Promise<void> {
    if (this.writesAtOnce) {
      apply()
      return Promise.resolve()
    }
    if (this.group === undefined) {
      let resolve = (): void => {}
      let reject: (error: Error) => void = () => {}
      const promise = new Promise<void>((onDone, onFail) => { [resolve, reject] = [onDone, onFail] })
      this.group = { promise, resolve, reject, apply: [] }
    }
    this.group.apply.push(apply)
    return this.group.promise
  }
}
