import assert from 'node:assert/strict'
import fc from 'fast-check'
import { decode, encode } from '../../../src/cbor.ts'
import { MAX_MEMORY_LIMIT_BYTES, MAX_MODULE_BYTES, MAX_OFFER_BYTES, MAX_OPEN_TASKS, OFFER_TTL_MS } from '../../../src/limits.ts'
import { capabilityFromWire, capabilityToWire } from '../../../src/wire/capability.ts'
import { decodeOffer, encodeOffer, offerFromWire, offerToWire, type Offer } from '../../../src/wire/offer.ts'
import { record } from '../../support/arbitrary.ts'
import { refusesWire } from '../../support/rejects.ts'
import { CAPABILITY, CAPABILITY_HEX, OFFER, OFFER_HEX } from '../../support/wire-samples.ts'

describe('offers', () => {
  it('have the agreed bytes', () => {
    assert.equal(Buffer.from(encodeOffer(OFFER)).toString('hex'), OFFER_HEX)
    assert.deepEqual(decodeOffer(Buffer.from(OFFER_HEX, 'hex')), OFFER)
  })

  it('come back as they were', () => {
    const offer: fc.Arbitrary<Offer> = record({
      digest: fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes).toString('hex')),
      tasks: fc.integer({ min: 1, max: MAX_OPEN_TASKS }),
      cid: fc.string({ maxLength: 128 }),
      moduleBytes: fc.integer({ min: 0, max: MAX_MODULE_BYTES }),
      memoryLimitBytes: fc.integer({ min: 0, max: MAX_MEMORY_LIMIT_BYTES }),
      networking: fc.boolean(),
      fileSystem: fc.boolean(),
      chance: fc.double({ min: 0, max: 1, noNaN: true }),
      addresses: fc.array(fc.string({ maxLength: 100 }), { maxLength: 16 }),
      issuedAtMs: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
      ttlMs: fc.integer({ min: 1, max: OFFER_TTL_MS }),
    })
    fc.assert(fc.property(offer, (original) => { assert.deepEqual(decodeOffer(encodeOffer(original)), original) }))
  })

  it('may have more fields', () => {
    assert.deepEqual(offerFromWire(decode(encode([...offerToWire(OFFER), 'later']))), OFFER)
  })

  it('name at most 16 addresses, also where a node has more', () => {
    const addresses = Array.from({ length: 20 }, (_, i) => `/ip4/10.0.0.${i}/tcp/1`)
    assert.deepEqual(offerFromWire(decode(encode(offerToWire({ ...OFFER, addresses })))).addresses, addresses.slice(0, 16))
  })

  it('are refused unread when they are over the size limit', () => {
    refusesWire(() => decodeOffer(new Uint8Array(MAX_OFFER_BYTES + 1)), 'ERR_FRAME_TOO_LARGE')
  })

  describe('of another version or form are refused', () => {
    const wire = decode(encode(offerToWire(OFFER))) as unknown[]
    const changed = (index: number, value: unknown): unknown[] => wire.map((field, i) => i === index ? value : field)
    for (const [what, raw] of [
      ['no array', { 0: 1 }], ['an empty array', []], ['version 2', changed(0, 2)], ['no version', changed(0, undefined)], ['a field too few', wire.slice(0, -1)],
      ['a short digest', changed(1, new Uint8Array(31))], ['a digest that is text', changed(1, 'ab'.repeat(16))],
      ['no tasks', changed(2, 0)], ['negative tasks', changed(2, -1)], ['too many tasks', changed(2, MAX_OPEN_TASKS + 1)], ['NaN tasks', changed(2, NaN)],
      ['a CID that is a number', changed(3, 5)], ['a long CID', changed(3, 'x'.repeat(129))],
      ['too large a module', changed(4, MAX_MODULE_BYTES + 1)], ['negative memory', changed(5, -1)], ['too much memory', changed(5, MAX_MEMORY_LIMIT_BYTES + 1)],
      ['a grant that is 0', changed(6, 0)], ['a grant that is null', changed(7, null)],
      ['a chance over 1', changed(8, 1.01)], ['a negative chance', changed(8, -0.1)], ['a NaN chance', changed(8, NaN)], ['a chance that is text', changed(8, '1')],
      ['too many addresses', changed(9, new Array(17).fill('x'))], ['a long address', changed(9, ['x'.repeat(257)])], ['an address that is a number', changed(9, [1])],
      ['a date for a time', changed(10, new Date(0))], ['a time beyond 2^53', changed(10, 2n ** 53n)], ['no ttl', changed(11, 0)], ['a long ttl', changed(11, OFFER_TTL_MS + 1)],
    ] as Array<[string, unknown]>) {
      it(what, () => { refusesWire(() => offerFromWire(raw)) })
    }
    it('bytes that are not CBOR', () => { refusesWire(() => decodeOffer(Buffer.from('not an offer'))) })
  })
})

describe('capabilities', () => {
  it('have the agreed bytes', () => {
    assert.equal(Buffer.from(encode(capabilityToWire(CAPABILITY))).toString('hex'), CAPABILITY_HEX)
    assert.deepEqual(capabilityFromWire(decode(Buffer.from(CAPABILITY_HEX, 'hex'))), CAPABILITY)
  })
})
