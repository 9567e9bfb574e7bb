/** One submitter as a worker serves it: its leases, its programs, and the results that it has not acknowledged. */
import Denque from 'denque'
import { LRUCache } from 'lru-cache'
import type { CorebrumError } from '../errors.ts'
import { MAX_CLAIM_WINDOW, MAX_STREAM_PROGRAMS, ORPHAN_MS } from '../limits.ts'
import type { Program } from '../task/program.ts'
import type { LeaseRef, Outcome } from '../wire/messages.ts'
import type { HeldLease } from './held-lease.ts'
import type { SubmitterLink } from './link.ts'
import { Outbox } from './outbox.ts'
import type { WindowedSubmitter } from './windows.ts'

export interface ServedSubmitterInit {
  /** Nothing is left of it here: no stream, no running lease, no result to deliver. */
  onGone: (submitter: ServedSubmitter) => void
  /** The stream went while results were to be delivered, or a result came up after it went. */
  onStranded: (submitter: ServedSubmitter) => void
  /** Told of each change of the memory that inputs and results take here. */
  onBytes?: (change: number) => void
  /** Default ORPHAN_MS. */
  orphanMs?: number
  /** Monotonic milliseconds. Default performance.now. */
  now?: () => number
}

export class ServedSubmitter implements WindowedSubmitter {
  readonly peer: string
  link?: SubmitterLink
  window = 0
  /** Monotonic milliseconds until which it is known to have tasks that nobody runs. */
  wantsUntil = 0
  heldBytes = 0
  /** Leases for which something is on its way. */
  fetching = 0
  /** When it last had a lease or a result here, monotonic milliseconds. */
  usedAt: number
  private readonly init: ServedSubmitterInit
  private readonly now: () => number
  private readonly held = new Map<string, HeldLease>()
  private readonly waiting = new Denque<HeldLease>()
  private readonly outbox: Outbox
  private programs = new LRUCache<string, Program>({ max: MAX_STREAM_PROGRAMS })
  private orphanTimer?: NodeJS.Timeout

  constructor (peer: string, init: ServedSubmitterInit) {
    this.peer = peer
    this.init = init
    this.now = init.now ?? (() => performance.now())
    this.usedAt = this.now()
    this.outbox = new Outbox(init.onBytes === undefined ? {} : { onBytes: init.onBytes })
  }

  get leases (): number {
    return this.held.size
  }

  holding (): Iterable<HeldLease> {
    return this.held.values()
  }

  get wanting (): boolean {
    return this.wantsUntil > this.now()
  }

  /** Results that wait for an acknowledgement. */
  get undelivered (): number {
    return this.outbox.size
  }

  /** Takes a stream into use; ends the one before it. */
  attach (link: SubmitterLink): void {
    const before = this.link
    this.link = link
    this.window = 0
    this.programs = new LRUCache({ max: MAX_STREAM_PROGRAMS })
    clearTimeout(this.orphanTimer)
    if (before === undefined) return
    this.dropUnstarted()
    void before.close()
  }

  /** Sends the results that are not acknowledged. */
  redeliver (): void {
    if (this.link !== undefined) this.outbox.connect(this.link)
  }

  /** The stream is gone: what waits is dropped, as the submitter leases it anew; what runs may still be of use for a while. */
  detach (link: SubmitterLink): void {
    if (this.link !== link) return
    this.link = undefined
    this.outbox.disconnect()
    this.dropUnstarted()
    this.orphanTimer = setTimeout(() => { this.abortAll() }, this.init.orphanMs ?? ORPHAN_MS).unref()
    if (this.outbox.size > 0) this.init.onStranded(this)
    this.leaveIfDone()
  }

  private dropUnstarted (): void {
    for (const lease of [...this.held.values()]) if (lease.startedAt === undefined) this.cancel(lease)
    this.waiting.clear()
  }

  addProgram (digest: string, program: Program): void {
    this.programs.set(digest, program)
  }

  program (digest: string): Program | undefined {
    return this.programs.get(digest)
  }

  /** Whether a task that is leased here again runs here already, or has its result here: then that answers for the new lease. */
  resume (ref: LeaseRef, digest: string): boolean {
    const lease = this.held.get(ref.taskId)
    if (lease === undefined) return this.outbox.answer(ref)
    if (lease.startedAt === undefined || lease.digest !== digest || lease.fence >= ref.fence) return false
    lease.fence = ref.fence
    lease.reported = false
    lease.log.rewind()
    return true
  }

  /** Keeps a lease until it is run; one of the same task that is not to be resumed ends. */
  hold (lease: HeldLease): void {
    const before = this.held.get(lease.taskId)
    if (before !== undefined) this.cancel(before)
    this.held.set(lease.taskId, lease)
    this.countInputs(lease.bytes)
    this.waiting.push(lease)
    // Those that were taken away while nothing is run must not pile up.
    if (this.waiting.length > 2 * MAX_CLAIM_WINDOW) {
      const left = this.waiting.toArray().filter((other) => this.held.get(other.taskId) === other)
      this.waiting.clear()
      for (const other of left) this.waiting.push(other)
    }
  }

  /** The next lease to run; skips those that were taken away while they waited. Nothing while too many results wait to be taken. */
  next (): HeldLease | undefined {
    while (!this.outbox.isCongested) {
      const lease = this.waiting.shift()
      if (lease === undefined || this.held.get(lease.taskId) === lease) return lease
    }
    return undefined
  }

  get hasWaiting (): boolean {
    return !this.waiting.isEmpty()
  }

  /** A lease that `next` gave is to wait again, before the others. */
  putBack (lease: HeldLease): void {
    if (this.held.get(lease.taskId) === lease) this.waiting.unshift(lease)
  }

  /** `release` lets go of what is kept for the result; it is called when the submitter has it, or does not want it. */
  finish (lease: HeldLease, outcome: Outcome, release?: () => void): void {
    if (this.held.get(lease.taskId) !== lease) {
      release?.()
      return
    }
    this.drop(lease.taskId)
    this.outbox.add({ kind: 'result', taskId: lease.taskId, fence: lease.fence, outcome }, release)
    if (this.link === undefined) this.init.onStranded(this)
  }

  /** Gives a lease back without a result. */
  refuse ({ taskId, fence }: LeaseRef, error: CorebrumError): void {
    if (this.held.get(taskId)?.fence === fence) this.drop(taskId)
    this.link?.send({ kind: 'refuse', taskId, fence, code: error.code, reason: error.message })
    this.leaveIfDone()
  }

  acknowledged (ref: LeaseRef): void {
    this.outbox.acknowledged(ref)
  }

  /** The submitter takes a lease away. */
  cancel (ref: LeaseRef): void {
    const lease = this.held.get(ref.taskId)
    if (lease?.fence !== ref.fence) {
      this.outbox.cancel(ref)
      return
    }
    this.drop(ref.taskId)
    lease.taken = true
    lease.stop?.()
  }

  /** The leases that the executor does not have yet and that `which` picks; they are no longer held, and no longer fetched for. */
  takeUnstarted (which: (lease: HeldLease) => boolean = () => true): HeldLease[] {
    const taken = [...this.held.values()].filter((lease) => !lease.underWay && which(lease))
    for (const lease of taken) this.cancel(lease)
    return taken
  }

  /** What the submitter still waits for. */
  refs (): LeaseRef[] {
    return [...this.held.values()].map(({ taskId, fence }) => ({ taskId, fence })).concat(this.outbox.refs())
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

  /** Results were offered for long enough; they are given up. */
  giveUp (): void {
    this.outbox.clear()
    this.leaveIfDone()
  }

  stop (): void {
    clearTimeout(this.orphanTimer)
    this.abortAll()
  }

  private abortAll (): void {
    for (const lease of [...this.held.values()]) this.cancel(lease)
    this.leaveIfDone()
  }

  private drop (taskId: string): void {
    const lease = this.held.get(taskId)
    if (lease === undefined) return
    this.held.delete(taskId)
    this.countInputs(-lease.bytes)
  }

  private countInputs (change: number): void {
    this.heldBytes += change
    this.usedAt = this.now()
    this.init.onBytes?.(change)
  }

  private leaveIfDone (): void {
    if (this.link !== undefined || this.held.size > 0 || this.outbox.size > 0) return
    clearTimeout(this.orphanTimer)
    this.init.onGone(this)
  }
}
