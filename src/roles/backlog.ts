/** A submitter's tasks that wait for a worker, by program, so that one look decides for all tasks of a program. */
import Denque from 'denque'
import { LRUCache } from 'lru-cache'
import type { Program } from '../task/program.ts'
import type { Value } from '../task/values.ts'
import { createPace, type Pace } from './pace.ts'

/** What the submitter holds of a task that is not finished. */
export interface OpenTask {
  readonly id: string
  readonly batch: Batch
  readonly values: Array<Value | undefined>
  /** Who was ever granted a lease, by fence: only they may deliver a result. */
  readonly granted: Map<number, string>
  /** Rejects when the outputs are not what the definition declares. */
  readonly checkOutputs?: (outputs: Record<string, Value>) => Promise<void>
  /** True while it stands in its batch's queue. */
  waiting: boolean
  createdAtMs: number
}

/** The open tasks of one program. */
export interface Batch {
  readonly digest: string
  readonly program: Program
  readonly queue: Denque<OpenTask>
  readonly pace: Pace
  /** Open tasks, waiting or leased. */
  open: number
}

export interface Backlog {
  batch (digest: string, program: Program): Batch
  /** Batches with waiting tasks, the longest wait first. */
  waiting (): Batch[]
  /** At the end of the queue; a task that comes back goes to the front. */
  push (task: OpenTask, options?: { front?: boolean }): void
  /** The next waiting task; skips cancelled ones. */
  shift (batch: Batch): OpenTask | undefined
  /** The task is finished. */
  drop (task: OpenTask): void
}

/** Programs without open tasks whose pace is remembered. */
const MAX_IDLE_BATCHES = 256

export function createBacklog (): Backlog {
  const batches = new Map<string, Batch>()
  const idle = new LRUCache<string, Batch>({ max: MAX_IDLE_BATCHES })
  const head = (batch: Batch): OpenTask | undefined => {
    while (batch.queue.peekFront()?.waiting === false) batch.queue.shift()
    return batch.queue.peekFront()
  }
  return {
    batch (digest, program) {
      const known = batches.get(digest) ?? idle.get(digest)
      const batch = known ?? { digest, program, queue: new Denque(), pace: createPace(), open: 0 }
      idle.delete(digest)
      batches.set(digest, batch)
      return batch
    },
    waiting: () => [...batches.values()]
      .map((batch) => ({ batch, since: head(batch)?.createdAtMs }))
      .filter((entry): entry is { batch: Batch, since: number } => entry.since !== undefined)
      .sort((a, b) => a.since - b.since)
      .map(({ batch }) => batch),
    push (task, { front = false } = {}) {
      if (!front) task.batch.open++
      task.waiting = true
      if (front) task.batch.queue.unshift(task)
      else task.batch.queue.push(task)
    },
    shift (batch) {
      const task = head(batch)
      if (task === undefined) return undefined
      batch.queue.shift()
      task.waiting = false
      return task
    },
    drop (task) {
      task.waiting = false
      if (--task.batch.open > 0) return
      batches.delete(task.batch.digest)
      task.batch.queue.clear()
      idle.set(task.batch.digest, task.batch)
    },
  }
}
