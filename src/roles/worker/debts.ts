/**
 * What a worker owes its submitters, over all of them: written down before it is sent, taken back after a restart, and
 * bounded for those that are away.
 */
import { toCorebrumError } from '../../errors.ts'
import { MAX_OWED_BLOB_BYTES, MAX_OWED_BYTES, MAX_OWED_RESULTS, OWED_KEPT_MS, OWED_SYNC_MS, REDELIVER_MS } from './limits.ts'
import type { TaskJournal } from '../journal.ts'
import type { Ledger, Outbox, Owed } from './outbox.ts'

export interface DebtsComponents {
  /** This node's PeerId: nothing is owed to itself. */
  peerId: string
  journal: Pick<TaskJournal, 'durable' | 'owe' | 'settled' | 'owed'>
  log: (message: string) => void
}

export interface DebtsInit {
  maxResults?: number
  maxBytes?: number
  maxBlobBytes?: number
}

interface Debtor {
  readonly peer: string
  readonly outbox: Outbox
}

export class Debts {
  /** How long a result is kept for a submitter that does not come, milliseconds. */
  readonly keptMs: number
  private readonly components: DebtsComponents
  private readonly limits: Required<DebtsInit>
  /** Results that were given up for each submitter since it went. */
  private readonly givenUp = new Map<string, number>()

  constructor (components: DebtsComponents, { maxResults = MAX_OWED_RESULTS, maxBytes = MAX_OWED_BYTES, maxBlobBytes = MAX_OWED_BLOB_BYTES }: DebtsInit = {}) {
    this.components = components
    this.limits = { maxResults, maxBytes, maxBlobBytes }
    this.keptMs = components.journal.durable ? OWED_KEPT_MS : REDELIVER_MS
  }

  /** Where results for a submitter are written down; undefined when they are not. */
  ledger (submitter: string): Ledger | undefined {
    const { journal, peerId, log } = this.components
    if (!journal.durable || submitter === peerId) return undefined
    let failures = 0
    const onFailure = (error: unknown): void => {
      if (failures++ === 0) log(`results for ${submitter} are sent without being on disk: ${toCorebrumError(error).message}`)
    }
    const onSuccess = (): void => {
      if (failures === 0) return
      log(`results for ${submitter} are on disk again before they are sent; ${failures} were not`)
      failures = 0
    }
    return {
      async owe ({ taskId, fence, outcome }, atMs, body) {
        try {
          // A short call is sooner run again than its fsync is through: after a power cut, not a kill, it may have to be.
          await journal.owe({ submitter, taskId, fence, outcome, atMs, ...(body === undefined ? {} : { body }) }, { sync: outcome.usage.wallMs > OWED_SYNC_MS })
          onSuccess()
        } catch (error) {
          onFailure(error)
        }
      },
      settled: (ref) => { journal.settled(submitter, ref) },
    }
  }

  /** Takes back what was owed when the process ended, into the outboxes that `outboxOf` gives. Rejects with ERR_JOURNAL. */
  async recover (outboxOf: (submitter: string) => Outbox): Promise<void> {
    const { journal, peerId } = this.components
    const oldest = Date.now() - this.keptMs
    for await (const owed of journal.owed()) {
      const { submitter, taskId, fence, outcome, atMs, release, body } = owed
      if (submitter !== peerId && atMs >= oldest) outboxOf(submitter).restore({ kind: 'result', taskId, fence, outcome }, atMs, release, body)
      else {
        release?.()
        journal.settled(submitter, owed)
      }
    }
  }

  /** Gives up what is too much for submitters that are away: the oldest of the one that has most of it. */
  bound (away: Iterable<Debtor>): void {
    const { maxResults, maxBytes, maxBlobBytes } = this.limits
    const debtors = [...away]
    this.report(debtors)
    this.boundBy(debtors, maxResults, ({ outbox }) => outbox.size)
    this.boundBy(debtors, maxBytes, ({ outbox }) => outbox.bytes)
    this.boundBy(debtors, maxBlobBytes, ({ outbox }) => outbox.blobBytes, ({ blobBytes }) => blobBytes)
  }

  /** Gives up what a submitter has not come for in time. */
  expire ({ peer, outbox }: Debtor): void {
    const expired = outbox.dropOlder(Date.now() - this.keptMs)
    if (expired > 0) this.components.log(`gave up ${expired} results for ${peer}, which did not come back`)
  }

  private boundBy (debtors: Debtor[], max: number, amount: (debtor: Debtor) => number, amountOf?: (owed: Owed) => number): void {
    let total = debtors.reduce((sum, debtor) => sum + amount(debtor), 0)
    while (total > max) {
      const largest = debtors.reduce((most, debtor) => amount(debtor) > amount(most) ? debtor : most)
      const before = amount(largest)
      largest.outbox.dropOldest(amountOf)
      total -= before - amount(largest)
      this.note(largest.peer)
    }
  }

  /** One line for each absence, however many results it costs. */
  private note (peer: string): void {
    const before = this.givenUp.get(peer) ?? 0
    this.givenUp.set(peer, before + 1)
    if (before === 0) this.components.log(`gives up the oldest results for ${peer}: results for submitters that are away take too much room`)
  }

  /** Says of those that are away no more what it has cost. */
  private report (away: Debtor[]): void {
    if (this.givenUp.size === 0) return
    const peers = new Set(away.map(({ peer }) => peer))
    for (const [peer, results] of this.givenUp) {
      if (peers.has(peer)) continue
      this.givenUp.delete(peer)
      this.components.log(`gave up ${results} results for ${peer} in all, which was away`)
    }
  }
}
