/**
 * How tasks end, and jobs: the end is written to the journal first, then it is seen, then the worker is acknowledged. What cannot
 * be written is tried again for as long as this node runs; until then the worker keeps its result too.
 */
import { toCorebrumError } from '../../errors.ts'
import { JOURNAL_RETRY_MAX_MS, JOURNAL_RETRY_MIN_MS, JOURNAL_STOP_MS, MAX_UNWRITTEN_ENDS } from './limits.ts'
import { newTask, reduceTask, type TaskEvent, type TaskRecord } from '../../task/state.ts'
import type { LeaseRef } from '../../wire/messages.ts'
import type { TaskJournal } from '../journal.ts'
import type { OpenTask } from './open-task.ts'
import type { LinkedWorker } from './roster.ts'
import type { TaskTable } from '../tasks/task-table.ts'

/** A result that is to be acknowledged. */
export interface Answer {
  readonly worker: LinkedWorker
  readonly ref: LeaseRef
  /** It is for an old lease, of a task that others of its group must not share a peer with. */
  readonly isLate?: boolean
}

/** What ends so. */
export interface Ends<T> {
  readonly id: string
  /** It is in no journal. */
  readonly volatile: boolean
  ending: Ending<T> | undefined
}

/** The end of a task on its way to the journal. */
export interface Ending<T = OpenTask> {
  readonly task: T
  event: TaskEvent
  /** The task as it was, and as it is written. */
  readonly before: TaskRecord
  record: TaskRecord
  readonly answers: Answer[]
}

export interface EndingsComponents<T> {
  /** This node. */
  peerId: string
  tasks: Pick<TaskTable, 'get' | 'apply'>
  journal: Pick<TaskJournal, 'durable' | 'ended' | 'amended'>
  /** A task is over; called before its listeners are told. */
  onEnd: (task: T) => void
  /** There is room again after `isFull`. */
  onRoom?: () => void
  log: (level: 'error' | 'info', message: string) => void
  /** What is said to be written again. Default: results. */
  what?: string
}

export class Endings<T extends Ends<T>> {
  private readonly components: EndingsComponents<T>
  /** The journal writes many at once: those that it promised together are waited for together. */
  private group: { promise: Promise<void>, endings: Array<Ending<T>> } | undefined
  private readonly writing = new Set<Promise<void>>()
  /** Failed to be written, and wait to be tried again. */
  private readonly unwritten = new Set<Ending<T>>()
  /** Not written yet, failed or not. */
  private pending = 0
  private retryMs = JOURNAL_RETRY_MIN_MS
  private retry?: NodeJS.Timeout
  private failing = false
  private stopped = false

  constructor (components: EndingsComponents<T>) {
    this.components = components
  }

  /** So many ends wait for the journal that no more should come. */
  get isFull (): boolean {
    return this.pending >= MAX_UNWRITTEN_ENDS
  }

  /** Ends a task by an event that is final. */
  end (task: T, event: TaskEvent, answer?: Answer): void {
    const { tasks, journal, onEnd } = this.components
    if (!journal.durable || task.volatile) {
      onEnd(task)
      tasks.apply(task.id, event)
      answer?.worker.acks.add(answer.ref)
      return
    }
    const before = tasks.get(task.id)
    if (before === undefined) return
    const ending: Ending<T> = { task, event, before, record: reduceTask(before, event), answers: answer === undefined ? [] : [answer] }
    task.ending = ending
    this.pending++
    this.write(ending)
  }

  /** Resolves when what is under way is written or has failed, or when that takes too long; nothing is tried again. */
  async stop (): Promise<void> {
    this.stopped = true
    clearTimeout(this.retry)
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>((resolve) => { timer = setTimeout(resolve, JOURNAL_STOP_MS) })
    await Promise.race([Promise.allSettled(this.writing), late])
    clearTimeout(timer)
  }

  private write (ending: Ending<T>): void {
    const promise = this.handOver(ending.record)
    if (promise === this.group?.promise) {
      this.group.endings.push(ending)
      return
    }
    const endings = [ending]
    this.group = { promise, endings }
    const written = promise
      .then(() => { this.written(endings) }, (error: unknown) => { this.failed(endings, error) })
      .finally(() => {
        this.writing.delete(written)
        if (this.group?.promise === promise) this.group = undefined
      })
    this.writing.add(written)
  }

  private written (endings: Array<Ending<T>>): void {
    const { tasks, journal, onEnd, onRoom } = this.components
    const wasFull = this.isFull
    for (const { task, event, before, answers } of endings) {
      this.pending--
      try {
        onEnd(task)
        const isAmended = tasks.get(task.id) !== before
        const record = tasks.apply(task.id, event)
        if (isAmended && record !== undefined) journal.amended(record)
      } catch (error) {
        // Whoever listens to one task must not keep the others from ending.
        this.components.log('error', `task ${task.id}: ${toCorebrumError(error).message}`)
      }
      for (const { worker, ref } of answers) worker.acks.add(ref)
    }
    if (this.failing) this.components.log('info', `${this.what} are written again`)
    this.failing = false
    this.retryMs = JOURNAL_RETRY_MIN_MS
    if (wasFull) onRoom?.()
  }

  private failed (endings: Array<Ending<T>>, thrown: unknown): void {
    for (const ending of endings) this.unwritten.add(ending)
    if (this.stopped) return
    const { code, message } = toCorebrumError(thrown)
    // It is not the disk: what it ends with cannot be written at all, and says so instead.
    if (code !== 'ERR_JOURNAL') for (const ending of endings) this.replace(ending, `its end cannot be kept: ${message}`)
    else if (!this.failing) this.components.log('error', `${this.what} cannot be written, and are tried again: ${message}`)
    this.failing ||= code === 'ERR_JOURNAL'
    if (this.retry !== undefined) return
    this.retry = setTimeout(() => {
      this.retry = undefined
      const again = [...this.unwritten]
      // Should others fail while these are on their way again, these are not written once more: they would end twice.
      this.unwritten.clear()
      for (const ending of again) this.write(ending)
    }, this.retryMs).unref()
    this.retryMs = Math.min(JOURNAL_RETRY_MAX_MS, this.retryMs * 2)
  }

  /** A journal may throw at once. */
  private handOver (record: TaskRecord): Promise<void> {
    try {
      return this.components.journal.ended(record)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** With nothing in it of what the task has been through: that may be what cannot be written. */
  private replace (ending: Ending<T>, message: string): void {
    const { id, name, createdAtMs, fence } = ending.before
    this.components.log('error', `task ${id}: ${message}`)
    if (ending.event.type !== 'cancelled') ending.event = { type: 'failed', failure: { code: 'ERR_INTERNAL', message, by: this.components.peerId }, atMs: Date.now() }
    ending.record = reduceTask({ ...newTask(id, name, createdAtMs), fence }, ending.event)
  }

  private get what (): string {
    return this.components.what ?? 'results'
  }
}
