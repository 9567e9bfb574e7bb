/** Collects what a module writes, up to a limit. */
import { CorebrumError } from '../../errors.ts'

const encoder = new TextEncoder()
const TRUNCATED = '\n[the rest was cut off]\n'

export class Capture {
  private readonly limit: number
  private readonly atLimit: 'refuse' | 'truncate'
  private chunks: Uint8Array[] = []
  private length = 0
  private truncated = false

  /** `refuse` throws ERR_OUTPUT_LIMIT at the limit, `truncate` drops what is over it and says so. */
  constructor (limitBytes: number, atLimit: 'refuse' | 'truncate') {
    this.limit = limitBytes
    this.atLimit = atLimit
  }

  write (bytes: Uint8Array): void {
    const room = this.limit - this.length
    if (bytes.length > room && this.atLimit === 'refuse') {
      throw new CorebrumError('ERR_OUTPUT_LIMIT', `the module wrote more than ${this.limit} bytes of output`)
    }
    if (bytes.length > room) this.truncated = true
    const kept = bytes.subarray(0, room)
    if (kept.length === 0) return
    // Many one-byte writes must not cost an array each.
    const last = this.chunks.at(-1)
    const used = this.length - this.sealed
    if (last !== undefined && used + kept.length <= last.length) {
      last.set(kept, used)
    } else {
      if (last !== undefined) {
        this.chunks[this.chunks.length - 1] = last.subarray(0, used)
        this.sealed = this.length
      }
      const chunk = new Uint8Array(Math.min(Math.max(kept.length, 256, this.length), this.limit))
      chunk.set(kept)
      this.chunks.push(chunk)
    }
    this.length += kept.length
  }

  /** Bytes in all chunks but the last. */
  private sealed = 0

  writeText (text: string): void {
    this.write(encoder.encode(text))
  }

  bytes (): Uint8Array {
    const whole = new Uint8Array(this.length)
    let at = 0
    for (const chunk of this.chunks) {
      const part = chunk.subarray(0, this.length - at)
      whole.set(part, at)
      at += part.length
    }
    return whole
  }

  /** As text; what is not UTF-8 reads as U+FFFD. */
  text (): string {
    if (this.length === 0) return ''
    return new TextDecoder().decode(this.bytes()) + (this.truncated ? TRUNCATED : '')
  }
}
