/** Temporary folders for tests: `useTempDirs` clears up by itself, `tempDir` with `afterEach(removeTempDirs)`. */
import { mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const made: string[] = []

/** A new folder, short enough for a Unix socket. */
export function tempDir (): Promise<string> {
  return make(made)
}

/** For `afterEach`: removes what `tempDir` made. */
export function removeTempDirs (): Promise<void> {
  return removeAll(made)
}

/** Call within `describe`; the function that it returns makes a folder. It is removed after the last test: what a test started uses it until the hooks behind the test have stopped that. */
export function useTempDirs (): () => Promise<string> {
  const own: string[] = []
  after(() => removeAll(own))
  return () => make(own)
}

async function make (list: string[]): Promise<string> {
  const dir = await mkdtemp(join(await realpath(tmpdir()), 'corebrum-test-'))
  list.push(dir)
  return dir
}

async function removeAll (list: string[]): Promise<void> {
  await Promise.all(list.splice(0).map(async (dir) => await rm(dir, { recursive: true, force: true })))
}
