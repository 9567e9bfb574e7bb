import assert from 'node:assert/strict'
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { encode } from '../../../src/cbor.ts'
import { CorebrumError } from '../../../src/errors.ts'
import { BlockingReader, writeFrame } from '../../../src/executor/blocking-pipe.ts'
import { FrameReader } from '../../../src/executor/frame-reader.ts'
import { decodeEvent, decodeModule, encodeModuleHeader } from '../../../src/executor/protocol.ts'
import { removeTempDirs, tempDir } from '../../support/temp-dir.ts'

const frame = (body: Uint8Array, ...kind: number[]): Buffer => {
  const prefix = Buffer.alloc(4)
  prefix.writeUInt32LE(body.length)
  return Buffer.concat([prefix, Uint8Array.from(kind), body])
}

describe('frames of a sandbox', () => {
  afterEach(removeTempDirs)

  it('are the same however the stream is cut', () => {
    fc.assert(fc.property(fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 10 }), fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }), (bodies, sizes) => {
      const stream = Buffer.concat(bodies.map((body) => frame(body)))
      const reader = new FrameReader(1000)
      const found: Buffer[] = []
      for (let at = 0, turn = 0; at < stream.length; turn++) {
        const size = sizes[turn % sizes.length] ?? 1
        reader.push(stream.subarray(at, at + size), (body) => found.push(body))
        at += size
      }
      assert.deepEqual(found.map((body) => [...body]), bodies.map((body) => [...body]))
    }))
  })

  it('are refused by their length, before they are held', () => {
    const reader = new FrameReader(10)
    assert.throws(() => reader.push(Buffer.from([11, 0, 0, 0]), () => {}), (thrown: unknown) => thrown instanceof CorebrumError && thrown.code === 'ERR_SANDBOX_CRASHED')
  })

  it('are read in the sandbox, small and large, until the pipe ends', async () => {
    const file = join(await tempDir(), 'pipe')
    const bodies = [10, 0, 200_000, 200_000, 1_000_000, 3].map((size, index) => Buffer.alloc(size, index + 1))
    writeFileSync(file, Buffer.concat([...bodies.map((body, index) => frame(body, index)), Buffer.from([9, 0])]))
    const fd = openSync(file, 'r')
    try {
      const reader = new BlockingReader(fd)
      const frames = bodies.map(() => reader.next())
      assert.equal(reader.next(), undefined)
      frames.forEach((found, index) => {
        assert.equal(found?.kind, index)
        assert(found?.body.equals(bodies[index] ?? Buffer.alloc(0)))
      })
    } finally {
      closeSync(fd)
    }
  })

  it('are written whole', async () => {
    const file = join(await tempDir(), 'pipe')
    const fd = openSync(file, 'w')
    writeFrame(fd, Uint8Array.of(1, 2, 3))
    closeSync(fd)
    assert.deepEqual([...readFileSync(file)], [3, 0, 0, 0, 1, 2, 3])
  })

  it('carry modules', () => {
    const body = Buffer.concat([encodeModuleHeader('cid:7', 7), Uint8Array.of(9, 8)])
    assert.deepEqual(decodeModule(body), { key: 'cid:7', maxPages: 7, bytes: Buffer.from([9, 8]), spare: 11 })
  })

  it('are checked before they are believed', () => {
    const hostile: unknown[] = [5, {}, [], [7], [1], [2, 'x'], [2, 1, 1, 1, '', false], [2, 1, 1, 1, '', false, [1]], [2, 1, 1, 1, 7, false, {}], [3, 1, 1, 1, '', false, 'ERR_NONE', 'x'], [3, 1, 1, 1, '', false, 'toString', 'x']]
    for (const message of hostile) assert.throws(() => decodeEvent(encode(message)), CorebrumError, JSON.stringify(message))
    fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      try {
        decodeEvent(bytes)
      } catch (thrown) {
        assert(thrown instanceof CorebrumError)
      }
    }))
  })
})
