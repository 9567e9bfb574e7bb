/**
 * What survives a kill: tasks, their events, results, what jobs need to go on, and results that are owed to others. This is the
 * port; `journal/level.ts` keeps it in LevelDB, and a node without a journal has `NO_JOURNAL`.
 *
 * Writes are grouped: what is handed over while one write is under way leaves with the next, and a promise resolves when its
 * write is on disk (fsync). What is put and deleted before it was written is not written at all.
 */
import type { HistoryEvent } from '../task/history.ts'
import type { TaskRecord, TaskState } from '../task/state.ts'
import type { LeaseRef, Outcome } from '../wire/messages.ts'
import type { ReceiptBody } from '../task/receipt.ts'
import type { NewTask } from './submitter/open-task.ts'

/** An open task as the journal gives it back after a restart. */
export interface RecoveredTask {
  task: NewTask
  /** As far as it was written: state `pending`, `claimed` or `running`, with its history. */
  record: TaskRecord
  /** Who was granted a lease, by fence. */
  granted: ReadonlyMap<number, string>
  /** Starts that have found open tasks, this one included; that number is on disk, and never the same twice. */
  recoveries: number
}

/** A result that this node, as a worker, owes a submitter. */
export interface OwedResult {
  submitter: string
  taskId: string
  fence: number
  outcome: Outcome
  /** What its receipt will say; it is signed when the result is taken. */
  body?: ReceiptBody
  /** Unix milliseconds. */
  atMs: number
  /** Of one that `owed` gives back: lets go of its large outputs, which are kept until then. */
  release?: () => void
}

export interface ListOptions {
  state?: TaskState
  /** At most so many, newest first. */
  limit: number
}

/** All of a node's own tasks. Methods that return a promise reject with ERR_JOURNAL, and with ERR_QUEUE_FULL when there is no room. */
export interface TaskJournal {
  /** False for a node that keeps nothing. */
  readonly durable: boolean
  /** Puts a task on disk with all that running it takes. */
  submitted (task: NewTask, record: TaskRecord): Promise<void>
  /** A lease or another change of an open task; it is on disk with the next write, and nobody waits for it. */
  changed (record: TaskRecord, event: HistoryEvent): void
  /** A final record, which takes the place of the open task. Resolves when it is on disk. */
  ended (record: TaskRecord): Promise<void>
  /** A finished record has got a receipt, or one more event. */
  amended (record: TaskRecord): void
  /** The open tasks that were there at the start; each is given once, oldest first. */
  recover (): AsyncIterable<RecoveredTask>
  /** A finished task. */
  find (id: string): Promise<TaskRecord | undefined>
  /** Ids of finished tasks that begin so, at most `limit`; tasks of jobs are given only for a prefix that is longer than the id of their job. */
  idsWith (prefix: string, limit: number): Promise<string[]>
  /** Finished tasks that stand by themselves, newest first. */
  list (options: ListOptions): Promise<TaskRecord[]>
  /** Finished tasks of a job by number: from `from` on, at most `limit`. */
  children (job: string, options: { from?: number, limit: number }): Promise<TaskRecord[]>
  /** The newest finished task of a program on these inputs whose result may be reused; see roles/receipts/reuse.ts. */
  reusable (key: string): Promise<TaskRecord | undefined>
  /** Notes that a finished task may be reused under a key; goes with the task. */
  noteReusable (key: string, id: string): void

  /** What a job needs to go on after a restart, in bytes of its own kind; replaces what was there. */
  saveJob (id: string, bytes: Uint8Array): Promise<void>
  /** The job has ended; its final record goes to `ended`. */
  dropJob (id: string): void
  jobs (): AsyncIterable<{ id: string, bytes: Uint8Array }>

  /** Keeps a result until it is acknowledged. Resolves when it is written; with `sync`, when it is on disk also after a power cut. */
  owe (result: OwedResult, options: { sync: boolean }): Promise<void>
  /** It was acknowledged, or given up. */
  settled (submitter: string, ref: LeaseRef): void
  owed (): AsyncIterable<OwedResult>
}
