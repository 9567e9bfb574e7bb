/** Wires libp2p: transports, encryption, multiplexing, discovery, DHT and gossip, each with its limits set. */
import './with-resolvers.ts'
import { gossipsub, type GossipsubEvents } from '@chainsafe/libp2p-gossipsub'
import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { identify } from '@libp2p/identify'
import type { ConnectionGater, Libp2p, PrivateKey, PubSub } from '@libp2p/interface'
import { kadDHT, passthroughMapper, type KadDHT } from '@libp2p/kad-dht'
import { mdns } from '@libp2p/mdns'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { createLibp2p } from 'libp2p'
import {
  DIAL_TIMEOUT_MS, INBOUND_CONNECTIONS_PER_SECOND, MAX_CONNECTIONS, MAX_GOSSIP_RPC_BYTES, MAX_STREAMS_PER_CONNECTION,
  PING_TIMEOUT_MS, STREAM_OPEN_TIMEOUT_MS,
} from './limits.ts'
import { selectors, validators } from './capability-record.ts'
import { createDatastore } from './datastore.ts'

export const DHT_PROTOCOL = '/corebrum/kad/1.0.0'
/** Peers answer only to this name, so that other libp2p programs of the LAN are left alone. */
const MDNS_SERVICE_TAG = 'corebrum.local'

export type Libp2pNode = Libp2p<{ dht: KadDHT, pubsub: PubSub<GossipsubEvents> }>

export interface Libp2pNodeInit {
  privateKey: PrivateKey
  gater: ConnectionGater
  /** Multiaddrs. */
  listen: string[]
  mdns: boolean
  /** Gossip on other topics is dropped. */
  topics: string[]
}

export async function createLibp2pNode (init: Libp2pNodeInit): Promise<Libp2pNode> {
  return createLibp2p({
    privateKey: init.privateKey,
    start: false,
    nodeInfo: { name: 'corebrum' },
    datastore: createDatastore(),
    addresses: { listen: init.listen },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    // 1 MiB moved modules a tenth faster than the initial 256 KiB; 16 MiB, the default, was slower and costs memory for each stream.
    streamMuxers: [yamux({ maxInboundStreams: MAX_STREAMS_PER_CONNECTION, maxOutboundStreams: MAX_STREAMS_PER_CONNECTION, maxStreamWindowSize: 1024 * 1024 })],
    peerDiscovery: init.mdns ? [mdns({ serviceTag: MDNS_SERVICE_TAG, interval: 10_000 })] : [],
    connectionGater: init.gater,
    connectionManager: {
      maxConnections: MAX_CONNECTIONS,
      dialTimeout: DIAL_TIMEOUT_MS,
      inboundUpgradeTimeout: STREAM_OPEN_TIMEOUT_MS,
      outboundStreamProtocolNegotiationTimeout: STREAM_OPEN_TIMEOUT_MS,
      inboundStreamProtocolNegotiationTimeout: STREAM_OPEN_TIMEOUT_MS,
      // The default of 5 resets honest dials of nodes that share a host.
      inboundConnectionThreshold: INBOUND_CONNECTIONS_PER_SECOND,
      maxIncomingPendingConnections: 64,
      reconnectRetries: 0,
    },
    // The default of 5 s aborts live connections under load: their pings wait behind megabytes of frames.
    connectionMonitor: { pingTimeout: { minTimeout: PING_TIMEOUT_MS, maxTimeout: PING_TIMEOUT_MS * 2 } },
    services: {
      identify: identify({ maxMessageSize: 16 * 1024 }),
      ping: ping(),
      dht: kadDHT({
        protocol: DHT_PROTOCOL,
        clientMode: false,
        // A LAN has private addresses and few peers: keep the one and do not wait for the other.
        peerInfoMapper: passthroughMapper,
        allowQueryWithZeroPeers: true,
        validators,
        selectors,
      }),
      pubsub: gossipsub({
        globalSignaturePolicy: 'StrictSign',
        allowPublishToZeroTopicPeers: true,
        ignoreDuplicatePublishError: true,
        allowedTopics: init.topics,
        // A longer one ends gossip with the peer; it must hold many offers, whose own size the validator checks.
        maxInboundDataLength: MAX_GOSSIP_RPC_BYTES,
        maxOutboundBufferSize: 4 * 1024 * 1024,
        decodeRpcLimits: {
          maxSubscriptions: 32,
          maxMessages: 512,
          maxIhaveMessageIDs: 5000,
          maxIwantMessageIDs: 5000,
          maxIdontwantMessageIDs: 512,
          maxControlMessages: 512,
          maxPeerInfos: 16,
        },
        // Machines of a LAN, and nodes in tests, share addresses: no penalty for that.
        scoreParams: { IPColocationFactorWeight: 0 },
      }),
    },
  })
}
