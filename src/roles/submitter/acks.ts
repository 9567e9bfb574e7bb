/** Acknowledgements that wait for company: they leave with the next message to the worker, or a moment later by themselves. */
import { MAX_CLAIM_WINDOW } from '../../limits.ts'
import type { LeaseRef } from '../../wire/messages.ts'
import type { WorkerLink } from '../link.ts'

/** A frame of its own for each acknowledgement would cost a small task a tenth of its time. */
const WAIT_MS = 10

export class Acks {
  private readonly link: WorkerLink
  private waiting: LeaseRef[] = []
  private timer?: NodeJS.Timeout

  constructor (link: WorkerLink) {
    this.link = link
  }

  add (ref: LeaseRef): void {
    if (this.waiting.push(ref) >= MAX_CLAIM_WINDOW) this.flush()
    else this.timer ??= setTimeout(() => { this.flush() }, WAIT_MS).unref()
  }

  /** To be called before anything else is sent. */
  flush (): void {
    if (this.waiting.length === 0) return
    clearTimeout(this.timer)
    this.timer = undefined
    this.link.send({ kind: 'ack', leases: this.waiting })
    this.waiting = []
  }
}
