/**
 * Where peers say that they can be reached, on its way into the peer store. Offers say so often, and anybody may make them: one
 * peer is listened to so often, and so many of its addresses are kept.
 */
import type { Libp2p } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { LRUCache } from 'lru-cache'
import { MAX_REMEMBERED_PEERS, OFFER_REPEAT_MIN_MS } from '../limits.ts'
import { MAX_ADDRESSES_PER_PEER } from './limits.ts'

/** Peers of which it is known when they were last listened to. */
const MAX_TIMES_KNOWN = 4096

export interface LearnedAddressesComponents {
  libp2p: Pick<Libp2p, 'peerStore'>
  log: (message: string) => void
  /** Monotonic milliseconds. Default performance.now. */
  now?: () => number
}

export interface LearnedAddresses {
  /** Notes them; what comes again within OFFER_REPEAT_MIN_MS is left out, as it comes again. */
  learn (peer: string, addresses: string[]): void
  /** Resolves when what was learned of a peer is where a dial finds it. */
  settled (peer: string): Promise<void>
}

export function createLearnedAddresses ({ libp2p: { peerStore }, log, now = () => performance.now() }: LearnedAddressesComponents): LearnedAddresses {
  const learning = new Map<string, Promise<void>>()
  const learnedAt = new LRUCache<string, number>({ max: MAX_TIMES_KNOWN })

  async function note (peer: string, addresses: string[]): Promise<void> {
    try {
      const id = peerIdFromString(peer)
      const multiaddrs = addresses.slice(0, MAX_ADDRESSES_PER_PEER).map((address) => multiaddr(address))
      const known = (await peerStore.get(id).catch(() => undefined))?.addresses ?? []
      const others = known.filter((one) => !multiaddrs.some((address) => address.equals(one.multiaddr)))
      // A dial tries all of them, and each change costs as much as there are.
      if (others.length + multiaddrs.length > 2 * MAX_ADDRESSES_PER_PEER) await peerStore.patch(id, { multiaddrs })
      else await peerStore.merge(id, { multiaddrs })
    } catch (error) {
      log(`peer ${peer} gave addresses that cannot be used: ${(error as Error).message}`)
    }
  }

  return {
    learn (peer, addresses) {
      if (learning.has(peer) || learning.size >= MAX_REMEMBERED_PEERS || now() - (learnedAt.get(peer) ?? -Infinity) < OFFER_REPEAT_MIN_MS) return
      learnedAt.set(peer, now())
      learning.set(peer, note(peer, addresses).finally(() => { learning.delete(peer) }))
    },
    settled: async (peer) => { await learning.get(peer) },
  }
}
