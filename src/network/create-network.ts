/** The Network port on libp2p: streams, gossip, DHT, peers and the redial loop behind one interface. */
import type { Connection, PrivateKey, Stream } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { CorebrumError } from '../errors.ts'
import { MAX_MODULE_STREAMS_PER_PEER } from '../limits.ts'
import { BAN_MS, DIAL_TIMEOUT_MS, MAX_MARKS, MAX_PARTIAL_FRAMES_BYTES, STREAM_OPEN_TIMEOUT_MS } from './limits.ts'
import { createAddressBook } from './address-book.ts'
import { createByteStream } from './bytes.ts'
import { createChannel, type FrameInit } from './frames.ts'
import { createGossip } from './gossip.ts'
import { createGuard } from './guard.ts'
import { loadIdentity, temporaryIdentity } from './identity.ts'
import { createLibp2pNode, type Libp2pNode } from './libp2p.ts'
import { createLearnedAddresses } from './learned-addresses.ts'
import type { Channel, ConnectedPeer, Network, SignalOptions } from './network.ts'
import { createPeerKeys } from './peer-keys.ts'
import { createRedial } from './redial.ts'
import { createRouting } from './routing.ts'

export interface NetworkInit {
  /** File of the node's key; absent: a key for this process only. */
  identityPath?: string
  /** Where addresses of peers are kept over a restart; absent: nowhere. */
  addressBookPath?: string
  /** Multiaddrs to listen on. */
  listen: string[]
  /** Multiaddrs to stay connected to. */
  peers: string[]
  mdns: boolean
  topics: string[]
  frames?: FrameInit
  /** For one dial, default DIAL_TIMEOUT_MS. */
  dialTimeoutMs?: number
  /** Shortest wait between two dials of a lost peer, default REDIAL_MIN_MS. */
  redialMinMs?: number
  log?: (message: string, level: 'debug' | 'warn') => void
}

const MAX_MESSAGE_STREAMS_PER_PEER = 4
const MAX_REASON_CHARS = 200

/** Makes the network of one node; it listens after `start`. Rejects with ERR_CONFIG for a damaged key. */
export async function createNetwork (init: NetworkInit): Promise<Network> {
  const privateKey = init.identityPath === undefined ? await temporaryIdentity() : await loadIdentity(init.identityPath)
  const guard = createGuard()
  const libp2p = await createLibp2pNode({ privateKey, gater: guard.gater, listen: init.listen, mdns: init.mdns, topics: init.topics })
  guard.watch(() => libp2p.getConnections())
  return assemble(libp2p, privateKey, guard, init)
}

function assemble (libp2p: Libp2pNode, privateKey: PrivateKey, guard: ReturnType<typeof createGuard>, init: NetworkInit): Network {
  const log = (message: string, level: 'debug' | 'warn' = 'debug'): void => { init.log?.(message, level) }
  const { dialTimeoutMs = DIAL_TIMEOUT_MS } = init
  const redial = createRedial({ libp2p, log }, { peers: init.peers, ...(init.redialMinMs === undefined ? {} : { minMs: init.redialMinMs }) })
  const book = createAddressBook({ libp2p, log }, init.addressBookPath)
  const learned = createLearnedAddresses({ libp2p, log })

  function penalize (peer: string, reason: string): void {
    // A reason may hold text of the peer, which must not write lines of its own into the log.
    const shown = reason.slice(0, MAX_REASON_CHARS).replace(/\p{Cc}/gu, ' ')
    log(`peer ${peer} broke a rule: ${shown}`)
    if (!guard.mark(peer)) return
    log(`peer ${peer} broke ${MAX_MARKS} rules and is refused for ${BAN_MS / 1000} s; the last one: ${shown}`, 'warn')
    void libp2p.hangUp(peerIdFromString(peer)).catch(() => {})
  }

  const budget = { freeBytes: MAX_PARTIAL_FRAMES_BYTES }
  const channelOn = (peer: string, stream: Stream, frames: FrameInit = {}): Channel => createChannel(peer, stream, {
    budget, ...init.frames, ...frames, onBroken: (error) => { penalize(peer, error.message) },
  })

  const gossip = createGossip({ pubsub: libp2p.services.pubsub, penalize })

  async function openStream (peer: string, protocol: string, { signal }: SignalOptions = {}): Promise<Stream> {
    const timeout = AbortSignal.timeout(dialTimeoutMs + STREAM_OPEN_TIMEOUT_MS)
    try {
      await Promise.all([learned.settled(peer), book.recall(peer)])
      return await libp2p.dialProtocol(peerIdFromString(peer), protocol, {
        signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
        maxOutboundStreams: MAX_MODULE_STREAMS_PER_PEER,
      })
    } catch (cause) {
      throw dialError(cause, peer, timeout, signal)
    }
  }

  const accept = (handler: (peer: string, stream: Stream) => void) =>
    ({ stream, connection }: { stream: Stream, connection: Connection }) => { handler(connection.remotePeer.toString(), stream) }

  return {
    peerId: libp2p.peerId.toString(),
    async start () {
      await book.start()
      await libp2p.start()
      gossip.start()
      redial.start()
    },
    async stop () {
      redial.stop()
      await book.stop()
      await libp2p.stop()
    },
    addresses: () => libp2p.getMultiaddrs().map((address) => address.toString()),
    peers: () => connectedPeers(libp2p.getConnections()),
    onPeer (listener) {
      libp2p.addEventListener('peer:connect', (event) => { listener({ peer: event.detail.toString(), connected: true }) })
      libp2p.addEventListener('peer:disconnect', (event) => { listener({ peer: event.detail.toString(), connected: false }) })
    },
    learn: (peer, addresses) => { learned.learn(peer, addresses) },
    keepAddresses: (peer, kept) => { book.keep(peer, kept) },
    async connect (peer, { signal } = {}) {
      const timeout = AbortSignal.timeout(dialTimeoutMs)
      try {
        await Promise.all([learned.settled(peer), book.recall(peer)])
        await libp2p.dial(peerIdFromString(peer), { signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]) })
      } catch (cause) {
        throw dialError(cause, peer, timeout, signal)
      }
    },
    // Whoever opens a stream speaks first, so only the side that serves waits for a first frame.
    open: async (peer, protocol, options) => channelOn(peer, await openStream(peer, protocol, options), { firstFrameTimeoutMs: 0 }),
    serve: (protocol, handler) => libp2p.handle(protocol, accept((peer, stream) => { handler(channelOn(peer, stream)) }),
      { maxInboundStreams: MAX_MESSAGE_STREAMS_PER_PEER, maxOutboundStreams: MAX_MESSAGE_STREAMS_PER_PEER }),
    openBytes: async (peer, protocol, options) => createByteStream(peer, await openStream(peer, protocol, options)),
    serveBytes: (protocol, handler) => libp2p.handle(protocol, accept((peer, stream) => {
      void handler(createByteStream(peer, stream)).catch((error: unknown) => { stream.abort(error as Error) })
    }), { maxInboundStreams: MAX_MODULE_STREAMS_PER_PEER, maxOutboundStreams: MAX_MODULE_STREAMS_PER_PEER }),
    penalize,
    ...gossip.ports,
    ...createRouting({ libp2p, privateKey }),
    ...createPeerKeys(privateKey),
  }
}

function connectedPeers (connections: Connection[]): ConnectedPeer[] {
  const peers = new Map<string, ConnectedPeer>()
  for (const connection of connections) {
    const peer = connection.remotePeer.toString()
    const known = peers.get(peer)
    if (known === undefined) {
      peers.set(peer, {
        peer,
        addresses: [connection.remoteAddr.toString()],
        direction: connection.direction,
        connectedAtMs: connection.timeline.open,
        ...(connection.rtt === undefined ? {} : { latencyMs: connection.rtt }),
      })
    } else known.addresses.push(connection.remoteAddr.toString())
  }
  return [...peers.values()]
}

function dialError (cause: unknown, peer: string, timeout: AbortSignal, signal?: AbortSignal): CorebrumError {
  if (signal?.aborted === true) return new CorebrumError('ERR_CANCELLED', `the dial of ${peer} was cancelled`, { cause })
  if (timeout.aborted) return new CorebrumError('ERR_PEER_TIMEOUT', `peer ${peer} did not answer in time`, { cause })
  return new CorebrumError('ERR_DIAL', `peer ${peer} cannot be reached: ${(cause as Error).message}`, { cause })
}
