import assert from 'node:assert/strict'
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { encode } from '../../../src/cbor.ts'
import { CorebrumError } from '../../../src/errors.ts'
import { ArrivingModule } from '../../../src/executor/arriving-module.ts'
import { parseModule } from '../../../src/executor/binary/parse.ts'
import { leb } from '../../../src/executor/binary/reader.ts'
import { confineModule } from '../../../src/executor/binary/rewrite.ts'
import { BlockingReader, writeFrame } from '../../../src/executor/blocking-pipe.ts'
import { FrameReader } from '../../../src/executor/frame-reader.ts'
import { MAX_LOG_BYTES } from '../../../src/limits.ts'
import { FrameKind, decodeEvent, decodeModule, encodeModuleHeader } from '../../../src/executor/protocol.ts'
import { removeTempDirs, tempDir } from '../../support/temp-dir.ts'
import { wat } from '../../support/wat.ts'

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

  it('are let go of once they have been read', async () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const reader = new FrameReader(1_000_000)
    const held = ((): WeakRef<ArrayBufferLike> => {
      const chunk = Buffer.concat([frame(Buffer.alloc(500_000)), Buffer.from([1, 0])])
      reader.push(chunk, () => {})
      return new WeakRef(chunk.buffer)
    })()
    await setImmediate()
    collect()
    assert.equal(held.deref(), undefined)
    const found: number[][] = []
    reader.push(Buffer.from([0, 0, 7]), (body) => found.push([...body]))
    assert.deepEqual(found, [[7]])
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
      const parts: number[][] = []
      const frames = bodies.map(() => reader.next((kind, body, filled) => {
        assert(body.subarray(0, filled).equals(bodies[kind]?.subarray(0, filled) ?? Buffer.alloc(0)))
        parts.push([kind, filled])
      }))
      // Only the large one comes in parts.
      assert(parts.length > 0 && parts.every(([kind]) => kind === 4))
      assert.deepEqual(parts.at(-1), [4, 1_000_000])
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
    const { spare, ...found } = decodeModule(body)
    assert.deepEqual(found, { key: 'cid:7', maxPages: 7, bytes: Buffer.from([9, 8]) })
    assert.equal(spare, body.length - 2)
  })

  it('leave room before a module for what confining it adds, whatever its key', async () => {
    const body = Buffer.concat([encodeModuleHeader('', 7), await wat('(module (table 1 funcref) (memory 1) (func))')])
    const { bytes, spare } = decodeModule(body)
    assert.equal(confineModule(bytes, parseModule(bytes), 7, undefined, spare).bytes.buffer, body.buffer)
  })

  it('are parsed on the way when they are large modules', () => {
    const data = Buffer.alloc(300_000)
    const code = [10, 6, 1, 4, 1, 3, 0x7f, 0x0b]
    const sound = Buffer.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0, ...code, 0, ...leb(data.length), ...data])
    const damaged = Buffer.concat([sound.subarray(0, 18), Uint8Array.of(3, 2, 1, 0), sound.subarray(18)])
    for (const [bytes, parsed] of [[sound, true], [damaged, false], [data, false]] as const) {
      const body = Buffer.concat([encodeModuleHeader('cid:7', 7), bytes])
      const arriving = new ArrivingModule()
      for (const filled of [3, 100_000, 200_000, body.length]) arriving.advance(FrameKind.MODULE, body, filled)
      assert.equal(arriving.parser !== undefined, parsed)
      if (parsed) assert.deepEqual(arriving.parser?.finish(), parseModule(bytes))
    }
    const other = new ArrivingModule()
    other.advance(FrameKind.COMMANDS, data, data.length)
    assert.equal(other.parser, undefined)
  })

  it('are checked before they are believed', () => {
    const hostile: unknown[] = [5, {}, [], [7], [1], [2, 'x'], [2, 1, 1, 1, '', false], [2, 1, 1, 1, '', false, [1]], [2, 1, 1, 1, 7, false, {}], [3, 1, 1, 1, '', false, 'ERR_NONE', 'x'], [3, 1, 1, 1, '', false, 'toString', 'x'], [2, 1, [1, 1, 0, 0, 0], 'x'.repeat(MAX_LOG_BYTES + 1), false, {}]]
    for (const message of hostile) assert.throws(() => decodeEvent(encode(message)), CorebrumError, JSON.stringify(message).slice(0, 100))
    fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      try {
        decodeEvent(bytes)
      } catch (thrown) {
        assert(thrown instanceof CorebrumError)
      }
    }))
  })
})
