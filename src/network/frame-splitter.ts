/**
 * Cuts a stream of bytes into frames, whatever the size of its chunks.
 *
 *   frame = varint length, then one CBOR array of messages
 *
 * A frame in pieces is gathered in one buffer that grows with what has come: a length that is only claimed costs nothing,
 * and a peer that sends byte by byte makes no list of a million pieces.
 */
import { decode } from '../cbor.ts'
import { CorebrumError } from '../errors.ts'
import { MAX_FRAME_BYTES, MAX_FRAME_MESSAGES } from './limits.ts'

/** 4 bytes of 7 bits each hold any length up to MAX_FRAME_BYTES. */
const MAX_LENGTH_BYTES = 4
const FIRST_BUFFER_BYTES = 4096

/** Memory for unfinished frames, shared by all streams of a node. */
export interface FrameBudget { freeBytes: number }

export class FrameSplitter {
  private readonly budget: FrameBudget
  private lengthBytes = 0
  private claimed = 0
  private lengthKnown = false
  private body = new Uint8Array()
  private filled = 0

  constructor (budget: FrameBudget) {
    this.budget = budget
  }

  /** True while a frame has begun and is not whole. */
  get begun (): boolean {
    return this.lengthBytes > 0
  }

  /** The frames that end in this chunk. Throws ERR_FRAME_TOO_LARGE, ERR_PROTOCOL, ERR_QUEUE_FULL when there is no memory. */
  * push (chunk: Uint8Array): Generator<Uint8Array> {
    let position = 0
    while (position < chunk.length) {
      if (!this.lengthKnown) this.readLength(chunk[position++] ?? 0)
      if (!this.lengthKnown) continue
      const missing = this.claimed - this.filled
      const here = chunk.subarray(position, position + missing)
      position += here.length
      if (here.length < missing) {
        this.keep(here)
      } else if (this.filled === 0) {
        this.reset()
        yield here
      } else {
        this.keep(here)
        const whole = this.body.subarray(0, this.filled)
        this.reset()
        yield whole
      }
    }
  }

  /** Lets go of an unfinished frame. */
  reset (): void {
    this.budget.freeBytes += this.body.length
    this.body = new Uint8Array()
    this.lengthBytes = this.claimed = this.filled = 0
    this.lengthKnown = false
  }

  private readLength (byte: number): void {
    this.claimed += (byte & 0x7f) * 2 ** (7 * this.lengthBytes++)
    if (this.claimed > MAX_FRAME_BYTES) throw new CorebrumError('ERR_FRAME_TOO_LARGE', `a frame of ${this.claimed} bytes or more, allowed: ${MAX_FRAME_BYTES}`)
    this.lengthKnown = byte < 0x80
    if (!this.lengthKnown && this.lengthBytes === MAX_LENGTH_BYTES) throw new CorebrumError('ERR_PROTOCOL', `the length of a frame takes more than ${MAX_LENGTH_BYTES} bytes`)
    if (this.lengthKnown && this.claimed === 0) throw new CorebrumError('ERR_PROTOCOL', 'a frame without content')
  }

  private keep (bytes: Uint8Array): void {
    const needed = this.filled + bytes.length
    if (needed > this.body.length) {
      const size = Math.min(this.claimed, Math.max(needed, this.body.length * 2, FIRST_BUFFER_BYTES))
      const growth = size - this.body.length
      if (growth > this.budget.freeBytes) throw new CorebrumError('ERR_QUEUE_FULL', 'peers have begun more frames than this node can hold')
      this.budget.freeBytes -= growth
      const larger = new Uint8Array(size)
      larger.set(this.body.subarray(0, this.filled))
      this.body = larger
    }
    this.body.set(bytes, this.filled)
    this.filled = needed
  }
}

/** The messages of one frame. Throws ERR_PROTOCOL. */
export function messagesOf (frame: Uint8Array): unknown[] {
  const messages = decode(frame)
  if (!Array.isArray(messages) || messages.length === 0 || messages.length > MAX_FRAME_MESSAGES) {
    throw new CorebrumError('ERR_PROTOCOL', `a frame must hold an array of 1 to ${MAX_FRAME_MESSAGES} messages`)
  }
  return messages
}
