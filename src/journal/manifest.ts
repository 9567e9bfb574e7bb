/**
 * Which table files belong to a database: LevelDB notes each one that it begins or ceases to use in the log that its file
 * CURRENT names. What else lies there is left of a write or a compaction that was broken off, and need not be whole.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ByteReader, MalformedError } from './byte-reader.ts'
import { entriesOfLog, faultOfLog } from './log-format.ts'

/** By number, their sizes in bytes; undefined when CURRENT or what it names cannot be read, which LevelDB itself reports. */
export async function tablesInUse (dir: string): Promise<Map<number, number> | undefined> {
  try {
    const name = (await readFile(join(dir, 'CURRENT'), 'latin1')).trim()
    if (!/^MANIFEST-\d+$/.test(name)) return undefined
    const log = await readFile(join(dir, name))
    if (faultOfLog(log) !== undefined) return undefined
    const tables = new Map<number, number>()
    for (const edit of entriesOfLog(log)) applyEdit(tables, new ByteReader(edit))
    return tables
  } catch (error) {
    if (error instanceof MalformedError || (error instanceof Error && 'code' in error && error.code === 'ENOENT')) return undefined
    throw error
  }
}

/** Tags of LevelDB's db/version_edit.cc. */
function applyEdit (tables: Map<number, number>, edit: ByteReader): void {
  while (!edit.done) {
    const tag = edit.varint()
    switch (tag) {
      case 1: // The name of the order of keys.
        skipString(edit)
        break
      case 2: case 3: case 4: case 9: // Numbers of logs, files and writes.
        edit.varint()
        break
      case 5: // Where the next compaction of a level begins.
        edit.varint()
        skipString(edit)
        break
      case 6: // A table is gone.
        edit.varint()
        tables.delete(edit.varint())
        break
      case 7: { // A table is there, with its first and last key.
        edit.varint()
        const number = edit.varint()
        tables.set(number, edit.varint())
        skipString(edit)
        skipString(edit)
        break
      }
      default:
        throw new MalformedError(`a change of kind ${tag} is not known`)
    }
  }
}

function skipString (reader: ByteReader): void {
  reader.take(reader.varint())
}
