import assert from 'node:assert/strict'
import { createOfferBook } from '../../../src/roles/offers/offer-book.ts'
import { offerOf } from '../../support/roles.ts'

describe('offer book', () => {
  const digest = (n: number): string => n.toString(16).padStart(64, '0')

  it('takes a newer offer, and refuses the same and older ones', () => {
    const book = createOfferBook()
    assert.deepEqual([5, 5, 4, 6].map((issuedAtMs) => book.note('p', offerOf({ issuedAtMs }))), [true, false, false, true])
  })

  it('tells programs and submitters apart', () => {
    const book = createOfferBook()
    assert(book.note('p', offerOf({ digest: digest(1) })))
    assert(book.note('p', offerOf({ digest: digest(2) })))
    assert(book.note('q', offerOf({ digest: digest(1) })))
  })

  it('tells placements of one program apart', () => {
    const book = createOfferBook()
    for (const placement of [undefined, { priority: 1 }, { priority: 0, on: 'p' }, { priority: 0, require: { gpu: 'yes' } }]) {
      assert.deepEqual([book.note('p', offerOf({ placement })), book.note('p', offerOf({ placement }))], [true, false])
    }
    assert(!book.note('p', offerOf({ placement: { priority: 0 } })))
  })

  it('forgets an offer when its time is over, so that a clock set back mutes nobody for long', () => {
    let ms = 0
    const book = createOfferBook({ now: () => ms })
    assert(book.note('p', offerOf({ issuedAtMs: 1_000, ttlMs: 50 })))
    ms = 49
    assert(!book.note('p', offerOf({ issuedAtMs: 10, ttlMs: 50 })))
    ms = 51
    assert(book.note('p', offerOf({ issuedAtMs: 10, ttlMs: 50 })))
  })

  it('keeps a bounded number for each submitter and of submitters', () => {
    const book = createOfferBook({ maxPerPeer: 2, maxKnown: 4 })
    for (const n of [1, 2, 3]) book.note('p', offerOf({ digest: digest(n) }))
    assert(!book.note('p', offerOf({ digest: digest(3) })))
    assert(book.note('p', offerOf({ digest: digest(1) })), 'the oldest was given up')
    for (const peer of ['q', 'r']) book.note(peer, offerOf())
    assert(book.note('p', offerOf({ digest: digest(1) })), 'the submitter was given up')
  })
})
