/**
 * Places the open tasks of a submitter: leases what waits to workers with room, announces what is left, and takes leases back
 * that are not renewed. A task that ran where a stream broke waits a moment for its worker.
 */
import { LEASE_SWEEP_MS, RETURN_MS } from './limits.ts'
import type { HistoryEvent } from '../../task/history.ts'
import type { Placement } from '../../task/policy.ts'
import { programDigest, type Program } from '../../task/program.ts'
import type { TaskEvent } from '../../task/state.ts'
import type { LeaseRef } from '../../wire/messages.ts'
import type { Announcer } from '../offers/announcer.ts'
import { holdsOrMay } from './apart.ts'
import type { Attempts } from './attempts.ts'
import { createBacklog, type Backlog, type Batch } from './backlog.ts'
import { hasGrant, rememberGrant, rememberLapse } from './grants.ts'
import type { OpenTask } from './open-task.ts'
import { placeWaiting, type PlacingComponents } from './placing.ts'
import { retryEvent } from './retry-policy.ts'
import { HELD_TO_THE_END, NOT_RENEWED, Returns, type LeaseEnd } from './returns.ts'
import { decline, endLease, expired, grant, sendLease, type Lease, type LinkedWorker } from './roster.ts'
import type { TaskChanges } from './task-changes.ts'
import type { TaskTable } from '../tasks/task-table.ts'
import { crashedTooOften, declineOf, givenUp } from './verdict.ts'

export interface LeasingComponents {
  /** This node's PeerId. */
  peerId: string
  tasks: TaskTable
  changes: TaskChanges
  announcer: Announcer
  attempts: Attempts
  /** Ends a task that was leased in vain too often. */
  giveUp: (task: OpenTask, event: TaskEvent) => void
  /** False while results could not be kept. */
  canLease: () => boolean
  holdModule?: ((cid: string) => () => void) | undefined
  /** Monotonic milliseconds. */
  now: () => number
}

export class Leasing {
  /** Workers with an open stream. */
  readonly workers = new Set<LinkedWorker>()
  private readonly components: LeasingComponents
  private readonly backlog: Backlog
  private readonly placing: PlacingComponents
  private readonly onPlace = (worker: LinkedWorker, task: OpenTask, now: number): void => { this.lease(worker, task, now) }
  private readonly returns = new Returns()
  private open = 0
  private sweeper?: NodeJS.Timeout
  private soon?: NodeJS.Immediate
  private pumping = false
  private stopped = false

  constructor (components: LeasingComponents) {
    this.components = components
    this.backlog = createBacklog(components.holdModule)
    this.placing = { backlog: this.backlog, workers: this.workers, apart: components.attempts.apart }
  }

  stop (): void {
    this.stopped = true
    this.components.announcer.stop()
    clearInterval(this.sweeper)
    clearImmediate(this.soon)
  }

  batch (program: Program, placement?: Placement): Batch {
    return this.backlog.batch(programDigest(program), program, placement)
  }

  /** A new task, which waits for a worker. */
  add (task: OpenTask): void {
    this.open++
    this.components.attempts.begin(task)
    this.backlog.push(task)
  }

  /** A task of before a restart that nobody had: it waits, or its back-off goes on. */
  addAgain (task: OpenTask, history: readonly HistoryEvent[]): void {
    this.open++
    this.backlog.adopt(task)
    const backoffMs = this.components.attempts.recover(task, history)
    if (backoffMs > 0) this.components.attempts.wait(task, backoffMs)
    else this.backlog.push(task, { front: true })
  }

  /** A new task that `peer` is believed to run; the others get it when that does not come within `forMs`. */
  expect (task: OpenTask, { peer, fence, forMs, history }: { peer: string, fence: number, forMs: number, history: readonly HistoryEvent[] }): void {
    this.open++
    this.backlog.adopt(task)
    this.components.attempts.recover(task, history)
    this.components.attempts.took(task, peer)
    const end = { code: 'ERR_PEER_TIMEOUT', reason: 'the worker did not come back after this node was restarted', charged: false } as const
    this.returns.wait(task, { peer, fence, until: this.components.now() + forMs, end })
  }

  /** The task is to be run no more: whoever has its lease is told. */
  withdraw (task: OpenTask): void {
    const { attempts } = this.components
    this.backlog.withdraw(task)
    attempts.end(task)
    const lease = endLease(task)
    const holder = lease?.worker.link.peer ?? task.absence?.peer
    if (holder !== undefined) attempts.gaveBack(task, holder)
    this.returns.end(task)
    lease?.worker.link.send({ kind: 'cancel', taskId: task.id, fence: lease.fence })
  }

  /** The task, which was withdrawn, is over. */
  close (task: OpenTask): void {
    this.open--
    this.backlog.drop(task)
    this.components.attempts.close(task)
  }

  /** A worker has gone: others get its tasks, those that it ran after a moment. False when it had gone before. */
  left (worker: LinkedWorker): boolean {
    if (!this.workers.delete(worker)) return false
    const { peer } = worker.link
    const end = { code: 'ERR_STREAM_CLOSED', reason: 'the worker left' } as const
    const until = this.components.now() + RETURN_MS
    let isAwaited = false
    for (const { task, fence, endsAt } of [...worker.leases.values()]) {
      if (this.components.tasks.get(task.id)?.state === 'running') {
        this.returns.wait(task, { peer, fence, until, endsAt, end: { ...end, charged: true } })
        isAwaited = true
      } else this.release(task, { peer, fence, ...end })
    }
    if (isAwaited) setTimeout(() => { this.sweep() }, RETURN_MS).unref()
    return true
  }

  /** Leases a task anew to a worker that says it still runs it; false when somebody else has it, or that worker never had it. */
  resume (worker: LinkedWorker, task: OpenTask, { fence }: LeaseRef): boolean {
    const { peer } = worker.link
    if (task.ending !== undefined || task.lease !== undefined || worker.capability === undefined || !holdsOrMay(task, peer, this.components.attempts.apart) || !hasGrant(task, fence, peer)) return false
    const atMs = Date.now()
    const now = this.components.now()
    // However often it falls silent or its stream breaks, it has no more time than one lease gives.
    const endsAt = task.absence?.endsAt ?? task.lapsed?.get(peer)
    if (endsAt !== undefined && endsAt <= now) return false
    if (task.absence !== undefined) {
      this.components.changes.apply(task, { type: 'released', fence: task.absence.fence, charged: false, atMs })
      this.components.attempts.gaveBack(task, task.absence.peer)
    }
    this.returns.end(task)
    this.backlog.withdraw(task)
    this.components.attempts.endWait(task)
    this.components.changes.apply(task, { type: 'noted', event: { atMs, kind: 'resumed', peer, fence } })
    this.lease(worker, task, now, endsAt)
    return true
  }

  /** Ends a lease without a result: the task waits again, or fails when it was charged too often. */
  release (task: OpenTask, { peer, fence, code, reason, isOfTask = false, ...end }: LeaseEnd): void {
    const { tasks, changes, giveUp, peerId, attempts } = this.components
    // A task that had not begun did nothing to make its worker leave or fall silent.
    const charged = end.charged ?? tasks.get(task.id)?.state === 'running'
    const decline = declineOf(peer, code, reason)
    const endsAt = endLease(task)?.endsAt ?? task.absence?.endsAt
    if (endsAt !== undefined) rememberLapse(task, peer, endsAt)
    this.returns.end(task)
    attempts.gaveBack(task, peer)
    const record = changes.apply(task, { type: 'released', fence, charged, decline, atMs: Date.now() })
    if (record === undefined) return
    if (!charged) return this.backlog.push(task, { front: true })
    const next = isOfTask ? attempts.failure(task, code) : attempts.fault(task, peer, code)
    if (!next.again) giveUp(task, next.because === 'attempts' ? givenUp(record.attempts, decline, peerId) : crashedTooOften(decline))
    else if (next.delayMs === 0) this.backlog.push(task, { front: true })
    else this.wait(task, next.delayMs, isOfTask)
  }

  /** The back-off of a task is over. */
  ready (task: OpenTask): void {
    this.backlog.push(task, { front: true })
    this.pump()
  }

  private wait (task: OpenTask, delayMs: number, isOfTask: boolean): void {
    const { trouble, policy: { retries = 0 } } = task
    if (isOfTask && trouble !== undefined) this.components.changes.apply(task, { type: 'noted', event: retryEvent(trouble, { retries, delayMs, atMs: Date.now() }) })
    this.components.attempts.wait(task, delayMs)
  }

  /** Leases what waits to who has room, and announces what is left. */
  pump (): void {
    if (this.pumping || this.stopped) return
    this.pumping = true
    try {
      const now = this.components.now()
      if (this.components.canLease()) placeWaiting(this.placing, now, this.onPlace)
      this.components.announcer.update(this.backlog.waiting())
      this.watch()
    } finally {
      this.pumping = false
    }
  }

  /** As `pump`, once for all that is added now. */
  pumpSoon (): void {
    this.soon ??= setImmediate(() => {
      this.soon = undefined
      this.pump()
    })
  }

  private lease (worker: LinkedWorker, task: OpenTask, now: number, endsAt?: number): void {
    const fence = ++task.fence
    const { peer } = worker.link
    this.components.changes.apply(task, { type: 'leased', worker: peer, fence, atMs: Date.now() })
    rememberGrant(task, fence, peer)
    task.lapsed?.delete(peer)
    this.components.attempts.took(task, peer)
    grant(worker, task, fence, now, endsAt)
    sendLease(worker, task, fence)
  }

  /** Looks for expired leases while there are open tasks. */
  private watch (): void {
    if (this.open === 0) {
      clearInterval(this.sweeper)
      this.sweeper = undefined
    } else this.sweeper ??= setInterval(() => { this.sweep() }, LEASE_SWEEP_MS).unref()
  }

  private sweep (): void {
    if (this.stopped) return
    const now = this.components.now()
    const idlers = new Set<string>()
    for (const lease of expired(this.workers, now)) this.lapse(lease, now, idlers)
    for (const { task, peer, fence, end } of this.returns.overdue(now)) this.release(task, { peer, fence, ...end })
    this.pump()
  }

  /** A lease ran out; each worker that idled is noted once in `idlers`. */
  private lapse ({ worker, task, fence, endsAt }: Lease, now: number, idlers: Set<string>): void {
    const { attempts, canLease } = this.components
    const { link, link: { peer } } = worker
    // While results cannot be kept, they wait with their workers.
    const isOver = endsAt <= now && canLease()
    link.send({ kind: 'cancel', taskId: task.id, fence })
    attempts.ranOut(task, peer, isOver ? idlers : undefined)
    decline(worker, task.batch.key, now)
    this.release(task, { peer, fence, ...(isOver ? HELD_TO_THE_END : NOT_RENEWED) })
  }
}
