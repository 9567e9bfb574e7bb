import assert from 'node:assert/strict'
import { MAX_OFFERS_PER_PEER, MAX_OFFER_BYTES } from '../../../src/limits.ts'
import { createOffers, OFFERS_PROTOCOL, type Offers } from '../../../src/roles/offers/offers.ts'
import { encodeOffer, offerToWire, type Offer } from '../../../src/wire/offer.ts'
import { FakeChannel, RoleNetwork, offerOf, turn } from '../../support/roles.ts'

describe('offers', () => {
  let network: RoleNetwork
  let offers: Offers
  let open: Offer[]
  let heard: Array<{ peer: string, offer: Offer, direct: boolean }>
  let log: string[]

  beforeEach(async () => {
    network = new RoleNetwork()
    open = []
    heard = []
    log = []
    offers = createOffers({ network, current: () => open, onOffer: (peer, offer, direct) => { heard.push({ peer, offer, direct }) }, log: (message) => { log.push(message) } })
    await offers.start()
  })

  function serve (peer: string): FakeChannel {
    const channel = new FakeChannel(peer)
    network.served.get(OFFERS_PROTOCOL)?.(channel)
    return channel
  }

  describe('by gossip', () => {
    it('are heard with their author', () => {
      const bytes = encodeOffer(offerOf())
      assert.equal(network.gossip?.validate(bytes, 'author'), 'accept')
      network.gossip?.deliver(bytes, 'author')
      assert.deepEqual(heard, [{ peer: 'author', offer: offerOf(), direct: false }])
    })

    for (const [what, bytes] of [
      ['nothing', new Uint8Array()],
      ['no CBOR', new Uint8Array([0xff, 1, 2])],
      ['too many bytes', new Uint8Array(MAX_OFFER_BYTES + 1)],
      ['no offer', new Uint8Array([0x81, 0x02])],
      ['a chance over 1', encodeOffer(offerOf({ chance: 2 }))],
      ['no tasks', encodeOffer(offerOf({ tasks: 0 }))],
      ['a time beyond the limit', encodeOffer(offerOf({ ttlMs: 60_001 }))],
    ] as const) {
      it(`are rejected: ${what}`, () => { assert.equal(network.gossip?.validate(bytes, 'author'), 'reject') })
    }

    it('are published, and a failure to do so is only noted', async () => {
      await offers.publish(offerOf())
      assert.equal(network.published.length, 1)
      network.failPublish = true
      await offers.publish(offerOf())
      assert.match(log[0] ?? '', /nobody listens/)
    })
  })

  describe('to a peer that connects', () => {
    it('are told, so many as it remembers', async () => {
      open = Array.from({ length: MAX_OFFERS_PER_PEER + 5 }, (_, i) => offerOf({ issuedAtMs: i }))
      network.connected('p1')
      const channel = network.dials[0]?.open()
      await turn()
      assert.deepEqual(channel?.sent, open.slice(0, MAX_OFFERS_PER_PEER).map(offerToWire))
      assert(channel?.closed)
    })

    it('are not, when there are none', () => {
      network.connected('p1')
      assert.equal(network.dials.length, 0)
    })

    it('may fail without harm', async () => {
      open = [offerOf()]
      network.connected('p1')
      network.dials[0]?.fail()
      await turn()
      assert.match(log[0] ?? '', /no route/)
    })
  })

  describe('of a peer that connects', () => {
    it('are heard, and the stream ends', () => {
      const channel = serve('p1')
      channel.onMessages?.([offerToWire(offerOf()), offerToWire(offerOf({ issuedAtMs: 2 }))])
      assert.deepEqual(heard.map(({ peer, direct }) => [peer, direct]), [['p1', true], ['p1', true]])
      assert(channel.closed)
    })

    for (const [what, messages] of [
      ['no offer', [[1, 2, 3]]],
      ['another version', [[2]]],
      ['too many', Array.from({ length: MAX_OFFERS_PER_PEER + 1 }, () => offerToWire(offerOf()))],
    ] as const) {
      it(`cost it a mark and the stream: ${what}`, () => {
        const channel = serve('p1')
        channel.onMessages?.([...messages])
        assert.equal(network.penalties[0]?.peer, 'p1')
        assert(channel.aborted !== undefined)
        assert.deepEqual(heard, [])
      })
    }
  })
})
