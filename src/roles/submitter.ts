/**
 * The submitter's side: it owns the tasks that were submitted here. It leases them to workers that hold a work stream,
 * puts a task back when its lease ends, and accepts the first result. Nobody else decides, so there is never a vote.
 */
import type { ErrorCode } from '../errors.ts'
import { LEASE_MS, MAX_ATTEMPTS } from '../limits.ts'
import { programDigest, type Program } from '../task/program.ts'
import { isFinal, type TaskRecord } from '../task/state.ts'
import type { Value } from '../task/values.ts'
import type { LeaseRef, Outcome, WorkerMessage } from '../wire/messages.ts'
import type { Announcer } from './announcer.ts'
import { createBacklog, type OpenTask } from './backlog.ts'
import type { WorkerLink } from './link.ts'
import { decline, newLease, newLinkedWorker, pickWorker, renew, type Lease, type LinkedWorker } from './roster.ts'
import type { TaskTable } from './task-table.ts'
import { failureOf, RETRIED } from './verdict.ts'

const SWEEP_MS = 500

export interface SubmitterComponents {
  /** This node's PeerId. */
  peerId: string
  tasks: TaskTable
  announcer: Announcer
  /** Monotonic milliseconds. Default performance.now. */
  now?: () => number
}

export interface NewTask {
  id: string
  program: Program
  /** One for each of the program's inputs. */
  values: Array<Value | undefined>
  /** Rejects with a CorebrumError when the outputs are not what the definition declares. */
  checkOutputs?: (outputs: Record<string, Value>) => Promise<void>
}

export class Submitter {
  private readonly components: SubmitterComponents
  private readonly now: () => number
  private readonly backlog = createBacklog()
  private readonly open = new Map<string, OpenTask>()
  private readonly workers = new Set<LinkedWorker>()
  private sweeper?: NodeJS.Timeout
  private pumping = false

  constructor (components: SubmitterComponents) {
    this.components = components
    this.now = components.now ?? (() => performance.now())
  }

  stop (): void {
    clearInterval(this.sweeper)
    this.components.announcer.stop()
    for (const worker of this.workers) void worker.link.close()
  }

  /** Queues a task. Throws ERR_QUEUE_FULL. */
  submit ({ id, program, values, checkOutputs }: NewTask): TaskRecord {
    const record = this.components.tasks.add(id, program.name)
    const batch = this.backlog.batch(programDigest(program), program)
    const task: OpenTask = {
      id, batch, values, granted: new Map(), waiting: true, createdAtMs: record.createdAtMs, ...(checkOutputs === undefined ? {} : { checkOutputs }),
    }
    this.open.set(id, task)
    this.backlog.push(task)
    this.pump()
    return record
  }

  /** Ends a task that is not finished; its worker is told. False when there is nothing to cancel. */
  cancel (id: string, message = 'the task was cancelled'): boolean {
    const task = this.open.get(id)
    if (task === undefined) return false
    for (const worker of this.workers) {
      const lease = worker.leases.get(id)
      if (lease !== undefined) worker.link.send({ kind: 'cancel', taskId: id, fence: lease.fence })
    }
    const failure = { code: 'ERR_CANCELLED', message, by: this.components.peerId } as const
    this.components.tasks.apply(id, { type: 'cancelled', failure, atMs: Date.now() })
    this.finish(task)
    return true
  }

  /** Workers with an open stream. */
  linked (): Iterable<LinkedWorker> {
    return this.workers
  }

  /** Takes over a stream that a worker opened. */
  attach (link: WorkerLink): void {
    // One stream for each worker: a second one means that it lost the first.
    for (const before of this.workers) if (before.link.peer === link.peer && before.link.local === link.local) void before.link.close()
    const worker = newLinkedWorker(link)
    this.workers.add(worker)
    link.onMessages = (messages) => { this.receive(worker, messages) }
    link.onClose = () => {
      this.workers.delete(worker)
      for (const lease of [...worker.leases.values()]) {
        // A task that had not begun did nothing to make the worker leave.
        const charged = this.components.tasks.get(lease.task.id)?.state === 'running'
        this.release(worker, lease, { charged, reason: 'the worker left' })
      }
      this.pump()
    }
  }

  private receive (worker: LinkedWorker, messages: WorkerMessage[]): void {
    const acks: LeaseRef[] = []
    for (const message of messages) {
      switch (message.kind) {
        case 'hello': worker.capability = message.capability; break
        case 'claim': worker.window = message.slots; break
        case 'running': this.noteRunning(worker, message.leases); break
        case 'renew': this.renewAll(worker, message.leases); break
        case 'refuse': this.refused(worker, message); break
        case 'result':
          this.result(worker, message.taskId, message.fence, message.outcome)
          acks.push({ taskId: message.taskId, fence: message.fence })
      }
    }
    if (acks.length > 0) worker.link.send({ kind: 'ack', leases: acks })
    this.pump()
  }

  private noteRunning (worker: LinkedWorker, leases: LeaseRef[]): void {
    for (const { taskId, fence } of leases) {
      if (worker.leases.get(taskId)?.fence === fence) this.components.tasks.apply(taskId, { type: 'started', fence, atMs: Date.now() })
    }
  }

  private renewAll (worker: LinkedWorker, leases: LeaseRef[]): void {
    for (const { taskId, fence } of leases) {
      const lease = worker.leases.get(taskId)
      if (lease?.fence === fence) renew(lease, this.now())
      // The worker holds what is no longer its own: cancelled, expired, or done elsewhere.
      else worker.link.send({ kind: 'cancel', taskId, fence })
    }
  }

  private refused (worker: LinkedWorker, { taskId, fence, code, reason }: { taskId: string, fence: number, code: ErrorCode, reason: string }): void {
    const lease = worker.leases.get(taskId)
    if (lease?.fence !== fence) return
    decline(worker, lease.task.batch.digest, this.now())
    this.release(worker, lease, { charged: code !== 'ERR_DECLINED', reason, code })
  }

  private result (worker: LinkedWorker, taskId: string, fence: number, outcome: Outcome): void {
    const task = this.open.get(taskId)
    const lease = worker.leases.get(taskId)
    if (lease?.fence === fence) worker.leases.delete(taskId)
    // Only who was granted this very lease may answer for it; late answers of old leases count while none is in.
    if (task?.granted.get(fence) !== worker.link.peer) return
    task.batch.pace.note(outcome.usage.wallMs)
    if (!outcome.ok && RETRIED.has(outcome.code)) {
      decline(worker, task.batch.digest, this.now())
      if (lease?.fence === fence) this.release(worker, lease, { charged: true, reason: outcome.message, code: outcome.code })
    } else if (outcome.ok && task.checkOutputs !== undefined) {
      task.checkOutputs(outcome.outputs).then(
        () => { this.settle(task, worker.link.peer, outcome) },
        (error: unknown) => { this.settle(task, worker.link.peer, { ...outcome, ...failureOf(error) }) },
      )
    } else this.settle(task, worker.link.peer, outcome)
  }

  /** The first result ends the task. */
  private settle (task: OpenTask, by: string, outcome: Outcome): void {
    if (this.open.get(task.id) !== task) return
    const { usage, logs } = outcome
    const atMs = Date.now()
    this.components.tasks.apply(task.id, outcome.ok
      ? { type: 'completed', worker: by, outputs: outcome.outputs, usage, logs, atMs }
      : { type: 'failed', failure: { code: outcome.code, message: outcome.message, by }, usage, logs, atMs })
    this.finish(task)
  }

  /** Ends a lease without a result: the task waits again, or fails when it was charged too often. */
  private release (worker: LinkedWorker, lease: Lease, { charged, reason, code = 'ERR_STREAM_CLOSED' }: { charged: boolean, reason: string, code?: ErrorCode }): void {
    const { task, fence } = lease
    worker.leases.delete(task.id)
    if (!this.open.has(task.id)) return
    const atMs = Date.now()
    const record = this.components.tasks.apply(task.id, {
      type: 'released', fence, charged, decline: { peer: worker.link.peer, code, reason, atMs },
    })
    if (record === undefined || isFinal(record.state)) return
    if (record.attempts >= MAX_ATTEMPTS) {
      const message = `no result after ${record.attempts} attempts; the last one, on ${worker.link.peer}, ended with ${code}: ${reason}`
      this.components.tasks.apply(task.id, { type: 'failed', failure: { code: 'ERR_ATTEMPTS', message, by: this.components.peerId }, logs: '', atMs })
      this.finish(task)
    } else this.backlog.push(task, { front: true })
  }

  private finish (task: OpenTask): void {
    this.open.delete(task.id)
    this.backlog.drop(task)
    for (const worker of this.workers) worker.leases.delete(task.id)
  }

  /** Leases what waits to who has room, and announces what is left. */
  private pump (): void {
    if (this.pumping) return
    this.pumping = true
    const now = this.now()
    for (const batch of this.backlog.waiting()) {
      while (!batch.queue.isEmpty()) {
        const worker = pickWorker(this.workers, batch, now)
        if (worker === undefined) break
        const task = this.backlog.shift(batch)
        if (task !== undefined) this.lease(worker, task, now)
      }
    }
    this.components.announcer.update(this.backlog.waiting())
    this.watchLeases()
    this.pumping = false
  }

  private lease (worker: LinkedWorker, task: OpenTask, now: number): void {
    const { batch } = task
    if (!worker.programs.has(batch.digest)) {
      worker.programs.add(batch.digest)
      worker.link.send({ kind: 'program', digest: batch.digest, program: batch.program })
    }
    const fence = (this.components.tasks.get(task.id)?.fence ?? 0) + 1
    this.components.tasks.apply(task.id, { type: 'leased', worker: worker.link.peer, fence, atMs: Date.now() })
    task.granted.set(fence, worker.link.peer)
    worker.leases.set(task.id, newLease(task, fence, now))
    worker.link.send({ kind: 'lease', taskId: task.id, fence, digest: batch.digest, leaseMs: LEASE_MS, values: task.values })
  }

  /** Looks for expired leases while there are any. */
  private watchLeases (): void {
    if (this.open.size === 0) {
      clearInterval(this.sweeper)
      this.sweeper = undefined
    } else this.sweeper ??= setInterval(() => { this.sweep() }, SWEEP_MS).unref()
  }

  private sweep (): void {
    const now = this.now()
    for (const worker of this.workers) {
      for (const lease of [...worker.leases.values()]) {
        if (lease.expiresAt > now) continue
        worker.link.send({ kind: 'cancel', taskId: lease.task.id, fence: lease.fence })
        decline(worker, lease.task.batch.digest, now)
        this.release(worker, lease, { charged: true, reason: 'the lease was not renewed', code: 'ERR_PEER_TIMEOUT' })
      }
    }
    this.pump()
  }
}
