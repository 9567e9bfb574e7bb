/** How many leases a worker holds of each priority: those of lower ones are no reason to keep a higher one waiting. */
export class Levels {
  /** From high to low, without gaps in use: mostly there is one. */
  private readonly priorities: number[] = []
  private readonly counts: number[] = []

  add (priority: number): void {
    const { priorities, counts } = this
    let i = 0
    while (i < priorities.length && (priorities[i] ?? 0) > priority) i++
    if (priorities[i] === priority) counts[i] = (counts[i] ?? 0) + 1
    else {
      priorities.splice(i, 0, priority)
      counts.splice(i, 0, 1)
    }
  }

  remove (priority: number): void {
    const i = this.priorities.indexOf(priority)
    if (i < 0) return
    const left = (this.counts[i] ?? 0) - 1
    this.counts[i] = left
    // The last one stays: a level that comes and goes with each task costs nothing.
    if (left > 0 || this.priorities.length === 1) return
    this.priorities.splice(i, 1)
    this.counts.splice(i, 1)
  }

  /** Leases of this priority and of higher ones. */
  atLeast (priority: number): number {
    const { priorities, counts } = this
    let sum = 0
    for (let i = 0; i < priorities.length && (priorities[i] ?? 0) >= priority; i++) sum += counts[i] ?? 0
    return sum
  }
}
