/** What follows for a task from what its worker says: it ends, or it is tried again. */
import type { ErrorCode } from '../../errors.ts'
import type { TaskEvent } from '../../task/state.ts'
import type { LeaseRef, Outcome } from '../../wire/messages.ts'
import type { Attempts } from './attempts.ts'
import type { Answer } from './endings.ts'
import type { Leasing } from './leasing.ts'
import type { OpenTask } from './open-task.ts'
import { acceptedResult, type ReceiptReader } from '../receipts/receipts-reader.ts'
import { isRetried, retryEvent } from './retry-policy.ts'
import { decline, type LinkedWorker } from './roster.ts'
import type { TaskChanges } from './task-changes.ts'
import type { TaskTable } from '../tasks/task-table.ts'
import { CANNOT_RUN, endOf, refusalOf } from './verdict.ts'

export interface OutcomesComponents {
  tasks: TaskTable
  changes: TaskChanges
  attempts: Attempts
  leasing: Pick<Leasing, 'release'>
  receipts?: Pick<ReceiptReader, 'expect'> | undefined
  open: (id: string) => OpenTask | undefined
  /** Ends a task by an event that is final. */
  end: (task: OpenTask, event: TaskEvent, answer?: Answer) => void
  /** What this node's own worker does not take, nobody will. */
  alone: boolean
  /** Monotonic milliseconds. */
  now: () => number
}

export class Outcomes {
  private readonly components: OutcomesComponents

  constructor (components: OutcomesComponents) {
    this.components = components
  }

  /** A worker gives a lease back. */
  refused (worker: LinkedWorker, { taskId, fence, code, reason }: LeaseRef & { code: ErrorCode, reason: string }): void {
    const { alone, end, leasing, now } = this.components
    const lease = worker.leases.get(taskId)
    if (lease?.fence !== fence) return
    const { task } = lease
    const { peer } = worker.link
    decline(worker, task.batch.key, now())
    // What it gave back it does not hold: else it could have it again, and give it back again, as often as it likes.
    task.granted.delete(fence)
    if (alone) end(task, endOf(refusalOf(code, reason), peer, fence))
    else leasing.release(task, { peer, fence, code, reason, ...(code === 'ERR_DECLINED' ? {} : { charged: true }) })
  }

  /** A failure of the worker, not of the task: another worker may do better. */
  retry (task: OpenTask, failure: { code: ErrorCode, message: string }, answer: Answer): void {
    const { attempts, now } = this.components
    const { worker } = answer
    if (CANNOT_RUN.has(failure.code)) decline(worker, task.batch.key, now())
    attempts.blame(task, worker.link.peer, failure.code)
    this.tryAgain(task, failure, answer)
  }

  /** A result ends its task, unless it failed and may be tried again. */
  settle (task: OpenTask, outcome: Outcome, answer: Answer): void {
    const { attempts, changes, end, receipts } = this.components
    const { peer, holder } = answer.worker.link
    const { fence } = answer.ref
    if (holder !== undefined) changes.apply(task, { type: 'noted', event: { atMs: Date.now(), kind: 'collected', peer: holder, fence } })
    if (!outcome.ok && isRetried(task.trouble, outcome.code, task.policy.retries ?? 0)) return this.tryAgain(task, outcome, answer, true)
    attempts.delivered(task, peer, outcome.ok ? undefined : outcome.code)
    end(task, endOf(outcome, peer, fence), answer)
    // Of a volatile task nothing is kept that a receipt could stand beside.
    if (!task.volatile) receipts?.expect(acceptedResult(task, outcome, answer))
  }

  /** An attempt failed; `isOfTask` when not by its worker. */
  private tryAgain (task: OpenTask, { code, message }: { code: ErrorCode, message: string }, { worker, ref }: Answer, isOfTask = false): void {
    const { open, tasks, leasing } = this.components
    worker.acks.add(ref)
    if (open(task.id) !== task || task.ending !== undefined) return
    // A lease fails its task once, however often its worker says so.
    if (isOfTask) task.granted.delete(ref.fence)
    const isHeldElsewhere = task.waiting || task.lease !== undefined || task.backoff !== undefined
    if (isHeldElsewhere || tasks.get(task.id)?.fence !== ref.fence) {
      if (isOfTask) this.countLate(task, code)
    } else leasing.release(task, { peer: worker.link.peer, fence: ref.fence, code, reason: message, charged: true, isOfTask })
  }

  /** The lease had ended before: the task is on its way to another attempt already, and has one less. */
  private countLate (task: OpenTask, code: ErrorCode): void {
    const { attempts, changes } = this.components
    attempts.failure(task, code)
    const { trouble, policy: { retries = 0 } } = task
    if (trouble !== undefined) changes.apply(task, { type: 'noted', event: retryEvent(trouble, { retries, delayMs: 0, atMs: Date.now() }) })
  }
}
