/**
 * Hands a worker's leases to its executor: submitters take turns by the time that their calls take, as deep as calls are short.
 * A lease for which something is not here waits for it without holding up others, neither of its submitter nor, least of all, of
 * other ones.
 */
import { CallError } from '../../executor/call-error.ts'
import type { Executor } from '../../executor/executor.ts'
import { toCorebrumError, type CorebrumError } from '../../errors.ts'
import { MAX_EXECUTOR_QUEUE } from '../../limits.ts'
import { MAX_FETCHING_LEASES } from './limits.ts'
import type { Blobs } from '../../modules/blobs.ts'
import { inputsDigest } from '../../task/receipt-digests.ts'
import { NO_USAGE } from '../../task/usage.ts'
import type { Outcome } from '../../wire/messages.ts'
import type { HeldLease } from './held-lease.ts'
import { mustPack, packOutcome, type Kept } from '../large-values.ts'
import { createPace, type Pace } from '../pace.ts'
import type { Provisions } from './provisions.ts'
import { bodyOfLease, nameOfCall } from '../receipts/receipts-body.ts'
import type { ServedSubmitter } from './served-submitter.ts'
import { Turns } from './turns.ts'

export interface DispatcherComponents {
  peerId: string
  executor: Executor
  provisions: Provisions
  /** Keeps large outputs until their submitter has them. */
  blobs: Pick<Blobs, 'put'>
  pace: Pace
  /** A lease ended; there may be room for another one. */
  onEnd: () => void
  /** Told of faults of this node. Default: nobody is. */
  warn?: (message: string) => void
  /** Monotonic milliseconds. */
  now: () => number
}

export class Dispatcher {
  private readonly components: DispatcherComponents
  /** Submitters with waiting leases. */
  private readonly turn = new Turns<ServedSubmitter>()
  private underWay = 0

  constructor (components: DispatcherComponents) {
    this.components = components
  }

  /** The submitter has leases that wait, or takes results again. */
  add (submitter: ServedSubmitter): void {
    if (submitter.held.hasWaiting) this.turn.add(submitter)
  }

  /** Begins as many leases as are worth having under way. */
  dispatch (): void {
    const { pace, executor, provisions } = this.components
    const depth = Math.min(MAX_EXECUTOR_QUEUE, pace.handed(executor.slots))
    while (this.underWay < depth) {
      const submitter = this.turn.next()
      if (submitter === undefined) return
      const lease = submitter.next()
      if (lease === undefined) continue
      if (lease.fetched || provisions.isComplete(lease)) {
        this.turn.add(submitter)
        this.underWay++
        void this.run(submitter, lease)
      } else if (submitter.fetching < MAX_FETCHING_LEASES) {
        this.turn.add(submitter)
        void this.fetch(submitter, lease)
      } else submitter.held.putBack(lease)
    }
  }

  /** Takes back what the executor has not begun and is outranked by what has waited since `before`, monotonic milliseconds. */
  recall (submitter: ServedSubmitter, before: number): void {
    for (const lease of submitter.held.outranked(before)) {
      lease.recalled = true
      lease.stop?.(true)
    }
  }

  private async fetch (submitter: ServedSubmitter, lease: HeldLease): Promise<void> {
    const abort = new AbortController()
    lease.stop = () => { abort.abort() }
    lease.fetching = true
    submitter.fetching++
    try {
      lease.inputs ??= inputsDigest(lease.values, lease.refs)
      await this.components.provisions.fetch(lease, { signal: abort.signal, submitter: submitter.peer })
      lease.fetched = true
      submitter.held.putBack(lease)
    } catch (error) {
      if (!lease.taken) this.protect(submitter, () => { this.giveBack(submitter, lease, toCorebrumError(error)) })
    }
    lease.fetching = false
    submitter.fetching--
    this.protect(submitter, () => {
      this.add(submitter)
      this.dispatch()
    })
  }

  /** A value is missing for this lease alone; a module or a file, for the ones of its program behind it too. */
  private giveBack (submitter: ServedSubmitter, lease: HeldLease, error: CorebrumError): void {
    submitter.refuse(lease, error)
    // It named bytes that are not what it said.
    if (error.code === 'ERR_PROTOCOL') submitter.link?.abort(error)
    if (error.code === 'ERR_PROTOCOL' || error.code === 'ERR_BLOB_NOT_FOUND') return
    for (const other of submitter.held.takeUnstarted(({ digest }) => digest === lease.digest)) submitter.refuse(other, error)
  }

  private async run (submitter: ServedSubmitter, lease: HeldLease): Promise<void> {
    lease.underWay = true
    try {
      const outcome = await this.outcome(lease)
      if (outcome !== undefined) await this.finish(submitter, lease, outcome)
    } catch (error) {
      // Whatever a peer has sent, one lease is all that it costs.
      this.protect(submitter, () => { submitter.refuse(lease, toCorebrumError(error)) })
    }
    this.underWay--
    this.protect(submitter, () => {
      if (lease.recalled && !lease.taken) this.waitAgain(submitter, lease)
      this.dispatch()
      this.components.onEnd()
    })
  }

  private waitAgain (submitter: ServedSubmitter, lease: HeldLease): void {
    lease.recalled = false
    lease.underWay = false
    delete lease.stop
    submitter.held.putBack(lease)
    this.add(submitter)
  }

  /** A fault of this node here costs a stream, whose submitter then leases elsewhere, and never the process. */
  private protect (submitter: ServedSubmitter, act: () => void): void {
    try {
      act()
    } catch (error) {
      this.components.warn?.(`a lease of ${submitter.peer} ended badly: ${toCorebrumError(error).message}`)
      void submitter.link?.close().catch(() => {})
    }
  }

  private async finish (submitter: ServedSubmitter, lease: HeldLease, outcome: Outcome): Promise<void> {
    this.measure(submitter, outcome.usage.wallMs)
    const body = bodyOfLease(lease, outcome, { worker: this.components.peerId, submitter: submitter.peer, now: this.components.now() })
    const { outcome: packed, release } = submitter.peer === this.components.peerId || !mustPack(outcome) ? { outcome } : await this.pack(outcome)
    submitter.finish(lease, packed, release, packed.ok === outcome.ok ? body : undefined)
  }

  private measure (submitter: ServedSubmitter, wallMs: number): void {
    if (wallMs <= 0) return
    submitter.spentMs += wallMs
    submitter.pace ??= createPace()
    submitter.pace.note(wallMs)
    this.components.pace.note(wallMs)
  }

  /** Large outputs stay here until the submitter has fetched them; within a node they are handed over. */
  private async pack (outcome: Outcome & { ok: true }): Promise<{ outcome: Outcome } & Partial<Kept>> {
    try {
      return await packOutcome(outcome, this.components.blobs)
    } catch (thrown) {
      const { code, message } = toCorebrumError(thrown)
      return { outcome: { ok: false, code, message, usage: outcome.usage, logs: outcome.logs } }
    }
  }

  /** `undefined` when the lease was taken away, or back. */
  private async outcome (lease: HeldLease): Promise<Outcome | undefined> {
    const { program, values } = lease
    const { executor, provisions, peerId, now } = this.components
    try {
      const files = await provisions.files(program)
      if (lease.taken) return undefined
      const result = await executor.run({ program, values, taskId: nameOfCall(lease), workerId: peerId, ...(files === undefined ? {} : { files }) }, {
        onStart: () => { lease.startedAt = now() },
        onCancellable: (cancel) => { lease.stop = cancel },
        onLog: (text) => { lease.log.add(text) },
      })
      return { ok: true, ...result }
    } catch (thrown) {
      const { code, message } = toCorebrumError(thrown)
      if (lease.taken || (lease.recalled && code === 'ERR_CANCELLED')) return undefined
      const { logs, usage } = thrown instanceof CallError ? thrown : { logs: '', usage: undefined }
      return { ok: false, code, message, usage: usage ?? NO_USAGE, logs }
    }
  }
}
