import assert from 'node:assert/strict'
import fc from 'fast-check'
import { encode } from '../../../src/cbor.ts'
import { approximateBytes } from '../../../src/task/size.ts'
import type { Value } from '../../../src/task/values.ts'

describe('approximateBytes', () => {
  for (const [value, bytes] of [[undefined, 16], [null, 16], [1, 16], [2n ** 60n, 16], ['', 16], ['ab', 20], [new Uint8Array(10), 26], [[1, 'a'], 50], [{ ab: 1 }, 36]] as Array<[Value | undefined, number]>) {
    it(`is ${bytes} for ${typeof value === 'bigint' ? `${value}n` : JSON.stringify(value)}`, () => { assert.equal(approximateBytes(value), bytes) })
  }

  it('grows with every value within', () => {
    fc.assert(fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
      assert.equal(approximateBytes([a, b] as Value), 16 + approximateBytes(a as Value) + approximateBytes(b as Value))
    }))
  })

  it('is never much less than the encoding, so that budgets hold on the wire too', () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => {
      assert(approximateBytes(value as Value) * 1.5 >= encode(value).length)
    }))
  })
})
