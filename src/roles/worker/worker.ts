/**
 * The worker's side: it runs what submitters lease to it. Submitters share it fairly: each has its own queue, queues take
 * turns, and how many leases a submitter may place here (its window) follows from how many want to.
 */
import type { Executor } from '../../executor/executor.ts'
import { CorebrumError } from '../../errors.ts'
import { IDLE_STREAM_MS, LEASE_RENEW_MS, MAX_TURN_WAIT_MS, OVERTAKE_AFTER_MS } from './limits.ts'
import { MAX_CLAIM_WINDOW } from '../../limits.ts'
import type { Blobs } from '../../modules/blobs.ts'
import { programBytes } from '../../task/program.ts'
import type { Capability } from '../../wire/capability.ts'
import type { LeaseRef, SubmitterMessage } from '../../wire/messages.ts'
import type { Situation } from '../offers/admission.ts'
import { createClaims, type Claims } from './claims.ts'
import { Dispatcher } from './dispatcher.ts'
import { bytesOfLease } from './held-lease.ts'
import { isTooMuch, refusalOfLease } from './lease-admission.ts'
import { LeaseLog, sendLogs } from './lease-log.ts'
import type { SubmitterLink } from '../link.ts'
import type { Owed } from './outbox.ts'
import { createPace } from '../pace.ts'
import type { Provisions } from './provisions.ts'
import type { ServedSubmitter } from './served-submitter.ts'
import { ServedSubmitters, type ServedSubmittersComponents } from './served-submitters.ts'

/** A task that still runs after this long is reported as running; shorter ones are not worth a message. */
const REPORT_RUNNING_MS = 25
const TICK_MS = 25

export interface WorkerComponents extends Omit<ServedSubmittersComponents, 'now'> {
  peerId: string
  executor: Executor
  provisions: Provisions
  blobs: Pick<Blobs, 'put'>
  capability: Capability
  /** What admission looks at, for a module. */
  situation: (cid: string) => Situation
  /** Monotonic milliseconds. Default performance.now. */
  now?: () => number
}

export class Worker {
  private readonly components: WorkerComponents
  private readonly submitters: ServedSubmitters
  private readonly now: () => number
  private readonly pace = createPace()
  private readonly dispatcher: Dispatcher
  private ticker?: NodeJS.Timeout
  private idler?: NodeJS.Timeout
  private draining = false
  private lastRenewal = 0
  private readonly claims: Claims

  constructor (components: WorkerComponents) {
    this.components = components
    this.now = components.now ?? (() => performance.now())
    this.submitters = new ServedSubmitters({ ...components, now: this.now })
    this.claims = createClaims({ submitters: this.submitters, pace: this.pace, now: this.now })
    this.dispatcher = new Dispatcher({
      ...components,
      pace: this.pace,
      onEnd: () => { if (this.load < components.capability.slots) this.share() },
      now: this.now,
    })
  }

  /** Leases that wait or run. */
  get load (): number {
    return this.submitters.leases
  }

  get streams (): number {
    return this.submitters.streams
  }

  /** Results that are not acknowledged, of all submitters. */
  get undelivered (): number {
    return this.submitters.undelivered
  }

  get isDraining (): boolean {
    return this.draining
  }

  linkedTo (peer: string): boolean {
    return this.submitters.get(peer)?.link !== undefined
  }

  /** Results that are not acknowledged, of one submitter. */
  undeliveredFor (peer: string): number {
    return this.submitters.get(peer)?.outbox.size ?? 0
  }

  /** Leases of one submitter that wait or run. */
  leasesOf (peer: string): number {
    return this.submitters.get(peer)?.leases ?? 0
  }

  /** What a submitter is owed and is on disk where it can be, oldest first. */
  owedTo (peer: string): Iterable<Owed> {
    return this.submitters.owedTo(peer)
  }

  /** Gives up what a submitter that is away has not come for in time. */
  expire (peer: string): void {
    this.submitters.expire(peer)
  }

  /** Takes back what was owed when the process ended; to be called once, before others are met. Rejects with ERR_JOURNAL. */
  recover (): Promise<void> {
    return this.submitters.recover()
  }

  /** Takes a work stream to a submitter into use: introduces this node and claims. */
  attach (link: SubmitterLink): void {
    const submitter = this.submitters.of(link.peer)
    submitter.attach(link)
    link.onMessages = (messages) => { this.receive(submitter, link, messages) }
    link.onClose = () => {
      submitter.detach(link)
      this.share()
    }
    link.send({ kind: 'hello', capability: this.components.capability })
    // What still runs here, before this node claims more: else others would get it.
    this.renew(submitter, submitter.held.refs())
    submitter.redeliver()
    this.share()
    this.idler ??= setInterval(() => { this.closeIdle() }, IDLE_STREAM_MS / 10).unref()
  }

  /** A submitter has tasks that nobody runs: its window opens even when this node is busy. */
  noteWanting (peer: string): void {
    const submitter = this.submitters.get(peer)
    if (submitter === undefined) return
    submitter.wantsUntil = this.now() + LEASE_RENEW_MS
    this.share()
  }

  /** Takes nothing new; resolves when nothing runs any more and the results are taken, or when `signal` aborts. */
  async drain (signal: AbortSignal): Promise<void> {
    this.draining = true
    this.share()
    const leaving = new CorebrumError('ERR_DECLINED', 'this node is shutting down')
    for (const submitter of this.submitters) {
      for (const lease of submitter.held.takeUnstarted(() => true)) submitter.refuse(lease, leaving)
    }
    while (this.submitters.isBusy && !signal.aborted) await new Promise<void>((resolve) => { setTimeout(resolve, TICK_MS) })
  }

  stop (): void {
    this.draining = true
    clearInterval(this.ticker)
    clearInterval(this.idler)
    for (const submitter of [...this.submitters]) {
      submitter.stop()
      void submitter.link?.close()
    }
  }

  private receive (submitter: ServedSubmitter, link: SubmitterLink, messages: SubmitterMessage[]): void {
    for (const message of messages) {
      // What comes over a stream that was replaced, or ended by a message before, is void.
      if (submitter.link !== link) return
      switch (message.kind) {
        case 'program': this.learn(submitter, link, message); break
        case 'lease': this.take(submitter, message); break
        case 'ack': for (const ref of message.leases) submitter.outbox.acknowledged(ref); break
        case 'cancel': submitter.cancel(message)
      }
    }
    this.dispatcher.add(submitter)
    this.share()
    this.dispatcher.dispatch()
  }

  /** Where there is no room, the stream ends: leases may name no program that is not here. */
  private learn (submitter: ServedSubmitter, link: SubmitterLink, { digest, program }: Extract<SubmitterMessage, { kind: 'program' }>): void {
    if (!isTooMuch({ bytes: programBytes(program), submitterBytes: submitter.bytes, workerBytes: this.submitters.bytes })) return submitter.addProgram(digest, program)
    submitter.detach(link)
    void link.close()
  }

  private take (submitter: ServedSubmitter, { taskId, fence, digest, values, refs, placement }: Extract<SubmitterMessage, { kind: 'lease' }>): void {
    const program = submitter.program(digest)
    if (program === undefined || values.length !== program.inputs.length) {
      submitter.link?.abort(new CorebrumError('ERR_PROTOCOL', 'a lease names a program that was not sent, or does not fit it'))
      return
    }
    const ref: LeaseRef = { taskId, fence }
    if (submitter.resume(ref, digest)) return
    const bytes = bytesOfLease(program, values, refs)
    const room = { bytes, leases: submitter.leases, submitterBytes: submitter.bytes, workerBytes: this.submitters.bytes }
    const refusal = refusalOfLease(program, placement, room, this.components.situation(program.module.cid))
    if (refusal !== undefined) submitter.refuse(ref, refusal)
    else {
      submitter.held.add({ taskId, fence, digest, program, values, ...(refs === undefined ? {} : { refs }), bytes, priority: placement?.priority ?? 0, heldAt: this.now(), log: new LeaseLog(), taken: false, underWay: false, recalled: false, fetching: false, fetched: false, reported: false })
      if (this.ticker !== undefined) return
      // A lease is good for a while before it needs to be renewed.
      this.lastRenewal = this.now()
      this.ticker = setInterval(() => { this.tick() }, TICK_MS).unref()
    }
  }

  /** Tells each submitter how many leases it may place here now. */
  private share (): void {
    this.claims.share(this.draining ? 0 : this.components.capability.slots)
  }

  private tick (): void {
    const now = this.now()
    const renewing = now - this.lastRenewal >= LEASE_RENEW_MS
    if (renewing) this.lastRenewal = now
    for (const submitter of this.submitters) {
      const running = submitter.held.toReport(now - REPORT_RUNNING_MS)
      if (running.length > 0) submitter.link?.send({ kind: 'running', leases: running })
      if (submitter.link !== undefined) sendLogs(submitter.link, submitter.held.values())
      if (renewing) {
        for (const lease of submitter.held.takeWaitingSince(now - MAX_TURN_WAIT_MS)) submitter.refuse(lease, new CorebrumError('ERR_DECLINED', `it waited for its turn on this node for ${MAX_TURN_WAIT_MS / 1_000} s`))
        this.renew(submitter, submitter.refs())
      }
      this.dispatcher.recall(submitter, now - OVERTAKE_AFTER_MS)
      // It may have had to wait for others to take their results.
      this.dispatcher.add(submitter)
    }
    this.dispatcher.dispatch()
    this.share()
    if (this.submitters.isBusy) return
    clearInterval(this.ticker)
    this.ticker = undefined
  }

  private renew ({ link }: ServedSubmitter, refs: LeaseRef[]): void {
    while (link !== undefined && refs.length > 0) link.send({ kind: 'renew', leases: refs.splice(0, MAX_CLAIM_WINDOW) })
  }

  /** Ends streams that have had no task for long; a submitter that has new ones offers them. */
  private closeIdle (): void {
    const before = this.now() - IDLE_STREAM_MS
    for (const { link, leases, outbox, usedAt } of this.submitters) {
      if (link !== undefined && !link.local && leases === 0 && outbox.size === 0 && usedAt < before) void link.close()
    }
    if (this.submitters.size > 0) return
    clearInterval(this.idler)
    this.idler = undefined
  }
}
