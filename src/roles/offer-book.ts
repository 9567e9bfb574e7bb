/** The offers that this node heard and that still stand, bounded for each submitter and in all. */
import { LRUCache } from 'lru-cache'
import { MAX_OFFERS_KNOWN, MAX_OFFERS_PER_PEER } from '../limits.ts'
import type { Offer } from '../wire/offer.ts'

export interface OfferBook {
  /** False for an offer that is not newer than the one known, or when the submitter has too many. */
  note (peer: string, offer: Offer): boolean
  /** Submitters with offers that stand, each with its newest. */
  standing (): Array<{ peer: string, offer: Offer }>
  forget (peer: string): void
}

export function createOfferBook (init: { maxPerPeer?: number, maxKnown?: number } = {}): OfferBook {
  const maxPerPeer = init.maxPerPeer ?? MAX_OFFERS_PER_PEER
  const submitters = new LRUCache<string, LRUCache<string, Offer>>({
    max: Math.max(1, Math.floor((init.maxKnown ?? MAX_OFFERS_KNOWN) / maxPerPeer)),
  })
  return {
    note (peer, offer) {
      const offers = submitters.get(peer) ?? new LRUCache<string, Offer>({ max: maxPerPeer })
      submitters.set(peer, offers)
      const known = offers.get(offer.digest)
      if (known !== undefined && known.issuedAtMs >= offer.issuedAtMs) return false
      offers.set(offer.digest, offer, { ttl: offer.ttlMs })
      return true
    },
    standing: () => [...submitters.entries()].flatMap(([peer, offers]) => {
      const [offer] = [...offers.values()].sort((a, b) => b.issuedAtMs - a.issuedAtMs)
      return offer === undefined ? [] : [{ peer, offer }]
    }),
    forget (peer) {
      submitters.delete(peer)
    },
  }
}
