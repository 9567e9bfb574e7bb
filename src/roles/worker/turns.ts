/**
 * Whose turn it is at a worker: the submitter whose calls have taken the least time here lately. Who was away has no claim to the
 * time that it did not use, so that nobody comes back and keeps all others waiting.
 */

export interface TurnTaker {
  /** Milliseconds that its calls have taken, on the clock of `Turns`. */
  spentMs: number
}

export class Turns<T extends TurnTaker> {
  private readonly waiting = new Set<T>()
  /** What the submitter had spent whose turn came last. */
  private clockMs = 0

  /** It has something to run; who is in already stays where it is. */
  add (taker: T): void {
    if (this.waiting.has(taker)) return
    taker.spentMs = Math.max(taker.spentMs, this.clockMs)
    this.waiting.add(taker)
  }

  /** Takes out whose turn it is; among equals who has waited longest. */
  next (): T | undefined {
    let first: T | undefined
    for (const taker of this.waiting) if (first === undefined || taker.spentMs < first.spentMs) first = taker
    if (first === undefined) return undefined
    this.waiting.delete(first)
    this.clockMs = Math.max(this.clockMs, first.spentMs)
    return first
  }
}
