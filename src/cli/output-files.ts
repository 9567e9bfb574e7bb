/** `--output-file name=path`: outputs of a task that go to files, whole or not at all. */
import { randomBytes } from 'node:crypto'
import { accessSync, constants, statSync } from 'node:fs'
import { open, realpath, rename, rm } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { describeSystemError } from '../config/system-error.ts'
import { viewField } from '../control/fields.ts'
import type { View } from '../control/views.ts'
import { CorebrumError } from '../errors.ts'
import type { NamedPath } from './named-paths.ts'

/** Gives the bytes of one output. */
export type ReadOutput = (name: string) => AsyncIterable<Uint8Array>

const STDOUT = '-'

/** Looks for what can be wrong before anything runs. Throws ERR_USAGE. */
export function checkOutputFiles (files: readonly NamedPath[], { json }: { json: boolean }): void {
  const toStdout = files.filter(({ path }) => path === STDOUT).length
  if (toStdout > 1) throw new CorebrumError('ERR_USAGE', '--output-file: only one output can go to standard output')
  if (toStdout === 1 && json) throw new CorebrumError('ERR_USAGE', '--output-file NAME=- and --json both write to standard output; give one of them')
  const paths = files.map(({ path }) => resolve(path))
  const twice = files.find(({ path }, i) => path !== STDOUT && paths.indexOf(resolve(path)) < i)
  if (twice !== undefined) throw new CorebrumError('ERR_USAGE', `--output-file: two outputs go to ${twice.path}; give each a file of its own`)
  for (const { path } of files) if (path !== STDOUT) checkTarget(path)
}

/** Writes each output. Rejects with ERR_USAGE naming the file, or as `read`. */
export async function writeOutputFiles (files: readonly NamedPath[], read: ReadOutput): Promise<void> {
  for (const { name, path } of files) {
    if (path === STDOUT) await writeToStdout(read(name))
    else await writeFile(path, read(name))
  }
}

/** Whether there is anything left to print: standard output that holds one output holds nothing else. */
export function isPrinted (task: View, files: readonly NamedPath[]): boolean {
  if (files.length === 0) return true
  return files.every(({ path }) => path !== STDOUT) && Object.keys(viewField(task, 'outputs') ?? {}).length > 0
}

function checkTarget (path: string): void {
  try {
    const found = statSync(path, { throwIfNoEntry: false })
    if (found?.isDirectory() === true || path.endsWith('/')) throw unwritable(path, 'it is a folder; name a file in it')
    const folder = dirname(resolve(path))
    if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) throw unwritable(path, `there is no folder ${folder}`)
    accessSync(found === undefined || found.isFile() ? folder : path, constants.W_OK)
  } catch (error) {
    throw error instanceof CorebrumError ? error : unwritable(path, describeSystemError(error), error)
  }
}

/**
 * Into a new file beside the old one, which then takes its place and its permissions, behind a symbolic link too; a device or
 * a pipe is written as it stands.
 */
async function writeFile (path: string, bytes: AsyncIterable<Uint8Array>): Promise<void> {
  const old = statSync(path, { throwIfNoEntry: false })
  const isSpecial = old?.isFile() === false
  const place = old === undefined ? path : await realpath(path)
  const target = isSpecial ? path : join(dirname(place), `.${randomBytes(6).toString('hex')}.part`)
  let created = false
  try {
    const file = await open(target, isSpecial ? 'w' : 'wx').catch((error: unknown) => { throw unwritable(path, describeSystemError(error), error) })
    created = !isSpecial
    try {
      if (created && old !== undefined) await file.chmod(old.mode & 0o777)
      for await (const chunk of bytes) await file.writeFile(chunk).catch((error: unknown) => { throw unwritable(path, describeSystemError(error), error) })
    } finally {
      await file.close()
    }
    if (created) await rename(target, place).catch((error: unknown) => { throw unwritable(path, describeSystemError(error), error) })
  } catch (error) {
    if (created) await rm(target, { force: true }).catch(() => {})
    throw error
  }
}

async function writeToStdout (bytes: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const chunk of bytes) {
    // A reader that went away is no error; see output.ts.
    await new Promise<void>((resolve) => { process.stdout.write(chunk, () => { resolve() }) })
  }
}

function unwritable (path: string, why: string, cause?: unknown): CorebrumError {
  return new CorebrumError('ERR_USAGE', `--output-file: ${path} cannot be written: ${why}`, { cause })
}
