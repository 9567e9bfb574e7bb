/** A submitter's tasks that wait for a worker, by program, so that one look decides for all tasks of a program. */
import Denque from 'denque'
import { LRUCache } from 'lru-cache'
import type { Program } from '../task/program.ts'
import type { OpenTask } from './open-task.ts'
import { createPace, type Pace } from './pace.ts'

/** The open tasks of one program. */
export interface Batch {
  readonly digest: string
  readonly program: Program
  /** Those that wait, and some that have ended meanwhile. */
  readonly queue: Denque<OpenTask>
  /** How many wait. */
  waiting: number
  readonly pace: Pace
  /** Open tasks, waiting or leased. */
  open: number
  /** Lets the module go, which is held while there are open tasks. */
  release?: () => void
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
/** Ended tasks that a queue may hold on to besides as many as wait. */
const MAX_ENDED_IN_QUEUE = 64

/** `hold` keeps a module, named by CID, from eviction until the function that it returns is called. */
export function createBacklog (hold: (cid: string) => () => void = () => () => {}): Backlog {
  const batches = new Map<string, Batch>()
  const idle = new LRUCache<string, Batch>({ max: MAX_IDLE_BATCHES })
  const head = (batch: Batch): OpenTask | undefined => {
    while (batch.queue.peekFront()?.waiting === false) batch.queue.shift()
    return batch.queue.peekFront()
  }
  return {
    batch (digest, program) {
      const known = batches.get(digest) ?? idle.get(digest)
      const batch = known ?? { digest, program, queue: new Denque(), waiting: 0, pace: createPace(), open: 0 }
      idle.delete(digest)
      batches.set(digest, batch)
      batch.release ??= hold(program.module.cid)
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
      task.batch.waiting++
      if (front) task.batch.queue.unshift(task)
      else task.batch.queue.push(task)
    },
    shift (batch) {
      const task = head(batch)
      if (task === undefined) return undefined
      batch.queue.shift()
      task.waiting = false
      batch.waiting--
      return task
    },
    drop (task) {
      const { batch } = task
      if (task.waiting) batch.waiting--
      task.waiting = false
      if (--batch.open === 0) {
        batches.delete(batch.digest)
        batch.queue.clear()
        batch.release?.()
        delete batch.release
        idle.set(batch.digest, batch)
      } else if (batch.queue.length > 2 * batch.waiting + MAX_ENDED_IN_QUEUE) {
        const left = batch.queue.toArray().filter(({ waiting }) => waiting)
        batch.queue.clear()
        for (const still of left) batch.queue.push(still)
      }
    },
  }
}
