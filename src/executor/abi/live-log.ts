/**
 * Reports what a call writes to its log while it runs. A sandbox has one thread, which is the module's, so it can report only when
 * the module writes or is about to sleep: the first text and whole lines go at once, as long as there are not too many of them.
 */
import { LIVE_LOG_BLOCK_BYTES, LIVE_LOG_BURST, LIVE_LOG_PARTS_PER_SECOND, LIVE_LOG_PART_LINE_MS } from '../limits.ts'
import type { Capture } from './capture.ts'

export class LiveLog {
  private readonly capture: Capture
  private readonly send: (text: string) => void
  private readonly now: () => number
  private decoder: InstanceType<typeof TextDecoder> | undefined
  /** Bytes of the capture that were sent. */
  private sent = 0
  /** Parts that may leave now, and when that was worked out, milliseconds. */
  private parts = LIVE_LOG_BURST
  private at = 0

  /** Follows `capture` from now on. `now` gives monotonic milliseconds. */
  constructor (capture: Capture, send: (text: string) => void, now: () => number = () => performance.now()) {
    this.capture = capture
    this.send = send
    this.now = now
    capture.onWrite = () => { this.written() }
  }

  /** Sends what waits. What is left at the end of the call need not be sent: the result has it all. */
  flush (): void {
    const { capture } = this
    if (capture.length === this.sent) return
    this.decoder ??= new TextDecoder()
    // A character that is not whole yet waits for its other bytes in the decoder.
    const text = this.decoder.decode(capture.bytes(this.sent), { stream: true })
    this.sent = capture.length
    if (text !== '') this.send(text)
  }

  private written (): void {
    const waiting = this.capture.length - this.sent
    // Blocks are few, as a log is capped.
    if (waiting >= LIVE_LOG_BLOCK_BYTES || this.mayLeave()) this.flush()
  }

  private mayLeave (): boolean {
    const now = this.now()
    if (this.sent === 0) this.at = now
    else if (!this.capture.endsLine && now - this.at < LIVE_LOG_PART_LINE_MS) return false
    const parts = Math.min(LIVE_LOG_BURST, this.parts + (now - this.at) * LIVE_LOG_PARTS_PER_SECOND / 1000)
    if (parts < 1) return false
    this.parts = parts - 1
    this.at = now
    return true
  }
}
