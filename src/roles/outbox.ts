/**
 * The results that a worker owes one submitter. They leave in order, so many at a time as the submitter acknowledges, and are
 * kept until then; a new stream begins with the oldest again.
 */
import { MAX_RESULTS_IN_FLIGHT, MAX_RESULT_BYTES_IN_FLIGHT, MAX_UNACKED_BLOB_BYTES, MAX_UNACKED_BYTES, MAX_UNACKED_RESULTS } from '../limits.ts'
import { approximateBytes } from '../task/size.ts'
import type { LeaseRef, WorkerMessage } from '../wire/messages.ts'
import { refBytes } from './large-values.ts'
import type { SubmitterLink } from './link.ts'

export type ResultMessage = Extract<WorkerMessage, { kind: 'result' }>

interface Owed {
  readonly message: ResultMessage
  readonly bytes: number
  /** Outputs beside it, on disk. */
  readonly blobBytes: number
  /** Lets go of them. */
  release?: () => void
  /** On its way over the stream that is open now. */
  sent: boolean
}

export interface OutboxInit {
  /** Told of each change of `bytes`. */
  onBytes?: (change: number) => void
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
  private readonly owed = new Map<string, Owed>()
  /** Those of them that wait for the stream or for room on it. */
  private readonly unsent = new Map<string, Owed>()
  private link?: SubmitterLink
  private bytes = 0
  private blobBytes = 0
  private inFlight = 0
  private bytesInFlight = 0

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

  /** Keeps a result and sends it when it may; the oldest is given up when there are too many. `release` is called when it is dropped. */
  add (message: ResultMessage, release?: () => void): void {
    this.drop(message.taskId)
    const { outcome } = message
    const body = outcome.ok ? approximateBytes(outcome.outputs) : outcome.message.length * 2
    const blobBytes = outcome.ok ? refBytes(outcome.refs) : 0
    const owed: Owed = { message, bytes: body + outcome.logs.length * 2, blobBytes, sent: false, ...(release === undefined ? {} : { release }) }
    this.owed.set(message.taskId, owed)
    this.count(owed.bytes)
    this.blobBytes += blobBytes
    this.unsent.set(message.taskId, owed)
    for (const [oldest] of this.owed) {
      if (this.owed.size === 1 || (this.owed.size <= this.maxResults && this.bytes <= this.maxBytes && this.blobBytes <= this.maxBlobBytes)) break
      this.drop(oldest)
    }
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
    for (const [taskId, owed] of this.owed) {
      owed.sent = false
      this.unsent.set(taskId, owed)
    }
  }

  acknowledged ({ taskId, fence }: LeaseRef): void {
    if (this.owed.get(taskId)?.message.fence !== fence) return
    this.drop(taskId)
    this.flush()
  }

  /** The submitter does not want a result that is not on its way yet. */
  cancel ({ taskId, fence }: LeaseRef): void {
    const owed = this.owed.get(taskId)
    if (owed?.message.fence === fence && !owed.sent) this.drop(taskId)
  }

  /** A task was leased anew whose result is here: it answers for the new lease. False when there is none. */
  answer ({ taskId, fence }: LeaseRef): boolean {
    const owed = this.owed.get(taskId)
    if (owed === undefined) return false
    const { release } = owed
    delete owed.release
    this.add({ ...owed.message, fence }, release)
    return true
  }

  /** What waits to be sent: its leases are still held. */
  refs (): LeaseRef[] {
    return [...this.unsent.values()].map(({ message: { taskId, fence } }) => ({ taskId, fence }))
  }

  clear (): void {
    for (const taskId of [...this.owed.keys()]) this.drop(taskId)
  }

  private flush (): void {
    if (this.link === undefined) return
    for (const [taskId, owed] of this.unsent) {
      if (this.inFlight >= MAX_RESULTS_IN_FLIGHT || this.bytesInFlight >= MAX_RESULT_BYTES_IN_FLIGHT) return
      this.unsent.delete(taskId)
      owed.sent = true
      this.inFlight++
      this.bytesInFlight += owed.bytes
      this.link.send(owed.message)
    }
  }

  private drop (taskId: string): void {
    const owed = this.owed.get(taskId)
    if (owed === undefined) return
    this.owed.delete(taskId)
    this.count(-owed.bytes)
    this.blobBytes -= owed.blobBytes
    owed.release?.()
    this.unsent.delete(taskId)
    if (!owed.sent) return
    this.inFlight--
    this.bytesInFlight -= owed.bytes
  }

  private count (change: number): void {
    this.bytes += change
    this.init.onBytes?.(change)
  }
}
