/** The network as one process sees it. */
import { crc32 } from 'node:zlib'
import { decode, encode } from '../../src/cbor.ts'
import { CorebrumError } from '../../src/errors.ts'
import type { Channel, ConnectedPeer, Network, SignaturePurpose, Verdict } from '../../src/network/network.ts'
import { asArray, asBytes } from '../../src/wire/shape.ts'
import type { SimNetwork } from './sim-network.ts'
import type { Process } from './world.ts'

const SIGNATURE_BYTES = 64

export function signatureOf (peer: string, purpose: SignaturePurpose, bytes: Uint8Array): Uint8Array {
  return Buffer.alloc(SIGNATURE_BYTES, `${peer} ${purpose} ${crc32(bytes)} `)
}

export class SimPort implements Network {
  readonly peerId: string
  readonly process: Process
  readonly net: SimNetwork
  readonly handlers = new Map<string, (channel: Channel) => void>()
  readonly topics = new Map<string, { validate: (bytes: Uint8Array, author: string) => Verdict, deliver: (bytes: Uint8Array, author: string) => void }>()
  readonly listeners: Array<(event: { peer: string, connected: boolean }) => void> = []
  /** Who it says it is, where others believe that: a defect on purpose. */
  alias?: string

  constructor (net: SimNetwork, peerId: string, process: Process) {
    this.net = net
    this.peerId = peerId
    this.process = process
  }

  async start (): Promise<void> {}
  async stop (): Promise<void> {}
  addresses (): string[] { return [`/ip4/10.0.0.1/tcp/4001/p2p/${this.peerId}`] }

  peers (): ConnectedPeer[] {
    return this.net.peersOf(this).map((peer) => ({ peer, addresses: [], direction: 'outbound', connectedAtMs: 0 }))
  }

  onPeer (listener: (event: { peer: string, connected: boolean }) => void): void { this.listeners.push(listener) }
  learn (): void {}
  keepAddresses (_peer: string, _kept: boolean): void {}

  async connect (peer: string): Promise<void> {
    await this.net.dial(this, peer)
  }

  async open (peer: string, protocol: string): Promise<Channel> {
    return await this.net.open(this, peer, protocol)
  }

  async serve (protocol: string, handler: (channel: Channel) => void): Promise<void> { this.handlers.set(protocol, handler) }
  async openBytes (peer: string): Promise<never> { throw new CorebrumError('ERR_DIAL', `no bytes of ${peer} here`) }
  async serveBytes (): Promise<void> {}
  async publish (topic: string, bytes: Uint8Array): Promise<number> { return this.net.gossip(this, topic, bytes) }

  subscribe (topic: string, validate: (bytes: Uint8Array, author: string) => Verdict, deliver: (bytes: Uint8Array, author: string) => void): void {
    this.topics.set(topic, { validate, deliver })
  }

  async provide (): Promise<void> {}
  async * findProviders (): AsyncGenerator<string> {}
  async advertise (): Promise<void> {}
  async * findWorkers (): AsyncGenerator<string> { yield * this.net.others(this.peerId) }
  async capabilityOf (): Promise<undefined> {}
  /** Who signed what can be read: what others make of signatures is not looked into here. */
  async sign (purpose: SignaturePurpose, bytes: Uint8Array): Promise<Uint8Array> { return signatureOf(this.peerId, purpose, bytes) }

  async verify (peer: string, purpose: SignaturePurpose, bytes: Uint8Array, signature: Uint8Array): Promise<boolean> {
    return Buffer.compare(signatureOf(peer, purpose, bytes), signature) === 0
  }

  async seal (peer: string, bytes: Uint8Array): Promise<Uint8Array> { return encode([peer, bytes]) }

  async unseal (sealed: Uint8Array): Promise<Uint8Array> {
    const [peer, bytes] = asArray(decode(sealed), 'letter', 2)
    if (peer !== this.peerId) throw new CorebrumError('ERR_PROTOCOL', 'it was sealed for somebody else')
    return asBytes(bytes, 'letter', 0, sealed.length)
  }

  penalize (peer: string, reason: string): void { this.net.world.note(() => `penalty   ${this.peerId} marks ${peer}: ${reason}`) }
}
