/** Where the result of each index stands: 8 bytes for each. */

const FIRST_ENTRIES = 1024

export class OffsetTable {
  /** Offset and 1; 0 where there is none. */
  private entries = new Float64Array(FIRST_ENTRIES)
  private filled = 0
  private used = 0

  /** How many there are. */
  get count (): number {
    return this.filled
  }

  /** One more than the largest index. */
  get length (): number {
    return this.used
  }

  has (index: number): boolean {
    return index < this.used && this.entries[index] !== 0
  }

  get (index: number): number | undefined {
    const entry = index < this.used ? this.entries[index] ?? 0 : 0
    return entry === 0 ? undefined : entry - 1
  }

  /** The index has none yet. */
  set (index: number, offset: number): void {
    if (index >= this.entries.length) {
      const larger = new Float64Array(Math.max(index + 1, this.entries.length * 2))
      larger.set(this.entries)
      this.entries = larger
    }
    this.entries[index] = offset + 1
    this.filled++
    if (index >= this.used) this.used = index + 1
  }
}
