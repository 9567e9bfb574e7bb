/**
 * Saves what can be read of a damaged database into a new one, and keeps the damaged folder beside it. Whenever this is broken
 * off, either the damaged folder or the new one stands in its place, and it can be done again.
 */
import { constants, copyFile, link, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Batch } from './commit-queue.ts'
import { syncFolder } from '../modules/durable-file.ts'
import { isDamage } from './journal-error.ts'
import { faultOfLog } from './log-format.ts'
import { mendLog } from './log-mend.ts'
import { openLevel, readRange, repairLevel, writeBatch, type LevelHandle, type Row } from './level.ts'
import { VERSION_KEY, WRITTEN_KEY, writeVersion } from './schema.ts'
import { faultOfTable } from './table-check.ts'
import { mendTable } from './table-mend.ts'

export interface Salvaged {
  /** Where the damaged folder lies now. */
  movedTo: string
  recovered: number
  /** Rows that were there and could not be read. */
  lost: number
  /** Damaged stretches of files; rows in them that could not even be told to be there are lost too. */
  damaged: number
}

export interface SalvageOptions {
  /** Whether a row with a right checksum is one that belongs here. */
  isRecord: (key: string, body: Uint8Array) => boolean
  /** Version of the layout. */
  version: number
  /** Unix milliseconds, for the name. */
  nowMs: number
}

const ROWS_PER_WRITE = 1_000
/** All keys are ASCII. */
const ALL = { gte: '', lt: '\x7f' }

/** Folders that stand beside the database while it is salvaged. */
function besides (dir: string): { repaired: string, fresh: string } {
  return { repaired: `${dir}.repair`, fresh: `${dir}.new` }
}

/** Ends a salvage that was broken off. */
export async function tidySalvage (dir: string): Promise<void> {
  const { repaired, fresh } = besides(dir)
  // The new folder is whole when the damaged one is moved away.
  if (!await exists(dir) && await exists(fresh)) await rename(fresh, dir)
  await rm(repaired, { recursive: true, force: true })
  await rm(fresh, { recursive: true, force: true })
}

/** Rejects with errors of the system, and of LevelDB when nothing can be read. */
export async function salvage (dir: string, options: SalvageOptions): Promise<Salvaged> {
  const { repaired, fresh } = besides(dir)
  await copyDatabase(dir, repaired)
  const damaged = await mendFiles(repaired)
  await repairLevel(repaired)
  const from = await openLevel(repaired, { create: false })
  let counts: { recovered: number, lost: number }
  try {
    const to = await openLevel(fresh, { create: true })
    try {
      counts = await copyRows(from, to, options.isRecord)
      await writeVersion(to, options.version)
    } finally {
      await to.close()
    }
  } finally {
    await from.close()
  }
  const movedTo = await freeName(`${dir}.damaged-${new Date(options.nowMs).toISOString().replace(/[-:]|\.\d+/g, '')}`)
  await rename(dir, movedTo)
  await rename(fresh, dir)
  await syncFolder(dirname(dir))
  await rm(repaired, { recursive: true, force: true })
  return { movedTo, ...counts, damaged }
}

/** Links are enough: LevelDB writes new files and never into old ones. */
async function copyDatabase (from: string, to: string): Promise<void> {
  await rm(to, { recursive: true, force: true })
  await mkdir(to, { mode: 0o700 })
  for (const entry of await readdir(from, { withFileTypes: true })) {
    if (!entry.isFile() || !/^(?:\d+\.(?:log|ldb|sst)|MANIFEST-\d+|CURRENT)$/.test(entry.name)) continue
    const [source, target] = [join(from, entry.name), join(to, entry.name)]
    await link(source, target).catch(() => copyFile(source, target, constants.COPYFILE_FICLONE))
  }
}

/** LevelDB's repair reads damaged files as if they were sound, and may end the process. How many stretches were damaged. */
async function mendFiles (dir: string): Promise<number> {
  let damaged = 0
  for (const name of await readdir(dir)) {
    const path = join(dir, name)
    if (name.endsWith('.log')) {
      const log = await readFile(path)
      if (faultOfLog(log) === undefined) continue
      damaged += mendLog(log)
      await replaceFile(path, log)
    } else if (/\.(?:ldb|sst)$/.test(name)) {
      const table = await readFile(path)
      if (await faultOfTable(table, () => undefined) === undefined) continue
      const mended = mendTable(table)
      damaged += mended.damaged
      await replaceFile(path, mended.file)
    }
  }
  return damaged
}

/** It may be the file that lies in the damaged folder, which stays as it is. */
async function replaceFile (path: string, bytes: Uint8Array | undefined): Promise<void> {
  await rm(path)
  if (bytes !== undefined) await writeFile(path, bytes, { mode: 0o600 })
}

async function copyRows (from: LevelHandle, to: LevelHandle, isRecord: SalvageOptions['isRecord']): Promise<{ recovered: number, lost: number }> {
  let recovered = 0
  let lost = 0
  let operations: Batch['operations'] = new Map()
  const write = async (): Promise<void> => {
    const batch = { operations, sync: true }
    operations = new Map()
    await writeBatch(to, batch)
  }
  for await (const row of readableRows(from, () => { lost++ })) {
    // Rows of the database itself are written anew.
    if (row.key === VERSION_KEY || row.key === WRITTEN_KEY) continue
    if (row.body === undefined || !isRecord(row.key, row.body)) {
      lost++
      continue
    }
    recovered++
    operations.set(row.key, { body: row.body, fresh: false, strict: false })
    if (operations.size >= ROWS_PER_WRITE) await write()
  }
  await write()
  return { recovered, lost }
}

/** The rows that can be read; a part that cannot is read again row by row. What lies behind a row that cannot be passed is lost, as one. */
async function * readableRows (level: LevelHandle, onLost: () => void): AsyncGenerator<Row> {
  let range: { gte?: string, gt?: string, lt: string } = ALL
  for (let rowsAtOnce: number | undefined; ;) {
    let last: string | undefined
    try {
      for await (const rows of readRange(level, range, rowsAtOnce)) {
        for (const row of rows) {
          yield row
          last = row.key
        }
      }
      return
    } catch (error) {
      if (!isDamage(error)) throw error
      if (last !== undefined) range = { gt: last, lt: ALL.lt }
      else if (rowsAtOnce === 1) return onLost()
      rowsAtOnce = 1
    }
  }
}

async function freeName (name: string): Promise<string> {
  for (let i = 1; ; i++) {
    const candidate = i === 1 ? name : `${name}-${i}`
    if (!await exists(candidate)) return candidate
  }
}

async function exists (path: string): Promise<boolean> {
  return await stat(path).then(() => true, () => false)
}
