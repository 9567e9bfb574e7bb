/** A mesh in memory: Network ports whose byte streams are pairs of pipes; provider records and penalties can be read. */
import { createHash } from 'node:crypto'
import { CorebrumError } from '../../src/errors.ts'
import type { ByteStream, Channel, Network, SignaturePurpose } from '../../src/network/network.ts'

type Handler = (stream: ByteStream) => Promise<void>

/** One direction of a stream: the writer waits until its chunk is taken. */
class Pipe {
  #held?: { chunk: Uint8Array, taken: () => void }
  #wanted?: () => void
  #ended = false
  #error?: Error
  readonly #failed: Array<(error: Error) => void> = []

  async push (chunk: Uint8Array): Promise<void> {
    if (this.#error !== undefined) throw this.#error
    await new Promise<void>((resolve, reject) => {
      this.#failed.push(reject)
      this.#held = { chunk, taken: resolve }
      this.#wanted?.()
    })
  }

  end (): void {
    this.#ended = true
    this.#wanted?.()
  }

  fail (error: Error): void {
    this.#error ??= error
    for (const reject of this.#failed) reject(error)
    this.#wanted?.()
  }

  async * read (): AsyncGenerator<Uint8Array> {
    while (true) {
      if (this.#held !== undefined) {
        const { chunk, taken } = this.#held
        this.#held = undefined
        taken()
        yield chunk
      } else if (this.#error !== undefined) throw this.#error
      else if (this.#ended) return
      else await new Promise<void>((resolve) => { this.#wanted = resolve })
    }
  }
}

function streamOf (peer: string, incoming: Pipe, outgoing: Pipe, onAbort: () => void): ByteStream {
  return {
    peer,
    source: incoming.read(),
    sink: async (source) => {
      for await (const chunk of source) await outgoing.push(chunk)
      outgoing.end()
    },
    close: async () => { outgoing.end() },
    abort: (error) => {
      onAbort()
      incoming.fail(error)
      outgoing.fail(new CorebrumError('ERR_STREAM_CLOSED', 'the other side reset the stream', { cause: error }))
    },
  }
}

function fakeSignature (peer: string, purpose: SignaturePurpose, bytes: Uint8Array): string {
  return `${peer} ${purpose} ${createHash('sha256').update(bytes).digest('hex')}`
}

export class FakeNetwork implements Network {
  readonly peerId: string
  readonly provided: string[] = []
  readonly penalties: Array<{ peer: string, reason: string }> = []
  /** Peers that this node asked for a stream, in order. */
  readonly opened: string[] = []
  /** Streams of this node's own making that it reset. */
  resets = 0
  readonly #mesh: FakeMesh
  readonly #handlers = new Map<string, Handler>()

  constructor (mesh: FakeMesh, peerId: string) {
    this.#mesh = mesh
    this.peerId = peerId
  }

  async openBytes (peer: string, protocol: string, options: { signal?: AbortSignal } = {}): Promise<ByteStream> {
    options.signal?.throwIfAborted()
    this.opened.push(peer)
    const handler = this.#mesh.nodes.get(peer)?.handlerOf(protocol)
    if (handler === undefined) throw new CorebrumError('ERR_DIAL', `no route to ${peer}`)
    const [there, back] = [new Pipe(), new Pipe()]
    const other = streamOf(this.peerId, there, back, () => {})
    handler(other).catch((error: Error) => other.abort(error))
    let reset = false
    return streamOf(peer, back, there, () => {
      if (!reset) this.resets++
      reset = true
    })
  }

  async serveBytes (protocol: string, handler: Handler): Promise<void> {
    this.#handlers.set(protocol, handler)
  }

  handlerOf (protocol: string): Handler | undefined {
    return this.#handlers.get(protocol)
  }

  async provide (cid: string): Promise<void> {
    this.provided.push(cid)
    this.#mesh.providers.set(cid, [...(this.#mesh.providers.get(cid) ?? []), this.peerId])
  }

  async * findProviders (cid: string): AsyncGenerator<string> {
    yield * this.#mesh.providers.get(cid) ?? []
  }

  penalize (peer: string, reason: string): void {
    this.penalties.push({ peer, reason })
  }

  peers (): ReturnType<Network['peers']> {
    return this.#mesh.connected.map((peer) => ({ peer, addresses: [], direction: 'outbound', connectedAtMs: 0 }))
  }

  async start (): Promise<void> {}
  async stop (): Promise<void> {}
  addresses (): string[] { return [] }
  onPeer (): void {}
  learn (): void {}
  keepAddresses (): void {}
  async connect (): Promise<void> {}
  async advertise (): Promise<void> {}
  async * findWorkers (): AsyncGenerator<string> {}
  async capabilityOf (): Promise<undefined> {}
  subscribe (): void {}
  async serve (): Promise<void> {}
  async publish (): Promise<number> { return 0 }

  /** Signatures and letters name their peer in clear: enough to tell whose they are. */
  async sign (purpose: SignaturePurpose, bytes: Uint8Array): Promise<Uint8Array> {
    return Buffer.from(fakeSignature(this.peerId, purpose, bytes))
  }

  async verify (peer: string, purpose: SignaturePurpose, bytes: Uint8Array, signature: Uint8Array): Promise<boolean> {
    return Buffer.from(signature).toString() === fakeSignature(peer, purpose, bytes)
  }

  async seal (peer: string, bytes: Uint8Array): Promise<Uint8Array> {
    return Buffer.concat([Buffer.from(`for ${peer}:`), bytes])
  }

  async unseal (sealed: Uint8Array): Promise<Uint8Array> {
    const seal = Buffer.from(`for ${this.peerId}:`)
    if (!seal.equals(sealed.subarray(0, seal.length))) throw new CorebrumError('ERR_PROTOCOL', 'not sealed for this node')
    return sealed.subarray(seal.length)
  }

  async open (peer: string): Promise<Channel> { throw new CorebrumError('ERR_DIAL', `no route to ${peer}`) }
}

export class FakeMesh {
  readonly nodes = new Map<string, FakeNetwork>()
  readonly providers = new Map<string, string[]>()
  /** What `peers()` of every node says. */
  connected: string[] = []

  node (peerId: string): FakeNetwork {
    const node = new FakeNetwork(this, peerId)
    this.nodes.set(peerId, node)
    return node
  }
}
