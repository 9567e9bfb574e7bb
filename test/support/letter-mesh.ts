/** Nodes that exchange letters in memory: streams of CBOR messages between those that are connected, and whose links the test cuts. */
import { decode, encode } from '../../src/cbor.ts'
import { CorebrumError } from '../../src/errors.ts'
import type { Channel } from '../../src/network/network.ts'
import { FakeMesh, FakeNetwork } from './fake-network.ts'

type Listener = (event: { peer: string, connected: boolean }) => void

class MemoryChannel implements Channel {
  readonly peer: string
  readonly bufferedBytes = 0
  onMessages?: (messages: unknown[]) => void
  onClose?: (error?: Error) => void
  other?: MemoryChannel
  aborted?: Error
  private closed = false

  constructor (peer: string) {
    this.peer = peer
  }

  send (message: unknown): void {
    const bytes = encode([message])
    setImmediate(() => {
      const messages = decode(bytes)
      if (this.other?.closed === false && Array.isArray(messages)) this.other.onMessages?.(messages)
    })
  }

  async close (): Promise<void> {
    setImmediate(() => { this.end() })
  }

  abort (error: Error): void {
    this.aborted ??= error
    this.end(error)
  }

  private end (error?: Error): void {
    for (const side of [this, this.other]) {
      if (side === undefined || side.closed) continue
      side.closed = true
      side.onClose?.(side === this ? error : error === undefined ? undefined : new CorebrumError('ERR_STREAM_CLOSED', 'the other side reset the stream'))
    }
  }
}

export class LetterNetwork extends FakeNetwork {
  readonly channels: MemoryChannel[] = []
  private readonly mesh: LetterMesh
  private readonly served = new Map<string, (channel: Channel) => void>()
  private readonly listeners: Listener[] = []

  constructor (mesh: LetterMesh, peerId: string) {
    super(new FakeMesh(), peerId)
    this.mesh = mesh
  }

  override peers (): ReturnType<FakeNetwork['peers']> {
    return this.mesh.peersOf(this.peerId).map((peer) => ({ peer, addresses: [], direction: 'outbound', connectedAtMs: 0 }))
  }

  override onPeer (listener?: Listener): void {
    if (listener !== undefined) this.listeners.push(listener)
  }

  override async serve (protocol?: string, handler?: (channel: Channel) => void): Promise<void> {
    if (protocol !== undefined && handler !== undefined) this.served.set(protocol, handler)
  }

  override async open (peer: string, protocol?: string): Promise<Channel> {
    this.opened.push(peer)
    const there = this.mesh.nodes.get(peer)
    const handler = there?.served.get(protocol ?? '')
    if (there === undefined || handler === undefined || !this.mesh.areConnected(this.peerId, peer)) throw new CorebrumError('ERR_DIAL', `no route to ${peer}`)
    const [here, other] = [new MemoryChannel(peer), new MemoryChannel(this.peerId)]
    here.other = other
    other.other = here
    this.channels.push(here)
    there.channels.push(other)
    handler(other)
    return here
  }

  tell (event: { peer: string, connected: boolean }): void {
    for (const listener of this.listeners) listener(event)
  }
}

export class LetterMesh {
  readonly nodes = new Map<string, LetterNetwork>()
  private readonly links = new Set<string>()

  node (peerId: string): LetterNetwork {
    const node = new LetterNetwork(this, peerId)
    this.nodes.set(peerId, node)
    return node
  }

  connect (a: string, b: string): void {
    this.links.add(keyOf(a, b))
    this.nodes.get(a)?.tell({ peer: b, connected: true })
    this.nodes.get(b)?.tell({ peer: a, connected: true })
  }

  disconnect (a: string, b: string): void {
    this.links.delete(keyOf(a, b))
    this.nodes.get(a)?.tell({ peer: b, connected: false })
    this.nodes.get(b)?.tell({ peer: a, connected: false })
  }

  areConnected (a: string, b: string): boolean {
    return this.links.has(keyOf(a, b))
  }

  peersOf (peer: string): string[] {
    return [...this.nodes.keys()].filter((other) => this.areConnected(peer, other))
  }
}

function keyOf (a: string, b: string): string {
  return [a, b].sort().join(' ')
}
