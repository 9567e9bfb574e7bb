/** One submitter as a worker serves it: its stream, its leases, its programs, and the results that it is owed. */
import type { CorebrumError } from '../../errors.ts'
import { ORPHAN_MS } from './limits.ts'
import { programBytes, type Program } from '../../task/program.ts'
import type { ReceiptBody } from '../../task/receipt.ts'
import type { LeaseRef, Outcome } from '../../wire/messages.ts'
import type { HeldLease } from './held-lease.ts'
import { HeldLeases } from './held-leases.ts'
import type { SubmitterLink } from '../link.ts'
import { Outbox, type Ledger } from './outbox.ts'
import type { Pace } from '../pace.ts'
import { programMemory } from '../program-memory.ts'
import type { WindowedSubmitter } from './windows.ts'

export interface ServedSubmitterInit {
  /** Nothing is left of it here: no stream, no running lease, no result to deliver. */
  onGone: (submitter: ServedSubmitter) => void
  /** The stream went while something ran or results were to be delivered, or a result came up after it went. */
  onStranded: (submitter: ServedSubmitter) => void
  /** Told of each change of the memory that programs, inputs and results take here. */
  onBytes?: (change: number) => void
  /** Told of each change of what its large outputs take on disk. */
  onBlobBytes?: (change: number) => void
  /** Others need the room that more of its results would take. Default: never. */
  isCrowding?: (blobBytes: number) => boolean
  /** Where its results are written down before they are sent. */
  ledger?: Ledger
  /** The submitter has taken a result, of which this is to be said in its receipt. */
  onTaken?: (link: SubmitterLink, body: ReceiptBody) => void
  /** Default ORPHAN_MS. */
  orphanMs?: number
  /** Monotonic milliseconds. Default performance.now. */
  now?: () => number
}

export class ServedSubmitter implements WindowedSubmitter {
  readonly peer: string
  readonly held: HeldLeases
  readonly outbox: Outbox
  link?: SubmitterLink
  window = 0
  /** Monotonic milliseconds until which it is known to have tasks that nobody runs. */
  wantsUntil = 0
  /** Time that its calls have taken; see turns.ts. */
  spentMs = 0
  /** How long its calls take; absent until one has ended. */
  pace?: Pace
  /** Leases for which something is on its way. */
  fetching = 0
  /** When it last had a lease or a result here, monotonic milliseconds. */
  usedAt: number
  private readonly init: ServedSubmitterInit
  private readonly now: () => number
  private programs = programMemory<Program>()
  private orphanTimer?: NodeJS.Timeout

  constructor (peer: string, init: ServedSubmitterInit) {
    this.peer = peer
    this.init = init
    const { onBytes, onBlobBytes, ledger, onTaken, now = () => performance.now() } = init
    this.now = now
    this.usedAt = now()
    this.held = new HeldLeases((change) => {
      this.usedAt = now()
      onBytes?.(change)
    })
    this.outbox = new Outbox({
      // Only now: what is left with others must be written down.
      onWaiting: () => { if (this.link === undefined) init.onStranded(this) },
      ...(onBytes === undefined ? {} : { onBytes }),
      ...(onBlobBytes === undefined ? {} : { onBlobBytes }),
      ...(ledger === undefined ? {} : { ledger }),
      ...(onTaken === undefined ? {} : { onTaken }),
    })
  }

  get leases (): number {
    return this.held.size
  }

  /** Memory of its programs, inputs and results, about. */
  get bytes (): number {
    return this.programs.calculatedSize + this.held.bytes + this.outbox.bytes
  }

  get wanting (): boolean {
    return this.wantsUntil > this.now()
  }

  /** Takes a stream into use; ends the one before it. */
  attach (link: SubmitterLink): void {
    const before = this.link
    this.link = link
    this.window = 0
    this.forgetPrograms()
    clearTimeout(this.orphanTimer)
    if (before === undefined) return
    this.held.takeNotBegun()
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
    this.forgetPrograms()
    this.held.takeNotBegun()
    this.orphanTimer = setTimeout(() => { this.abortAll() }, this.init.orphanMs ?? ORPHAN_MS).unref()
    if (this.outbox.size > 0 || this.held.size > 0) this.init.onStranded(this)
    this.leaveIfDone()
  }

  addProgram (digest: string, program: Program): void {
    const before = this.programs.calculatedSize
    this.programs.set(digest, program, { size: programBytes(program) })
    this.init.onBytes?.(this.programs.calculatedSize - before)
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

  /** The next lease to run. Nothing while too many results wait to be taken. */
  next (): HeldLease | undefined {
    return this.outbox.isCongested || this.init.isCrowding?.(this.outbox.blobBytes) === true ? undefined : this.held.next()
  }

  /** `body` is for the receipt. `release` lets go of what is kept for the result; it is called when the submitter has it, or does not want it. */
  finish (lease: HeldLease, outcome: Outcome, release?: () => void, body?: ReceiptBody): void {
    if (!this.held.has(lease)) {
      release?.()
      return
    }
    this.held.drop(lease.taskId)
    this.outbox.add({ kind: 'result', taskId: lease.taskId, fence: lease.fence, outcome }, release, body)
  }

  /** Gives a lease back without a result. */
  refuse ({ taskId, fence }: LeaseRef, error: CorebrumError): void {
    if (this.held.get(taskId)?.fence === fence) this.held.drop(taskId)
    this.link?.send({ kind: 'refuse', taskId, fence, code: error.code, reason: error.message })
    this.leaveIfDone()
  }

  /** The submitter takes a lease away. */
  cancel (ref: LeaseRef): void {
    if (this.held.get(ref.taskId)?.fence === ref.fence) this.held.take(ref.taskId)
    else this.outbox.cancel(ref)
  }

  /** What the submitter still waits for. */
  refs (): LeaseRef[] {
    return this.held.refs().concat(this.outbox.refs())
  }

  /** To be called when something of it was dropped: says so when nothing is left. */
  leaveIfDone (): void {
    if (this.link !== undefined || this.held.size > 0 || this.outbox.size > 0) return
    clearTimeout(this.orphanTimer)
    this.init.onGone(this)
  }

  stop (): void {
    clearTimeout(this.orphanTimer)
    this.abortAll()
  }

  /** The next stream begins without any. */
  private forgetPrograms (): void {
    this.init.onBytes?.(-this.programs.calculatedSize)
    this.programs = programMemory()
  }

  private abortAll (): void {
    this.held.takeAll()
    this.leaveIfDone()
  }
}
