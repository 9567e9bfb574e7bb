/**
 * The results that a worker owes one submitter. They are written down where the node has a journal, leave in order, so many
 * at a time as the submitter acknowledges, and are kept until then; a new stream begins with the oldest again.
 */
import { MAX_RESULTS_IN_FLIGHT, MAX_RESULT_BYTES_IN_FLIGHT, MAX_UNACKED_BLOB_BYTES, MAX_UNACKED_BYTES, MAX_UNACKED_RESULTS } from './limits.ts'
import type { ReceiptBody } from '../../task/receipt.ts'
import { approximateBytes } from '../../task/size.ts'
import type { LeaseRef, WorkerMessage } from '../../wire/messages.ts'
import { refBytes } from '../large-values.ts'
import type { SubmitterLink } from '../link.ts'

export type ResultMessage = Extract<WorkerMessage, { kind: 'result' }>

/** Where results of one submitter are kept on disk. */
export interface Ledger {
  /** Resolves, also when it could not be done, when the result may be sent. */
  owe (message: ResultMessage, atMs: number, body?: ReceiptBody): Promise<void>
  settled (ref: LeaseRef): void
}

/** A result until it is acknowledged. */
export interface Owed {
  /** A new lease of the task gives it a new fence. */
  readonly message: ResultMessage
  /** When it was made, Unix milliseconds. */
  readonly atMs: number
  /** What its receipt will say, but for the fence. */
  readonly body: ReceiptBody | undefined
  readonly bytes: number
  /** Outputs beside it, on disk. */
  readonly blobBytes: number
}

interface Entry extends Owed {
  message: ResultMessage
  /** Lets go of the outputs beside it. */
  readonly release: (() => void) | undefined
  /** The fence under which it is in the ledger. */
  readonly writtenFence: number
  /** On its way over the stream that is open now. */
  sent: boolean
}

export interface OutboxInit {
  /** Told of each change of `bytes`. */
  onBytes?: (change: number) => void
  /** Told of each change of `blobBytes`. */
  onBlobBytes?: (change: number) => void
  /** A new result is kept, written down where it is, and there is no stream for it. */
  onWaiting?: () => void
  /** Default: nothing is written down. */
  ledger?: Ledger
  /** Called when the submitter has acknowledged a result, with what its receipt is to say. */
  onTaken?: (link: SubmitterLink, body: ReceiptBody) => void
  maxResults?: number
  maxBytes?: number
  /** Of large outputs, which are on disk. */
  maxBlobBytes?: number
}

export class Outbox {
  private readonly init: OutboxInit
  private readonly maxResults: number
  private readonly maxBytes: number
  private readonly maxBlobBytes: number
  /** All results that are kept, oldest first. */
  private readonly owed = new Map<string, Entry>()
  /** Those of them that are being written down. */
  private readonly writing = new Map<string, Entry>()
  /** Those that wait for the stream or for room on it. */
  private readonly unsent = new Map<string, Entry>()
  private link?: SubmitterLink
  private inFlight = 0
  private bytesInFlight = 0
  /** Of all that is kept: memory, and large outputs on disk. */
  bytes = 0
  blobBytes = 0

  constructor (init: OutboxInit = {}) {
    this.init = init
    this.maxResults = init.maxResults ?? MAX_UNACKED_RESULTS
    this.maxBytes = init.maxBytes ?? MAX_UNACKED_BYTES
    this.maxBlobBytes = init.maxBlobBytes ?? MAX_UNACKED_BLOB_BYTES
  }

  get size (): number {
    return this.owed.size
  }

  /** The submitter takes results too slowly for more to be made. */
  get isCongested (): boolean {
    return this.bytes > this.maxBytes / 2 || this.blobBytes > this.maxBlobBytes / 2 || this.owed.size > this.maxResults / 2
  }

  /** All that is kept and written down, oldest first. */
  * results (): Generator<Owed> {
    for (const [taskId, entry] of this.owed) if (!this.writing.has(taskId)) yield entry
  }

  /** Keeps a result and sends it when it may; the oldest is given up when there are too many. `release` is called when it is dropped. */
  add (message: ResultMessage, release?: () => void, body?: ReceiptBody): void {
    const entry = this.enter(message, Date.now(), body, release)
    const { ledger } = this.init
    if (ledger === undefined) this.offer(entry)
    else {
      this.writing.set(message.taskId, entry)
      void ledger.owe(message, entry.atMs, body).then(() => { this.written(entry) })
    }
  }

  /** Takes back what the ledger had before a restart. */
  restore (message: ResultMessage, atMs: number, release?: () => void, body?: ReceiptBody): void {
    this.unsent.set(message.taskId, this.enter(message, atMs, body, release))
    this.flush()
  }

  /** Sends from now on over `link`, from the oldest on. */
  connect (link: SubmitterLink): void {
    this.disconnect()
    this.link = link
    this.flush()
  }

  disconnect (): void {
    delete this.link
    this.inFlight = 0
    this.bytesInFlight = 0
    this.unsent.clear()
    for (const [taskId, entry] of this.owed) {
      entry.sent = false
      if (!this.writing.has(taskId)) this.unsent.set(taskId, entry)
    }
  }

  acknowledged ({ taskId, fence }: LeaseRef): void {
    const entry = this.owed.get(taskId)
    if (entry?.message.fence !== fence) return
    this.drop(taskId)
    const { body } = entry
    if (body !== undefined && this.link !== undefined) this.init.onTaken?.(this.link, body.fence === fence ? body : { ...body, fence })
    this.flush()
  }

  /** The submitter does not want a result that is not on its way yet. */
  cancel ({ taskId, fence }: LeaseRef): void {
    const entry = this.owed.get(taskId)
    if (entry?.message.fence === fence && !entry.sent) this.drop(taskId)
  }

  /** A task was leased anew whose result is here: it answers for the new lease. False when there is none, or it failed: then it is to be tried again, and counts once. */
  answer ({ taskId, fence }: LeaseRef): boolean {
    const entry = this.owed.get(taskId)
    if (entry?.message.outcome.ok !== true) return false
    entry.message = { ...entry.message, fence }
    this.takeBack(entry)
    if (!this.writing.has(taskId)) this.unsent.set(taskId, entry)
    this.flush()
    return true
  }

  /** What waits to be sent: its leases are still held. */
  refs (): LeaseRef[] {
    return [...this.unsent.values(), ...this.writing.values()].map(({ message: { taskId, fence } }) => ({ taskId, fence }))
  }

  /** Gives up what was made before `beforeMs`, Unix milliseconds; returns how many. */
  dropOlder (beforeMs: number): number {
    const before = this.owed.size
    for (const [taskId, { atMs }] of this.owed) if (atMs < beforeMs) this.drop(taskId)
    return before - this.owed.size
  }

  /** The oldest that has any of `amount`; default: the oldest. */
  dropOldest (amount: (owed: Owed) => number = () => 1): void {
    for (const [taskId, entry] of this.owed) if (amount(entry) > 0) return this.drop(taskId)
  }

  private enter (message: ResultMessage, atMs: number, body: ReceiptBody | undefined, release: (() => void) | undefined): Entry {
    this.drop(message.taskId)
    const { outcome } = message
    const said = outcome.ok ? approximateBytes(outcome.outputs) : outcome.message.length * 2
    const blobBytes = outcome.ok ? refBytes(outcome.refs) : 0
    const entry: Entry = { message, atMs, body, bytes: said + outcome.logs.length * 2, blobBytes, release, writtenFence: message.fence, sent: false }
    this.owed.set(message.taskId, entry)
    this.count(entry.bytes, blobBytes)
    while (this.owed.size > 1 && (this.owed.size > this.maxResults || this.bytes > this.maxBytes)) this.dropOldest()
    // Never this one, and none that would free nothing.
    while (this.blobBytes > Math.max(blobBytes, this.maxBlobBytes)) this.dropOldest((owed) => owed.blobBytes)
    return entry
  }

  private written (entry: Entry): void {
    const { taskId } = entry.message
    if (this.writing.get(taskId) !== entry) return
    this.writing.delete(taskId)
    this.offer(entry)
  }

  private offer (entry: Entry): void {
    this.unsent.set(entry.message.taskId, entry)
    if (this.link === undefined) this.init.onWaiting?.()
    else this.flush()
  }

  private flush (): void {
    if (this.link === undefined) return
    for (const [taskId, entry] of this.unsent) {
      if (this.inFlight >= MAX_RESULTS_IN_FLIGHT || this.bytesInFlight >= MAX_RESULT_BYTES_IN_FLIGHT) return
      this.unsent.delete(taskId)
      entry.sent = true
      this.inFlight++
      this.bytesInFlight += entry.bytes
      this.link.send(entry.message)
    }
  }

  private drop (taskId: string): void {
    const entry = this.owed.get(taskId)
    if (entry === undefined) return
    this.owed.delete(taskId)
    this.count(-entry.bytes, -entry.blobBytes)
    entry.release?.()
    this.unsent.delete(taskId)
    this.writing.delete(taskId)
    this.takeBack(entry)
    this.init.ledger?.settled({ taskId, fence: entry.writtenFence })
  }

  /** It does not count as on its way any more. */
  private takeBack (entry: Entry): void {
    if (!entry.sent) return
    entry.sent = false
    this.inFlight--
    this.bytesInFlight -= entry.bytes
  }

  private count (bytes: number, blobBytes: number): void {
    this.bytes += bytes
    this.init.onBytes?.(bytes)
    if (blobBytes === 0) return
    this.blobBytes += blobBytes
    this.init.onBlobBytes?.(blobBytes)
  }
}
