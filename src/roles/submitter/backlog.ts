/**
 * A submitter's tasks that wait for a worker, by program and placement, so that one look decides for all tasks of a batch. Those
 * with a condition of their own, such as a worker that failed them, stand beside the queue.
 */
import Denque from 'denque'
import { LRUCache } from 'lru-cache'
import { MAX_PARTICULAR_LOOKS } from './limits.ts'
import { placementKey, type Placement } from '../../task/policy.ts'
import type { Program } from '../../task/program.ts'
import type { OpenTask } from './open-task.ts'
import { createPace, type Pace } from '../pace.ts'

/** The open tasks of one program that agree in where and when they may run. */
export interface Batch {
  /** Of program and placement; the digest of the program where nothing was said of the placement. */
  readonly key: string
  readonly digest: string
  readonly program: Program
  readonly placement: Placement
  /** Those that wait, and some that have ended meanwhile. */
  readonly queue: Denque<OpenTask>
  /** As that, of tasks that not every worker may take that may take the batch. */
  readonly particular: Denque<OpenTask>
  /** How many wait. */
  waiting: number
  readonly pace: Pace
  /** Open tasks, waiting or leased. */
  open: number
  /** Lets the module go, which is held while there are open tasks. */
  release?: () => void
}

export interface Backlog {
  batch (digest: string, program: Program, placement?: Placement): Batch
  /** Batches with waiting tasks: higher priority first, then the longest wait. */
  waiting (): Batch[]
  /** At the end of the queue; a task that comes back goes to the front. */
  push (task: OpenTask, options?: { front?: boolean }): void
  /** The next waiting task that any worker of the batch may take; skips cancelled ones. */
  shift (batch: Batch): OpenTask | undefined
  /** The waiting task with conditions of its own that `look` finds a place for; of so many, as many are looked at as is worth it. */
  shiftParticular (batch: Batch, look: (task: OpenTask) => boolean): OpenTask | undefined
  /** An open task that does not wait now; `push` at the front lets it wait. */
  adopt (task: OpenTask): void
  /** The task does not wait any more, and is still open. */
  withdraw (task: OpenTask): void
  /** The task is finished. */
  drop (task: OpenTask): void
}

/** Programs whose pace is remembered, and batches without open tasks. */
const MAX_PACES = 1024
const MAX_IDLE_BATCHES = 256
/** Ended tasks that a queue may hold on to besides as many as wait. */
const MAX_ENDED_IN_QUEUE = 64

/** `hold` keeps a module, named by CID, from eviction until the function that it returns is called. */
export function createBacklog (hold: (cid: string) => () => void = () => () => {}): Backlog {
  const batches = new Map<string, Batch>()
  const idle = new LRUCache<string, Batch>({ max: MAX_IDLE_BATCHES })
  const withdraw = (task: OpenTask): void => {
    if (task.waiting) task.batch.waiting--
    task.waiting = false
  }
  /** Tasks of one program take as long whatever their priority. */
  const paces = new LRUCache<string, Pace>({ max: MAX_PACES })
  const paceOf = (digest: string): Pace => {
    const pace = paces.get(digest) ?? createPace()
    paces.set(digest, pace)
    return pace
  }
  const head = ({ queue, particular }: Batch): OpenTask | undefined => {
    const [first, other] = [firstOf(queue), firstOf(particular)]
    return first !== undefined && other !== undefined && other.createdAtMs < first.createdAtMs ? other : first ?? other
  }
  return {
    batch (digest, program, placement = ANYWHERE) {
      const key = digest + placementKey(placement)
      const known = batches.get(key) ?? idle.get(key)
      const batch = known ?? { key, digest, program, placement: { priority: placement.priority, require: placement.require, on: placement.on }, queue: new Denque(), particular: new Denque(), waiting: 0, pace: paceOf(digest), open: 0 }
      idle.delete(key)
      batches.set(key, batch)
      batch.release ??= hold(program.module.cid)
      return batch
    },
    waiting () {
      const found: Array<{ batch: Batch, since: number }> = []
      for (const batch of batches.values()) {
        if (batch.waiting > 0) found.push({ batch, since: head(batch)?.createdAtMs ?? 0 })
      }
      if (found.length > 1) found.sort((a, b) => b.batch.placement.priority - a.batch.placement.priority || a.since - b.since)
      return found.map(({ batch }) => batch)
    },
    push (task, { front = false } = {}) {
      if (!front) task.batch.open++
      task.waiting = true
      task.batch.waiting++
      const queue = isParticular(task) ? task.batch.particular : task.batch.queue
      if (front) queue.unshift(task)
      else queue.push(task)
    },
    shift (batch) {
      const task = firstOf(batch.queue)
      if (task === undefined) return undefined
      batch.queue.shift()
      task.waiting = false
      batch.waiting--
      return task
    },
    shiftParticular (batch, look) {
      const { particular } = batch
      for (let looks = Math.min(particular.length, MAX_PARTICULAR_LOOKS); looks > 0; looks--) {
        const task = particular.shift()
        if (task?.waiting !== true) continue
        if (look(task)) {
          withdraw(task)
          return task
        }
        // The next look begins behind it.
        particular.push(task)
      }
      return undefined
    },
    adopt (task) { task.batch.open++ },
    withdraw,
    drop (task) {
      const { batch } = task
      withdraw(task)
      if (--batch.open === 0) {
        batches.delete(batch.key)
        batch.queue.clear()
        batch.particular.clear()
        batch.release?.()
        delete batch.release
        idle.set(batch.key, batch)
      } else {
        sweep(batch.queue, batch.waiting)
        sweep(batch.particular, batch.waiting)
      }
    },
  }
}

const ANYWHERE: Placement = { priority: 0 }

/** Not every worker of its batch may take it. */
function isParticular ({ apart, trouble }: OpenTask): boolean {
  return apart !== undefined || (trouble !== undefined && trouble.avoided.length > 0)
}

/** The first that still waits; those before it are dropped. */
function firstOf (queue: Denque<OpenTask>): OpenTask | undefined {
  while (queue.peekFront()?.waiting === false) queue.shift()
  return queue.peekFront()
}

function sweep (queue: Denque<OpenTask>, waiting: number): void {
  if (queue.length <= 2 * waiting + MAX_ENDED_IN_QUEUE) return
  const left = queue.toArray().filter((task) => task.waiting)
  queue.clear()
  for (const still of left) queue.push(still)
}
