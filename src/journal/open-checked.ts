/**
 * Opens a database and makes sure that nothing is missing that was promised: LevelDB itself begins anew where its CURRENT file
 * is gone, leaves out damaged parts of its logs, and does not notice when a log has lost its end. What is damaged is salvaged.
 */
import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { CorebrumError } from '../errors.ts'
import { isDamage, journalError, levelCode, reasonOf, systemAdvice } from './journal-error.ts'
import { isGone, noteLayout, requireKnownLayout } from './layout.ts'
import { openLevel, probeLevel, readRow, type LevelHandle } from './level.ts'
import { damageOfLogs } from './log-check.ts'
import { promisedIn } from './mark.ts'
import { salvage, tidySalvage } from './salvage.ts'
import { migrate, SCHEMA, WRITTEN_KEY, type Schema } from './schema.ts'
import type { TableFile } from './table-check.ts'
import { checkAtStart } from './table-watch.ts'

/** A file that says that something could not be read. */
export const DAMAGE_NOTE = 'DAMAGED'

export interface Checks {
  /** What is missing of what was promised, in words; undefined when nothing is. */
  check: (level: LevelHandle) => Promise<string | undefined>
  /** Whether a row belongs into this database; what does not is not saved when it is damaged. */
  isRecord: (key: string, body: Uint8Array) => boolean
  schema: Schema
  /** See checkAtStart. */
  maxCheckedBytes?: number
}

export interface Opened {
  level: LevelHandle
  /** Number of the last write. */
  written: number
  salvaged: boolean
  /** Tables that nobody has looked at yet. */
  unchecked: TableFile[]
}

type Log = (level: 'warn' | 'error', message: string) => void
type Found = Omit<Opened, 'salvaged'> | { damage: string }

/** Rejects with ERR_JOURNAL: in use by another process, not writable, of a newer layout, or damaged with no room to save it. */
export async function openChecked (dir: string, { check = async () => undefined, isRecord = () => true, schema = SCHEMA, maxCheckedBytes }: Partial<Checks>, log: Log): Promise<Opened> {
  const opened = async (found: Omit<Opened, 'salvaged'>, salvaged: boolean): Promise<Opened> => {
    await noteLayout(dir, schema.version)
    return { ...found, salvaged }
  }
  try {
    await requireKnownLayout(dir, schema.version)
    await tidySalvage(dir)
    if (await isGone(dir)) log('warn', `the journal ${dir} is gone, and a new one begins: its tasks, results and jobs are not known any more; if the folder was moved, stop this node and put it back`)
    await makeFolder(dir)
    const found = await tryOpen(dir, check, schema, maxCheckedBytes)
    if ('level' in found) return await opened(found, false)
    log('warn', `the journal ${dir} is damaged: ${found.damage}; what can be read is being saved`)
    const { movedTo, recovered, lost, damaged } = await salvage(dir, { isRecord, version: schema.version, nowMs: Date.now() })
    log('warn', `the journal ${dir} was damaged and is new: ${recovered} records were saved, ${lost === 0 ? 'and none was found that could not be read' : `${lost} could not be read`}${damaged === 0 ? '' : `; more may have been in ${damaged} damaged ${damaged === 1 ? 'place' : 'places'} of its files`}; the damaged one lies in ${movedTo}, and may be removed`)
    const again = await tryOpen(dir, async () => undefined, schema)
    if ('level' in again) return await opened(again, true)
    throw new CorebrumError('ERR_JOURNAL', `the journal ${dir} is damaged and could not be saved: ${again.damage}; move the folder away to begin anew`)
  } catch (error) {
    throw journalError(error, dir)
  }
}

async function makeFolder (dir: string): Promise<void> {
  try {
    await mkdir(dir, { recursive: true, mode: 0o700 })
  } catch (error) {
    // On a read-only file system Node says that something is missing; the plain call says what is wrong.
    if (systemAdvice(error) === undefined) await mkdir(dir, { mode: 0o700 })
    throw error
  }
}

async function tryOpen (dir: string, check: Checks['check'], schema: Schema, maxCheckedBytes?: number): Promise<Found> {
  await probeLevel(dir)
  const names = await readdir(dir)
  if (names.includes(DAMAGE_NOTE)) return { damage: 'some of it could not be read when it was last used' }
  const isNew = !names.includes('CURRENT')
  if (isNew && names.some((name) => /^(?:\d+\.(?:log|ldb|sst)|MANIFEST-\d+)$/.test(name))) return { damage: 'its file CURRENT is missing' }
  const damage = await damageOfLogs(dir)
  if (damage !== undefined) return { damage }
  const { unchecked, ...tables } = await checkAtStart(dir, maxCheckedBytes)
  if (tables.damage !== undefined) return { damage: tables.damage }
  if (isNew) await rm(join(dir, 'PROMISED'), { force: true })
  const promised = await promisedIn(dir)
  let level: LevelHandle
  try {
    level = await openLevel(dir, { create: isNew })
  } catch (error) {
    if (levelCode(error) === 'LEVEL_LOCKED' || systemAdvice(error) !== undefined) throw error
    return { damage: reasonOf(error) }
  }
  try {
    const state = await stateOf(level, dir, isNew, promised, schema) ?? await check(level)
    if (state === undefined) return { level, written: await writtenIn(level), unchecked }
    await level.close()
    return { damage: state }
  } catch (error) {
    await level.close()
    if (isDamage(error)) return { damage: 'a table file cannot be read' }
    throw error
  }
}

async function stateOf (level: LevelHandle, dir: string, isNew: boolean, promised: number, schema: Schema): Promise<string | undefined> {
  if (!await migrate(level, dir, isNew, schema)) return 'it does not say what layout it has'
  const written = await writtenIn(level)
  return written < promised ? `its last ${promised - written} writes are missing` : undefined
}

async function writtenIn (level: LevelHandle): Promise<number> {
  const row = await readRow(level, WRITTEN_KEY)
  const count = row?.body === undefined ? 0 : Number(Buffer.from(row.body).toString('latin1'))
  return Number.isSafeInteger(count) ? count : 0
}
