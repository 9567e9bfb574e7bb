/** The version of the layout that a journal was written in, and the steps from older ones to this one. */
import { CorebrumError } from '../errors.ts'
import { readRange, readRow, writeBatch, type LevelHandle } from './level.ts'

/** Begins with a sign that sorts before all other keys. */
export const VERSION_KEY = '!version'
/** How many writes there were. */
export const WRITTEN_KEY = '!written'
const SCHEMA_VERSION = 1

/** Changes a journal from one version to the next. May be done again from its beginning when it was broken off. */
export type Migration = (level: LevelHandle) => Promise<void>

/** By the version that each starts from; none before version 1. */
const MIGRATIONS: ReadonlyMap<number, Migration> = new Map()

export interface Schema {
  version: number
  migrations: ReadonlyMap<number, Migration>
}

export const SCHEMA: Schema = { version: SCHEMA_VERSION, migrations: MIGRATIONS }

/** Brings an opened journal to the version of `schema`. Rejects with ERR_JOURNAL for one that is newer; false when it does not say which it has. */
export async function migrate (level: LevelHandle, dir: string, isNew: boolean, { version, migrations }: Schema): Promise<boolean> {
  const row = isNew ? undefined : await readRow(level, VERSION_KEY)
  // One that was broken off while it was made is new too.
  if (row === undefined && await isEmpty(level)) {
    await writeVersion(level, version)
    return true
  }
  const found = row?.body === undefined ? NaN : Number(Buffer.from(row.body).toString('latin1'))
  if (!Number.isSafeInteger(found) || found < 1) return false
  if (found > version) throw newerLayout(dir, found, version)
  for (let from = found; from < version; from++) {
    const step = migrations.get(from)
    if (step === undefined) throw new CorebrumError('ERR_JOURNAL', `the journal ${dir} has layout ${found}, which this corebrum no longer reads: start an older one once, or move the folder away`)
    await step(level)
    await writeVersion(level, from + 1)
  }
  return true
}

export function newerLayout (dir: string, found: number, version: number): CorebrumError {
  return new CorebrumError('ERR_JOURNAL', `the journal ${dir} has layout ${found} of a newer corebrum, and this one knows only up to ${version}: start the newer one again, or give this node another folder with --data-dir`)
}

async function isEmpty (level: LevelHandle): Promise<boolean> {
  for await (const rows of readRange(level, { gte: '', lt: '\x7f', limit: 1 })) return rows.length === 0
  return true
}

export async function writeVersion (level: LevelHandle, version: number): Promise<void> {
  const operation = { body: Buffer.from(String(version)), fresh: false, strict: false }
  await writeBatch(level, { operations: new Map([[VERSION_KEY, operation]]), sync: true })
}
