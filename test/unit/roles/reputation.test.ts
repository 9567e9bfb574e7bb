import assert from 'node:assert/strict'
import { AVOID_PEER_MAX_MS, AVOID_PEER_MIN_MS, TROUBLE_HALF_LIFE_MS } from '../../../src/roles/submitter/limits.ts'
import { createReputation, type Reputation } from '../../../src/roles/submitter/reputation.ts'

describe('reputation', () => {
  let ms: number
  let reputation: Reputation

  beforeEach(() => {
    ms = 1_000
    reputation = createReputation({ now: () => ms })
  })

  const failAll = (peer: string, from = 0): void => { for (let i = 0; i < 3; i++) reputation.note(peer, 'crashed', `program ${from + i}`) }

  it('begins with trust in everybody', () => {
    reputation.succeeded('p')
    assert.deepEqual([reputation.trust('p'), reputation.isAvoided('p')], [1, false])
  })

  it('avoids a peer that fails different programs, for a while, longer each time', () => {
    const lengths: number[] = []
    for (let round = 0; round < 10; round++) {
      failAll('p', round * 10)
      assert(reputation.isAvoided('p'))
      const before = ms
      ms = reputation.follow('p').avoidedUntil
      lengths.push(ms - before)
      assert(!reputation.isAvoided('p'))
    }
    assert.deepEqual(lengths.slice(0, 3), [AVOID_PEER_MIN_MS, AVOID_PEER_MIN_MS * 2, AVOID_PEER_MIN_MS * 4])
    assert.equal(lengths.at(-1), AVOID_PEER_MAX_MS)
  })

  it('does not avoid a peer for one program, until it fails that again and again', () => {
    for (let i = 0; i < 10; i++) reputation.note('p', 'crashed', 'the same')
    assert(!reputation.isAvoided('p'))
    for (let i = 0; i < 20; i++) reputation.note('p', 'crashed', 'the same')
    assert(reputation.isAvoided('p'))
  })

  it('counts a silence once for each program, and less', () => {
    for (let i = 0; i < 500; i++) reputation.note('p', 'expired', `program ${i % 5}`)
    assert(!reputation.isAvoided('p'))
    reputation.note('p', 'expired', 'one more')
    assert(reputation.isAvoided('p'))
  })

  it('weighs results that differ more', () => {
    reputation.note('p', 'differed')
    assert(reputation.trust('p') < 0.5 && !reputation.isAvoided('p'))
    reputation.note('p', 'differed')
    assert(reputation.isAvoided('p'))
  })

  it('forgives with time and with success', () => {
    reputation.note('slow', 'failed', 'a')
    reputation.note('busy', 'failed', 'a')
    const before = reputation.trust('slow')
    ms += TROUBLE_HALF_LIFE_MS
    assert(reputation.trust('slow') > before)
    for (let i = 0; i < 100; i++) reputation.succeeded('busy')
    assert.equal(reputation.trust('busy'), 1)
    ms += TROUBLE_HALF_LIFE_MS * 20
    failAll('slow', 100)
    assert.equal(reputation.follow('slow').avoidedUntil - ms, AVOID_PEER_MIN_MS)
  })

  it('is bounded, and forgets nobody who is looked at', () => {
    reputation = createReputation({ now: () => ms, maxPeers: 10 })
    const others = (): void => { for (let i = 0; i < 100; i++) reputation.note(`other ${i}`, 'differed') }
    const standing = reputation.follow('p')
    reputation.note('p', 'differed')
    assert.equal(reputation.follow('p'), standing)
    reputation.unfollow('p')
    others()
    reputation.note('p', 'differed')
    assert.equal(standing.avoidedUntil, ms + AVOID_PEER_MIN_MS)
    reputation.unfollow('p')
    assert(reputation.isAvoided('p'))
    others()
    assert.equal(reputation.trust('p'), 1)
  })

  it('counts leases of one program that run out later on, and not those that run out together', () => {
    for (let i = 0; i < 2_000; i++) reputation.note('p', 'expired', 'a')
    const once = reputation.trust('p')
    assert(once > 0.6)
    ms += 60_000
    reputation.note('p', 'expired', 'a')
    assert(reputation.trust('p') < once)
  })
})
