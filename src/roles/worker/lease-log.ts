/** What the module of a running lease writes to its log, on its way to the submitter. */
import { MAX_LOG_BYTES } from '../../limits.ts'
import type { HeldLease } from './held-lease.ts'
import type { SubmitterLink } from '../link.ts'

/** A submitter whose stream holds this much unread gets no more log until it has read: the result brings it all. */
const MAX_UNREAD_BYTES = 256 * 1024

/** The log so far; it is kept, as a new lease of the task begins with all of it. */
export class LeaseLog {
  private text = ''
  private sent = 0

  add (text: string): void {
    this.text += text.slice(0, MAX_LOG_BYTES - this.text.length)
  }

  /** What was not taken yet; empty when there is nothing. */
  take (): string {
    const rest = this.text.slice(this.sent)
    this.sent = this.text.length
    return rest
  }

  /** The next `take` gives all of it again. */
  rewind (): void {
    this.sent = 0
  }
}

/** Sends what is new in the logs of leases that the submitter knows to run, as far as it reads. */
export function sendLogs (link: SubmitterLink, leases: Iterable<HeldLease>): void {
  for (const { log, reported, taskId, fence } of leases) {
    if (link.bufferedBytes > MAX_UNREAD_BYTES) return
    const text = reported ? log.take() : ''
    if (text !== '') link.send({ kind: 'log', taskId, fence, text })
  }
}
