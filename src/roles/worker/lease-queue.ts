/** Leases of one submitter that wait for their turn: higher priority first, then in the order in which they came. */
import Denque from 'denque'
import type { HeldLease } from './held-lease.ts'

interface Level {
  readonly priority: number
  readonly queue: Denque<HeldLease>
}

export class LeaseQueue {
  /** From high to low; one that is empty goes when a higher one is looked for. */
  private readonly levels: Level[] = []
  private size = 0

  get length (): number {
    return this.size
  }

  /** The one that `shift` gives next. */
  peek (): HeldLease | undefined {
    return this.levels.find(({ queue }) => !queue.isEmpty())?.queue.peekFront()
  }

  push (lease: HeldLease): void {
    this.level(lease.priority).queue.push(lease)
    this.size++
  }

  /** Before all others of its priority. */
  unshift (lease: HeldLease): void {
    this.level(lease.priority).queue.unshift(lease)
    this.size++
  }

  shift (): HeldLease | undefined {
    let first = this.levels[0]
    // One level stays, so that a queue that runs empty again and again costs nothing.
    while (first !== undefined && first.queue.isEmpty() && this.levels.length > 1) {
      this.levels.shift()
      first = this.levels[0]
    }
    const lease = first?.queue.shift()
    if (lease !== undefined) this.size--
    return lease
  }

  /** Keeps those that `which` picks. */
  keep (which: (lease: HeldLease) => boolean): void {
    const left = this.levels.flatMap(({ queue }) => queue.toArray()).filter(which)
    this.clear()
    for (const lease of left) this.push(lease)
  }

  clear (): void {
    this.levels.length = 0
    this.size = 0
  }

  private level (priority: number): Level {
    const { levels } = this
    let i = 0
    for (; i < levels.length; i++) {
      const level = levels[i]
      if (level === undefined || level.priority < priority) break
      if (level.priority === priority) return level
    }
    const made = { priority, queue: new Denque<HeldLease>() }
    levels.splice(i, 0, made)
    return made
  }
}
