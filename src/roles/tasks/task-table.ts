/**
 * Every task that this node submitted and still has in memory: records, listeners, and what is kept of finished ones. With a
 * journal those are a cache of what it holds.
 */
import { CorebrumError } from '../../errors.ts'
import { MAX_FINISHED_BYTES, MAX_FINISHED_TASKS, MAX_LIVE_LOG_CHARS, MAX_OPEN_TASKS } from '../../limits.ts'
import { isFinal, newTask, reduceTask, type TaskEvent, type TaskRecord } from '../../task/state.ts'
import { FinishedShelf } from './finished-shelf.ts'

type Listener = (record: TaskRecord) => void

/** A task as it stands; who holds one sees its last state also when the table has forgotten the task. */
export interface TaskEntry {
  readonly record: TaskRecord
  /** It is in no journal; see NewTask. */
  readonly volatile: boolean
}

/** What a part of a log costs besides its characters. */
const LOG_PART_CHARS = 32

interface Entry {
  record: TaskRecord
  readonly volatile: boolean
  /** What its log counts for while it is open. */
  liveLogChars: number
  /** Each with what is called when this node stops first. */
  listeners: Map<Listener, (() => void) | undefined> | undefined
}

export interface TaskTable {
  /** Open tasks. */
  readonly open: number
  /** True after `leave`. */
  readonly left: boolean
  /**
   * Throws ERR_QUEUE_FULL beyond MAX_OPEN_TASKS, and ERR_INPUT for an id that is here. `createdAtMs`: default now. A volatile
   * task that has ended stays until it is forgotten, as far as there is room, and takes no room of others.
   */
  add (id: string, name: string, createdAtMs?: number, volatile?: boolean): TaskRecord
  /** Takes over a task as the journal has it; one that was accepted before is never too many. */
  adopt (record: TaskRecord): void
  get (id: string): TaskRecord | undefined
  entry (id: string): TaskEntry | undefined
  /** Moves a task on and tells its listeners; the record as it then stands. */
  apply (id: string, event: TaskEvent): TaskRecord | undefined
  /** Newest first. */
  list (): TaskRecord[]
  /** Called with each later change of the task, and `onLeave` when there will be none here; returns a function that ends it. */
  listen (id: string, listener: Listener, onLeave?: () => void): () => void
  /** The task is known no more: it was never accepted, or nobody asks for it again. */
  forget (id: string): void
  /** This node stops, and open tasks do not end here: tells who listens. */
  leave (): void
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
  const { maxOpen = MAX_OPEN_TASKS, maxFinished = MAX_FINISHED_TASKS, maxFinishedBytes = MAX_FINISHED_BYTES, maxLiveLogChars = MAX_LIVE_LOG_CHARS } = init
  const entries = new Map<string, Entry>()
  const onDrop = (id: string): void => { entries.delete(id) }
  const finished = new FinishedShelf(maxFinished, maxFinishedBytes, onDrop)
  const finishedVolatile = new FinishedShelf(maxFinished, maxFinishedBytes, onDrop)
  const shelfOf = ({ volatile }: Entry): FinishedShelf => volatile ? finishedVolatile : finished
  let open = 0
  let left = false
  /** Of tasks that have not ended. */
  let liveLogChars = 0

  function countLog (entry: Entry, change: number): void {
    liveLogChars += change
    entry.liveLogChars += change
  }

  function put (record: TaskRecord, volatile: boolean): void {
    const entry: Entry = { record, volatile, liveLogChars: 0, listeners: undefined }
    entries.set(record.id, entry)
    if (isFinal(record.state)) shelfOf(entry).add(record)
    else open++
  }

  return {
    get open () { return open },
    get left () { return left },
    add (id, name, createdAtMs = Date.now(), volatile = false) {
      if (open >= maxOpen) {
        throw new CorebrumError('ERR_QUEUE_FULL', `this node already holds ${maxOpen} unfinished tasks; wait until some have ended`)
      }
      if (entries.has(id)) throw new CorebrumError('ERR_INPUT', `there is a task ${id} already`)
      const record = newTask(id, name, createdAtMs)
      put(record, volatile)
      return record
    },
    adopt (record) { if (!entries.has(record.id)) put(record, false) },
    get: (id) => entries.get(id)?.record,
    entry: (id) => entries.get(id),
    apply (id, event) {
      const entry = entries.get(id)
      if (entry === undefined) return undefined
      const before = entry.record
      if (event.type === 'logged' && liveLogChars + LOG_PART_CHARS + event.text.length > maxLiveLogChars) return before
      const after = reduceTask(before, event)
      if (after === before) return after
      const hasEnded = isFinal(after.state) && !isFinal(before.state)
      if (event.type === 'logged') countLog(entry, LOG_PART_CHARS + event.text.length)
      else if (entry.liveLogChars > 0 && (hasEnded || after.logs === '')) countLog(entry, -entry.liveLogChars)
      entry.record = after
      if (hasEnded) {
        open--
        shelfOf(entry).add(after)
      }
      if (entry.listeners !== undefined) for (const listener of [...entry.listeners.keys()]) listener(after)
      return after
    },
    list: () => [...entries.values()].map(({ record }) => record).reverse(),
    listen (id, listener, onLeave) {
      const entry = entries.get(id)
      if (entry === undefined) return () => {}
      const listeners = entry.listeners ??= new Map<Listener, (() => void) | undefined>()
      listeners.set(listener, onLeave)
      return () => {
        listeners.delete(listener)
        if (listeners.size === 0 && entry.listeners === listeners) entry.listeners = undefined
      }
    },
    forget (id) {
      const entry = entries.get(id)
      if (entry === undefined) return
      entries.delete(id)
      if (isFinal(entry.record.state)) shelfOf(entry).remove(id)
      else {
        open--
        if (entry.liveLogChars > 0) countLog(entry, -entry.liveLogChars)
      }
    },
    leave () {
      left = true
      for (const { listeners } of entries.values()) if (listeners !== undefined) for (const onLeave of [...listeners.values()]) onLeave?.()
    },
  }
}
