import assert from 'node:assert/strict'
import { CorebrumError } from '../../../src/errors.ts'
import { mustPack, packOutcome, packValues, refBytes, unpackOutputs, unpackValues } from '../../../src/roles/large-values.ts'
import type { BlobRef } from '../../../src/task/blob.ts'
import type { Value } from '../../../src/task/values.ts'
import type { Outcome } from '../../../src/wire/messages.ts'
import { rejectsWith } from '../../support/rejects.ts'
import { FakeBlobs, completed } from '../../support/roles.ts'

const BIG = new Uint8Array(100_000).fill(3)

describe('large values of a task', () => {
  let blobs: FakeBlobs
  const fetch = (blob: BlobRef): Promise<Uint8Array> => blobs.read(blob.cid)

  beforeEach(() => { blobs = new FakeBlobs() })

  it('leave its inputs, and come back into them', async () => {
    const values = [1, BIG, undefined, 'x'.repeat(70_000), { list: [new Uint8Array(66_000)] }]
    const packed = await packValues(values, blobs)
    assert.deepEqual(packed.values, [1, undefined, undefined, undefined, undefined])
    assert.deepEqual(packed.refs?.map(({ index, blob }) => [index, blob.form]), [[1, 'bytes'], [3, 'text'], [4, 'value']])
    assert.equal(blobs.bytes.size, 3)
    assert.deepEqual(await unpackValues(packed.values, packed.refs ?? [], fetch), values)
    assert.equal(refBytes(packed.refs), [...blobs.bytes.values()].reduce((sum, { length }) => sum + length, 0))
    packed.release?.()
    assert.equal(blobs.bytes.size, 0)
  })

  it('hold no more values together than a frame does, as a byte of them may become an object', async () => {
    const empty = Uint8Array.from([0x9a, 0, 0x0a, 0xae, 0x60, ...new Uint8Array(700_000).fill(0xa0)])
    const refs = await Promise.all([0, 1, 2].map(async (index) => {
      const { cid, size } = await blobs.put(Uint8Array.from([...empty]))
      return { index, blob: { cid, size, form: 'value' as const } }
    }))
    assert.equal((await unpackValues([undefined, undefined], refs.slice(0, 2), fetch)).length, 2)
    await rejectsWith('ERR_PROTOCOL', unpackValues([undefined, undefined, undefined], refs, fetch))
    await rejectsWith('ERR_PROTOCOL', unpackOutputs({}, refs.map(({ index, blob }) => ({ name: `output ${index}`, blob })), fetch))
    await rejectsWith('ERR_INPUT', packValues([0, 1, 2].map(() => new Array<number>(700_000).fill(0)), blobs))
  })

  it('are none where all inputs are small', async () => {
    const values = [1, 'hello', undefined]
    assert.deepEqual(await packValues(values, blobs), { values })
    // More than one frame's worth of memory, but not of bytes.
    const text = 'x'.repeat(60_000)
    assert.deepEqual(await packValues([text], blobs), { values: [text] })
    assert.equal(blobs.bytes.size, 0)
  })

  it('are let go of when one of them cannot be kept', async () => {
    const put = blobs.put.bind(blobs)
    blobs.put = (bytes) => blobs.bytes.size === 1 ? Promise.reject(new CorebrumError('ERR_QUEUE_FULL', 'no room')) : put(bytes)
    await rejectsWith('ERR_QUEUE_FULL', packValues([BIG, new Uint8Array(90_000)], blobs))
    assert.equal(blobs.bytes.size, 0)
  })

  describe('leave its result, and come back into it', () => {
    const outcomeOf = (outputs: Record<string, Value>): Extract<Outcome, { ok: true }> => {
      const outcome = { ...completed(), outputs }
      assert(outcome.ok)
      return outcome
    }

    async function overThere (outputs: Record<string, Value>): Promise<{ inline: string[], names: Array<string | undefined> }> {
      const { outcome, release } = await packOutcome(outcomeOf(outputs), blobs)
      assert(outcome.ok)
      const { refs = [] } = outcome
      assert.deepEqual(await unpackOutputs(outcome.outputs, refs, fetch), outputs)
      release?.()
      assert.equal(blobs.bytes.size, 0)
      return { inline: Object.keys(outcome.outputs), names: refs.map(({ name }) => name) }
    }

    it('each by its name', async () => {
      assert.deepEqual(await overThere({ small: 1, image: BIG, text: 'x'.repeat(70_000) }), { inline: ['small'], names: ['image', 'text'] })
    })

    it('as one map, when they are many small ones', async () => {
      const outputs = Object.fromEntries(Array.from({ length: 50_000 }, (_, i) => [`word${i}`, 'x'.repeat(20)]))
      assert.deepEqual(await overThere(outputs), { inline: [], names: [undefined] })
    })

    it('as one map, when a name is too long for a reference', async () => {
      assert.deepEqual(await overThere({ ['x'.repeat(300)]: BIG, small: 1 }), { inline: [], names: [undefined] })
    })

    it('and are looked for only where there may be some', () => {
      assert.ok(!mustPack(completed('hello')))
      assert.ok(!mustPack({ ok: false, code: 'ERR_TRAP', message: 'x'.repeat(100_000), usage: { wallMs: 1, moduleBytes: 1 }, logs: '' }))
      assert.ok(mustPack(completed(BIG)))
    })

    it('but not from bytes that are no map', async () => {
      const { cid, size } = await blobs.put(new Uint8Array([0x81, 1]))
      await rejectsWith('ERR_PROTOCOL', unpackOutputs({}, [{ blob: { cid, size, form: 'value' } }], fetch))
    })
  })
})
