/**
 * Owns the tasks that were submitted here: takes them, has them leased to workers that hold a work stream, accepts the first
 * result of each, and goes on with them after a restart. Nobody else decides, so there is never a vote.
 */
import { CorebrumError } from '../../errors.ts'
import type { TaskEvent } from '../../task/state.ts'
import type { LeaseRef, WorkerMessage } from '../../wire/messages.ts'
import type { Announcer } from '../offers/announcer.ts'
import { Attempts } from './attempts.ts'
import { Endings, type Answer } from './endings.ts'
import { endHopeless } from './hopeless.ts'
import type { RecoveredTask, TaskJournal } from '../journal.ts'
import { createLateResults } from './late-results.ts'
import { Leasing } from './leasing.ts'
import { noteLog, noteRunning, renewAll } from './lease-progress.ts'
import type { WorkerLink } from '../link.ts'
import { NO_JOURNAL } from '../no-journal.ts'
import { openTask, type NewTask, type OpenTask } from './open-task.ts'
import { Outcomes } from './outcomes.ts'
import type { ReceiptReader } from '../receipts/receipts-reader.ts'
import { recoverTask } from './recover-task.ts'
import type { Reputation } from './reputation.ts'
import type { ResultCollector } from './result-collector.ts'
import { Results } from './results.ts'
import { newLinkedWorker, type LinkedWorker } from './roster.ts'
import { createTaskChanges, type TaskChanges } from './task-changes.ts'
import { createTaskHandle } from '../tasks/task-handle.ts'
import type { TaskTable } from '../tasks/task-table.ts'
import { deadlineOver } from './verdict.ts'

export interface SubmitterComponents {
  /** This node's PeerId. */
  peerId: string
  tasks: TaskTable
  announcer: Announcer
  collector: ResultCollector
  /** How far workers are trusted; default: one of its own. */
  reputation?: Reputation
  /** Default: none, tasks end with this node. */
  journal?: TaskJournal
  /** There is no network: what this node's own worker does not take, nobody will. Default false. */
  alone?: boolean
  /** Takes the receipts of results. Default: nobody does. */
  receipts?: Pick<ReceiptReader, 'expect' | 'receive'>
  /** Keeps a module of open tasks from eviction until the function that it returns is called. */
  holdModule?: (cid: string) => () => void
  log?: (level: 'error' | 'info', message: string) => void
  /** Monotonic milliseconds. Default performance.now. */
  now?: () => number
  /** For back-offs, 0 to 1. Default Math.random. */
  random?: () => number
}

export class Submitter {
  private readonly components: SubmitterComponents
  private readonly journal: TaskJournal
  private readonly now: () => number
  private readonly open = new Map<string, OpenTask>()
  private readonly changes: TaskChanges
  readonly attempts: Attempts
  private readonly leasing: Leasing
  private readonly endings: Endings<OpenTask>
  private readonly outcomes: Outcomes
  private readonly results: Results
  private stopped = false

  constructor (components: SubmitterComponents) {
    const { peerId, tasks, announcer, collector, holdModule, reputation, random, receipts, alone = false, journal = NO_JOURNAL, log = () => {}, now = () => performance.now() } = components
    this.components = components
    this.journal = journal
    this.now = now
    const changes = this.changes = createTaskChanges({ tasks, journal })
    this.endings = new Endings({ peerId, tasks, journal, log, onEnd: (task) => { this.forget(task); task.release?.() }, onRoom: () => { this.leasing.pump() } })
    this.attempts = new Attempts({ reputation, now, random, onReady: (task) => { this.leasing.ready(task) }, onDeadline: (task) => { this.overdue(task) } })
    this.leasing = new Leasing({
      peerId, tasks, changes, announcer, attempts: this.attempts, holdModule, now, giveUp: (task, event) => { this.end(task, event) }, canLease: () => !this.endings.isFull,
    })
    this.outcomes = new Outcomes({
      tasks, changes, now, attempts: this.attempts, leasing: this.leasing, open: (id) => this.open.get(id), end: (task, event, answer) => { this.end(task, event, answer) }, receipts, alone,
    })
    const late = createLateResults({ tasks, journal })
    this.results = new Results({
      collector,
      apart: this.attempts.apart,
      open: (id) => this.open.get(id),
      settle: (task, outcome, answer) => { this.outcomes.settle(task, outcome, answer) },
      retry: (task, failure, answer) => { this.outcomes.retry(task, failure, answer) },
      late: (answer) => { late(answer, this.open.get(answer.ref.taskId)) },
      onLater: () => { this.leasing.pump() },
    })
  }

  /**
   * Closes the streams. Without a journal every open task ends as cancelled; with one they go on when the node starts again,
   * and it resolves when the results that are being written are on disk.
   */
  async stop (): Promise<void> {
    if (this.stopped) return
    this.leasing.stop()
    this.attempts.stop()
    this.results.stop()
    const { tasks } = this.components
    if (!this.journal.durable) for (const id of [...this.open.keys()]) this.cancel(id, 'the node that submitted the task was stopped')
    this.stopped = true
    // Somebody makes them anew after a restart: what comes of these would be of no use.
    for (const task of this.open.values()) if (task.volatile) this.leasing.withdraw(task)
    if (this.journal.durable) await this.endings.stop()
    for (const { link, acks } of this.leasing.workers) { acks.flush(); void link.close() }
    tasks.leave()
  }

  /**
   * Queues a task; resolves when it is in the journal, and is undefined where there is nothing to wait for. Throws
   * ERR_QUEUE_FULL, and ERR_CANCELLED after `stop`; rejects with ERR_JOURNAL, and then nothing of the task is left.
   */
  submit (submitted: NewTask): Promise<void> | undefined {
    if (this.stopped) throw new CorebrumError('ERR_CANCELLED', 'this node was stopped and takes no more tasks')
    const { id, program, policy, volatile = false } = submitted
    const record = this.components.tasks.add(id, program.name, Date.now(), volatile)
    const task = openTask(submitted, this.leasing.batch(program, policy), record.createdAtMs)
    this.open.set(id, task)
    const written = this.journal.durable && !volatile ? this.journal.submitted(submitted, record) : undefined
    this.leasing.add(task)
    this.leasing.pump()
    this.endHopeless()
    return written?.catch(async (error: unknown) => {
      // Its end, which is on the way to the journal, says all that this would have said.
      if (task.ending !== undefined) await createTaskHandle(this.components.tasks, id, () => {}).done()
      else if (this.open.get(id) === task) {
        this.takeOut(task)
        throw error
      }
    })
  }

  /** Goes on with a task of before a restart; its worker, if another node has it, has LEASE_MS to come back. */
  recover (recovered: RecoveredTask): void {
    const task = recoverTask(recovered, this.leasing, this.components)
    const atMs = Date.now()
    this.open.set(task.id, task)
    // Said once for several starts in a row: else each would leave a row for each task, and the next one would read them all.
    if (recovered.record.history.at(-1)?.kind !== 'recovered') this.changes.apply(task, { type: 'noted', event: { atMs, kind: 'recovered', peer: this.components.peerId } })
    if (task.absence === undefined) this.changes.apply(task, { type: 'released', fence: recovered.record.fence, charged: false, atMs })
    this.leasing.pumpSoon()
  }

  /** `peer` has run a task of this group, as is known from before a restart. */
  keepApart (group: string, peer: string): void {
    this.attempts.apart.keepApart(group, peer)
  }

  /** Ends a task that is not finished; its worker is told at once. False when there is nothing to cancel. */
  cancel (id: string, message = 'the task was cancelled'): boolean {
    const task = this.open.get(id)
    if (task === undefined || task.ending !== undefined || this.stopped) return false
    this.end(task, { type: 'cancelled', failure: { code: 'ERR_CANCELLED', message, by: this.components.peerId }, atMs: Date.now() })
    this.leasing.pump()
    return true
  }

  openTask (id: string): OpenTask | undefined {
    return this.open.get(id)
  }

  /** Workers with an open stream. */
  linked (): Iterable<LinkedWorker> {
    return this.leasing.workers
  }

  /** Takes over a stream that a worker opened. */
  attach (link: WorkerLink): void {
    // One stream for each worker: a second one means that it lost the first.
    for (const before of this.leasing.workers) {
      if (before.link.peer !== link.peer || before.link.local !== link.local) continue
      this.detach(before) // At once: closing may take long when the worker is not there any more.
      void before.link.close()
    }
    const worker = newLinkedWorker(link, this.attempts.reputation.follow(link.peer))
    this.leasing.workers.add(worker)
    link.onMessages = (messages) => { this.receive(worker, messages) }
    link.onClose = () => { this.detach(worker) }
  }

  /** Takes what a worker says by another way than its stream; nothing is leased over this link. */
  hear (link: WorkerLink): void {
    const worker = newLinkedWorker(link)
    link.onMessages = (messages) => { this.receive(worker, messages) }
  }

  private detach (worker: LinkedWorker): void {
    if (this.stopped || !this.leasing.left(worker)) return
    this.attempts.reputation.unfollow(worker.link.peer)
    this.components.collector.leave(worker.link.peer)
    this.leasing.pump()
  }

  private receive (worker: LinkedWorker, messages: WorkerMessage[]): void {
    if (this.stopped) return
    const { tasks } = this.components
    for (const message of messages) {
      switch (message.kind) {
        case 'hello': worker.capability = message.capability; this.endHopeless(); break
        case 'claim': worker.window = message.slots; break
        case 'running': noteRunning(this.changes, worker, message.leases); break
        case 'log': noteLog(tasks, worker, message); break
        case 'renew': renewAll(worker, message.leases, this.now(), (ref) => this.resume(worker, ref)); break
        case 'refuse': this.outcomes.refused(worker, message); break
        case 'result': this.results.arrived(worker, message); break
        case 'receipts': this.components.receipts?.receive(worker.link, message)
      }
    }
    this.leasing.pump()
  }

  private overdue (task: OpenTask): void {
    if (this.open.get(task.id) !== task || task.ending !== undefined || this.stopped) return
    this.end(task, deadlineOver(task.policy, this.components.peerId))
    this.leasing.pump()
  }

  private resume (worker: LinkedWorker, ref: LeaseRef): boolean {
    const task = this.open.get(ref.taskId)
    return task !== undefined && this.leasing.resume(worker, task, ref)
  }

  private endHopeless (): void {
    if (this.components.alone === true) endHopeless(this.open.values(), this.leasing.workers, this.now(), (task, event) => { this.end(task, event) })
  }

  /** Ends a task by an event that is final; an answer is acknowledged when the end is kept. */
  private end (task: OpenTask, event: TaskEvent, answer?: Answer): void {
    this.leasing.withdraw(task)
    this.components.collector.drop(task.id)
    this.endings.end(task, event, answer)
  }

  private forget (task: OpenTask): void {
    this.open.delete(task.id)
    this.leasing.close(task)
  }

  /** Takes a task out that could not be written. Whoever submitted it lets go of what it holds. */
  private takeOut (task: OpenTask): void {
    this.leasing.withdraw(task)
    this.components.collector.drop(task.id)
    this.forget(task)
    this.components.tasks.forget(task.id)
    this.leasing.pump()
  }
}
