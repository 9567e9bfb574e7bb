/**
 * The worker's side: it runs what submitters lease to it. Submitters share it fairly: each has its own queue, queues take
 * turns, and how many leases a submitter may place here (its window) follows from how many want to.
 */
import type { Executor } from '../executor/executor.ts'
import { CorebrumError } from '../errors.ts'
import { IDLE_STREAM_MS, LEASE_RENEW_MS, MAX_CLAIM_WINDOW, MAX_HELD_INPUT_BYTES, MAX_WORKER_BYTES } from '../limits.ts'
import type { Blobs } from '../modules/blobs.ts'
import type { Capability } from '../wire/capability.ts'
import type { LeaseRef, SubmitterMessage } from '../wire/messages.ts'
import { admitProgram, type Situation } from './admission.ts'
import { Dispatcher } from './dispatcher.ts'
import { bytesOfLease } from './held-lease.ts'
import { LeaseLog, sendLogs } from './lease-log.ts'
import type { SubmitterLink } from './link.ts'
import { createPace } from './pace.ts'
import type { Provisions } from './provisions.ts'
import { ServedSubmitter } from './served-submitter.ts'
import { shareOut } from './windows.ts'

/** A task that still runs after this long is reported as running; shorter ones are not worth a message. */
const REPORT_RUNNING_MS = 25
const TICK_MS = 25

export interface WorkerComponents {
  peerId: string
  executor: Executor
  provisions: Provisions
  blobs: Pick<Blobs, 'put'>
  capability: Capability
  /** What admission looks at, for a module. */
  situation: (cid: string) => Situation
  /** A submitter went away with results of this node undelivered: its stream should be opened again. */
  onStranded: (peer: string) => void
  /** Monotonic milliseconds. Default performance.now. */
  now?: () => number
}

export class Worker {
  private readonly components: WorkerComponents
  private readonly submitters = new Map<string, ServedSubmitter>()
  private readonly now: () => number
  private readonly pace = createPace()
  private readonly dispatcher: Dispatcher
  /** Inputs and results that are held for all submitters, about. */
  private bytes = 0
  private ticker?: NodeJS.Timeout
  private idler?: NodeJS.Timeout
  private draining = false
  private lastRenewal = 0
  /** When the last free slot was taken, monotonic milliseconds. */
  private fullSince?: number

  constructor (components: WorkerComponents) {
    this.components = components
    this.now = components.now ?? (() => performance.now())
    this.dispatcher = new Dispatcher({
      ...components,
      pace: this.pace,
      onEnd: () => { if (this.load < components.capability.slots) this.share() },
      now: this.now,
    })
  }

  /** Leases that wait or run. */
  get load (): number {
    let load = 0
    for (const { leases } of this.submitters.values()) load += leases
    return load
  }

  get streams (): number {
    let streams = 0
    for (const { link } of this.submitters.values()) if (link !== undefined) streams++
    return streams
  }

  get isDraining (): boolean {
    return this.draining
  }

  /** Something runs or waits, or a submitter that is there has not taken its results. */
  private get isBusy (): boolean {
    for (const { leases, link, undelivered } of this.submitters.values()) if (leases > 0 || (link !== undefined && undelivered > 0)) return true
    return false
  }

  linkedTo (peer: string): boolean {
    return this.submitters.get(peer)?.link !== undefined
  }

  /** Results that wait for this submitter to come back. */
  undeliveredFor (peer: string): number {
    return this.submitters.get(peer)?.undelivered ?? 0
  }

  giveUpOn (peer: string): void {
    this.submitters.get(peer)?.giveUp()
  }

  /** Takes a work stream to a submitter into use: introduces this node and claims. */
  attach (link: SubmitterLink): void {
    const submitter = this.submitters.get(link.peer) ?? new ServedSubmitter(link.peer, {
      onGone: (gone) => { if (this.submitters.get(gone.peer) === gone) this.submitters.delete(gone.peer) },
      onStranded: ({ peer }) => { this.components.onStranded(peer) },
      onBytes: (change) => { this.bytes += change },
      now: this.now,
    })
    this.submitters.set(link.peer, submitter)
    submitter.attach(link)
    link.onMessages = (messages) => { this.receive(submitter, link, messages) }
    link.onClose = () => {
      submitter.detach(link)
      this.share()
    }
    link.send({ kind: 'hello', capability: this.components.capability })
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
    for (const submitter of this.submitters.values()) {
      for (const lease of submitter.takeUnstarted()) submitter.refuse(lease, leaving)
    }
    while (this.isBusy && !signal.aborted) await new Promise<void>((resolve) => { setTimeout(resolve, TICK_MS) })
  }

  stop (): void {
    this.draining = true
    clearInterval(this.ticker)
    clearInterval(this.idler)
    for (const submitter of [...this.submitters.values()]) {
      submitter.stop()
      void submitter.link?.close()
    }
  }

  private receive (submitter: ServedSubmitter, link: SubmitterLink, messages: SubmitterMessage[]): void {
    for (const message of messages) {
      // What comes over a stream that was replaced, or ended by a message before, is void.
      if (submitter.link !== link) return
      switch (message.kind) {
        case 'program': submitter.addProgram(message.digest, message.program); break
        case 'lease': this.take(submitter, message); break
        case 'ack': for (const ref of message.leases) submitter.acknowledged(ref); break
        case 'cancel': submitter.cancel(message)
      }
    }
    this.dispatcher.add(submitter)
    this.share()
    this.dispatcher.dispatch()
  }

  private take (submitter: ServedSubmitter, { taskId, fence, digest, values, refs }: Extract<SubmitterMessage, { kind: 'lease' }>): void {
    const program = submitter.program(digest)
    if (program === undefined || values.length !== program.inputs.length) {
      submitter.link?.abort(new CorebrumError('ERR_PROTOCOL', 'a lease names a program that was not sent, or does not fit it'))
      return
    }
    const ref: LeaseRef = { taskId, fence }
    if (submitter.resume(ref, digest)) return
    const { module, memoryLimitBytes = 0, grants } = program
    const demand = { memoryLimitBytes, moduleBytes: module.size, ...(grants.networking ? { hosts: grants.hosts ?? [] } : {}) }
    const admission = admitProgram(demand, this.components.situation(module.cid))
    const bytes = bytesOfLease(program, values, refs)
    if (!admission.admitted) submitter.refuse(ref, new CorebrumError(admission.code, admission.reason))
    else if (submitter.heldBytes + bytes > MAX_HELD_INPUT_BYTES || submitter.leases >= MAX_CLAIM_WINDOW) {
      submitter.refuse(ref, new CorebrumError('ERR_DECLINED', 'this node holds as many of your tasks as it can'))
    } else if (this.bytes + bytes > MAX_WORKER_BYTES) {
      submitter.refuse(ref, new CorebrumError('ERR_DECLINED', 'this node holds as many inputs and results as it can'))
    } else {
      submitter.hold({ taskId, fence, digest, program, values, ...(refs === undefined ? {} : { refs }), bytes, log: new LeaseLog(), taken: false, underWay: false, fetched: false, reported: false })
      if (this.ticker !== undefined) return
      // A lease is good for a while before it needs to be renewed.
      this.lastRenewal = this.now()
      this.ticker = setInterval(() => { this.tick() }, TICK_MS).unref()
    }
  }

  /** Tells each submitter how many leases it may place here now. */
  private share (): void {
    const slots = this.draining ? 0 : this.components.capability.slots
    const now = this.now()
    if (this.load < slots) this.fullSince = undefined
    else this.fullSince ??= now
    const linked = [...this.submitters.values()].filter(({ link }) => link !== undefined)
    const fullForMs = this.fullSince === undefined ? 0 : now - this.fullSince
    const windows = shareOut(linked, { slots, depth: this.pace.depth(slots), fullForMs })
    linked.forEach((submitter, i) => {
      const window = windows[i] ?? 0
      if (submitter.window === window) return
      submitter.window = window
      submitter.link?.send({ kind: 'claim', slots: window })
    })
  }

  private tick (): void {
    const now = this.now()
    const renewing = now - this.lastRenewal >= LEASE_RENEW_MS
    if (renewing) this.lastRenewal = now
    for (const submitter of this.submitters.values()) {
      const running = submitter.toReport(now - REPORT_RUNNING_MS)
      if (running.length > 0) submitter.link?.send({ kind: 'running', leases: running })
      if (submitter.link !== undefined) sendLogs(submitter.link, submitter.holding())
      if (renewing) this.renew(submitter)
    }
    this.share()
    if (this.isBusy) return
    clearInterval(this.ticker)
    this.ticker = undefined
  }

  private renew (submitter: ServedSubmitter): void {
    const { link } = submitter
    if (link === undefined) return
    const refs = submitter.refs()
    while (refs.length > 0) link.send({ kind: 'renew', leases: refs.splice(0, MAX_CLAIM_WINDOW) })
  }

  /** Ends streams that have had no task for long; a submitter that has new ones offers them. */
  private closeIdle (): void {
    const before = this.now() - IDLE_STREAM_MS
    for (const { link, leases, undelivered, usedAt } of this.submitters.values()) {
      if (link !== undefined && !link.local && leases === 0 && undelivered === 0 && usedAt < before) void link.close()
    }
    if (this.submitters.size > 0) return
    clearInterval(this.idler)
    this.idler = undefined
  }
}
