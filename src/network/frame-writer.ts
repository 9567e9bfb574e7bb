/**
 * What a stream has still to send: messages are encoded as they come, gathered into frames once per turn of the event
 * loop, and handed out in chunks of about TARGET_BYTES, because a write for each message costs ten times the time.
 */
import { varint } from 'multiformats'
import { encode } from '../cbor.ts'
import { CorebrumError } from '../errors.ts'
import { MAX_FRAME_BYTES, MAX_FRAME_MESSAGES } from './limits.ts'

/** Frames and chunks are cut here, so that a large batch does not wait for its last message. */
const TARGET_BYTES = 256 * 1024
/** Room for the head of the array in a frame of one message. */
const ARRAY_HEAD_BYTES = 3

export class FrameWriter {
  /** Messages since the last flush. */
  private parts: Uint8Array[] = []
  private partBytes = 0
  /** Pieces of frames, in order; those before `next` are with the stream. */
  private pieces: Uint8Array[] = []
  private next = 0
  private pieceBytes = 0
  private wake?: () => void
  private ended = false

  /** Bytes that the stream has not taken yet. */
  get bufferedBytes (): number {
    return this.partBytes + this.pieceBytes
  }

  /** Queues a message for the next flush; true when it is the first. Throws ERR_FRAME_TOO_LARGE. */
  add (message: unknown): boolean {
    const part = encode(message)
    if (part.length > MAX_FRAME_BYTES - ARRAY_HEAD_BYTES) {
      throw new CorebrumError('ERR_FRAME_TOO_LARGE', `a message of ${part.length} bytes is over the limit of ${MAX_FRAME_BYTES}`)
    }
    this.partBytes += part.length
    return this.parts.push(part) === 1
  }

  /** Makes frames of the queued messages. */
  flush (): void {
    const { parts } = this
    this.parts = []
    this.partBytes = 0
    let first = 0
    let bytes = 0
    for (const [i, part] of parts.entries()) {
      if (i > first && (bytes + part.length > TARGET_BYTES || i - first === MAX_FRAME_MESSAGES)) {
        this.addFrame(parts.slice(first, i), bytes)
        first = i
        bytes = 0
      }
      bytes += part.length
    }
    if (parts.length > first) this.addFrame(parts.slice(first), bytes)
    this.wake?.()
  }

  /** The chunks to send; they end after what is queued once `end` was called. */
  async * chunks (): AsyncGenerator<Uint8Array> {
    while (true) {
      const chunk = this.take()
      if (chunk !== undefined) {
        yield chunk
        // Asked for more: the stream has taken this one.
        this.pieceBytes -= chunk.length
      } else if (this.ended) {
        return
      } else {
        await new Promise<void>((resolve) => { this.wake = resolve })
      }
    }
  }

  end (): void {
    this.flush()
    this.ended = true
    this.wake?.()
  }

  /** Ends now; what is queued is lost. */
  discard (): void {
    this.parts = []
    this.pieces = []
    this.partBytes = this.pieceBytes = this.next = 0
    this.ended = true
    this.wake?.()
  }

  private addFrame (parts: Uint8Array[], bytes: number): void {
    const array = arrayHead(parts.length)
    const length = array.length + bytes
    const head = new Uint8Array(varint.encodingLength(length) + array.length)
    varint.encodeTo(length, head)
    head.set(array, head.length - array.length)
    this.pieces.push(head, ...parts)
    this.pieceBytes += head.length + bytes
  }

  private take (): Uint8Array | undefined {
    let end = this.next
    let bytes = 0
    for (; end < this.pieces.length; end++) {
      const length = this.pieces[end]?.length ?? 0
      if (end > this.next && bytes + length > TARGET_BYTES) break
      bytes += length
    }
    if (end === this.next) return undefined
    const chunk = Buffer.concat(this.pieces.slice(this.next, end), bytes)
    if (end === this.pieces.length) {
      this.pieces = []
      this.next = 0
    } else {
      // The bytes behind `next` are not kept; the list itself is cut when it is half used up.
      this.pieces.fill(EMPTY, this.next, end)
      this.next = end
      if (end * 2 > this.pieces.length) {
        this.pieces = this.pieces.slice(end)
        this.next = 0
      }
    }
    return chunk
  }
}

const EMPTY = new Uint8Array()

/** Head of a CBOR array (RFC 8949, 3.1) of up to 65535 items. */
function arrayHead (items: number): Uint8Array {
  if (items < 24) return Uint8Array.of(0x80 | items)
  if (items < 256) return Uint8Array.of(0x98, items)
  return Uint8Array.of(0x99, items >> 8, items & 0xff)
}
