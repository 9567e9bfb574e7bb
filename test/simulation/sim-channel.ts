/** One end of a stream over a simulated connection: frames arrive in order, each at its time, until the stream or the connection ends. */
import { decode, encode } from '../../src/cbor.ts'
import { CorebrumError } from '../../src/errors.ts'
import type { Channel } from '../../src/network/network.ts'
import { asArray } from '../../src/wire/shape.ts'
import type { Connection } from './sim-connection.ts'
import type { SimNetwork } from './sim-network.ts'
import type { SimPort } from './sim-port.ts'

/** A close that the other side does not answer ends the stream after this long. */
const CLOSE_MS = 10_000

/** Messages as they are read from bytes, at a tenth of the cost: whole numbers that travel with 64 bits are numbers again. */
function asRead (values: unknown[]): unknown[] {
  return values.map((value) => typeof value === 'bigint' ? Number(value) : Array.isArray(value) ? asRead(value) : value)
}

type Frame = { kind: 'messages', messages: unknown[] } | { kind: 'end' }

export class SimChannel implements Channel {
  readonly peer: string
  readonly bufferedBytes = 0
  onMessages?: (messages: unknown[]) => void
  onClose?: (error?: Error) => void
  /** The end of the same stream at the other side. */
  twin!: SimChannel
  closed = false
  private ending = false
  private queue: unknown[] = []
  /** On their way to this end. */
  private readonly arriving: Frame[] = []
  private lastArrival = 0
  private finished?: () => void
  private readonly net: SimNetwork
  private readonly port: SimPort
  private readonly connection: Connection

  constructor (net: SimNetwork, port: SimPort, connection: Connection) {
    this.net = net
    this.port = port
    this.connection = connection
    const other = connection.other(port).port
    this.peer = other.alias ?? other.peerId
    connection.side(port).streams.add(this)
  }

  send (message: unknown): void {
    if (this.closed || this.ending) return
    if (this.queue.push(message) === 1) queueMicrotask(() => { this.flush() })
  }

  close (): Promise<void> {
    if (this.closed || this.ending) return Promise.resolve()
    this.flush()
    this.end()
    return new Promise((resolve) => { this.finished = resolve })
  }

  abort (error: Error): void {
    if (this.closed) return
    this.finish(error)
    this.net.after(this.port, this.twin.port, () => { this.net.enter(this.twin.port, () => { this.twin.finish(new CorebrumError('ERR_STREAM_CLOSED', 'the other side reset the stream')) }) })
  }

  /** The connection is gone, as this side sees it. */
  finish (error?: Error): void {
    if (this.closed) return
    this.closed = true
    this.connection.side(this.port).streams.delete(this)
    this.queue = []
    this.finished?.()
    this.onClose?.(error)
  }

  /** Some of what is on its way does not come any more: all from a random point on. */
  loseArriving (): void {
    const kept = this.net.world.random.int(0, this.arriving.length)
    this.net.lost += this.arriving.length - kept
    this.arriving.length = kept
  }

  /** The other end sent this. */
  push (frame: Frame): void {
    this.arriving.push(frame)
    this.lastArrival = this.net.arrival(this.twin.port, this.port, this.lastArrival)
    this.net.at(this.lastArrival, this.twin.port, this.port, () => { this.arrive() })
  }

  private flush (): void {
    if (this.closed || this.queue.length === 0) return
    const messages = this.queue
    this.queue = []
    if (this.connection.broken) return
    for (const frame of this.net.mangle?.(messages, this.port.peerId, this.peer) ?? [messages]) {
      this.twin.push({ kind: 'messages', messages: this.net.copies ? asArray(decode(encode(frame)), 'frame', 0) : asRead(frame) })
    }
  }

  private end (): void {
    this.ending = true
    this.twin.push({ kind: 'end' })
    setTimeout(() => { this.finish(new CorebrumError('ERR_PEER_TIMEOUT', 'the peer did not end')) }, CLOSE_MS)
  }

  private arrive (): void {
    const frame = this.arriving.shift()
    if (frame === undefined || this.closed) return
    this.net.enter(this.port, () => {
      if (frame.kind === 'messages') {
        if (!this.ending) this.onMessages?.(frame.messages)
      } else if (this.ending) this.finish()
      else {
        this.flush()
        this.twin.push({ kind: 'end' })
        this.finish()
      }
    })
  }
}
