/** One submitter as a worker serves it: its leases, its programs, and the results that it has not acknowledged. */
import Denque from 'denque'
import { LRUCache } from 'lru-cache'
import type { CorebrumError } from '../errors.ts'
import { MAX_UNACKED_RESULTS, ORPHAN_MS } from '../limits.ts'
import type { Program } from '../task/program.ts'
import type { Value } from '../task/values.ts'
import type { LeaseRef, Outcome, WorkerMessage } from '../wire/messages.ts'
import type { SubmitterLink } from './link.ts'
import type { WindowedSubmitter } from './windows.ts'

/** Programs that a worker remembers of one stream; a submitter that uses more is told to end the stream. */
const MAX_PROGRAMS = 4096

export interface HeldLease {
  readonly taskId: string
  readonly fence: number
  readonly program: Program
  readonly values: Array<Value | undefined>
  readonly bytes: number
  readonly abort: AbortController
  /** Set when the sandbox began, monotonic milliseconds. */
  startedAt?: number
  /** The submitter knows that it runs. */
  reported: boolean
}

export interface ServedSubmitterInit {
  /** Nothing is left of it here: no stream, no running lease, no result to deliver. */
  onGone: (submitter: ServedSubmitter) => void
  /** The stream went while results were to be delivered, or a result came up after it went. */
  onStranded: (submitter: ServedSubmitter) => void
  /** Default ORPHAN_MS. */
  orphanMs?: number
}

export class ServedSubmitter implements WindowedSubmitter {
  readonly peer: string
  link?: SubmitterLink
  window = 0
  /** Monotonic milliseconds until which it is known to have tasks that nobody runs. */
  wantsUntil = 0
  heldBytes = 0
  private readonly init: ServedSubmitterInit
  private readonly held = new Map<string, HeldLease>()
  private readonly waiting = new Denque<HeldLease>()
  private readonly unacknowledged = new Map<string, Extract<WorkerMessage, { kind: 'result' }>>()
  private programs = new LRUCache<string, Program>({ max: MAX_PROGRAMS })
  private orphanTimer?: NodeJS.Timeout

  constructor (peer: string, init: ServedSubmitterInit) {
    this.peer = peer
    this.init = init
  }

  get leases (): number {
    return this.held.size
  }

  get wanting (): boolean {
    return this.wantsUntil > performance.now()
  }

  /** Results that wait for an acknowledgement. */
  get undelivered (): number {
    return this.unacknowledged.size
  }

  /** Takes a stream into use; ends the one before it. */
  attach (link: SubmitterLink): void {
    const before = this.link
    this.link = link
    this.window = 0
    this.programs = new LRUCache({ max: MAX_PROGRAMS })
    clearTimeout(this.orphanTimer)
    void before?.close()
  }

  redeliver (): void {
    for (const message of this.unacknowledged.values()) this.link?.send(message)
  }

  /** The stream is gone: what waits is dropped, as the submitter leases it anew; what runs may still be of use for a while. */
  detach (link: SubmitterLink): void {
    if (this.link !== link) return
    this.link = undefined
    this.waiting.clear()
    for (const lease of this.held.values()) if (lease.startedAt === undefined) this.drop(lease.taskId)
    this.orphanTimer = setTimeout(() => { this.abortAll() }, this.init.orphanMs ?? ORPHAN_MS).unref()
    if (this.unacknowledged.size > 0) this.init.onStranded(this)
    this.leaveIfDone()
  }

  addProgram (digest: string, program: Program): void {
    this.programs.set(digest, program)
  }

  program (digest: string): Program | undefined {
    return this.programs.get(digest)
  }

  hold (lease: HeldLease): void {
    this.held.get(lease.taskId)?.abort.abort()
    this.held.set(lease.taskId, lease)
    this.heldBytes += lease.bytes
    this.waiting.push(lease)
  }

  /** The next lease to run; skips those that were taken away while they waited. */
  next (): HeldLease | undefined {
    while (true) {
      const lease = this.waiting.shift()
      if (lease === undefined || this.held.get(lease.taskId) === lease) return lease
    }
  }

  finish (lease: HeldLease, outcome: Outcome): void {
    if (this.held.get(lease.taskId) !== lease) return
    this.drop(lease.taskId)
    const message = { kind: 'result', taskId: lease.taskId, fence: lease.fence, outcome } as const
    this.unacknowledged.set(lease.taskId, message)
    if (this.unacknowledged.size > MAX_UNACKED_RESULTS) {
      for (const [oldest] of this.unacknowledged) { this.unacknowledged.delete(oldest); break }
    }
    if (this.link === undefined) this.init.onStranded(this)
    else this.link.send(message)
  }

  /** Gives a lease back without a result. */
  refuse ({ taskId, fence }: LeaseRef, error: CorebrumError): void {
    if (this.held.get(taskId)?.fence === fence) this.drop(taskId)
    this.link?.send({ kind: 'refuse', taskId, fence, code: error.code, reason: error.message })
    this.leaveIfDone()
  }

  acknowledged ({ taskId, fence }: LeaseRef): void {
    if (this.unacknowledged.get(taskId)?.fence === fence) this.unacknowledged.delete(taskId)
  }

  /** The submitter takes a lease away. */
  cancel ({ taskId, fence }: LeaseRef): void {
    const lease = this.held.get(taskId)
    if (lease?.fence !== fence) return
    this.drop(taskId)
    lease.abort.abort()
  }

  /** The waiting leases, which are no longer held. */
  takeWaiting (): HeldLease[] {
    const taken = this.waiting.toArray().filter((lease) => this.held.get(lease.taskId) === lease)
    this.waiting.clear()
    for (const { taskId } of taken) this.drop(taskId)
    return taken
  }

  refs (): LeaseRef[] {
    return [...this.held.values()].map(({ taskId, fence }) => ({ taskId, fence }))
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
    this.unacknowledged.clear()
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
    this.heldBytes -= lease.bytes
  }

  private leaveIfDone (): void {
    if (this.link === undefined && this.held.size === 0 && this.unacknowledged.size === 0) this.init.onGone(this)
  }
}
