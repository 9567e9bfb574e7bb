/** Collects what a module writes, up to a limit. */
import { CorebrumError } from '../../errors.ts'

const encoder = new TextEncoder()
const TRUNCATED = encoder.encode('\n[the rest was cut off]\n')
const LINE_END = 0x0a

export class Capture {
  /** Called after each write that was kept. */
  onWrite?: () => void
  private readonly limit: number
  private readonly atLimit: 'refuse' | 'truncate'
  private chunks: Uint8Array[] = []
  private size = 0
  /** Bytes in all chunks but the last. */
  private sealed = 0
  private truncated = false

  /** `refuse` throws ERR_OUTPUT_LIMIT at the limit; `truncate` drops what is over it and says so, within the limit. */
  constructor (limitBytes: number, atLimit: 'refuse' | 'truncate') {
    this.limit = atLimit === 'refuse' ? limitBytes : limitBytes - TRUNCATED.length
    this.atLimit = atLimit
  }

  /** Bytes that are kept. */
  get length (): number {
    return this.size
  }

  /** True when the last byte ended a line. */
  get endsLine (): boolean {
    return this.chunks.at(-1)?.[this.size - this.sealed - 1] === LINE_END
  }

  write (bytes: Uint8Array): void {
    if (this.truncated) return
    const room = this.limit - this.size
    if (bytes.length > room && this.atLimit === 'refuse') {
      throw new CorebrumError('ERR_OUTPUT_LIMIT', `the module wrote more than ${this.limit} bytes of output`)
    }
    this.keep(bytes.subarray(0, room))
    if (bytes.length > room) {
      this.truncated = true
      this.keep(TRUNCATED)
    }
    if (bytes.length > 0) this.onWrite?.()
  }

  writeText (text: string): void {
    this.write(encoder.encode(text))
  }

  /** A copy of what is kept, from byte `from` on. */
  bytes (from = 0): Uint8Array {
    const whole = new Uint8Array(this.size - from)
    let start = 0
    for (const chunk of this.chunks) {
      const end = Math.min(start + chunk.length, this.size)
      if (end > from) whole.set(chunk.subarray(Math.max(0, from - start), end - start), Math.max(0, start - from))
      start = end
    }
    return whole
  }

  /** As text; what is not UTF-8 reads as U+FFFD. */
  text (): string {
    return this.size === 0 ? '' : new TextDecoder().decode(this.bytes())
  }

  private keep (bytes: Uint8Array): void {
    if (bytes.length === 0) return
    // Many one-byte writes must not cost an array each.
    const last = this.chunks.at(-1)
    const used = this.size - this.sealed
    if (last !== undefined && used + bytes.length <= last.length) {
      last.set(bytes, used)
    } else {
      if (last !== undefined) {
        this.chunks[this.chunks.length - 1] = last.subarray(0, used)
        this.sealed = this.size
      }
      const chunk = new Uint8Array(Math.max(bytes.length, Math.min(Math.max(256, this.size), this.limit)))
      chunk.set(bytes)
      this.chunks.push(chunk)
    }
    this.size += bytes.length
  }
}
