/** The offers that this node heard and that still stand, bounded for each submitter and in all: it tells news from repeats. */
import { LRUCache } from 'lru-cache'
import { MAX_OFFERS_KNOWN, MAX_OFFERS_PER_PEER } from '../../limits.ts'
import { offerKey, type Offer } from '../../wire/offer.ts'

export interface OfferBook {
  /** False for an offer that is not newer than the one known. The oldest goes when a submitter, or the book, has too many. */
  note (peer: string, offer: Offer): boolean
}

export interface OfferBookInit {
  maxPerPeer?: number
  maxKnown?: number
  /** Monotonic milliseconds. Default performance.now. */
  now?: () => number
}

export function createOfferBook (init: OfferBookInit = {}): OfferBook {
  const { maxPerPeer = MAX_OFFERS_PER_PEER, maxKnown = MAX_OFFERS_KNOWN, now = () => performance.now() } = init
  type Known = { issuedAtMs: number, endsAt: number }
  const submitters = new LRUCache<string, LRUCache<string, Known>>({ max: Math.max(1, Math.floor(maxKnown / maxPerPeer)) })
  return {
    note (peer, offer) {
      const { issuedAtMs, ttlMs } = offer
      const key = offerKey(offer)
      const offers = submitters.get(peer) ?? new LRUCache<string, Known>({ max: maxPerPeer })
      submitters.set(peer, offers)
      const known = offers.get(key)
      if (known !== undefined && known.endsAt > now() && known.issuedAtMs >= issuedAtMs) return false
      offers.set(key, { issuedAtMs, endsAt: now() + ttlMs })
      return true
    },
  }
}
