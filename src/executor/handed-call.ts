/** One call that a sandbox process was handed, and what it has asked its node since: a sandbox that is sane asks no more than is allowed here. */
import type { Job } from './job.ts'
import { MAX_HTTP_REQUESTS_PER_CALL, MAX_SANDBOX_UNREAD_BYTES } from './limits.ts'

export class HandedCall {
  readonly job: Job
  readonly sequence: number
  /** What it was expected to take when it was handed over. */
  readonly estimateMs: number
  /** The module is compiled first; the process says when it begins. */
  readonly cold: boolean
  /** When it began, on the clock of `performance.now()`; undefined when it waits behind others. */
  startedAt: number | undefined
  /** Given back; the process will be told not to run it. */
  revoked = false
  private requests = 0
  private waits = false
  private named = false

  constructor (job: Job, sequence: number, estimateMs: number, cold: boolean) {
    this.job = job
    this.sequence = sequence
    this.estimateMs = estimateMs
    this.cold = cold
  }

  /** It sends an HTTP request and waits; `unreadBytes` were sent to the process and not read. Throws an Error for what no sane sandbox does. */
  noteRequest (unreadBytes: number): void {
    if (this.waits || ++this.requests > MAX_HTTP_REQUESTS_PER_CALL || unreadBytes > MAX_SANDBOX_UNREAD_BYTES) throw new Error('the sandbox sent more HTTP requests than it can wait for')
    this.waits = true
  }

  /** The request has its answer. */
  noteAnswer (): void {
    this.waits = false
  }

  /** It asks for the names of worker and task. Throws an Error for the second time. */
  noteNames (): void {
    if (this.named) throw new Error('the sandbox asked again for names that it was told')
    this.named = true
  }
}
