import assert from 'node:assert/strict'
import fc from 'fast-check'
import { encode } from '../../../src/cbor.ts'
import { INLINE_VALUE_BYTES, MAX_INLINE_BYTES, MAX_INPUTS, MAX_VALUE_DEPTH } from '../../../src/limits.ts'
import { areSmall, encodedBytes, fromBytes, takeLarge, toBytes } from '../../../src/task/blob.ts'
import type { Value } from '../../../src/task/values.ts'
import { refusesWire } from '../../support/rejects.ts'

const big = (bytes = INLINE_VALUE_BYTES + 1): Uint8Array => new Uint8Array(bytes)

describe('large values', () => {
  it('come back from their bytes', () => {
    const values: Value[] = [new Uint8Array([1, 2]), '', 'a\u0000é🙂\ufeff', null, true, 2n ** 70n, 1.5, { a: [1, { b: 'c' }] }]
    for (const value of values) {
      const { form, bytes } = toBytes(value)
      assert.deepEqual(fromBytes(form, bytes), value)
    }
    const [bytes] = [fromBytes('bytes', Buffer.from([1]))]
    assert.equal(Object.getPrototypeOf(bytes), Uint8Array.prototype, 'a Buffer is no value: JSON makes something else of it')
  })

  it('that a peer sends are refused when they are none', () => {
    let deep: unknown = 1
    for (let i = 0; i < MAX_VALUE_DEPTH + 2; i++) deep = [deep]
    for (const bytes of [new Uint8Array(), Uint8Array.of(0xff), Uint8Array.of(1, 1), encode(undefined), encode({ a: undefined }), encode(deep)]) {
      refusesWire(() => fromBytes('value', bytes))
    }
    refusesWire(() => fromBytes('text', Uint8Array.of(0xc3)))
  })

  it('have the size that the encoder says, to a few bytes', () => {
    fc.assert(fc.property(fc.oneof(fc.string({ unit: 'grapheme' }), fc.uint8Array(), fc.array(fc.integer())), (value) => {
      assert.ok(Math.abs(encodedBytes(value) - encode(value).length) <= 5)
    }))
    assert.equal(encodedBytes('é€🙂'), 2 + 3 + 4 + 5)
  })

  it('are told from small ones by their memory', () => {
    assert.ok(areSmall([5, undefined, 'hello', big(INLINE_VALUE_BYTES - 100)]))
    assert.ok(!areSmall([big()]))
    assert.ok(!areSmall(Array.from({ length: 70 }, () => 'x'.repeat(512))))
  })

  describe('leave their message', () => {
    const keys = <K>({ large }: { large: Array<{ key: K }> }): K[] => large.map(({ key }) => key)

    it('those over the limit, and no others', () => {
      const taken = takeLarge([[0, 5], [1, big()], [2, undefined], [3, 'x'.repeat(INLINE_VALUE_BYTES)], [4, [big()]], [5, big(INLINE_VALUE_BYTES - 10)]])
      assert.deepEqual(keys(taken).sort(), [1, 3, 4])
      assert.equal(taken.rest, 0)
    })

    it('the largest of many, until the rest fits', () => {
      const half = INLINE_VALUE_BYTES / 2
      const entries = Array.from({ length: 40 }, (_, i): [number, Value] => [i, big(half + i)])
      const taken = takeLarge(entries)
      assert.equal(taken.rest, 0)
      assert.deepEqual(keys(taken), Array.from({ length: keys(taken).length }, (_, i) => 39 - i))
      const left = (40 - keys(taken).length) * half
      assert.ok(left <= MAX_INLINE_BYTES && left > MAX_INLINE_BYTES - 2 * half)
    })

    it('so many that a message can name, and no more', () => {
      const taken = takeLarge(Array.from({ length: 5_000 }, (_, i): [string, Value] => [`k${i}`, 'x'.repeat(1_000)]))
      assert.equal(keys(taken).length, MAX_INPUTS)
      assert.equal(taken.rest, (5_000 - MAX_INPUTS) * 1_005)
    })
  })
})
