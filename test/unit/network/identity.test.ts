import assert from 'node:assert/strict'
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { loadIdentity, temporaryIdentity } from '../../../src/network/identity.ts'
import { rejectsWith } from '../../support/rejects.ts'
import { useTempDirs } from '../../support/temp-dir.ts'

describe('identity', () => {
  const tempDir = useTempDirs()

  it('is made once and stays, readable by its owner only', async () => {
    const path = join(await tempDir(), 'data', 'identity.key')
    const key = await loadIdentity(path)
    assert.equal(key.type, 'Ed25519')
    assert((await loadIdentity(path)).equals(key))
    assert.equal((await stat(path)).mode & 0o777, 0o600)
    assert.equal((await stat(dirname(path))).mode & 0o777, 0o700)
  })

  it('is one for all that start at once, and leaves no other file', async () => {
    const dir = await tempDir()
    const keys = await Promise.all(Array.from({ length: 10 }, () => loadIdentity(join(dir, 'identity.key'))))
    for (const key of keys) assert(keys[0]?.equals(key))
    assert.deepEqual(await readdir(dir), ['identity.key'])
  })

  it('is not replaced when its file is damaged', async () => {
    const path = join(await tempDir(), 'identity.key')
    for (const content of ['', 'not a key', (await whole(path)).subarray(0, 30)]) {
      await writeFile(path, content)
      await rejectsWith('ERR_CONFIG', loadIdentity(path))
      assert.deepEqual(await readFile(path), Buffer.from(content))
    }
  })

  it('says so when its file cannot be read or written', async () => {
    const dir = await tempDir()
    await mkdir(join(dir, 'identity.key'))
    await rejectsWith('ERR_CONFIG', loadIdentity(join(dir, 'identity.key')))
    await writeFile(join(dir, 'file'), '')
    await rejectsWith('ERR_CONFIG', loadIdentity(join(dir, 'file', 'identity.key')))
  })

  it('differs for each process that keeps none', async () => {
    assert.equal((await temporaryIdentity()).equals(await temporaryIdentity()), false)
  })

  async function whole (path: string): Promise<Buffer> {
    await loadIdentity(path)
    return readFile(path)
  }
})
