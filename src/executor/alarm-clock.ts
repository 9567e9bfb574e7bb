/**
 * The two alarms of a sandbox: the deadline of the running call, and a look at whether that call is slow.
 * A deadline that moves ahead many times a second, as calls come and go, does not touch the timer.
 */
import { SLOW_CALL_MS } from './limits.ts'

/** The longest delay that a timer takes. */
const MAX_DELAY_MS = 2 ** 31 - 1

export class AlarmClock {
  private readonly ring: (now: number) => void
  private deadline = Infinity
  private timer: NodeJS.Timeout | undefined
  private timerAt = Infinity
  private soonTimer: NodeJS.Timeout | undefined
  private stopped = false

  /** `ring` is called with `performance.now()`, after everything that has already arrived was read. */
  constructor (ring: (now: number) => void) {
    this.ring = ring
  }

  /** Moves the deadline. */
  set (deadline: number): void {
    this.deadline = deadline
    if (deadline < this.timerAt) this.arm()
  }

  /** Rings once after SLOW_CALL_MS, besides the deadline. */
  soon (): void {
    if (this.soonTimer !== undefined || this.stopped) return
    this.soonTimer = setTimeout(() => {
      this.soonTimer = undefined
      this.afterReading()
    }, SLOW_CALL_MS)
    this.soonTimer.unref()
  }

  due (now: number): boolean {
    return now >= this.deadline
  }

  stop (): void {
    this.stopped = true
    clearTimeout(this.timer)
    clearTimeout(this.soonTimer)
  }

  private arm (): void {
    if (this.stopped) return
    clearTimeout(this.timer)
    this.timerAt = this.deadline
    const delay = Math.min(Math.max(this.deadline - performance.now(), 0), MAX_DELAY_MS)
    this.timer = setTimeout(() => {
      this.timerAt = Infinity
      if (performance.now() < this.deadline) this.arm()
      else this.afterReading()
    }, Math.ceil(delay))
    this.timer.unref()
  }

  /** A report may lie unread in the pipe when a timer fires late. */
  private afterReading (): void {
    setImmediate(() => {
      if (!this.stopped) this.ring(performance.now())
    })
  }
}
