/**
 * Owns the tasks that were submitted here: leases them to workers that hold a work stream, puts a task back when its lease
 * ends, and accepts the first result. Nobody else decides, so there is never a vote.
 */
import { CorebrumError, toCorebrumError, type ErrorCode } from '../errors.ts'
import { LEASE_SWEEP_MS, MAX_ATTEMPTS } from '../limits.ts'
import { checkOutputs } from '../task/outputs.ts'
import { programDigest } from '../task/program.ts'
import { isFinal, type TaskRecord } from '../task/state.ts'
import type { Outcome, WorkerMessage } from '../wire/messages.ts'
import type { Announcer } from './announcer.ts'
import { createBacklog, type Backlog } from './backlog.ts'
import { noteLog, noteRunning, renewAll } from './lease-progress.ts'
import type { WorkerLink } from './link.ts'
import { openTask, rememberGrant, type NewTask, type OpenTask } from './open-task.ts'
import type { ResultCollector } from './result-collector.ts'
import { decline, endLease, expired, grant, newLinkedWorker, pickWorker, sendLease, type Lease, type LinkedWorker } from './roster.ts'
import type { TaskTable } from './task-table.ts'
import { declineOf, endOf, failureOf, givenUp, refusalOf, RETRIED } from './verdict.ts'

export interface SubmitterComponents {
  /** This node's PeerId. */
  peerId: string
  tasks: TaskTable
  announcer: Announcer
  collector: ResultCollector
  /** There is no network: what this node's own worker does not take, nobody will. Default false. */
  alone?: boolean
  /** Keeps a module of open tasks from eviction until the function that it returns is called. */
  holdModule?: (cid: string) => () => void
  /** Monotonic milliseconds. Default performance.now. */
  now?: () => number
}

export class Submitter {
  private readonly components: SubmitterComponents
  private readonly now: () => number
  private readonly backlog: Backlog
  private readonly open = new Map<string, OpenTask>()
  private readonly workers = new Set<LinkedWorker>()
  private sweeper?: NodeJS.Timeout
  private pumping = false
  private stopped = false

  constructor (components: SubmitterComponents) {
    this.components = components
    this.backlog = createBacklog(components.holdModule)
    this.now = components.now ?? (() => performance.now())
  }

  /** Ends every open task as cancelled, tells the workers, and closes their streams. */
  stop (): void {
    this.stopped = true
    this.components.announcer.stop()
    for (const id of [...this.open.keys()]) this.cancel(id, 'the node that submitted the task was stopped')
    clearInterval(this.sweeper)
    for (const { link, acks } of this.workers) { acks.flush(); void link.close() }
  }

  /** Queues a task. Throws ERR_QUEUE_FULL, and ERR_CANCELLED after `stop`. */
  submit (submitted: NewTask): TaskRecord {
    if (this.stopped) throw new CorebrumError('ERR_CANCELLED', 'this node was stopped and takes no more tasks')
    const { id, program } = submitted
    const record = this.components.tasks.add(id, program.name)
    const task = openTask(submitted, this.backlog.batch(programDigest(program), program), record.createdAtMs)
    this.open.set(id, task)
    this.backlog.push(task)
    this.pump()
    return record
  }

  /** Ends a task that is not finished; its worker is told. False when there is nothing to cancel. */
  cancel (id: string, message = 'the task was cancelled'): boolean {
    const task = this.open.get(id)
    if (task === undefined) return false
    this.components.tasks.apply(id, { type: 'cancelled', failure: { code: 'ERR_CANCELLED', message, by: this.components.peerId }, atMs: Date.now() })
    this.finish(task)
    this.pump()
    return true
  }

  /** Workers with an open stream. */
  linked (): Iterable<LinkedWorker> {
    return this.workers
  }

  /** Takes over a stream that a worker opened. */
  attach (link: WorkerLink): void {
    // One stream for each worker: a second one means that it lost the first.
    for (const before of this.workers) {
      if (before.link.peer !== link.peer || before.link.local !== link.local) continue
      this.detach(before) // At once: closing may take long when the worker is not there any more.
      void before.link.close()
    }
    const worker = newLinkedWorker(link)
    this.workers.add(worker)
    link.onMessages = (messages) => { this.receive(worker, messages) }
    link.onClose = () => { this.detach(worker) }
  }

  private detach (worker: LinkedWorker): void {
    if (!this.workers.delete(worker)) return
    this.components.collector.leave(worker.link.peer)
    for (const lease of [...worker.leases.values()]) this.release(lease, { reason: 'the worker left' })
    this.pump()
  }

  private receive (worker: LinkedWorker, messages: WorkerMessage[]): void {
    for (const message of messages) {
      switch (message.kind) {
        case 'hello': worker.capability = message.capability; break
        case 'claim': worker.window = message.slots; break
        case 'running': noteRunning(this.components.tasks, worker, message.leases); break
        case 'log': noteLog(this.components.tasks, worker, message); break
        case 'renew': renewAll(worker, message.leases, this.now()); break
        case 'refuse': this.refused(worker, message); break
        case 'result': this.result(worker, message)
      }
    }
    this.pump()
  }

  private refused (worker: LinkedWorker, { taskId, fence, code, reason }: { taskId: string, fence: number, code: ErrorCode, reason: string }): void {
    const lease = worker.leases.get(taskId)
    if (lease?.fence !== fence) return
    decline(worker, lease.task.batch.digest, this.now())
    if (this.components.alone === true) this.settle(lease.task, worker.link.peer, refusalOf(code, reason))
    else this.release(lease, { charged: code !== 'ERR_DECLINED', reason, code })
  }

  private result (worker: LinkedWorker, { taskId, fence, outcome }: { taskId: string, fence: number, outcome: Outcome }): void {
    const task = this.open.get(taskId)
    const lease = worker.leases.get(taskId)
    if (lease?.fence === fence) endLease(lease.task)
    // Only who was granted this very lease may answer for it; late answers of old leases count while none is in.
    const isWanted = task?.granted.get(fence) === worker.link.peer
    if (isWanted && outcome.ok && outcome.refs !== undefined) return this.collect(worker, task, fence, outcome)
    if (isWanted) this.answer(worker, task, fence, outcome)
    worker.acks.add({ taskId, fence })
  }

  /** Gets the outputs that the result only names; the worker keeps them until it is told that they are here. */
  private collect (worker: LinkedWorker, task: OpenTask, fence: number, outcome: Extract<Outcome, { ok: true }>): void {
    const ref = { taskId: task.id, fence }
    void this.components.collector.collect(worker.link.peer, ref, outcome)
      ?.then((whole) => { this.answer(worker, task, fence, whole) }, (thrown: unknown) => {
        const error = toCorebrumError(thrown)
        this.retry(worker, task, fence, error)
        if (error.code === 'ERR_PROTOCOL') worker.link.abort(error)
      })
      .then(() => { worker.acks.add(ref) }).then(() => { this.pump() })
  }

  private answer (worker: LinkedWorker, task: OpenTask, fence: number, outcome: Outcome): void {
    // A call that failed before it began says nothing of how long calls take.
    if (outcome.usage.wallMs > 0) task.batch.pace.note(outcome.usage.wallMs)
    if (!outcome.ok && RETRIED.has(outcome.code)) {
      this.retry(worker, task, fence, outcome)
    } else if (outcome.ok && task.check !== undefined) {
      checkOutputs(task.check, outcome.outputs).then(
        () => { this.settle(task, worker.link.peer, outcome) },
        (error: unknown) => { this.settle(task, worker.link.peer, { ...outcome, ...failureOf(error) }) },
      )
    } else this.settle(task, worker.link.peer, outcome)
  }

  /** A failure of the worker, not of the task: another worker may do better. */
  private retry (worker: LinkedWorker, task: OpenTask, fence: number, { code, message }: { code: ErrorCode, message: string }): void {
    decline(worker, task.batch.digest, this.now())
    if (this.open.get(task.id) !== task || task.waiting || task.lease !== undefined || this.components.tasks.get(task.id)?.fence !== fence) return
    this.release({ task, worker, fence }, { charged: true, reason: message, code })
  }

  /** The first result ends the task. */
  private settle (task: OpenTask, by: string, outcome: Outcome): void {
    if (this.open.get(task.id) !== task) return
    this.components.tasks.apply(task.id, endOf(outcome, by))
    this.finish(task)
  }

  /** Ends a lease without a result: the task waits again, or fails when it was charged too often. */
  private release ({ task, worker, fence }: Pick<Lease, 'task' | 'worker' | 'fence'>, { reason, code = 'ERR_STREAM_CLOSED', ...end }: { charged?: boolean, reason: string, code?: ErrorCode }): void {
    // A task that had not begun did nothing to make its worker leave or fall silent.
    const charged = end.charged ?? this.components.tasks.get(task.id)?.state === 'running'
    const decline = declineOf(worker.link.peer, code, reason)
    endLease(task)
    const record = this.components.tasks.apply(task.id, { type: 'released', fence, charged, decline, atMs: Date.now() })
    if (record === undefined || isFinal(record.state)) return
    if (record.attempts >= MAX_ATTEMPTS) {
      this.components.tasks.apply(task.id, givenUp(record.attempts, decline, this.components.peerId))
      this.finish(task)
    } else this.backlog.push(task, { front: true })
  }

  /** Forgets a task that has ended; whoever still has its lease is told. */
  private finish (task: OpenTask): void {
    this.open.delete(task.id)
    this.backlog.drop(task)
    this.components.collector.drop(task.id)
    task.release?.()
    const lease = endLease(task)
    lease?.worker.link.send({ kind: 'cancel', taskId: task.id, fence: lease.fence })
  }

  /** Leases what waits to who has room, and announces what is left. */
  private pump (): void {
    if (this.pumping || this.stopped) return
    this.pumping = true
    try {
      const now = this.now()
      for (const batch of this.backlog.waiting()) {
        while (batch.waiting > 0) {
          const worker = pickWorker(this.workers, batch, now)
          if (worker === undefined) break
          const task = this.backlog.shift(batch)
          if (task !== undefined) this.lease(worker, task, now)
        }
      }
      this.components.announcer.update(this.backlog.waiting())
      this.watchLeases()
    } finally {
      this.pumping = false
    }
  }

  private lease (worker: LinkedWorker, task: OpenTask, now: number): void {
    const fence = (this.components.tasks.get(task.id)?.fence ?? 0) + 1
    this.components.tasks.apply(task.id, { type: 'leased', worker: worker.link.peer, fence, atMs: Date.now() })
    rememberGrant(task, fence, worker.link.peer)
    grant(worker, task, fence, now)
    sendLease(worker, task, fence)
  }

  /** Looks for expired leases while there are any. */
  private watchLeases (): void {
    if (this.open.size === 0) {
      clearInterval(this.sweeper)
      this.sweeper = undefined
    } else this.sweeper ??= setInterval(() => { this.sweep() }, LEASE_SWEEP_MS).unref()
  }

  private sweep (): void {
    const now = this.now()
    for (const lease of expired(this.workers, now)) {
      lease.worker.link.send({ kind: 'cancel', taskId: lease.task.id, fence: lease.fence })
      decline(lease.worker, lease.task.batch.digest, now)
      this.release(lease, { reason: 'the lease was not renewed', code: 'ERR_PEER_TIMEOUT' })
    }
    this.pump()
  }
}
