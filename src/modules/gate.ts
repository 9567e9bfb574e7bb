/** Lets so much in at the same time; the rest waits in the order in which it came. */
import { abortError } from './pace.ts'

interface Waiting {
  amount: number
  enter: () => void
}

export class Gate {
  private readonly room: number
  private used = 0
  private readonly waiting = new Set<Waiting>()

  /** `room` is in any unit; one that wants more than all of it goes in alone. */
  constructor (room: number) {
    this.room = room
  }

  /** Nobody is inside and nobody waits. */
  get isIdle (): boolean {
    return this.used === 0 && this.waiting.size === 0
  }

  /** Runs `work` inside. Rejects as `work` does, or with ERR_CANCELLED when `signal` aborts before its turn. */
  async within<T> (amount: number, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    await this.enter(amount, signal)
    try {
      return await work()
    } finally {
      this.used -= amount
      this.admit()
    }
  }

  private async enter (amount: number, signal: AbortSignal | undefined): Promise<void> {
    if (signal?.aborted === true) throw abortError(signal)
    await new Promise<void>((resolve, reject) => {
      const leave = (): void => {
        this.waiting.delete(entry)
        if (signal !== undefined) reject(abortError(signal))
        this.admit()
      }
      const entry: Waiting = {
        amount,
        enter: () => {
          signal?.removeEventListener('abort', leave)
          resolve()
        },
      }
      signal?.addEventListener('abort', leave, { once: true })
      this.waiting.add(entry)
      this.admit()
    })
  }

  private admit (): void {
    for (const entry of this.waiting) {
      if (this.used > 0 && this.used + entry.amount > this.room) return
      this.waiting.delete(entry)
      this.used += entry.amount
      entry.enter()
    }
  }
}
