/** The open tasks of the journal: put as they are submitted, changed one small row at a time, and given back after a restart. */
import { decode, encode } from '../../cbor.ts'
import { toCorebrumError } from '../../errors.ts'
import type { Database, JournalLog, WholeRow } from '../../journal/database.ts'
import { MAX_TASK_CHANGES } from '../../limits.ts'
import type { KeptBlob } from '../../modules/blobs.ts'
import type { HistoryEvent } from '../../task/history.ts'
import type { TaskRecord } from '../../task/state.ts'
import type { ValueRef } from '../../wire/blobs.ts'
import type { RecoveredTask } from '../journal.ts'
import { allOf, changeKey, changeOf, isChangeKey, openKey, seqOf, TALLY_KEY } from './keys.ts'
import type { SharedParts } from './shared.ts'
import type { Tally } from './tally.ts'
import { changeToCbor, taskFromCbor, taskToCbor, wholeToCbor, withChange, type StoredTask } from './task.ts'
import type { NewTask } from '../submitter/open-task.ts'

interface Entry {
  readonly seq: number
  readonly program: string
  readonly check: string | undefined
  /** Changes from `first` to below `next` are rows of their own. */
  first: number
  next: number
}

export interface OpenRowsInit {
  database: Database
  shared: SharedParts
  tally: Tally
  nextSeq: () => number
  /** Takes over a large input that was kept before the restart. Rejects with ERR_BLOB_NOT_FOUND. */
  adopt: (cid: string) => Promise<KeptBlob>
  log?: JournalLog
}

/** A task that was open and cannot go on: what it needs is gone with damage of the disk. */
export interface Unrecoverable { record: TaskRecord, reason: string }

export class OpenRows {
  private readonly init: OpenRowsInit
  private readonly entries = new Map<string, Entry>()

  constructor (init: OpenRowsInit) {
    this.init = init
  }

  has (id: string): boolean {
    return this.entries.has(id)
  }

  /** Resolves when it is on disk. Rejects with ERR_JOURNAL and ERR_QUEUE_FULL; then it is not there. */
  async submitted (task: NewTask, record: TaskRecord): Promise<void> {
    const { database, shared, tally, nextSeq } = this.init
    const { id, check } = task
    const program = shared.useProgram(task.program)
    const checkDigest = check === undefined ? undefined : shared.useCheck(check)
    const seq = nextSeq()
    const entry: Entry = { seq, program, check: checkDigest, first: 0, next: 0 }
    const key = openKey(seq)
    try {
      database.put(key, encode(taskToCbor(task, record, program, checkDigest)), { fresh: true, strict: true })
    } catch (error) {
      shared.end(program, checkDigest)
      throw error
    }
    tally.add(key)
    this.entries.set(id, entry)
    try {
      await database.strictly(true)
    } catch (error) {
      if (this.entries.get(id) === entry) this.drop(id)
      throw error
    }
  }

  changed (record: TaskRecord, event: HistoryEvent): void {
    const entry = this.entries.get(record.id)
    if (entry === undefined) return
    const { database } = this.init
    const key = changeKey(entry.seq, entry.next++)
    if (entry.next - entry.first < MAX_TASK_CHANGES) {
      database.putLater(key, () => encode(changeToCbor(record, event)))
      // What runs for a while is worth knowing after a restart: its worker may go on with it, and its result is taken.
      if (event.kind === 'started') for (let change = entry.first; change < entry.next; change++) database.hurry(changeKey(entry.seq, change))
      return
    }
    database.put(key, encode(wholeToCbor(record)))
    for (; entry.first < entry.next - 1; entry.first++) database.delete(changeKey(entry.seq, entry.first))
  }

  /** Deletes a task with all its changes; false when it is not there. */
  drop (id: string): boolean {
    const entry = this.entries.get(id)
    if (entry === undefined) return false
    const { database, shared, tally } = this.init
    const { seq, program, check } = entry
    this.entries.delete(id)
    const key = openKey(seq)
    database.delete(key)
    tally.remove(key)
    for (let change = entry.first; change < entry.next; change++) database.delete(changeKey(seq, change))
    shared.end(program, check)
    return true
  }

  /** The tasks that were there at the start, oldest first, in parts: an await for each one would take longer than all the rest. What cannot go on is told apart. */
  async * recover (): AsyncGenerator<Array<RecoveredTask | Unrecoverable>> {
    const { database } = this.init
    let current: StoredRows | undefined
    for await (const rows of database.rows(allOf('o'))) {
      if (current === undefined) await this.countStart()
      const found: Array<RecoveredTask | Unrecoverable> = []
      for (const row of rows) {
        if (!isChangeKey(row.key)) {
          if (current !== undefined) await this.take(current, found)
          current = { task: row, changes: [] }
        } else if (current !== undefined && row.key.startsWith(current.task.key)) current.changes.push(row)
        // Its task is gone, with damage.
        else database.delete(row.key)
      }
      yield found
    }
    const last: Array<RecoveredTask | Unrecoverable> = []
    if (current !== undefined) await this.take(current, last)
    yield last
  }

  /** The number of this start is on disk before a fence is made of it; on a full disk it is one that no other start had. */
  private async countStart (): Promise<void> {
    const { database, tally, log } = this.init
    tally.recoveries++
    database.put(TALLY_KEY, tally.encode())
    await database.strictly(true).catch((error: unknown) => {
      tally.startUncounted()
      log?.('warn', `this node starts although its journal cannot be written; open tasks go on, and what they end with is kept by their workers until it can: ${toCorebrumError(error).message}`)
    })
  }

  /** Reads one task and adds it to `found`; a promise only where something must be waited for. */
  private take (rows: StoredRows, found: Array<RecoveredTask | Unrecoverable>): Promise<void> | undefined {
    const { key, body } = rows.task
    let stored: StoredTask
    try {
      stored = taskFromCbor(decode(body))
    } catch {
      this.init.database.damaged(`the value of ${key}`)
      return undefined
    }
    // The same id twice: only the first may go on.
    if (this.entries.has(stored.record.id)) return undefined
    const record = this.withChanges(stored.record, rows.changes)
    const { shared, tally } = this.init
    const { program: digest, check: checkDigest } = stored
    const numbers = rows.changes.map((change) => changeOf(change.key))
    this.entries.set(record.id, { seq: seqOf(key), program: digest, check: checkDigest, first: numbers[0] ?? 0, next: (numbers.at(-1) ?? -1) + 1 })
    shared.useAgain(digest, checkDigest)
    const program = shared.program(digest)
    const check = checkDigest === undefined ? undefined : shared.check(checkDigest)
    if (program === undefined || (checkDigest !== undefined && check === undefined)) {
      found.push({ record, reason: 'what it was to run' })
      return undefined
    }
    const { values, refs, policy, apart } = stored
    const task: NewTask = {
      id: record.id,
      program,
      values,
      ...(check === undefined ? {} : { check }),
      ...(policy === undefined ? {} : { policy }),
      ...(apart === undefined ? {} : { apart }),
    }
    const granted = grantsOf(record)
    if (refs === undefined) {
      found.push({ task, record, granted, recoveries: tally.recoveries })
      return undefined
    }
    return this.adopted(refs).then((release) => {
      found.push(release === undefined ? { record, reason: 'one of its inputs' } : { task: { ...task, refs, release }, record, granted, recoveries: tally.recoveries })
    })
  }

  private withChanges (before: TaskRecord, changes: readonly WholeRow[]): TaskRecord {
    let record = before
    for (const { key, body } of changes) {
      try {
        record = withChange(record, decode(body))
      } catch {
        this.init.database.damaged(`the value of ${key}`)
      }
    }
    return record
  }

  /** Lets all of them go; undefined when one is not there any more. */
  private async adopted (refs: readonly ValueRef[]): Promise<(() => void) | undefined> {
    const kept: KeptBlob[] = []
    const release = (): void => { for (const blob of kept) blob.release() }
    try {
      for (const { blob } of refs) kept.push(await this.init.adopt(blob.cid))
      return release
    } catch {
      release()
      return undefined
    }
  }
}

interface StoredRows { task: WholeRow, changes: WholeRow[] }

/** Who was granted a lease, by fence, as far as the history goes back. */
function grantsOf ({ history }: TaskRecord): ReadonlyMap<number, string> {
  const granted = new Map<number, string>()
  for (const { kind, fence, peer } of history) {
    if ((kind === 'leased' || kind === 'resumed') && fence !== undefined && peer !== undefined) granted.set(fence, peer)
  }
  return granted
}
