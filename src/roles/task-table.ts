/** Every task that this node submitted and still knows: records, listeners, and what is kept of finished ones. */
import { CorebrumError } from '../errors.ts'
import { MAX_FINISHED_BYTES, MAX_FINISHED_TASKS, MAX_OPEN_TASKS } from '../limits.ts'
import { approximateBytes } from '../task/size.ts'
import { isFinal, newTask, reduceTask, type TaskEvent, type TaskRecord } from '../task/state.ts'

type Listener = (record: TaskRecord) => void

export interface TaskTable {
  /** Open tasks. */
  readonly open: number
  /** Throws ERR_QUEUE_FULL beyond MAX_OPEN_TASKS. */
  add (id: string, name: string): TaskRecord
  get (id: string): TaskRecord | undefined
  /** Moves a task on and tells its listeners; the record as it then stands. */
  apply (id: string, event: TaskEvent): TaskRecord | undefined
  /** Newest first. */
  list (): TaskRecord[]
  /** Called with each later change of the task; returns a function that ends it. */
  listen (id: string, listener: Listener): () => void
}

export interface TaskTableInit {
  maxOpen?: number
  /** Finished tasks kept; the oldest go first. */
  maxFinished?: number
  maxFinishedBytes?: number
}

export function createTaskTable (init: TaskTableInit = {}): TaskTable {
  const maxOpen = init.maxOpen ?? MAX_OPEN_TASKS
  const maxFinished = init.maxFinished ?? MAX_FINISHED_TASKS
  const maxFinishedBytes = init.maxFinishedBytes ?? MAX_FINISHED_BYTES
  const records = new Map<string, TaskRecord>()
  const listeners = new Map<string, Set<Listener>>()
  /** Bytes of each finished task, oldest first. */
  const finished = new Map<string, number>()
  let finishedBytes = 0

  function retire (record: TaskRecord): void {
    const bytes = approximateBytes(record.outputs ?? null) + record.logs.length * 2
    finished.set(record.id, bytes)
    finishedBytes += bytes
    for (const [id, size] of finished) {
      if (finished.size <= maxFinished && finishedBytes <= maxFinishedBytes) break
      finished.delete(id)
      records.delete(id)
      listeners.delete(id)
      finishedBytes -= size
    }
  }

  return {
    get open () { return records.size - finished.size },
    add (id, name) {
      if (records.size - finished.size >= maxOpen) {
        throw new CorebrumError('ERR_QUEUE_FULL', `this node already holds ${maxOpen} unfinished tasks; wait until some have ended`)
      }
      const record = newTask(id, name, Date.now())
      records.set(id, record)
      return record
    },
    get: (id) => records.get(id),
    apply (id, event) {
      const before = records.get(id)
      if (before === undefined) return undefined
      const after = reduceTask(before, event)
      if (after === before) return after
      records.set(id, after)
      const interested = listeners.get(id)
      if (interested !== undefined) for (const listener of [...interested]) listener(after)
      if (isFinal(after.state)) retire(after)
      return after
    },
    list: () => [...records.values()].reverse(),
    listen (id, listener) {
      let set = listeners.get(id)
      if (set === undefined) listeners.set(id, set = new Set())
      set.add(listener)
      return () => {
        set.delete(listener)
        if (set.size === 0 && listeners.get(id) === set) listeners.delete(id)
      }
    },
  }
}
