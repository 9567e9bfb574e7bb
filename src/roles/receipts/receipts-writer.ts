/**
 * Writes receipts for what this node ran: many with one signature, a moment after the submitter has taken the results, as a
 * signature for each would take a small task half of its time again.
 */
import { toCorebrumError } from '../../errors.ts'
import { MAX_RECEIPTS_PER_MESSAGE } from '../../limits.ts'
import { merkleTree } from '../../task/merkle.ts'
import { receiptLeaf } from '../../task/receipt-digests.ts'
import type { ReceiptBody } from '../../task/receipt.ts'
import type { WorkerMessage } from '../../wire/messages.ts'
import type { SubmitterLink } from '../link.ts'

/** What is signed together comes within this time. */
const WAIT_MS = 10
/** Writing takes at most one part in so many of the time, however many submitters there are, each with a signature of its own. */
const IDLE_PARTS = 4

export interface ReceiptWriterComponents {
  /** Signs a root for receipts; see `Network.sign`. */
  sign: (root: Uint8Array) => Promise<Uint8Array>
  log: (message: string) => void
  /** Monotonic milliseconds. Default performance.now. */
  now?: () => number
}

export class ReceiptWriter {
  private readonly components: ReceiptWriterComponents
  private readonly now: () => number
  private waiting = new Map<SubmitterLink, ReceiptBody[]>()
  private timer?: NodeJS.Timeout
  /** Monotonic milliseconds before which nothing is written. */
  private restsUntil = 0

  constructor (components: ReceiptWriterComponents) {
    this.components = components
    this.now = components.now ?? (() => performance.now())
  }

  /** The submitter at the other end has taken a result of this node, of which its receipt is to say this. */
  add (link: SubmitterLink, body: ReceiptBody): void {
    const bodies = this.waiting.get(link)
    if (bodies === undefined) this.waiting.set(link, [body])
    else if (bodies.push(body) >= MAX_RECEIPTS_PER_MESSAGE) {
      this.waiting.delete(link)
      void this.write(link, bodies)
    }
    this.timer ??= setTimeout(() => { void this.flush() }, Math.max(WAIT_MS, this.restsUntil - this.now())).unref()
  }

  /** Writes what waits; resolves when it is handed to the links. */
  async flush (): Promise<void> {
    clearTimeout(this.timer)
    this.timer = undefined
    const { waiting } = this
    this.waiting = new Map()
    const before = this.now()
    await Promise.all([...waiting].map(([link, bodies]) => this.write(link, bodies)))
    this.restsUntil = this.now() + (this.now() - before) * IDLE_PARTS
  }

  /** Up to MAX_RECEIPTS_PER_MESSAGE as one message. Rejects as `Network.sign`. */
  async together (bodies: ReceiptBody[]): Promise<Extract<WorkerMessage, { kind: 'receipts' }>> {
    const leaves = bodies.map(receiptLeaf)
    const signature = await this.components.sign(Buffer.from(merkleTree(leaves).root, 'hex'))
    const entries = bodies.map(({ taskId, fence, startedAtMs, endedAtMs }, i) => ({ taskId, fence, startedAtMs, endedAtMs, leaf: leaves[i] ?? '' }))
    return { kind: 'receipts', signature, entries }
  }

  private async write (link: SubmitterLink, bodies: ReceiptBody[]): Promise<void> {
    try {
      link.send(await this.together(bodies))
    } catch (thrown) {
      this.components.log(`no receipts for ${link.peer}: ${toCorebrumError(thrown).message}`)
    }
  }
}
