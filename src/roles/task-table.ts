/** Every task that this node submitted and still knows: records, listeners, and what is kept of finished ones. */
import { CorebrumError } from '../errors.ts'
import { MAX_FINISHED_BYTES, MAX_FINISHED_TASKS, MAX_LIVE_LOG_CHARS, MAX_OPEN_TASKS } from '../limits.ts'
import { approximateBytes } from '../task/size.ts'
import { isFinal, newTask, reduceTask, type TaskEvent, type TaskRecord } from '../task/state.ts'

type Listener = (record: TaskRecord) => void

/** A task as it stands; who holds one sees its last state also when the table has forgotten the task. */
export interface TaskEntry { readonly record: TaskRecord }

/** What a part of a log costs besides its characters. */
const LOG_PART_CHARS = 32

interface Entry {
  record: TaskRecord
  /** What its log counts for while it is open. */
  liveLogChars?: number
  listeners?: Set<Listener>
}

export interface TaskTable {
  /** Open tasks. */
  readonly open: number
  /** Throws ERR_QUEUE_FULL beyond MAX_OPEN_TASKS. */
  add (id: string, name: string): TaskRecord
  get (id: string): TaskRecord | undefined
  entry (id: string): TaskEntry | undefined
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
  /** Logs of open tasks that are kept; beyond, what comes is left to the results. */
  maxLiveLogChars?: number
}

export function createTaskTable (init: TaskTableInit = {}): TaskTable {
  const maxOpen = init.maxOpen ?? MAX_OPEN_TASKS
  const maxFinished = init.maxFinished ?? MAX_FINISHED_TASKS
  const maxLiveLogChars = init.maxLiveLogChars ?? MAX_LIVE_LOG_CHARS
  const maxFinishedBytes = init.maxFinishedBytes ?? MAX_FINISHED_BYTES
  const entries = new Map<string, Entry>()
  /** Bytes of each finished task, oldest first. */
  const finished = new Map<string, number>()
  let finishedBytes = 0
  /** Of tasks that have not ended. */
  let liveLogChars = 0

  function retire (record: TaskRecord): void {
    const bytes = bytesOf(record)
    finished.set(record.id, bytes)
    finishedBytes += bytes
    for (const [id, size] of finished) {
      if (finished.size <= maxFinished && finishedBytes <= maxFinishedBytes) break
      finished.delete(id)
      entries.delete(id)
      finishedBytes -= size
    }
  }

  function countLog (entry: Entry, change: number): void {
    liveLogChars += change
    entry.liveLogChars = (entry.liveLogChars ?? 0) + change
  }

  return {
    get open () { return entries.size - finished.size },
    add (id, name) {
      if (entries.size - finished.size >= maxOpen) {
        throw new CorebrumError('ERR_QUEUE_FULL', `this node already holds ${maxOpen} unfinished tasks; wait until some have ended`)
      }
      const record = newTask(id, name, Date.now())
      entries.set(id, { record })
      return record
    },
    get: (id) => entries.get(id)?.record,
    entry: (id) => entries.get(id),
    apply (id, event) {
      const entry = entries.get(id)
      if (entry === undefined) return undefined
      const before = entry.record
      if (event.type === 'logged' && liveLogChars + LOG_PART_CHARS + event.text.length > maxLiveLogChars) return before
      const after = reduceTask(before, event)
      if (after === before) return after
      if (event.type === 'logged') countLog(entry, LOG_PART_CHARS + event.text.length)
      else if (entry.liveLogChars !== undefined && (isFinal(after.state) || after.logs === '')) countLog(entry, -entry.liveLogChars)
      entry.record = after
      if (entry.listeners !== undefined) for (const listener of [...entry.listeners]) listener(after)
      if (isFinal(after.state)) retire(after)
      return after
    },
    list: () => [...entries.values()].map(({ record }) => record).reverse(),
    listen (id, listener) {
      const entry = entries.get(id)
      if (entry === undefined) return () => {}
      const listeners = entry.listeners ??= new Set()
      listeners.add(listener)
      return () => {
        listeners.delete(listener)
        if (listeners.size === 0 && entry.listeners === listeners) delete entry.listeners
      }
    },
  }
}

/** Memory of what a finished task keeps, about. */
function bytesOf ({ outputs, logs, failure, declines }: TaskRecord): number {
  let chars = logs.length + (failure?.message.length ?? 0)
  for (const { reason } of declines) chars += reason.length
  return approximateBytes(outputs ?? null) + chars * 2
}
