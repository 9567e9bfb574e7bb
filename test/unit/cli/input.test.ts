import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readTextFile, readValue } from '../../../src/cli/input.ts'
import { rejectsWith } from '../../support/rejects.ts'
import { useTempDirs } from '../../support/temp-dir.ts'

describe('cli input', () => {
  const tempDir = useTempDirs()

  it('reads files up to the limit and refuses larger ones, folders and missing ones, naming the flag', async () => {
    const dir = await tempDir()
    const path = join(dir, 'a.json')
    await writeFile(path, '12345')
    assert.equal(await readTextFile(path, '--file', 5), '12345')
    assert.deepEqual(await readValue(`@${path}`, '--input', 5), { text: '12345', name: `--input (${path})` })
    for (const wrong of [readTextFile(path, '--file', 4), readTextFile(dir, '--file', 5), readTextFile(join(dir, 'none'), '--file', 5)]) {
      assert.match((await rejectsWith('ERR_USAGE', wrong)).message, /^--file: /)
    }
  })

  it('reads what does not say how large it is, and gives up where it never ends', async () => {
    assert.equal(await readTextFile('/dev/null', '--file', 5), '')
    await rejectsWith('ERR_USAGE', readTextFile('/dev/zero', '--file', 100_000))
  })
})
