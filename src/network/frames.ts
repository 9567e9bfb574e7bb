/**
 * A Channel over one libp2p stream: frames out (frame-writer.ts), frames in (frame-splitter.ts), and the clocks that end
 * a stream whose peer does not begin, does not go on, or does not take what it is sent.
 */
import type { Stream } from '@libp2p/interface'
import { pipe } from 'it-pipe'
import { CorebrumError, toCorebrumError } from '../errors.ts'
import { FIRST_FRAME_TIMEOUT_MS } from '../limits.ts'
import { FRAME_STALL_MS, MAX_PARTIAL_FRAMES_BYTES, MAX_WRITE_BUFFER_BYTES } from './limits.ts'
import { FrameSplitter, messagesOf, type FrameBudget } from './frame-splitter.ts'
import { FrameWriter } from './frame-writer.ts'
import type { Channel } from './network.ts'

export interface FrameInit {
  /** The first frame must be whole after this long; 0: wait for ever. Default FIRST_FRAME_TIMEOUT_MS. */
  firstFrameTimeoutMs?: number
  /** A frame that has begun must be whole after this long, and a closed stream must take what is left. Default FRAME_STALL_MS. */
  stallMs?: number
  /** Default: MAX_PARTIAL_FRAMES_BYTES for this stream alone. */
  budget?: FrameBudget
}

export interface FrameEvents {
  /** The peer's bytes are not frames; the stream ends. */
  onBroken?: (error: CorebrumError) => void
}

class FrameChannel implements Channel {
  readonly peer: string
  onMessages?: (messages: unknown[]) => void
  onClose?: (error?: Error) => void
  private readonly stream: Stream
  private readonly stallMs: number
  private readonly onBroken: FrameEvents['onBroken']
  private readonly splitter: FrameSplitter
  private readonly writer = new FrameWriter()
  private readonly finished: Promise<void>
  private release!: () => void
  private fault?: CorebrumError
  private ending = false
  private closed = false
  private readTimer?: NodeJS.Timeout
  private drainTimer?: NodeJS.Timeout

  constructor (peer: string, stream: Stream, init: FrameInit & FrameEvents) {
    const { firstFrameTimeoutMs = FIRST_FRAME_TIMEOUT_MS, stallMs = FRAME_STALL_MS, budget = { freeBytes: MAX_PARTIAL_FRAMES_BYTES } } = init
    this.peer = peer
    this.stream = stream
    this.stallMs = stallMs
    this.onBroken = init.onBroken
    this.splitter = new FrameSplitter(budget)
    if (firstFrameTimeoutMs > 0) this.readTimer = this.expect(firstFrameTimeoutMs, 'no whole frame came')
    this.finished = new Promise((resolve) => { this.release = resolve })
    void this.run()
  }

  get bufferedBytes (): number {
    return this.writer.bufferedBytes
  }

  send (message: unknown): void {
    if (this.closed || this.ending || this.fault !== undefined) return
    try {
      // Within one turn too: a peer that asks for something large a thousand times in one frame gets it a few times.
      if (this.bufferedBytes > MAX_WRITE_BUFFER_BYTES) throw unread(this.bufferedBytes)
      if (this.writer.add(message)) process.nextTick(() => { this.flush() })
    } catch (thrown) {
      // The owner is in the middle of something: it hears of the end in a turn of its own.
      this.fault = toCorebrumError(thrown)
      setImmediate(() => { this.flush() })
    }
  }

  close (): Promise<void> {
    this.flush()
    // The other side ends its direction when it hears of the end of this one, and `run` is done.
    if (!this.closed) this.drain()
    return this.finished
  }

  abort (error: Error): void {
    this.stream.abort(error)
    this.finish(error)
  }

  private async run (): Promise<void> {
    try {
      await Promise.all([
        pipe(() => this.writer.chunks(), this.stream.sink),
        pipe(this.stream.source, (source) => this.receive(source)),
      ])
      this.finish()
    } catch (cause) {
      const error = toCorebrumError(cause, 'ERR_STREAM_CLOSED')
      if (!this.closed) this.stream.abort(error)
      this.finish(error)
    }
  }

  private async receive (source: Stream['source']): Promise<void> {
    for await (const list of source) {
      for (const chunk of list) {
        const frames = this.split(chunk)
        if (frames.length > 0) this.quiet()
        if (this.splitter.begun) this.readTimer ??= this.expect(this.stallMs, 'a frame was not whole')
        for (const messages of frames) this.deliver(messages)
      }
    }
    this.quiet()
    if (this.ending) return
    if (this.stream.writeStatus === 'closed') throw new CorebrumError('ERR_STREAM_CLOSED', 'the connection to the peer was lost')
    if (this.splitter.begun) throw new CorebrumError('ERR_STREAM_CLOSED', 'the peer ended the stream inside a frame')
    // The other side ended the stream: end ours, so that both ends let go.
    this.drain()
  }

  private split (chunk: Uint8Array): unknown[][] {
    try {
      return Array.from(this.splitter.push(chunk), messagesOf)
    } catch (thrown) {
      const error = toCorebrumError(thrown)
      if (error.code === 'ERR_PROTOCOL' || error.code === 'ERR_FRAME_TOO_LARGE') this.onBroken?.(error)
      throw error
    }
  }

  private deliver (messages: unknown[]): void {
    if (this.ending || this.closed) return
    try {
      this.onMessages?.(messages)
    } catch (cause) {
      throw new CorebrumError('ERR_INTERNAL', `the handler of a stream failed: ${(cause as Error).message}`, { cause })
    }
  }

  private flush (): void {
    if (this.closed) return
    if (this.fault !== undefined) this.abort(this.fault)
    else if (this.bufferedBytes > MAX_WRITE_BUFFER_BYTES) this.abort(unread(this.bufferedBytes))
    else this.writer.flush()
  }

  /** Sends what is left, then ends this direction. */
  private drain (): void {
    this.ending = true
    this.writer.end()
    this.drainTimer ??= this.expect(this.stallMs, 'the peer did not take what was left and end')
  }

  private expect (ms: number, what: string): NodeJS.Timeout {
    return setTimeout(() => { this.abort(new CorebrumError('ERR_PEER_TIMEOUT', `${what} within ${ms} ms`)) }, ms).unref()
  }

  private quiet (): void {
    clearTimeout(this.readTimer)
    this.readTimer = undefined
  }

  private finish (error?: Error): void {
    if (this.closed) return
    this.closed = true
    this.quiet()
    clearTimeout(this.drainTimer)
    this.splitter.reset()
    this.writer.discard()
    this.release()
    this.onClose?.(error)
  }
}

function unread (bytes: number): CorebrumError {
  return new CorebrumError('ERR_PEER_TIMEOUT', `the peer left ${bytes} bytes unread`)
}

/** Frames on a stream whose protocol is negotiated. `peer` is the remote PeerId. */
export function createChannel (peer: string, stream: Stream, init: FrameInit & FrameEvents = {}): Channel {
  return new FrameChannel(peer, stream, init)
}
