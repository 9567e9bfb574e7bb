/** Cuts length-prefixed frames out of the chunks of a stream. */
import { CorebrumError } from '../errors.ts'

const PREFIX_BYTES = 4

export class FrameReader {
  private readonly maxBytes: number
  private rest: Buffer = Buffer.alloc(0)
  /** Chunks of a frame that is not whole yet; joined once, when it is. */
  private parts: Buffer[] = []
  private missing = 0

  /** A longer frame throws ERR_SANDBOX_CRASHED. */
  constructor (maxBytes: number) {
    this.maxBytes = maxBytes
  }

  /** Calls `onFrame` with the body of each frame that the chunk completes. */
  push (chunk: Buffer, onFrame: (body: Buffer) => void): void {
    if (this.parts.length > 0) {
      this.parts.push(chunk)
      this.missing -= chunk.length
      if (this.missing > 0) return
      chunk = Buffer.concat(this.parts)
      this.parts = []
    } else if (this.rest.length > 0) {
      chunk = Buffer.concat([this.rest, chunk])
      this.rest = Buffer.alloc(0)
    }
    let at = 0
    while (chunk.length - at >= PREFIX_BYTES) {
      const length = chunk.readUInt32LE(at)
      if (length > this.maxBytes) throw new CorebrumError('ERR_SANDBOX_CRASHED', `the sandbox sent a frame of ${length} bytes; ${this.maxBytes} are allowed`)
      const end = at + PREFIX_BYTES + length
      if (end > chunk.length) {
        this.parts = [chunk.subarray(at)]
        this.missing = end - chunk.length
        return
      }
      onFrame(chunk.subarray(at + PREFIX_BYTES, end))
      at = end
    }
    // At most three bytes, copied: a view would keep the whole chunk, which may be as large as a frame.
    this.rest = Buffer.from(chunk.subarray(at))
  }
}
