import assert from 'node:assert/strict'
import fc from 'fast-check'
import { varint } from 'multiformats'
import { CorebrumError } from '../../../src/errors.ts'
import { MAX_FRAME_BYTES } from '../../../src/network/limits.ts'
import { FrameSplitter } from '../../../src/network/frame-splitter.ts'

const BUDGET = 1_000_000

function framed (body: Uint8Array): Uint8Array {
  const head = new Uint8Array(varint.encodingLength(body.length))
  varint.encodeTo(body.length, head)
  return Buffer.concat([head, body])
}

function refuses (code: string, read: () => unknown): void {
  assert.throws(read, (error) => error instanceof CorebrumError && error.code === code)
}

describe('FrameSplitter', () => {
  it('gives the same frames however the bytes are cut', () => {
    const bodies = fc.array(fc.uint8Array({ minLength: 1, maxLength: 20_000, size: 'max' }), { minLength: 1, maxLength: 5 })
    const cuts = fc.array(fc.integer({ min: 1, max: 10_000 }), { minLength: 1, maxLength: 20 })
    fc.assert(fc.property(bodies, cuts, (frames, sizes) => {
      const bytes = Buffer.concat(frames.map(framed))
      const budget = { freeBytes: BUDGET }
      const splitter = new FrameSplitter(budget)
      const got: Uint8Array[] = []
      for (let at = 0, i = 0; at < bytes.length; i++) {
        const size = sizes[i % sizes.length] ?? 1
        for (const frame of splitter.push(bytes.subarray(at, at + size))) got.push(Uint8Array.from(frame))
        at += size
      }
      assert.deepEqual(got, frames)
      assert.equal(splitter.begun, false)
      assert.equal(budget.freeBytes, BUDGET)
    }), { numRuns: 50 })
  })

  it('knows that a frame has begun from the first byte of its length', () => {
    const splitter = new FrameSplitter({ freeBytes: BUDGET })
    assert.deepEqual([...splitter.push(Uint8Array.of(0x81))], [])
    assert.equal(splitter.begun, true)
    splitter.reset()
    assert.equal(splitter.begun, false)
  })

  it('takes memory for bytes that came, not for bytes that are claimed, and gives it back', () => {
    const budget = { freeBytes: BUDGET }
    const splitter = new FrameSplitter(budget)
    const frame = framed(new Uint8Array(900_000))
    assert.deepEqual([...splitter.push(frame.subarray(0, 100))], [])
    assert(budget.freeBytes > BUDGET - 10_000)
    assert.deepEqual([...splitter.push(frame.subarray(100, 500_000))], [])
    assert(budget.freeBytes <= BUDGET - 499_000)
    const other = new FrameSplitter(budget)
    refuses('ERR_QUEUE_FULL', () => [...other.push(frame.subarray(0, 800_000))])
    splitter.reset()
    assert.equal(budget.freeBytes, BUDGET)
  })

  it('takes one byte at a time', () => {
    const splitter = new FrameSplitter({ freeBytes: BUDGET })
    const frame = framed(new Uint8Array(100_000).fill(5))
    const got = Array.from(frame, (byte) => [...splitter.push(Uint8Array.of(byte))]).flat()
    assert.deepEqual(got.map(({ length }) => length), [100_000])
  })

  it('refuses a length before its body', () => {
    for (const [code, bytes] of [
      ['ERR_FRAME_TOO_LARGE', framed(new Uint8Array(MAX_FRAME_BYTES + 1)).subarray(0, 4)],
      ['ERR_FRAME_TOO_LARGE', Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff)],
      ['ERR_PROTOCOL', Uint8Array.of(0x80, 0x80, 0x80, 0x80)],
      ['ERR_PROTOCOL', Uint8Array.of(0)],
      ['ERR_PROTOCOL', Uint8Array.of(0x80, 0)],
    ] as const) refuses(code, () => [...new FrameSplitter({ freeBytes: BUDGET }).push(bytes)])
  })
})
