/**
 * How tasks end: the end is written to the journal first, then it is seen, then the worker is acknowledged. What cannot be
 * written is tried again for as long as this node runs; until then the worker keeps its result too.
 */
import { toCorebrumError } from '../../errors.ts'
import { JOURNAL_RETRY_MAX_MS, JOURNAL_RETRY_MIN_MS, JOURNAL_STOP_MS, MAX_UNWRITTEN_ENDS } from './limits.ts'
import { reduceTask, type TaskEvent, type TaskRecord } from '../../task/state.ts'
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

/** The end of a task on its way to the journal. */
export interface Ending {
  readonly task: OpenTask
  readonly event: TaskEvent
  /** The task as it was, and as it is written. */
  readonly before: TaskRecord
  readonly record: TaskRecord
  readonly answers: Answer[]
}

export interface EndingsComponents {
  tasks: TaskTable
  journal: Pick<TaskJournal, 'durable' | 'ended' | 'amended'>
  /** A task is over; called before its listeners are told. */
  onEnd: (task: OpenTask) => void
  /** There is room again after `isFull`. */
  onRoom: () => void
  log: (level: 'error' | 'info', message: string) => void
}

export class Endings {
  private readonly components: EndingsComponents
  /** The journal writes many at once: those that it promised together are waited for together. */
  private group: { promise: Promise<void>, endings: Ending[] } | undefined
  private readonly writing = new Set<Promise<void>>()
  /** Failed to be written, and wait to be tried again. */
  private readonly unwritten = new Set<Ending>()
  /** Not written yet, failed or not. */
  private pending = 0
  private retryMs = JOURNAL_RETRY_MIN_MS
  private retry?: NodeJS.Timeout
  private failing = false
  private stopped = false

  constructor (components: EndingsComponents) {
    this.components = components
  }

  /** So many ends wait for the journal that no more should come. */
  get isFull (): boolean {
    return this.pending >= MAX_UNWRITTEN_ENDS
  }

  /** Ends a task by an event that is final. */
  end (task: OpenTask, event: TaskEvent, answer?: Answer): void {
    const { tasks, journal, onEnd } = this.components
    if (!journal.durable || task.volatile) {
      onEnd(task)
      tasks.apply(task.id, event)
      answer?.worker.acks.add(answer.ref)
      return
    }
    const before = tasks.get(task.id)
    if (before === undefined) return
    task.ending = { task, event, before, record: reduceTask(before, event), answers: answer === undefined ? [] : [answer] }
    this.pending++
    this.write(task.ending)
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

  private write (ending: Ending): void {
    const promise = this.components.journal.ended(ending.record)
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

  private written (endings: Ending[]): void {
    const { tasks, journal, onEnd, onRoom } = this.components
    const wasFull = this.isFull
    for (const ending of endings) {
      const { task, event, before, answers } = ending
      this.unwritten.delete(ending)
      this.pending--
      onEnd(task)
      const isAmended = tasks.get(task.id) !== before
      const record = tasks.apply(task.id, event)
      if (isAmended && record !== undefined) journal.amended(record)
      for (const { worker, ref } of answers) worker.acks.add(ref)
    }
    if (this.failing) this.components.log('info', 'results are written again')
    this.failing = false
    this.retryMs = JOURNAL_RETRY_MIN_MS
    if (wasFull) onRoom()
  }

  private failed (endings: Ending[], thrown: unknown): void {
    for (const ending of endings) this.unwritten.add(ending)
    if (this.stopped) return
    if (!this.failing) this.components.log('error', `results cannot be written, their workers keep them: ${toCorebrumError(thrown).message}`)
    this.failing = true
    if (this.retry !== undefined) return
    this.retry = setTimeout(() => {
      this.retry = undefined
      for (const ending of this.unwritten) this.write(ending)
    }, this.retryMs).unref()
    this.retryMs = Math.min(JOURNAL_RETRY_MAX_MS, this.retryMs * 2)
  }
}
