import assert from 'node:assert/strict'
import { appendFile, open, readFile, stat, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { MAX_MAP_LINE_BYTES } from '../../../../src/jobs/limits.ts'
import { Spool } from '../../../../src/jobs/map/spool.ts'
import { rejectsWith } from '../../../support/rejects.ts'
import { useTempDirs } from '../../../support/temp-dir.ts'

interface Read { index: number, line: number, text: string | undefined }

async function readAll (spool: Spool): Promise<Read[]> {
  const cursor = spool.cursor()
  const items: Read[] = []
  while (await cursor.more()) for (let item = cursor.next(() => false); item !== undefined; item = cursor.next(() => false)) items.push({ ...item })
  return items
}

describe('inputs of a map on disk', () => {
  const tempDir = useTempDirs()
  const path = async (): Promise<string> => join(await tempDir(), 'inputs')

  it('gives back the lines with their numbers, blank ones left out, whatever the chunks', async () => {
    const lines = ['{"a":1}', '', '  ', '{"b":"ä€😀"}', '\r', '{"c":3}']
    const bytes = Buffer.from(lines.join('\n'))
    await fc.assert(fc.asyncProperty(fc.array(fc.integer({ min: 1, max: bytes.length })), async (cuts) => {
      const spool = await Spool.open(await path())
      let start = 0
      for (const cut of [...new Set(cuts)].sort((a, b) => a - b)) {
        await spool.add(bytes.subarray(start, cut))
        start = cut
      }
      await spool.add(bytes.subarray(start))
      await spool.seal()
      assert.deepEqual(await readAll(spool), [{ index: 0, line: 1, text: lines[0] }, { index: 1, line: 4, text: lines[3] }, { index: 2, line: 6, text: lines[5] }])
      assert.equal(spool.items, 3)
      await spool.close()
    }), { numRuns: 20 })
  })

  it('is read while lines are added', async () => {
    const spool = await Spool.open(await path())
    const reading = readAll(spool)
    await spool.add(Buffer.from('{"a":1}\n'))
    await spool.add(Buffer.from('{"a":2}\n'))
    await spool.seal()
    assert.deepEqual((await reading).map(({ text }) => text), ['{"a":1}', '{"a":2}'])
    await spool.close()
  })

  it('is there again when it is opened again, and knows where it was', async () => {
    const file = await path()
    const first = await Spool.open(file)
    await first.add(Buffer.from('{"a":1}\n{"a":2}\n{"a"'))
    await first.pauseAdding()
    await first.close()
    const again = await Spool.open(file)
    assert.deepEqual({ ...again.mark, items: again.items, sealed: again.isSealed }, { bytes: 16, crc: crc32('{"a":1}\n{"a":2}\n'), items: 2, sealed: false })
    await again.add(Buffer.from('{"a":3}'))
    await again.seal()
    await again.close()
    const sealed = await Spool.open(file)
    assert.equal(sealed.isSealed, true)
    assert.deepEqual((await readAll(sealed)).map(({ text }) => text), ['{"a":1}', '{"a":2}', '{"a":3}'])
    await sealed.close()
  })

  it('cuts off a block that was not written to its end, at every byte of it', async () => {
    const file = await path()
    const spool = await Spool.open(file)
    await spool.add(Buffer.from('{"a":1}\n'))
    const { size } = await stat(file)
    await spool.add(Buffer.from('{"a":2}\n'))
    await spool.close()
    const whole = await readFile(file)
    for (let length = whole.length - 1; length >= size; length--) {
      await truncate(file, length)
      const torn = await Spool.open(file)
      assert.equal(torn.items, 1)
      assert.equal((await stat(file)).size, size)
      await torn.close()
      await appendFile(file, whole.subarray(size))
    }
  })

  it('refuses a file that was changed, when it is opened or read', async () => {
    const file = await path()
    const spool = await Spool.open(file)
    await spool.add(Buffer.from('{"a":1}\n'))
    await spool.add(Buffer.from('{"a":2}\n'))
    await spool.seal()
    const raw = await open(file, 'r+')
    await raw.write(Buffer.from('9'), 0, 1, 12 + 5)
    await raw.close()
    await rejectsWith('ERR_JOURNAL', readAll(spool))
    await spool.close()
    await rejectsWith('ERR_JOURNAL', Spool.open(file))
  })

  it('names a line that is no UTF-8, and gives the others', async () => {
    const spool = await Spool.open(await path())
    await spool.add(Buffer.concat([Buffer.from('{"a":1}\n{"a":"'), Buffer.of(0xff), Buffer.from('"}\n{"a":3}\n')]))
    await spool.seal()
    assert.deepEqual((await readAll(spool)).map(({ text }) => text), ['{"a":1}', undefined, '{"a":3}'])
    await spool.close()
  })

  it('refuses a line that is too long, and keeps those before it', async () => {
    const spool = await Spool.open(await path())
    await spool.add(Buffer.from('{"a":1}\n'))
    const piece = Buffer.alloc(MAX_MAP_LINE_BYTES / 4, 0x20)
    for (let i = 0; i < 4; i++) await spool.add(piece)
    await rejectsWith('ERR_INPUT', spool.add(piece))
    await spool.pauseAdding()
    assert.equal(spool.items, 1)
    await spool.close()
  })
})
