/** What workers answer to their leases: whose answer counts, what is to be fetched for it, and whether it ends the task. */
import { toCorebrumError, type ErrorCode } from '../../errors.ts'
import { checkOutputs } from '../../task/outputs.ts'
import type { Outcome } from '../../wire/messages.ts'
import { holdsOrMay, type Apart } from './apart.ts'
import type { Answer } from './endings.ts'
import { hasGrant } from './grants.ts'
import type { OpenTask } from './open-task.ts'
import type { ResultCollector } from './result-collector.ts'
import { endLease, type LinkedWorker } from './roster.ts'
import { failureOf, RETRIED } from './verdict.ts'

export interface ResultsComponents {
  collector: ResultCollector
  apart: Pick<Apart, 'allows'>
  /** A task that has not ended, or whose end is being written. */
  open: (id: string) => OpenTask | undefined
  /** The result ends its task, which is open. */
  settle: (task: OpenTask, outcome: Outcome, answer: Answer) => void
  /** The worker failed, not the task. */
  retry: (task: OpenTask, failure: { code: ErrorCode, message: string }, answer: Answer) => void
  /** The task has ended, or its end is being written. */
  late: (answer: Answer) => void
  /** Something came of a result after `arrived` had returned. */
  onLater: () => void
}

export class Results {
  private readonly components: ResultsComponents
  private stopped = false

  constructor (components: ResultsComponents) {
    this.components = components
  }

  /** Nothing comes of any result any more, nor of those that are being looked at; their workers keep them. */
  stop (): void {
    this.stopped = true
  }

  arrived (worker: LinkedWorker, { taskId, fence, outcome }: { taskId: string, fence: number, outcome: Outcome }): void {
    const task = this.components.open(taskId)
    const lease = worker.leases.get(taskId)
    // Whoever gave a task back may have another of its group by now, and one peer is one voice.
    const isLate = task?.apart !== undefined && lease?.fence !== fence
    const answer: Answer = isLate ? { worker, ref: { taskId, fence }, isLate } : { worker, ref: { taskId, fence } }
    if (lease?.fence === fence) endLease(lease.task)
    if (task === undefined || task.ending !== undefined) this.components.late(answer)
    // Only who was granted this very lease may answer for it; late answers of old leases count while none is in.
    else if (!hasGrant(task, fence, worker.link.peer) || this.isSecondVoice(task, answer)) worker.acks.add(answer.ref)
    else if (outcome.ok && outcome.refs !== undefined) this.collect(task, outcome, answer)
    else this.decide(task, outcome, answer)
  }

  /** Gets the outputs that the result only names; the worker keeps them until it is told that they are here. */
  private collect (task: OpenTask, outcome: Extract<Outcome, { ok: true }>, answer: Answer): void {
    const { link } = answer.worker
    void this.components.collector.collect(link.peer, answer.ref, outcome)
      ?.then((whole) => { this.decide(task, whole, answer) }, (thrown: unknown) => {
        if (this.stopped) return
        const error = toCorebrumError(thrown)
        this.components.retry(task, error, answer)
        if (error.code === 'ERR_PROTOCOL') link.abort(error)
      })
      .then(() => { this.components.onLater() })
  }

  private decide (task: OpenTask, outcome: Outcome, answer: Answer): void {
    if (this.stopped) return
    // A call that failed before it began says nothing of how long calls take.
    if (outcome.usage.wallMs > 0) task.batch.pace.note(Math.min(outcome.usage.wallMs, task.batch.program.timeLimitMs))
    // Who failed has nothing more to say of this lease, such as that it still holds it.
    if (!outcome.ok) task.granted.delete(answer.ref.fence)
    if (!outcome.ok && RETRIED.has(outcome.code)) {
      this.components.retry(task, outcome, answer)
    } else if (outcome.ok && task.check !== undefined) {
      checkOutputs(task.check, outcome.outputs).then(
        () => { this.settle(task, outcome, answer) },
        (error: unknown) => { this.settle(task, { ...outcome, ...failureOf(error) }, answer) },
      )
    } else this.settle(task, outcome, answer)
  }

  /** The first result ends the task, unless something else has while it was looked at. */
  private settle (task: OpenTask, outcome: Outcome, answer: Answer): void {
    if (this.stopped) return
    if (this.components.open(task.id) !== task || task.ending !== undefined) this.components.late(answer)
    else if (this.isSecondVoice(task, answer)) answer.worker.acks.add(answer.ref)
    else this.components.settle(task, outcome, answer)
  }

  private isSecondVoice (task: OpenTask, { isLate, worker }: Answer): boolean {
    return isLate === true && !holdsOrMay(task, worker.link.peer, this.components.apart)
  }
}
