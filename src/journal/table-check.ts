/**
 * Looks through LevelDB's table files: it reads them without a look at their checksums, and what is damaged may be taken for
 * something else, or end the whole process in a compaction.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { MalformedError } from './byte-reader.ts'
import { tablesInUse } from './manifest.ts'
import { entriesOf, footerOf, handleOf, isSound, TRAILER_BYTES, type BlockHandle } from './table-format.ts'

/** Called with the bytes that were looked at since the last call; what it waits for is the pace. */
export type Pace = (bytes: number) => Promise<void> | undefined

export interface TableFile { name: string, bytes: number }

/** Tables that the database uses, the newest first: these hold what is open, and are the next that LevelDB reads. */
export async function tablesOf (dir: string): Promise<TableFile[]> {
  const inUse = await tablesInUse(dir) ?? new Map<number, number>()
  return [...inUse].sort(([a], [b]) => b - a).map(([number, bytes]) => ({ name: `${String(number).padStart(6, '0')}.ldb`, bytes }))
}

/** What is wrong with a table, in words; undefined when nothing is, or it is gone. */
export async function damageOfTable (dir: string, { name, bytes }: TableFile, pace: Pace): Promise<string | undefined> {
  let file: Buffer
  try {
    file = await readFile(join(dir, name))
  } catch (error) {
    // LevelDB reports the one that it misses.
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
  if (file.length !== bytes) return `the file ${name} has ${file.length} bytes, and ${bytes} were written`
  const at = await faultOfTable(file, pace)
  return at === undefined ? undefined : `the file ${name} is damaged at byte ${at}`
}

/** Where the first damaged block of a table begins; undefined when there is none. */
export async function faultOfTable (file: Buffer, pace: Pace): Promise<number | undefined> {
  let at = file.length
  try {
    const { others, data } = footerOf(file)
    for (const index of [others, data]) {
      at = index.offset
      if (!isSound(file, index)) return at
      for (const handle of handlesIn(file, index)) {
        await pace(handle.size + TRAILER_BYTES)
        if (!isSound(file, handle)) return handle.offset
      }
    }
    return undefined
  } catch (error) {
    if (error instanceof MalformedError) return at
    throw error
  }
}

function handlesIn (file: Buffer, index: BlockHandle): BlockHandle[] {
  return entriesOf(file, index).map(({ value }) => handleOf(value))
}
