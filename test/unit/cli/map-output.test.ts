import assert from 'node:assert/strict'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createMapOutput } from '../../../src/cli/submit/map-output.ts'
import { rejectsWith } from '../../support/rejects.ts'
import { useTempDirs } from '../../support/temp-dir.ts'

describe('--output of a map', () => {
  const tempDir = useTempDirs()

  it('is opened before anything runs, and holds what it held until the first result', async () => {
    const path = join(await tempDir(), 'out')
    await writeFile(path, 'before')
    const output = createMapOutput(path)
    await output.open()
    assert.equal(await readFile(path, 'utf8'), 'before')
    await output.write(Buffer.from('one\n'))
    await output.write(Buffer.from('two\n'))
    await output.end()
    assert.equal(await readFile(path, 'utf8'), 'one\ntwo\n')
  })

  it('leaves nothing behind when there is no map', async () => {
    const dir = await tempDir()
    const output = createMapOutput(join(dir, 'out'))
    await output.open()
    await output.abandon()
    assert.deepEqual(await readdir(dir), [])
    await writeFile(join(dir, 'old'), 'before')
    const other = createMapOutput(join(dir, 'old'))
    await other.open()
    await other.abandon()
    assert.equal(await readFile(join(dir, 'old'), 'utf8'), 'before')
  })

  it('refuses a folder, a folder that is not there, no name, and the file that is read', async () => {
    const dir = await tempDir()
    await writeFile(join(dir, 'in'), 'in')
    for (const path of [dir, join(dir, 'none', 'out'), '', join(dir, 'in')]) await rejectsWith('ERR_USAGE', createMapOutput(path, { reading: join(dir, 'in') }).open())
    assert.equal(await readFile(join(dir, 'in'), 'utf8'), 'in')
  })
})
