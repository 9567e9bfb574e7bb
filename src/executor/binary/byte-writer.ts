/** Bytes that grow as they are written, for code that is written anew. */

export class ByteWriter {
  private buffer: Uint8Array
  private length = 0

  /** `capacity`: what is expected to be written, bytes. */
  constructor (capacity: number) {
    this.buffer = new Uint8Array(capacity)
  }

  /** What was written so far; not a copy. */
  get written (): Uint8Array {
    return this.buffer.subarray(0, this.length)
  }

  u8 (byte: number): void {
    if (this.length === this.buffer.length) this.grow(1)
    this.buffer[this.length++] = byte
  }

  bytes (values: ArrayLike<number>): void {
    if (this.length + values.length > this.buffer.length) this.grow(values.length)
    this.buffer.set(values, this.length)
    this.length += values.length
  }

  /** Unsigned LEB128, shortest form. */
  u32 (value: number): void {
    let rest = value
    while (rest >= 0x80) {
      this.u8(rest % 0x80 | 0x80)
      rest = Math.floor(rest / 0x80)
    }
    this.u8(rest)
  }

  /** Signed LEB128 of a number that is not negative, shortest form. */
  s64 (value: number): void {
    let rest = value
    while (rest >= 0x40) {
      this.u8(rest % 0x80 | 0x80)
      rest = Math.floor(rest / 0x80)
    }
    this.u8(rest)
  }

  /** Part of `source`; pieces of code are short, for which a loop is faster than a view. */
  copy (source: Uint8Array, start: number, end: number): void {
    const count = end - start
    if (this.length + count > this.buffer.length) this.grow(count)
    if (count > 64) this.buffer.set(source.subarray(start, end), this.length)
    else for (let index = 0; index < count; index++) this.buffer[this.length + index] = source[start + index] ?? 0
    this.length += count
  }

  /** Leaves room for a length in LEB128 of full width; returns where, for `patch`. */
  reserve (): number {
    const at = this.length
    this.bytes([0x80, 0x80, 0x80, 0x80, 0])
    return at
  }

  /** Writes there how many bytes follow it, and returns that. */
  patch (at: number): number {
    const value = this.length - at - 5
    for (let index = 0; index < 4; index++) this.buffer[at + index] = (value >>> 7 * index & 0x7f) | 0x80
    this.buffer[at + 4] = value >>> 28
    return value
  }

  private grow (count: number): void {
    const next = new Uint8Array(Math.max(this.buffer.length * 2, this.length + count))
    next.set(this.written)
    this.buffer = next
  }
}
