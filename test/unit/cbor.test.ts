import assert from 'node:assert/strict'
import fc from 'fast-check'
import { decode, encode, encodeCanonical } from '../../src/cbor.ts'
import { CorebrumError } from '../../src/errors.ts'
import { MAX_BIGINT_BYTES, MAX_CBOR_DEPTH, MAX_FRAME_ITEMS } from '../../src/limits.ts'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const bytes = (text: string): Uint8Array => Buffer.from(text.replaceAll(' ', ''), 'hex')
const refuses = (data: Uint8Array, options?: { maxItems: number }): void => {
  assert.throws(() => decode(data, options), (error) => error instanceof CorebrumError && error.code === 'ERR_PROTOCOL')
}

/** What tasks hold. -0 is left out: it is written as 0. */
const { value } = fc.letrec((tie) => ({
  value: fc.oneof({ maxDepth: 4 },
    fc.constantFrom(null, true, false, 0, 1, -1, 2 ** 31, 2 ** 32, -(2 ** 32), 2 ** 53 - 1, 2n ** 53n, -(2n ** 63n), 2n ** 64n, -(2n ** 64n), NaN, Infinity),
    fc.double().filter((number) => !Object.is(number, -0)),
    fc.bigInt().map((number) => number >= Number.MIN_SAFE_INTEGER && number <= Number.MAX_SAFE_INTEGER ? Number(number) : number),
    fc.string({ unit: 'grapheme' }),
    fc.uint8Array({ maxLength: 300 }),
    fc.array(tie('value'), { maxLength: 40 }),
    fc.dictionary(fc.string().filter((key) => key !== '__proto__'), tie('value'), { noNullPrototype: true, maxKeys: 40 })),
}))

describe('cbor', () => {
  it('gives back every value', () => {
    fc.assert(fc.property(value, (original) => { assert.deepEqual(decode(encode(original)), original) }))
  })

  it('never throws anything but ERR_PROTOCOL, whatever the bytes are', () => {
    const mutated = fc.tuple(value, fc.nat(), fc.nat(255)).map(([original, at, byte]) => {
      const data = Uint8Array.from(encode(original))
      data[at % data.length] = byte
      return data
    })
    fc.assert(fc.property(fc.oneof(fc.uint8Array({ maxLength: 64 }), mutated), (data) => {
      try {
        decode(data)
      } catch (error) {
        assert(error instanceof CorebrumError && error.code === 'ERR_PROTOCOL')
      }
    }), { numRuns: 2000 })
  })

  describe('integers', () => {
    for (const [text, expected] of [
      ['17', 23], ['1818', 24], ['1a00010000', 65536], ['1b0000000100000000', 2 ** 32], ['1b001fffffffffffff', 2 ** 53 - 1],
      ['1b0020000000000000', 2n ** 53n], ['1bffffffffffffffff', 2n ** 64n - 1n], ['c249010000000000000000', 2n ** 64n],
      ['37', -24], ['3affffffff', -(2 ** 32)], ['3b001ffffffffffffe', -(2 ** 53 - 1)], ['3b7fffffffffffffff', -(2n ** 63n)],
      ['c348ffffffffffffffff', -(2n ** 64n)], ['1b0000000000000001', 1], ['c24101', 1], ['c240', 0],
      ['fb41f2a05f20000000', 5_000_000_000], ['f94000', 2], ['fa47c35000', 100_000],
    ] as const) {
      it(`reads ${text} as ${expected}`, () => { assert.equal(decode(bytes(text)), expected) })
    }

    it('reads wide integers wherever they stand', () => {
      assert.deepEqual(decode(bytes('82 1b0000000000000005 a1 6161 81 3b0000000000000000')), [5, { a: [-1] }])
    })
  })

  describe('canonical bytes', () => {
    for (const [what, a, b] of [
      ['number and bigint', { n: 5 }, { n: 5n }],
      ['number and bigint over 32 bits', { n: 5_000_000_000 }, { n: 5_000_000_000n }],
      ['the order of fields', { a: 1, b: [{ c: 1, d: 2 }] }, { b: [{ d: 2, c: 1 }], a: 1 }],
      ['fields that look like numbers', { 10: 1, 9: 2, a: 3 }, { a: 3, 9: 2, 10: 1 }],
      ['a field without a value', { a: 1, b: undefined }, { a: 1 }],
      ['a Buffer', new Uint8Array([1]), Buffer.of(1)],
    ] as const) {
      it(`are the same whatever ${what}`, () => { assert.equal(hex(encodeCanonical(a)), hex(encodeCanonical(b))) })
    }

    it('differ for different values', () => {
      const all = [0, 1, '1', [1], { 1: 1 }, null, false, '', [], {}, new Uint8Array(), 2n ** 64n, 1.5, '1.5']
      assert.equal(new Set(all.map((item) => hex(encodeCanonical(item)))).size, all.length)
    })

    it('refuse a value that is too deep', () => {
      let deep: unknown = 1
      for (let i = 0; i <= MAX_CBOR_DEPTH; i++) deep = [deep]
      assert.throws(() => encodeCanonical(deep), (error) => error instanceof CorebrumError && error.code === 'ERR_INPUT')
    })
  })

  describe('refuses', () => {
    const nested = (head: string, levels: number): Uint8Array => bytes(head.repeat(levels) + '00')
    for (const [what, data] of [
      ['nothing', new Uint8Array()],
      ['bytes behind the item', bytes('0000')],
      ['an array that ends early', bytes('8201')],
      ['an array that claims 2^32-1 items', bytes('9affffffff')],
      ['an array that claims 2^64-1 items', bytes('9bffffffffffffffff')],
      ['a map that claims 2^31 fields', bytes('ba80000000')],
      ['a text that claims 4 GiB', bytes('7affffffff61')],
      ['a byte string that ends early', bytes('4301')],
      ['a header that ends early', bytes('1900')],
      ['many nested arrays, each with the claim of many items', bytes('9a0000ffff'.repeat(60) + '00'.repeat(70_000))],
      ['an array of indefinite length', bytes('9f01ff')],
      ['a map of indefinite length', bytes('bf616101ff')],
      ['a text of indefinite length', bytes('7f6161ff')],
      ['a break alone', bytes('ff')],
      ['reserved header values', bytes('1c')],
      ['arrays that are too deep', nested('81', MAX_CBOR_DEPTH + 1)],
      ['arrays deep enough to overflow the stack', nested('81', 5_000_000)],
      ['maps that are too deep', nested('a16161', MAX_CBOR_DEPTH + 1)],
      ['a date as text', bytes('c0 74 323031332d30332d32315432303a30343a30305a')],
      ['a date as number', bytes('c100')],
      ['a decimal fraction', bytes('c48221196ab3')],
      ['a set', bytes('d9 0102 80')],
      ['a map with any keys', bytes('d9 0103 a0')],
      ['a regular expression', bytes('d8 1b 83 66 526567457870 612b 60')],
      ['an error', bytes('d8 1b 82 65 4572726f72 6161')],
      ['a shared value that contains itself', bytes('d81c 81 d81d 00')],
      ['packed values', bytes('d833 84 81 01 80 80 e0')],
      ['a record', bytes('d9 dfff 83 19e000 81 6161 01')],
      ['a typed array', bytes('d8 40 41 00')],
      ['the tag that says CBOR', bytes('d9 d9f7 00')],
      ['a big integer that is text', bytes('c2 6161')],
      ['a big integer that is a tag', bytes('c2 c2 41 01')],
      ['a big integer of too many bytes', bytes(`c2 59 ${(MAX_BIGINT_BYTES + 1).toString(16).padStart(4, '0')} ${'ff'.repeat(MAX_BIGINT_BYTES + 1)}`)],
      ['a simple value', bytes('e0')],
      ['a simple value in two bytes', bytes('f8 20')],
      ['a map key that is a number', bytes('a1 01 01')],
      ['a map key that is an array', bytes('a1 80 01')],
      ['a map key that is a tag', bytes('a1 c2 41 01 01')],
      ['the key __proto__', bytes('a1 69 5f5f70726f746f5f5f a1 6161 01')],
      ['a map without the value of its last key', bytes('a2 6161 01 6162')],
      ['more values than a frame may hold', Buffer.concat([bytes('9a 00200000'), Buffer.alloc(0x200000, 0x80)])],
    ] as Array<[string, Uint8Array]>) {
      it(what, () => { refuses(data) })
    }

    it('more values than the caller allows', () => {
      assert.deepEqual(decode(bytes('820102'), { maxItems: 3 }), [1, 2])
      refuses(bytes('820102'), { maxItems: 2 })
    })
  })

  it('takes what stands just inside of its limits', () => {
    assert.equal(typeof decode(bytes(`c2 59 ${MAX_BIGINT_BYTES.toString(16).padStart(4, '0')} ${'ff'.repeat(MAX_BIGINT_BYTES)}`)), 'bigint')
    assert(Array.isArray(decode(bytes('81'.repeat(MAX_CBOR_DEPTH) + '00'))))
    const items = MAX_FRAME_ITEMS - 1
    assert.equal((decode(Buffer.concat([bytes(`9a ${items.toString(16).padStart(8, '0')}`), Buffer.alloc(items)])) as unknown[]).length, items)
    assert.deepEqual(decode(bytes('a1 69 5f5f70726f746f5f60 01')), { '__proto_`': 1 })
  })

  it('copies byte strings, so that a few bytes do not keep their frame', () => {
    const frame = Uint8Array.from(encode([new Uint8Array([1, 2, 3]), 'filler'.repeat(1000)]))
    const [kept] = decode(frame) as [Uint8Array]
    assert.equal(Object.getPrototypeOf(kept), Uint8Array.prototype)
    frame.fill(0)
    assert.deepEqual(kept, new Uint8Array([1, 2, 3]))
    assert.equal(kept.buffer.byteLength, 3)
  })

  it('writes small values to small buffers, after a large one too', () => {
    for (const large of [new Uint8Array(5_000_000), ['x'.repeat(5_000_000)]]) {
      assert(encode(large).length > 5_000_000)
      assert(encode(1).buffer.byteLength < 100_000)
      encodeCanonical(large)
      assert.deepEqual(decode(encode({ a: ['b', 2n ** 64n] })), { a: ['b', 2n ** 64n] })
      assert(encodeCanonical(1).buffer.byteLength < 100_000)
    }
  })

  it('keeps nothing between two items, and leaves the source as it is', () => {
    const source = Buffer.from('820102', 'hex')
    refuses(bytes('d9 dfff 83 19e000 81 6161 01'))
    refuses(bytes('d9 e000 81 01'))
    decode(source)
    assert.deepEqual(Object.keys(source), ['0', '1', '2'])
  })
})
