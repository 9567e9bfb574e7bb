/** The tasks that a node knows, wherever they are: open ones and the last finished ones in memory, older ones in the journal. */
import { isFinal, type TaskRecord, type TaskState } from '../../task/state.ts'
import { parentId, splitTaskId } from '../../task/task-id.ts'
import type { ListOptions, TaskJournal } from '../journal.ts'
import { createFinishedHandle, createTaskHandle, type TaskHandle } from './task-handle.ts'
import type { TaskTable } from './task-table.ts'

export interface KnownTasks {
  /** Rejects with ERR_JOURNAL. */
  find (id: string): Promise<TaskHandle | undefined>
  /** Ids that begin so, at most `limit`; those of tasks of a job only for a prefix that is longer than the job's id. */
  idsWith (prefix: string, limit: number): Promise<string[]>
  /** Tasks that stand by themselves, newest first. */
  list (options: ListOptions): Promise<TaskRecord[]>
  /** The tasks of a job by number. */
  children (job: string, options: ChildrenOptions): Promise<TaskRecord[]>
  /** Those of them that have not ended, by number. */
  openParts (job: string): TaskRecord[]
  /** How many are in each state; of finished ones only those in memory. */
  counts (): Partial<Record<TaskState, number>>
}

export interface ChildrenOptions {
  /** First number, default 0. */
  from?: number
  limit: number
}

export interface KnownTasksComponents {
  tasks: TaskTable
  journal: TaskJournal
  cancel: (id: string) => void
}

const UUID_CHARS = 36

export function createKnownTasks ({ tasks, journal, cancel }: KnownTasksComponents): KnownTasks {
  /** What is in memory goes before what is on disk: it is newer, or the same. */
  function merged (inMemory: TaskRecord[], onDisk: TaskRecord[]): TaskRecord[] {
    const ids = new Set(inMemory.map(({ id }) => id))
    return [...inMemory, ...onDisk.filter(({ id }) => !ids.has(id))]
  }

  return {
    async find (id) {
      if (tasks.get(id) !== undefined) return createTaskHandle(tasks, id, cancel)
      const record = await journal.find(id)
      return record === undefined ? undefined : createFinishedHandle(record)
    },
    async idsWith (prefix, limit) {
      const isMeant = (id: string): boolean => id.startsWith(prefix) && (id.length === UUID_CHARS || prefix.length > UUID_CHARS)
      const inMemory = tasks.list().map(({ id }) => id).filter(isMeant)
      return [...new Set([...inMemory, ...await journal.idsWith(prefix, limit)])].slice(0, limit)
    },
    async list (options) {
      const { state, limit } = options
      const inMemory = tasks.list().filter((record) => parentId(record.id) === undefined && (state === undefined || record.state === state))
      const onDisk = state === undefined || isFinal(state) ? await journal.list(options) : []
      return merged(inMemory, onDisk).sort((a, b) => b.createdAtMs - a.createdAtMs).slice(0, limit)
    },
    async children (job, { from = 0, limit }) {
      const inMemory = tasks.list().filter(({ id }) => parentId(id) === job && numberOf(id) >= from)
      const onDisk = await journal.children(job, { from, limit })
      return merged(inMemory, onDisk).sort(byNumber).slice(0, limit)
    },
    openParts: (job) => tasks.list().filter(({ id, state }) => !isFinal(state) && parentId(id) === job).sort(byNumber),
    counts () {
      const counts: Partial<Record<TaskState, number>> = {}
      for (const { state } of tasks.list()) counts[state] = (counts[state] ?? 0) + 1
      return counts
    },
  }
}

const byNumber = (a: TaskRecord, b: TaskRecord): number => numberOf(a.id) - numberOf(b.id)

/** The last number of an id; -1 where it has none. */
function numberOf (id: string): number {
  return splitTaskId(id)?.numbers.at(-1) ?? -1
}
