/** Temporary folders for tests: `useTempDirs` clears up by itself, `tempDir` with `afterEach(removeTempDirs)`. */
import { mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const made: string[] = []

/** A new folder, short enough for a Unix socket. */
export async function tempDir (): Promise<string> {
  const dir = await mkdtemp(join(await realpath(tmpdir()), 'corebrum-test-'))
  made.push(dir)
  return dir
}

/** For `afterEach`: removes what `tempDir` made. */
export async function removeTempDirs (): Promise<void> {
  await Promise.all(made.splice(0).map(async (dir) => await rm(dir, { recursive: true, force: true })))
}

/** Call within `describe`; the function that it returns makes a folder, which is removed after the test. */
export function useTempDirs (): () => Promise<string> {
  afterEach(removeTempDirs)
  return tempDir
}
