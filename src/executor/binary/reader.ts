/** Reads the primitives of the WebAssembly binary format (core specification, section 5.2). */
import { CorebrumError } from '../../errors.ts'
import { utf8Text } from '../../task/utf8.ts'

/** Reads forward from `offset` to `end`; anything damaged throws ERR_MODULE_INVALID with the offset. */
export class BinaryReader {
  readonly bytes: Uint8Array
  offset: number
  readonly end: number
  private text: Buffer | undefined

  constructor (bytes: Uint8Array, offset = 0, end = bytes.length) {
    this.bytes = bytes
    this.offset = offset
    this.end = end
  }

  get done (): boolean {
    return this.offset >= this.end
  }

  u8 (): number {
    if (this.offset >= this.end) throw this.damaged('it ends in the middle of a value')
    return this.bytes[this.offset++] ?? 0
  }

  peek (): number | undefined {
    return this.offset < this.end ? this.bytes[this.offset] : undefined
  }

  /** Unsigned LEB128 of at most 32 bits. */
  u32 (): number {
    const { bytes, end } = this
    let at = this.offset
    let result = 0
    for (let shift = 0; shift < 35 && at < end; shift += 7) {
      const byte = bytes[at++] ?? 0
      if (shift === 28 && byte > 0x0f) break
      result |= (byte & 0x7f) << shift
      if (byte >= 0x80) continue
      this.offset = at
      return result >>> 0
    }
    this.offset = at
    throw this.damaged(at >= end ? 'it ends in the middle of a value' : 'an integer has more than 32 bits')
  }

  /** Unsigned LEB128 of at most 64 bits. */
  u64 (): bigint {
    let result = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.u8()
      if (shift === 63n && byte > 0x01) break
      result |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return result
    }
    throw this.damaged('an integer has more than 64 bits')
  }

  /** Signed LEB128 of at most 32 bits. */
  s32 (): number {
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.u8()
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return shift < 28 && (byte & 0x40) !== 0 ? value | (-1 << (shift + 7)) : value
    }
    throw this.damaged('an integer has more than 32 bits')
  }

  /** Steps over a signed LEB128 of at most 64 bits. */
  skipLeb (): void {
    for (let count = 0; count < 10; count++) if (this.u8() < 0x80) return
    throw this.damaged('an integer has more than 64 bits')
  }

  skip (count: number): void {
    if (count > this.end - this.offset) throw this.damaged(`${count} bytes are announced, ${this.end - this.offset} are left`)
    this.offset += count
  }

  name (): string {
    const length = this.u32()
    const start = this.offset
    this.skip(length)
    if (this.isAscii(start, start + length)) {
      this.text ??= Buffer.from(this.bytes.buffer, this.bytes.byteOffset, this.bytes.byteLength)
      return this.text.toString('latin1', start, start + length)
    }
    const name = utf8Text(this.bytes.subarray(start, start + length))
    if (name === undefined) throw new CorebrumError('ERR_MODULE_INVALID', `the module is damaged: the name at byte ${start} is not UTF-8`)
    return name
  }

  /** Nearly all names are, and some modules export 75,000. */
  private isAscii (start: number, end: number): boolean {
    for (let at = start; at < end; at++) if ((this.bytes[at] ?? 0) >= 0x80) return false
    return true
  }

  damaged (what: string): CorebrumError {
    return new CorebrumError('ERR_MODULE_INVALID', `the module is damaged at byte ${this.offset}: ${what}`)
  }
}

/** Unsigned LEB128, shortest form. */
export function leb (value: number | bigint): number[] {
  const bytes: number[] = []
  let rest = BigInt(value)
  do {
    const low = Number(rest & 0x7fn)
    rest >>= 7n
    bytes.push(rest > 0n ? low | 0x80 : low)
  } while (rest > 0n)
  return bytes
}
