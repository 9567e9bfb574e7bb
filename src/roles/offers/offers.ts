/**
 * Offers on the network. Gossip carries them to whoever listens; two nodes that connect tell each other what is open
 * over `/corebrum/offers/1.0.0`, so that no offer depends on gossip alone: one frame of offers, then the stream ends.
 */
import { toCorebrumError } from '../../errors.ts'
import { MAX_OFFERS_PER_PEER } from '../../limits.ts'
import type { Network } from '../../network/network.ts'
import { decodeOffer, encodeOffer, offerFromWire, offerToWire, type Offer } from '../../wire/offer.ts'

export const OFFERS_TOPIC = '/corebrum/offers/1'
export const OFFERS_PROTOCOL = '/corebrum/offers/1.0.0'

export interface OffersComponents {
  network: Network
  /** This node's open offers. */
  current: () => Offer[]
  /** Called for each well-formed offer of another node. */
  onOffer: (peer: string, offer: Offer, direct: boolean) => void
  log: (message: string) => void
}

export interface Offers {
  start (): Promise<void>
  publish (offer: Offer): Promise<void>
}

export function createOffers ({ network, current, onOffer, log }: OffersComponents): Offers {
  async function tell (peer: string): Promise<void> {
    const offers = current().slice(0, MAX_OFFERS_PER_PEER)
    if (offers.length === 0) return
    try {
      const channel = await network.open(peer, OFFERS_PROTOCOL)
      for (const offer of offers) channel.send(offerToWire(offer))
      await channel.close()
    } catch (error) {
      log(`could not tell ${peer} of the open offers: ${(error as Error).message}`)
    }
  }

  return {
    async start () {
      network.subscribe(OFFERS_TOPIC, (bytes) => {
        try {
          decodeOffer(bytes)
          return 'accept'
        } catch {
          return 'reject'
        }
      }, (bytes, author) => { onOffer(author, decodeOffer(bytes), false) })
      await network.serve(OFFERS_PROTOCOL, (channel) => {
        channel.onMessages = (messages) => {
          try {
            if (messages.length > MAX_OFFERS_PER_PEER) throw new Error(`${messages.length} offers, at most ${MAX_OFFERS_PER_PEER} are allowed`)
            for (const offer of messages.map(offerFromWire)) onOffer(channel.peer, offer, true)
            void channel.close()
          } catch (error) {
            network.penalize(channel.peer, (error as Error).message)
            channel.abort(toCorebrumError(error, 'ERR_PROTOCOL'))
          }
        }
      })
      network.onPeer(({ peer, connected }) => { if (connected) void tell(peer) })
    },
    async publish (offer) {
      try {
        await network.publish(OFFERS_TOPIC, encodeOffer(offer))
      } catch (error) {
        log(`could not gossip an offer: ${(error as Error).message}`)
      }
    },
  }
}
