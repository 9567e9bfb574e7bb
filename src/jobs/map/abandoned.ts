/**
 * Folders of maps that nobody will go on with: of commands that ran without a daemon, were interrupted, and never resumed. No journal
 * has a record of them, so that its retention does not know of them.
 */
import { opendir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf } from '../../config/system-error.ts'
import { toCorebrumError } from '../../errors.ts'
import { splitTaskId } from '../../task/task-id.ts'
import { MAX_SWEPT_FOLDERS } from '../limits.ts'
import { FolderBusyError } from './folder-lock.ts'
import { isPassing } from './job-error.ts'
import { openMapFolder } from './map-folder.ts'

export interface AbandonedOptions {
  /** Of the folders of maps, each named by its id. */
  dir: string
  /** They go when nothing of them was written for so long. */
  keepMs: number
  /** A job, a record or a command of this node stands for it. */
  isKnown: (id: string) => Promise<boolean>
  isStopping: () => boolean
}

/** What a map writes while it goes on. */
const WRITTEN = ['', 'state', 'inputs', 'results']

/** Resolves with the ids of those that were removed. Rejects as `isKnown`, and with the system's error; the rest stays for another time. */
export async function removeAbandoned ({ dir, keepMs, isKnown, isStopping }: AbandonedOptions): Promise<string[]> {
  const removed: string[] = []
  let looked = 0
  for await (const entry of await foldersIn(dir)) {
    if (isStopping() || ++looked > MAX_SWEPT_FOLDERS) break
    const { name: id } = entry
    const folder = join(dir, id)
    if (!entry.isDirectory() || splitTaskId(id) === undefined || await isKnown(id)) continue
    if (Date.now() - await lastWritten(folder) < keepMs || !await isFree(folder)) continue
    await rm(folder, { recursive: true, force: true })
    removed.push(id)
  }
  return removed
}

async function foldersIn (dir: string): Promise<Awaited<ReturnType<typeof opendir>> | []> {
  try {
    return await opendir(dir)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return []
    throw error
  }
}

async function lastWritten (folder: string): Promise<number> {
  const times = await Promise.all(WRITTEN.map(async (name) => (await stat(join(folder, name)).catch(() => undefined))?.mtimeMs ?? 0))
  return Math.max(...times)
}

/** Nobody has it open, and no daemon was to go on with it; it is locked for this process then. */
async function isFree (folder: string): Promise<boolean> {
  try {
    const map = await openMapFolder(folder)
    const { kept, state: { state } } = map
    // A daemon promised to go on with it: it stays when a journal that was lost knew it.
    if (!kept || (state !== 'open' && state !== 'paused')) return true
    await map.unlock()
    return false
  } catch (thrown) {
    const error = toCorebrumError(thrown)
    // What is left of a map that cannot be read serves nobody.
    return !(error instanceof FolderBusyError) && !isPassing(error)
  }
}
