import assert from 'node:assert/strict'
import { readdir, writeFile } from 'node:fs/promises'
import { openModuleWriter } from '../../../src/modules/module-writer.ts'
import { Partials } from '../../../src/modules/partials.ts'
import { sample } from '../../support/module-fixtures.ts'
import { rejectsWith } from '../../support/rejects.ts'
import { useTempDirs } from '../../support/temp-dir.ts'

/** Every file that a writer wants to make is there already, so that nothing can be written. */
class Unwritable extends Partials {
  override async claim (cid: string): Promise<{ path: string, resumed: boolean }> {
    const path = this.fresh(cid)
    await writeFile(path, 'what reached the disk')
    return { path, resumed: false }
  }
}

describe('module writer', () => {
  const tempDir = useTempDirs()

  it('leaves no file when the disk does not take the module', async () => {
    const dir = await tempDir()
    const partials = new Unwritable(dir)
    const { cid, bytes } = sample(1000)
    const open = (): ReturnType<typeof openModuleWriter> => openModuleWriter({ partials, file: () => assert.fail('nothing to file') }, cid, 10_000)

    const committed = await open()
    await committed.write(bytes)
    await rejectsWith('ERR_STORE', committed.commit())
    await committed.release()
    const released = await open()
    await released.write(bytes)
    await released.release()
    assert.deepEqual(await readdir(dir), [])
  })
})
