import assert from 'node:assert/strict'
import fc from 'fast-check'
import { MalformedError } from '../../../src/journal/byte-reader.ts'
import { unsnappy } from '../../../src/journal/snappy.ts'

const bytes = (hex: string): Uint8Array => Buffer.from(hex.replaceAll(' ', ''), 'hex')
const textOf = (hex: string): string => Buffer.from(unsnappy(bytes(hex), 1_000)).toString('latin1')

describe('snappy', () => {
  it('undoes literals and all kinds of copies, also of what they write themselves', () => {
    assert.equal(textOf('00'), '')
    // [length] [literal of 3] "abc", then 7 from 3 before: 1-byte offset, 2-byte offset, 4-byte offset.
    assert.equal(textOf('0a 08 616263 0d03'), 'abcabcabca')
    assert.equal(textOf('0a 08 616263 1a0300'), 'abcabcabca')
    assert.equal(textOf('0a 08 616263 1b03000000'), 'abcabcabca')
    // A literal whose length stands in a byte of its own.
    assert.equal(textOf(`3d f03c ${'7a'.repeat(61)}`), 'z'.repeat(61))
  })

  it('refuses what is damaged, and what would be too large', () => {
    for (const hex of ['', '80', '03 08 6162', '04 08 616263', '02 08 616263', '0a 08 616263 0d04', '0a 08 616263 0d00', '05 08 616263 0d03', '0a 08 616263 1a03', 'ffffffffffffffffff01 00']) {
      assert.throws(() => unsnappy(bytes(hex), 1_000), MalformedError, hex)
    }
    assert.throws(() => unsnappy(bytes('0a 08 616263 0d03'), 9), MalformedError)
  })

  it('takes any bytes without another error', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (any) => {
      try {
        assert.ok(unsnappy(any, 1_000).length <= 1_000)
      } catch (error) {
        assert.ok(error instanceof MalformedError)
      }
    }))
  })
})
