/**
 * Length-prefixed CBOR frames over one libp2p stream.
 *
 *   frame = varint length, then one CBOR array of messages
 *
 * All messages queued in one turn of the event loop leave as one chunk: a message per write costs more than ten times the
 * time. A length is checked before its body is read; a frame that begins and then stalls ends the stream.
 */
import type { Stream } from '@libp2p/interface'
import * as lp from 'it-length-prefixed'
import { pipe } from 'it-pipe'
import { decode, encode } from '../cbor.ts'
import { CorebrumError, toCorebrumError } from '../errors.ts'
import { FIRST_FRAME_TIMEOUT_MS, FRAME_STALL_MS, MAX_FRAME_BYTES, MAX_FRAME_MESSAGES, MAX_WRITE_BUFFER_BYTES } from '../limits.ts'
import type { Channel } from './network.ts'

/** Frames are cut here, so that a large batch does not wait for its last message. */
const TARGET_FRAME_BYTES = 256 * 1024

export interface FrameInit {
  /** Ends the stream when no frame has come after this long; 0: wait for ever. Default FIRST_FRAME_TIMEOUT_MS. */
  firstFrameTimeoutMs?: number
  /** Default FRAME_STALL_MS. */
  stallMs?: number
}

class FrameChannel implements Channel {
  readonly peer: string
  onMessages?: (messages: unknown[]) => void
  onClose?: (error?: Error) => void
  private readonly stream: Stream
  private readonly stallMs: number
  private queue: unknown[] = []
  private chunks: Uint8Array[] = []
  private chunkBytes = 0
  private wake?: () => void
  private ending = false
  private closed = false
  private timer?: NodeJS.Timeout

  constructor (peer: string, stream: Stream, init: FrameInit) {
    this.peer = peer
    this.stream = stream
    this.stallMs = init.stallMs ?? FRAME_STALL_MS
    const first = init.firstFrameTimeoutMs ?? FIRST_FRAME_TIMEOUT_MS
    if (first > 0) this.expect(first, 'no frame came')
    void this.run()
  }

  get bufferedBytes (): number {
    return this.chunkBytes
  }

  send (message: unknown): void {
    if (this.closed || this.ending) return
    if (this.queue.push(message) === 1) setImmediate(() => { this.flush() })
  }

  async close (): Promise<void> {
    if (this.closed) return
    this.flush()
    this.ending = true
    this.wake?.()
    await this.stream.close().catch(() => {})
    this.finish()
  }

  abort (error: Error): void {
    this.stream.abort(error)
    this.finish(error)
  }

  private async run (): Promise<void> {
    try {
      await Promise.all([
        pipe(() => this.outgoing(), this.stream.sink),
        pipe(this.stream.source, (source) => this.incoming(source)),
      ])
      this.finish()
    } catch (cause) {
      const error = toCorebrumError(cause, 'ERR_STREAM_CLOSED')
      if (!this.closed) this.stream.abort(error)
      this.finish(error)
    }
  }

  private async * outgoing (): AsyncGenerator<Uint8Array> {
    while (true) {
      if (this.chunks.length === 0) {
        if (this.ending || this.closed) return
        await new Promise<void>((resolve) => { this.wake = resolve })
        this.wake = undefined
        continue
      }
      const ready = this.chunks
      this.chunks = []
      this.chunkBytes = 0
      yield ready.length === 1 && ready[0] !== undefined ? ready[0] : Buffer.concat(ready)
    }
  }

  private async incoming (source: AsyncIterable<unknown>): Promise<void> {
    const tapped = this.watch(source as Stream['source'])
    for await (const body of lp.decode(tapped, { maxDataLength: MAX_FRAME_BYTES, maxLengthLength: 4 })) {
      clearTimeout(this.timer)
      this.timer = undefined
      const messages = decode(body.subarray())
      if (!Array.isArray(messages) || messages.length > MAX_FRAME_MESSAGES) {
        throw new CorebrumError('ERR_PROTOCOL', `a frame must hold an array of at most ${MAX_FRAME_MESSAGES} messages`)
      }
      this.onMessages?.(messages)
    }
    // The other side ended the stream: end ours, so that both ends let go.
    this.ending = true
    this.wake?.()
  }

  /** Starts the stall clock when bytes come; a whole frame stops it. */
  private async * watch (source: Stream['source']): Stream['source'] {
    for await (const chunk of source) {
      if (this.timer === undefined) this.expect(this.stallMs, 'a frame stalled')
      yield chunk
    }
  }

  private expect (ms: number, what: string): void {
    this.timer = setTimeout(() => { this.abort(new CorebrumError('ERR_PEER_TIMEOUT', `${what} within ${ms} ms`)) }, ms)
    this.timer.unref()
  }

  private flush (): void {
    if (this.queue.length === 0 || this.closed) return
    const queue = this.queue
    this.queue = []
    let parts: Uint8Array[] = []
    let bytes = 0
    for (const message of queue) {
      const part = encode(message)
      if (part.length > MAX_FRAME_BYTES - 16) {
        this.abort(new CorebrumError('ERR_FRAME_TOO_LARGE', `a message of ${part.length} bytes is over the limit of ${MAX_FRAME_BYTES}`))
        return
      }
      if (parts.length > 0 && (bytes + part.length > TARGET_FRAME_BYTES || parts.length === MAX_FRAME_MESSAGES)) {
        this.enqueueFrame(parts, bytes)
        parts = []
        bytes = 0
      }
      parts.push(part)
      bytes += part.length
    }
    this.enqueueFrame(parts, bytes)
    if (this.chunkBytes > MAX_WRITE_BUFFER_BYTES) {
      this.abort(new CorebrumError('ERR_PEER_TIMEOUT', `the peer left ${this.chunkBytes} bytes unread`))
      return
    }
    this.wake?.()
  }

  private enqueueFrame (parts: Uint8Array[], bytes: number): void {
    const header = arrayHeader(parts.length)
    const frame = lp.encode.single(Buffer.concat([header, ...parts], header.length + bytes)).subarray()
    this.chunks.push(frame)
    this.chunkBytes += frame.length
  }

  private finish (error?: Error): void {
    if (this.closed) return
    this.closed = true
    clearTimeout(this.timer)
    this.wake?.()
    this.onClose?.(error)
  }
}

/** Head of a CBOR array (RFC 8949, 3.1) of up to 65535 items. */
function arrayHeader (items: number): Uint8Array {
  if (items < 24) return Uint8Array.of(0x80 | items)
  if (items < 256) return Uint8Array.of(0x98, items)
  return Uint8Array.of(0x99, items >> 8, items & 0xff)
}

/** Frames on a stream whose protocol is negotiated. `peer` is the remote PeerId. */
export function createChannel (peer: string, stream: Stream, init: FrameInit = {}): Channel {
  return new FrameChannel(peer, stream, init)
}
