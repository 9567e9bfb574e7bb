/** Who may connect: peers that broke rules are refused for a while, and nobody may take all the connections of this node. */
import type { Connection, ConnectionGater, MultiaddrConnection, PeerId } from '@libp2p/interface'
import { LRUCache } from 'lru-cache'
import { BAN_MS, MAX_CONNECTIONS_PER_HOST, MAX_CONNECTIONS_PER_PEER, MAX_MARKS } from './limits.ts'

const MAX_TRACKED_PEERS = 10_000

export interface GuardInit {
  maxMarks?: number
  banMs?: number
  maxConnectionsPerPeer?: number
  maxConnectionsPerHost?: number
}

export interface Guard {
  readonly gater: ConnectionGater
  /** Adds a mark; true when the peer is now to be disconnected. */
  mark (peer: string): boolean
  /** From now on counts these connections. */
  watch (connections: () => Connection[]): void
}

export function createGuard (init: GuardInit = {}): Guard {
  const { maxMarks = MAX_MARKS, banMs = BAN_MS, maxConnectionsPerPeer = MAX_CONNECTIONS_PER_PEER, maxConnectionsPerHost = MAX_CONNECTIONS_PER_HOST } = init
  const marks = new LRUCache<string, number>({ max: MAX_TRACKED_PEERS, ttl: banMs })
  let connections: () => Connection[] = () => []

  const banned = (peer: PeerId): boolean => (marks.get(peer.toString()) ?? 0) >= maxMarks
  const crowded = (peer: PeerId): boolean => connections().filter(({ remotePeer }) => remotePeer.equals(peer)).length >= maxConnectionsPerPeer

  return {
    gater: {
      denyDialPeer: banned,
      denyInboundConnection ({ remoteAddr }: MultiaddrConnection) {
        const host = hostOf(remoteAddr)
        return host !== undefined && connections().filter((other) => hostOf(other.remoteAddr) === host).length >= maxConnectionsPerHost
      },
      denyInboundEncryptedConnection: (peer) => banned(peer) || crowded(peer),
      // libp2p 2.10 dials a peer and takes whoever answers: the key that answered must be the one that was dialled.
      denyOutboundEncryptedConnection (peer, { remoteAddr }) {
        const dialled = remoteAddr.getPeerId()
        return banned(peer) || (dialled !== null && dialled !== peer.toString())
      },
      // libp2p refuses private addresses only in browsers; a LAN is made of them.
      denyDialMultiaddr: () => false,
    },
    mark (peer) {
      const count = (marks.get(peer) ?? 0) + 1
      marks.set(peer, count)
      return count >= maxMarks
    },
    watch (source) { connections = source },
  }
}

function hostOf (address: MultiaddrConnection['remoteAddr']): string | undefined {
  return address.isThinWaistAddress() ? address.nodeAddress().address : undefined
}
