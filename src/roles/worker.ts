/**
 * The worker's side: it runs what submitters lease to it. Submitters share it fairly: each has its own queue, queues take
 * turns, and how many leases a submitter may place here (its window) follows from how many want to.
 */
import { CallError } from '../executor/call-error.ts'
import type { Executor } from '../executor/executor.ts'
import { CorebrumError, toCorebrumError } from '../errors.ts'
import { LEASE_RENEW_MS, MAX_CLAIM_WINDOW, MAX_HELD_INPUT_BYTES } from '../limits.ts'
import type { Retriever } from '../modules/modules.ts'
import { approximateBytes } from '../task/size.ts'
import type { Capability } from '../wire/capability.ts'
import type { Outcome, SubmitterMessage } from '../wire/messages.ts'
import { admitProgram, type Situation } from './admission.ts'
import type { SubmitterLink } from './link.ts'
import { createPace } from './pace.ts'
import { ServedSubmitter, type HeldLease } from './served-submitter.ts'
import { shareOut } from './windows.ts'

/** A task that still runs after this long is reported as running; shorter ones are not worth a message. */
const REPORT_RUNNING_MS = 25
const TICK_MS = 25

export interface WorkerComponents {
  peerId: string
  executor: Executor
  retriever: Retriever
  capability: Capability
  /** What admission looks at, for a module. */
  situation: (cid: string) => Situation
  /** A submitter went away with results of this node undelivered: its stream should be opened again. */
  onStranded: (peer: string) => void
}

export class Worker {
  private readonly components: WorkerComponents
  private readonly submitters = new Map<string, ServedSubmitter>()
  private readonly pace = createPace()
  /** Submitters with waiting leases, in turn. */
  private readonly turn = new Set<ServedSubmitter>()
  private underWay = 0
  private ticker?: NodeJS.Timeout
  private draining = false
  private lastRenewal = 0
  /** When the last free slot was taken, monotonic milliseconds. */
  private fullSince?: number

  constructor (components: WorkerComponents) {
    this.components = components
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
      onGone: (gone) => { this.submitters.delete(gone.peer) },
      onStranded: ({ peer }) => { this.components.onStranded(peer) },
    })
    this.submitters.set(link.peer, submitter)
    submitter.attach(link)
    link.onMessages = (messages) => { this.receive(submitter, messages) }
    link.onClose = () => {
      submitter.detach(link)
      this.share()
    }
    link.send({ kind: 'hello', capability: this.components.capability })
    submitter.redeliver()
    this.share()
  }

  /** A submitter has tasks that nobody runs: its window opens even when this node is busy. */
  noteWanting (peer: string): void {
    const submitter = this.submitters.get(peer)
    if (submitter === undefined) return
    submitter.wantsUntil = performance.now() + LEASE_RENEW_MS
    this.share()
  }

  /** Takes nothing new; resolves when nothing runs any more or `signal` aborts. */
  async drain (signal: AbortSignal): Promise<void> {
    this.draining = true
    this.share()
    const leaving = new CorebrumError('ERR_DECLINED', 'this node is shutting down')
    for (const submitter of this.submitters.values()) {
      for (const lease of submitter.takeWaiting()) submitter.refuse(lease, leaving)
    }
    while (this.load > 0 && !signal.aborted) await new Promise<void>((resolve) => { setTimeout(resolve, TICK_MS) })
  }

  stop (): void {
    this.draining = true
    clearInterval(this.ticker)
    for (const submitter of [...this.submitters.values()]) {
      submitter.stop()
      void submitter.link?.close()
    }
  }

  private receive (submitter: ServedSubmitter, messages: SubmitterMessage[]): void {
    for (const message of messages) {
      switch (message.kind) {
        case 'program': submitter.addProgram(message.digest, message.program); break
        case 'lease': this.take(submitter, message); break
        case 'ack': for (const ref of message.leases) submitter.acknowledged(ref); break
        case 'cancel': submitter.cancel(message)
      }
    }
    this.share()
    this.dispatch()
  }

  private take (submitter: ServedSubmitter, { taskId, fence, digest, values }: Extract<SubmitterMessage, { kind: 'lease' }>): void {
    const program = submitter.program(digest)
    if (program === undefined || values.length !== program.inputs.length) {
      submitter.link?.abort(new CorebrumError('ERR_PROTOCOL', 'a lease names a program that was not sent, or does not fit it'))
      return
    }
    const { module, memoryLimitBytes = 0 } = program
    const admission = admitProgram({ memoryLimitBytes, moduleBytes: module.size }, this.components.situation(module.cid))
    const bytes = values.reduce<number>((sum, value) => sum + approximateBytes(value), 0)
    if (!admission.admitted) submitter.refuse({ taskId, fence }, new CorebrumError(admission.code, admission.reason))
    else if (submitter.heldBytes + bytes > MAX_HELD_INPUT_BYTES || submitter.leases >= MAX_CLAIM_WINDOW) {
      submitter.refuse({ taskId, fence }, new CorebrumError('ERR_DECLINED', 'this node holds as many of your tasks as it can'))
    } else {
      submitter.hold({ taskId, fence, program, values, bytes, abort: new AbortController(), reported: false })
      this.turn.add(submitter)
      this.ticker ??= setInterval(() => { this.tick() }, TICK_MS).unref()
    }
  }

  /** Hands waiting leases to the executor, one submitter after the other, as deep as calls are short. */
  private dispatch (): void {
    const depth = this.pace.depth(this.components.executor.slots)
    while (this.underWay < depth) {
      const [submitter] = this.turn
      if (submitter === undefined) return
      this.turn.delete(submitter)
      const lease = submitter.next()
      if (lease === undefined) continue
      this.turn.add(submitter)
      this.underWay++
      void this.run(submitter, lease)
    }
  }

  private async run (submitter: ServedSubmitter, lease: HeldLease): Promise<void> {
    const outcome = await this.outcome(submitter, lease)
    if (outcome !== undefined) {
      this.pace.note(outcome.usage.wallMs)
      submitter.finish(lease, outcome)
    }
    this.underWay--
    this.dispatch()
    if (this.load < this.components.capability.slots) this.share()
  }

  /** `undefined` when the lease was given back or taken away instead. */
  private async outcome (submitter: ServedSubmitter, lease: HeldLease): Promise<Outcome | undefined> {
    const { program, values, taskId, abort: { signal } } = lease
    const { executor, retriever, peerId, situation } = this.components
    try {
      if (!situation(program.module.cid).hasModule) await retriever.ensure(program.module, { signal, submitter: submitter.peer })
    } catch (error) {
      submitter.refuse(lease, toCorebrumError(error))
      return undefined
    }
    try {
      const result = await executor.run({ program, values, taskId, workerId: peerId }, { signal, onStart: () => { lease.startedAt = performance.now() } })
      return { ok: true, ...result }
    } catch (thrown) {
      if (signal.aborted) return undefined
      const { code, message } = toCorebrumError(thrown)
      const { logs, usage } = thrown instanceof CallError ? thrown : { logs: '', usage: undefined }
      return { ok: false, code, message, usage: usage ?? { wallMs: 0, memoryBytes: 0 }, logs }
    }
  }

  /** Tells each submitter how many leases it may place here now. */
  private share (): void {
    const slots = this.draining ? 0 : this.components.capability.slots
    const now = performance.now()
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
    const now = performance.now()
    const renewing = now - this.lastRenewal >= LEASE_RENEW_MS
    if (renewing) this.lastRenewal = now
    for (const submitter of this.submitters.values()) {
      const running = submitter.toReport(now - REPORT_RUNNING_MS)
      if (running.length > 0) submitter.link?.send({ kind: 'running', leases: running })
      if (renewing && submitter.leases > 0) submitter.link?.send({ kind: 'renew', leases: submitter.refs() })
    }
    this.share()
    if (this.load > 0) return
    clearInterval(this.ticker)
    this.ticker = undefined
  }
}
