/**
 * The layout of a journal in a file beside its folder: a command that does not open the journal knows there whether a newer
 * corebrum uses the data folder, and a start without the folder that there was one.
 */
import { readFile, stat, writeFile } from 'node:fs/promises'
import { newerLayout, SCHEMA } from './schema.ts'

function fileOf (dir: string): string {
  return `${dir}-layout`
}

/** Undefined when there never was a journal in `dir`, or its file is damaged. */
async function layoutOf (dir: string): Promise<number | undefined> {
  const text = await readFile(fileOf(dir), 'latin1').catch(() => '')
  return /^\d{1,9}\n$/.test(text) ? Number(text) : undefined
}

/** Writes nothing. Rejects with ERR_JOURNAL for the journal of a newer corebrum in `dir`. */
export async function requireKnownLayout (dir: string, version = SCHEMA.version): Promise<void> {
  const found = await layoutOf(dir)
  if (found !== undefined && found > version) throw newerLayout(dir, found, version)
}

/** Whether there was a journal in `dir`, and nothing is left of it. */
export async function isGone (dir: string): Promise<boolean> {
  return await layoutOf(dir) !== undefined && await stat(dir).then(() => false, () => true)
}

/** The journal in `dir` has this layout now. On a full or read-only disk it is not noted. */
export async function noteLayout (dir: string, version: number): Promise<void> {
  if (await layoutOf(dir) !== version) await writeFile(fileOf(dir), `${version}\n`, { mode: 0o600 }).catch(() => {})
}
