/** The lock of a map's folder: one process at a time, also where two find the lock of one that died. */
import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { FolderBusyError, lockFolder, unlockFolder } from '../../../../src/jobs/map/folder-lock.ts'
import { lockHolder, lockText } from '../../../../src/modules/process-token.ts'
import { useTempDirs } from '../../../support/temp-dir.ts'

describe('the lock of a folder', () => {
  const tempDir = useTempDirs()
  /** Whoever runs the tests is alive, and another process. */
  const OTHER = `${process.ppid}-0123456789ab`
  /** No process has such a number. */
  const DEAD = '2147483646-0123456789ab'
  const isBusy = (error: unknown): boolean => error instanceof FolderBusyError && error.pid === process.ppid

  it('is that of this process until it lets go of it', async () => {
    const dir = await tempDir()
    await lockFolder(dir)
    assert.equal(await readFile(join(dir, 'lock'), 'utf8'), lockText())
    await assert.rejects(lockFolder(dir), (error) => error instanceof FolderBusyError && error.pid === process.pid)
    await unlockFolder(dir)
    await lockFolder(dir)
  })

  it('is not taken from a process that runs', async () => {
    const dir = await tempDir()
    await writeFile(join(dir, 'lock'), OTHER)
    await assert.rejects(lockFolder(dir), isBusy)
    assert.equal(await readFile(join(dir, 'lock'), 'utf8'), OTHER)
  })

  for (const [what, text] of [['of one that died', DEAD], ['that was never written', ''], ['that is none', 'odd']]) {
    it(`is taken over from a lock ${what}`, async () => {
      const dir = await tempDir()
      await writeFile(join(dir, 'lock'), text ?? '')
      await lockFolder(dir)
      assert.equal(lockHolder(await readFile(join(dir, 'lock'), 'utf8')), process.pid)
    })
  }

  it('is left to another process that took away the same old one a moment later', async () => {
    const path = join(await tempDir(), 'lock')
    await writeFile(path, DEAD)
    await assert.rejects(lockFolder(dirname(path), { settled: () => writeFile(path, OTHER) }), isBusy)
  })

  it('is left to another process that is just writing its own', async () => {
    const path = join(await tempDir(), 'lock')
    await writeFile(path, '')
    await assert.rejects(lockFolder(dirname(path), { settled: () => writeFile(path, OTHER) }), isBusy)
    assert.equal(await readFile(path, 'utf8'), OTHER)
  })
})
