/** Reads bytes from front to back: LevelDB's integers of variable length (7 bits a byte, least first) and its strings. */

/** What was read is not what its format says. */
export class MalformedError extends Error {
  override readonly name = 'MalformedError'
}

export class ByteReader {
  private readonly bytes: Uint8Array
  private at: number

  constructor (bytes: Uint8Array, at = 0) {
    this.bytes = bytes
    this.at = at
  }

  get done (): boolean { return this.at >= this.bytes.length }

  /** Throws MalformedError at the end, as all of these do. */
  byte (): number {
    const byte = this.bytes[this.at++]
    if (byte === undefined) throw new MalformedError('the bytes end too early')
    return byte
  }

  /** A safe integer. */
  varint (): number {
    let value = 0
    for (let factor = 1; factor <= 2 ** 49; factor *= 128) {
      const byte = this.byte()
      value += (byte & 0x7f) * factor
      if (byte < 0x80) return value
    }
    throw new MalformedError('an integer is too large')
  }

  /** A view. */
  take (length: number): Uint8Array {
    const end = this.at + length
    if (end > this.bytes.length) throw new MalformedError('the bytes end too early')
    const taken = this.bytes.subarray(this.at, end)
    this.at = end
    return taken
  }
}
