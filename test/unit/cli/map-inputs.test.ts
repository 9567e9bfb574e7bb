import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { behind, mapInputs } from '../../../src/cli/submit/map-inputs.ts'
import { rejectsWith } from '../../support/rejects.ts'
import { useTempDirs } from '../../support/temp-dir.ts'

async function textOf (chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = []
  for await (const chunk of chunks) parts.push(chunk)
  return Buffer.concat(parts).toString()
}

describe('--map', () => {
  const tempDir = useTempDirs()
  const open = async (given: string): ReturnType<typeof mapInputs> => await mapInputs(given, async () => 'n')
  const linesOf = async (given: string): Promise<string> => await textOf((await open(given)).chunks)

  it('counts a range, with a step, backwards, beyond 2^53, for the input that is named or the only one', async () => {
    assert.equal(await linesOf('1..3'), '{"n":1}\n{"n":2}\n{"n":3}\n')
    assert.equal(await linesOf('x=-4..5..4'), '{"x":-4}\n{"x":0}\n{"x":4}\n')
    assert.equal(await linesOf('3..1..-1'), '{"n":3}\n{"n":2}\n{"n":1}\n')
    assert.equal(await linesOf('9007199254740992..9007199254740993'), '{"n":9007199254740992}\n{"n":9007199254740993}\n')
    assert.equal((await linesOf('1..50000')).split('\n').length, 50_001)
  })

  it('takes an array as it stands or in a file, exact, and the lines of a file as they are', async () => {
    assert.equal(await linesOf(' [{"a": 9007199254740993}, 2]'), '{"a":9007199254740993}\n2\n')
    const dir = await tempDir()
    await writeFile(join(dir, 'array.json'), '\n [{"a": 1},\n {"a": 2}]')
    assert.equal(await linesOf(`@${join(dir, 'array.json')}`), '{"a":1}\n{"a":2}\n')
    await writeFile(join(dir, 'lines'), '{"a": 1}\n\n{"a"')
    assert.equal(await linesOf(`@${join(dir, 'lines')}`), '{"a": 1}\n\n{"a"')
    await writeFile(join(dir, 'empty'), '')
    assert.equal(await linesOf(`@${join(dir, 'empty')}`), '')
  })

  it('refuses what it does not know', async () => {
    // At once: there is no map yet that would have to be cancelled.
    for (const given of ['', 'x', '1..', '{"a":1}', '5..1', '1..5..0', '1..5..-1', '0..99999999999', '@/no/such/file', '@/', '@']) await rejectsWith('ERR_USAGE', open(given))
    await rejectsWith('ERR_INPUT', open('[1,'))
    const file = join(await tempDir(), 'array.json')
    await writeFile(file, '[{"a": 1}')
    await rejectsWith('ERR_INPUT', open(`@${file}`))
  })

  it('shows what can be looked at before a map begins, and loses nothing of it', async () => {
    const file = join(await tempDir(), 'lines')
    const long = `\ufeff\n \n{"a": "${'x'.repeat(200_000)}"}\n{"a": 2}\n`
    await writeFile(file, long)
    const inputs = await open(`@${file}`)
    assert.deepEqual((await inputs.samples()).map(({ text, where }) => [text.length, where]), [[200_009, `line 3 of ${file}`]])
    assert.equal(await textOf(inputs.chunks), long)
    for (const [text, samples] of [['', []], [' \n\n', []], ['{"a":1}', [{ text: '{"a":1}', where: `line 1 of ${file}` }]]] as const) {
      await writeFile(file, text)
      const again = await open(`@${file}`)
      assert.deepEqual(await again.samples(), samples)
      assert.equal(await textOf(again.chunks), text)
    }
    assert.deepEqual(await (await open('x=1..3')).samples(), [{ text: '{"x":1}', where: 'x=1..3' }])
    assert.deepEqual(await (await open('[{"a":1}, 2]')).samples(), [{ text: '{"a":1}', where: 'item 1' }, { text: '2', where: 'item 2' }])
  })

  it('leaves out what a map has got already, and refuses other inputs', async () => {
    const text = 'one\ntwo\nthree\n'
    async function * cut (size: number): AsyncGenerator<Uint8Array> {
      for (let start = 0; start < text.length; start += size) yield Buffer.from(text.slice(start, start + size))
    }
    await fc.assert(fc.asyncProperty(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 0, max: text.length }), async (size, bytes) => {
      const mark = { bytes, crc: crc32(text.slice(0, bytes)) }
      assert.equal(await textOf(behind(cut(size), mark)), text.slice(bytes))
      if (bytes > 0) await rejectsWith('ERR_USAGE', textOf(behind(cut(size), { bytes, crc: mark.crc ^ 1 })))
    }))
    await rejectsWith('ERR_USAGE', textOf(behind(cut(4), { bytes: 100, crc: 0 })))
  })
})
