/** Nodes of the real network on loopback TCP, and raw libp2p peers that write what they like; all are stopped after the test. */
import assert from 'node:assert/strict'
import { yamux } from '@chainsafe/libp2p-yamux'
import { noise } from '@chainsafe/libp2p-noise'
import type { Libp2p, PrivateKey, Stream } from '@libp2p/interface'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { identify } from '@libp2p/identify'
import { kadDHT, passthroughMapper } from '@libp2p/kad-dht'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import '../../src/network/with-resolvers.ts'
import { createNetwork, type NetworkInit } from '../../src/network/create-network.ts'
import { DHT_PROTOCOL } from '../../src/network/libp2p.ts'
import type { Network } from '../../src/network/network.ts'

export const TOPIC = '/corebrum/test/1'
const LOOPBACK = '/ip4/127.0.0.1/tcp/0'

export interface RawInit {
  privateKey?: PrivateKey
  /** With a DHT that believes and sends anything. */
  dht?: boolean
  /** Protocols that it says it speaks; it takes their streams and does nothing. */
  claims?: string[]
}

export interface Mesh {
  /** A node that is not started yet: subscribe first. */
  make (init?: Partial<NetworkInit>): Promise<Network>
  node (init?: Partial<NetworkInit>): Promise<Network>
  /** A libp2p peer without any of this project's protocols, connected to `to`. */
  raw (to: Network, options?: RawInit): Promise<Libp2p>
}

/** Call within `describe`. */
export function useMesh (): Mesh {
  const stops: Array<() => Promise<void>> = []
  afterEach(async () => {
    for (const stop of stops.splice(0)) await stop()
  })
  const make = async (init: Partial<NetworkInit> = {}): Promise<Network> => {
    const network = await createNetwork({ listen: [LOOPBACK], peers: [], mdns: false, topics: [TOPIC], ...init })
    stops.push(() => network.stop())
    return network
  }
  return {
    make,
    async node (init) {
      const network = await make(init)
      await network.start()
      return network
    },
    async raw (to, { privateKey, dht = false, claims = [] } = {}) {
      const libp2p = await createLibp2p({
        privateKey: privateKey ?? await generateKeyPair('Ed25519'),
        addresses: { listen: [LOOPBACK] },
        transports: [tcp()],
        connectionEncrypters: [noise()],
        streamMuxers: [yamux()],
        connectionGater: { denyDialMultiaddr: () => false },
        services: { identify: identify(), ping: ping(), ...(dht ? { dht: credulousDht() } : {}) },
      })
      stops.push(async () => { await libp2p.stop() })
      for (const protocol of claims) await libp2p.handle(protocol, () => {})
      const connected = connection(to, libp2p.peerId.toString())
      await libp2p.dial(multiaddr(addressOf(to)))
      await connected
      return libp2p
    },
  }
}

function credulousDht (): ReturnType<typeof kadDHT> {
  return kadDHT({
    protocol: DHT_PROTOCOL,
    clientMode: false,
    peerInfoMapper: passthroughMapper,
    allowQueryWithZeroPeers: true,
    validators: { corebrum: async () => {} },
    selectors: { corebrum: () => 0 },
  })
}

/** The one address of a node, with its PeerId. */
export function addressOf (network: Network): string {
  const [address] = network.addresses()
  assert(address !== undefined)
  return address
}

/** Resolves when `network` is connected to `peer`, or is not any more. */
export function connection (network: Network, peer: string, connected = true): Promise<void> {
  const now = network.peers().some((known) => known.peer === peer)
  if (now === connected) return Promise.resolve()
  return new Promise((resolve) => {
    network.onPeer((event) => { if (event.peer === peer && event.connected === connected) resolve() })
  })
}

/** A stream of a raw peer to a node. */
export async function rawStream (from: Libp2p, to: Network, protocol: string): Promise<Stream> {
  return from.dialProtocol(peerIdFromString(to.peerId), protocol)
}

/** Lets what is ready in this and the next turns of the event loop happen. */
export async function settled (turns = 5): Promise<void> {
  for (let i = 0; i < turns; i++) await new Promise((resolve) => { setImmediate(resolve) })
}
