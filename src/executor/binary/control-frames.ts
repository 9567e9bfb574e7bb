/** The blocks that are open at an instruction of a function, the function itself being the first. */

/** A piece of code that is never reached. */
export const NOWHERE = -1

export interface ClosedFrame {
  /** The piece of code that the block began in. */
  entry: number
  /** True when a branch in the block leads further out, so that what stands behind its end may not be run. */
  left: boolean
  /** Its number as a loop; -1 for other blocks. */
  loop: number
  /** Nothing in it calls, throws, or works by length. */
  plain: boolean
}

export class ControlFrames {
  private readonly entries: number[] = []
  /** The outermost block that a branch in each leads to. */
  private readonly reach: number[] = []
  private readonly loops: number[] = []
  private readonly plain: boolean[] = []
  /** Whether a branch to each carries no values. */
  private readonly bare: boolean[] = []

  get depth (): number {
    return this.entries.length
  }

  /** The piece of code that the innermost block began in. */
  get entry (): number {
    return this.entries[this.entries.length - 1] ?? NOWHERE
  }

  clear (): void {
    for (const list of [this.entries, this.reach, this.loops, this.plain, this.bare]) list.length = 0
  }

  open (entry: number, bare: boolean, loop = -1): void {
    this.reach.push(this.entries.push(entry) - 1)
    this.loops.push(loop)
    this.plain.push(true)
    this.bare.push(bare)
  }

  close (): ClosedFrame {
    const entry = this.entries.pop() ?? NOWHERE
    const reach = this.reach.pop() ?? 0
    const loop = this.loops.pop() ?? -1
    const plain = this.plain.pop() ?? false
    this.bare.pop()
    const last = this.entries.length - 1
    if (last >= 0) {
      if (reach < (this.reach[last] ?? 0)) this.reach[last] = reach
      if (!plain) this.plain[last] = false
    }
    return { entry, left: reach <= last, loop, plain }
  }

  /** Notes a branch out of `depth` blocks; returns the number of the block that it leads to. */
  branch (depth: number): number {
    const last = this.entries.length - 1
    const target = Math.max(last - depth, 0)
    if (target < (this.reach[last] ?? 0)) this.reach[last] = target
    return target
  }

  isBare (frame: number): boolean {
    return this.bare[frame] === true
  }

  /** The innermost block holds something that makes it not plain. */
  mark (): void {
    this.plain[this.plain.length - 1] = false
  }
}
