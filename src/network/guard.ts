/** Marks for peers that break rules; enough marks and the peer is refused for a while. */
import type { ConnectionGater, PeerId } from '@libp2p/interface'
import { LRUCache } from 'lru-cache'
import { BAN_MS, MAX_MARKS } from '../limits.ts'

const MAX_TRACKED_PEERS = 10_000

export interface Guard {
  readonly gater: ConnectionGater
  /** Adds a mark; true when the peer is now to be disconnected. */
  mark (peer: string): boolean
}

export function createGuard (init: { maxMarks?: number, banMs?: number } = {}): Guard {
  const maxMarks = init.maxMarks ?? MAX_MARKS
  const marks = new LRUCache<string, number>({ max: MAX_TRACKED_PEERS, ttl: init.banMs ?? BAN_MS })
  const banned = (peer: PeerId): boolean => (marks.get(peer.toString()) ?? 0) >= maxMarks
  return {
    gater: {
      denyDialPeer: banned,
      denyInboundEncryptedConnection: banned,
      // libp2p refuses private addresses only in browsers; a LAN is made of them.
      denyDialMultiaddr: () => false,
    },
    mark (peer) {
      const count = (marks.get(peer) ?? 0) + 1
      marks.set(peer, count)
      return count >= maxMarks
    },
  }
}
