import assert from 'node:assert/strict'
import fc from 'fast-check'
import { decode, encode } from '../../../src/cbor.ts'
import { MAX_LABELS, MAX_MEMORY_LIMIT_BYTES, MAX_MODULE_BYTES, MAX_OFFER_BYTES, MAX_OPEN_TASKS, MAX_PRIORITY, OFFER_TTL_MS } from '../../../src/limits.ts'
import { capabilityFromWire, capabilityToWire } from '../../../src/wire/capability.ts'
import { decodeOffer, encodeOffer, offerFromWire, offerToWire, type Offer } from '../../../src/wire/offer.ts'
import { refusesWire } from '../../support/rejects.ts'
import { CAPABILITY, CAPABILITY_HEX, LABELLED_CAPABILITY, LABELLED_CAPABILITY_HEX, OFFER, OFFER_HEX, PLACED_OFFER, PLACED_OFFER_HEX } from '../../support/wire-samples.ts'

describe('offers', () => {
  it('have the agreed bytes', () => {
    assert.equal(Buffer.from(encodeOffer(OFFER)).toString('hex'), OFFER_HEX)
    assert.deepEqual(decodeOffer(Buffer.from(OFFER_HEX, 'hex')), OFFER)
    assert.equal(Buffer.from(encodeOffer(PLACED_OFFER)).toString('hex'), PLACED_OFFER_HEX)
    assert.deepEqual(decodeOffer(Buffer.from(PLACED_OFFER_HEX, 'hex')), PLACED_OFFER)
  })

  it('come back as they were', () => {
    const name = fc.stringMatching(/^[a-z0-9]{1,64}$/)
    const placement = fc.record({ priority: fc.integer({ min: 1, max: MAX_PRIORITY }), require: fc.dictionary(name, name, { minKeys: 1, maxKeys: 16, noNullPrototype: true }), on: name }, { requiredKeys: ['priority'], noNullPrototype: true })
    const offer: fc.Arbitrary<Offer> = fc.record({
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
      placement,
    }, { requiredKeys: ['digest', 'tasks', 'cid', 'moduleBytes', 'memoryLimitBytes', 'networking', 'fileSystem', 'chance', 'addresses', 'issuedAtMs', 'ttlMs'], noNullPrototype: true })
    fc.assert(fc.property(offer, (original) => { assert.deepEqual(decodeOffer(encodeOffer(original)), original) }))
  })

  it('may have more fields', () => {
    assert.deepEqual(offerFromWire(decode(encode([...offerToWire(OFFER), null, 'later']))), OFFER)
    assert.deepEqual(offerFromWire(decode(encode([...offerToWire(PLACED_OFFER), 'later']))), PLACED_OFFER)
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
      ['a date for a time', changed(10, new Date(0))], ['a time beyond 2^53', changed(10, 2n ** 53n)], ['a placement that is text', [...wire, 'gpu']], ['half a placement', [...wire, [1, {}]]], ['a priority of 1.5', [...wire, [1.5, {}, '']]], ['a priority beyond 32 bits', [...wire, [2 ** 31, {}, '']]],
      ['labels that are a list', [...wire, [0, [], '']]], ['a label that is a number', [...wire, [0, { gpu: 1 }, '']]], ['a label that no rule allows', [...wire, [0, { 'g u': 'x' }, '']]], ['an empty label', [...wire, [0, { gpu: '' }, '']]],
      ['a prototype for a label', [...wire, [0, JSON.parse('{"__proto__": "x"}'), '']]], ['a long label', [...wire, [0, { gpu: 'x'.repeat(65) }, '']]],
      ['too many labels', [...wire, [0, Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`k${i}`, 'v'])), '']]], ['a long peer', [...wire, [0, {}, 'x'.repeat(129)]]], ['a peer that is null', [...wire, [0, {}, null]]],
      ['no ttl', changed(11, 0)], ['a long ttl', changed(11, OFFER_TTL_MS + 1)],
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
    assert.equal(Buffer.from(encode(capabilityToWire(LABELLED_CAPABILITY))).toString('hex'), LABELLED_CAPABILITY_HEX)
    assert.deepEqual(capabilityFromWire(decode(Buffer.from(LABELLED_CAPABILITY_HEX, 'hex'))), LABELLED_CAPABILITY)
  })

  it('have only labels that the rules allow, and so many', () => {
    const wire = (labels: unknown): unknown => ({ engine: 'v8', features: [], memory: 1, slots: 1, labels })
    for (const labels of ['gpu=yes', ['gpu'], { gpu: 1 }, { gpu: 'a b' }, { ' ': 'x' }, null, Object.fromEntries(Array.from({ length: MAX_LABELS + 1 }, (_, i) => [`k${i}`, 'v']))]) {
      refusesWire(() => capabilityFromWire(wire(labels)))
    }
    assert.equal(capabilityFromWire(wire({})).labels, undefined)
  })
})
