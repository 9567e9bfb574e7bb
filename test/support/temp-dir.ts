/** Temporary folders that go away after the test. */
import { mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Call within `describe`; the function that it returns makes a folder, short enough for a Unix socket. */
export function useTempDirs (): () => Promise<string> {
  const made: string[] = []
  afterEach(async () => {
    for (const dir of made.splice(0)) await rm(dir, { recursive: true, force: true })
  })
  return async () => {
    const dir = await mkdtemp(join(await realpath(tmpdir()), 'corebrum-'))
    made.push(dir)
    return dir
  }
}
