/** The leases of one submitter that a worker holds: those that wait for their turn, and those that run. */
import type { LeaseRef } from '../../wire/messages.ts'
import type { HeldLease } from './held-lease.ts'
import { LeaseQueue } from './lease-queue.ts'

/** Leases that were taken away and still stand in the queue, besides as many as are held. */
const MAX_TAKEN_IN_QUEUE = 64

export class HeldLeases {
  /** Memory that their calls take, about. */
  bytes = 0
  private readonly onBytes: (change: number) => void
  private readonly held = new Map<string, HeldLease>()
  private readonly waiting = new LeaseQueue()

  /** `onBytes` is told of each change of `bytes`. */
  constructor (onBytes: (change: number) => void) {
    this.onBytes = onBytes
  }

  get size (): number {
    return this.held.size
  }

  get hasWaiting (): boolean {
    return this.waiting.length > 0
  }

  get (taskId: string): HeldLease | undefined {
    return this.held.get(taskId)
  }

  has (lease: HeldLease): boolean {
    return this.held.get(lease.taskId) === lease
  }

  values (): Iterable<HeldLease> {
    return this.held.values()
  }

  refs (): LeaseRef[] {
    return [...this.held.values()].map(({ taskId, fence }) => ({ taskId, fence }))
  }

  /** Keeps a lease until it is run; one of the same task ends. */
  add (lease: HeldLease): void {
    this.take(lease.taskId)
    this.held.set(lease.taskId, lease)
    this.count(lease.bytes)
    this.waiting.push(lease)
    // Those that were taken away while nothing is run must not pile up.
    if (this.waiting.length > 2 * this.held.size + MAX_TAKEN_IN_QUEUE) this.waiting.keep((other) => this.has(other))
  }

  /** The next lease to run; skips those that were taken away while they waited. */
  next (): HeldLease | undefined {
    while (true) {
      const lease = this.waiting.shift()
      if (lease === undefined || this.has(lease)) return lease
    }
  }

  /**
   * Those that the executor has and has not begun, while one of higher priority has waited here since `before` (monotonic
   * milliseconds): they are to be taken back, the last one first.
   */
  outranked (before: number): HeldLease[] {
    const first = this.waiting.peek()
    if (first === undefined || first.heldAt > before) return []
    return [...this.held.values()].filter(({ underWay, startedAt, recalled, priority }) => underWay && startedAt === undefined && !recalled && priority < first.priority).reverse()
  }

  /** A lease that `next` gave is to wait again, before the others. */
  putBack (lease: HeldLease): void {
    if (this.has(lease)) this.waiting.unshift(lease)
  }

  /** Forgets a lease. */
  drop (taskId: string): void {
    const lease = this.held.get(taskId)
    if (lease === undefined) return
    this.held.delete(taskId)
    this.count(-lease.bytes)
  }

  /** Forgets a lease and ends what is done for it; its call is of no use. */
  take (taskId: string): void {
    const lease = this.held.get(taskId)
    if (lease === undefined) return
    this.drop(taskId)
    lease.taken = true
    // It may stand in the queue for a while, where nothing counts its inputs.
    lease.values = []
    lease.stop?.()
  }

  takeAll (): void {
    for (const taskId of [...this.held.keys()]) this.take(taskId)
  }

  /** Takes what the executor does not have yet and `which` picks. */
  takeUnstarted (which: (lease: HeldLease) => boolean): HeldLease[] {
    const taken = [...this.held.values()].filter((lease) => !lease.underWay && which(lease))
    for (const { taskId } of taken) this.take(taskId)
    return taken
  }

  /** Takes what came before `before` and waits still, though for nothing but its turn. */
  takeWaitingSince (before: number): HeldLease[] {
    const taken = [...this.held.values()].filter(({ startedAt, fetching, heldAt }) => startedAt === undefined && !fetching && heldAt < before)
    for (const { taskId } of taken) this.take(taskId)
    return taken
  }

  /** The stream is gone, and with it what has not begun: the submitter leases it anew. */
  takeNotBegun (): void {
    for (const lease of [...this.held.values()]) if (lease.startedAt === undefined) this.take(lease.taskId)
    this.waiting.clear()
  }

  /** Leases that began before `before` and are not yet reported as running; they count as reported from now on. */
  toReport (before: number): LeaseRef[] {
    const refs: LeaseRef[] = []
    for (const lease of this.held.values()) {
      if (lease.reported || lease.startedAt === undefined || lease.startedAt > before) continue
      lease.reported = true
      refs.push({ taskId: lease.taskId, fence: lease.fence })
    }
    return refs
  }

  private count (change: number): void {
    this.bytes += change
    this.onBytes(change)
  }
}
