/** The submitters that a worker serves, or owes results. */
import { DEFAULT_STORE_BYTES } from '../../limits.ts'
import { Debts } from './debts.ts'
import type { ReceiptBody } from '../../task/receipt.ts'
import type { TaskJournal } from '../journal.ts'
import type { SubmitterLink } from '../link.ts'
import { NO_JOURNAL } from '../no-journal.ts'
import type { Owed } from './outbox.ts'
import { ServedSubmitter } from './served-submitter.ts'

export interface ServedSubmittersComponents {
  peerId: string
  /** What is owed to submitters is written there. Default: nowhere. */
  journal?: Pick<TaskJournal, 'durable' | 'owe' | 'settled' | 'owed'>
  /** Default: nothing is logged. */
  log?: (message: string) => void
  /** What the node's owner should know. Default: as `log`. */
  warn?: (message: string) => void
  /** A submitter went away with results of this node undelivered: its stream should be opened again. */
  onStranded: (peer: string) => void
  /** A submitter has taken a result; see ServedSubmitterInit. */
  onTaken?: (link: SubmitterLink, body: ReceiptBody) => void
  /** A submitter is served or owed something whose results are on disk, or not any more: meanwhile it is worth knowing where it is. */
  onServing?: (peer: string, serving: boolean) => void
  /** What large outputs that were not taken yet may take on disk. Default: half of a store. */
  maxBlobBytes?: number
  /** Monotonic milliseconds. */
  now: () => number
}

export class ServedSubmitters implements Iterable<ServedSubmitter> {
  private readonly components: ServedSubmittersComponents
  private readonly submitters = new Map<string, ServedSubmitter>()
  private readonly debts: Debts
  private readonly maxBlobBytes: number
  /** Large outputs of all of them that wait to be taken. */
  private blobBytes = 0
  /** Programs, inputs and results that are held for all of them, about. */
  bytes = 0

  constructor (components: ServedSubmittersComponents) {
    this.components = components
    const { peerId, journal = NO_JOURNAL, log = () => {}, warn = log, maxBlobBytes = DEFAULT_STORE_BYTES / 2 } = components
    this.maxBlobBytes = maxBlobBytes
    this.debts = new Debts({ peerId, journal, log: warn })
  }

  get size (): number {
    return this.submitters.size
  }

  [Symbol.iterator] (): Iterator<ServedSubmitter> {
    return this.submitters.values()
  }

  /** Leases that wait or run. */
  get leases (): number {
    let leases = 0
    for (const submitter of this.submitters.values()) leases += submitter.leases
    return leases
  }

  get streams (): number {
    let streams = 0
    for (const { link } of this.submitters.values()) if (link !== undefined) streams++
    return streams
  }

  /** Results that are not acknowledged. */
  get undelivered (): number {
    let undelivered = 0
    for (const { outbox } of this.submitters.values()) undelivered += outbox.size
    return undelivered
  }

  /** Something runs or waits, or a submitter that is there has not taken its results. */
  get isBusy (): boolean {
    for (const { leases, link, outbox } of this.submitters.values()) if (leases > 0 || (link !== undefined && outbox.size > 0)) return true
    return false
  }

  get (peer: string): ServedSubmitter | undefined {
    return this.submitters.get(peer)
  }

  /** The one with this PeerId; made when it is new. */
  of (peer: string): ServedSubmitter {
    const known = this.submitters.get(peer)
    if (known !== undefined) return known
    const ledger = this.debts.ledger(peer)
    const submitter = new ServedSubmitter(peer, {
      onGone: (gone) => {
        if (this.submitters.get(peer) !== gone) return
        this.submitters.delete(peer)
        if (ledger !== undefined) this.components.onServing?.(peer, false)
      },
      onStranded: () => { this.strand(peer) },
      onBytes: (change) => { this.bytes += change },
      onBlobBytes: (change) => { this.blobBytes += change },
      // Whoever leaves its results here has at most as much as is left for the others.
      isCrowding: (blobBytes) => blobBytes > 0 && blobBytes > this.maxBlobBytes - this.blobBytes,
      now: this.components.now,
      ...(ledger === undefined ? {} : { ledger }),
      ...(this.components.onTaken === undefined ? {} : { onTaken: this.components.onTaken }),
    })
    this.submitters.set(peer, submitter)
    if (ledger !== undefined) this.components.onServing?.(peer, true)
    return submitter
  }

  /** What a submitter is owed and is on disk where it can be, oldest first. */
  owedTo (peer: string): Iterable<Owed> {
    return this.submitters.get(peer)?.outbox.results() ?? []
  }

  /** Gives up what a submitter that is away has not come for in time. */
  expire (peer: string): void {
    const submitter = this.submitters.get(peer)
    if (submitter === undefined) return
    this.debts.expire(submitter)
    submitter.leaveIfDone()
  }

  /** Takes back what was owed when the process ended, and has its submitters looked for. Rejects with ERR_JOURNAL. */
  async recover (): Promise<void> {
    const owed = new Set<string>()
    await this.debts.recover((peer) => {
      owed.add(peer)
      return this.of(peer).outbox
    })
    for (const peer of owed) this.strand(peer)
  }

  private strand (peer: string): void {
    this.debts.bound([...this.submitters.values()].filter(({ link }) => link === undefined))
    this.components.onStranded(peer)
  }
}
