/** The rows of the journal as a whole: which belong to it, whether all are there, and how many. */
import { decode } from '../../cbor.ts'
import type { Database, WholeRow } from '../../journal/database.ts'
import { readRange, readRow, type LevelHandle } from '../../journal/level.ts'
import { splitTaskId } from '../../task/task-id.ts'
import { programFromWire } from '../../wire/program.ts'
import { finishedFromCbor, indexKey, isSeqText } from './finished.ts'
import { allOf, childKey, isChangeKey, seqOf, TALLY_KEY } from './keys.ts'
import { owedFromCbor } from './owed.ts'
import { receiptFromCbor } from './receipt.ts'
import { checkFromCbor, taskFromCbor } from './task.ts'
import { AgeClock, countAwaited, Tally } from './tally.ts'

/** Whether a row is one that the journal writes; only such are saved from a damaged one. */
export function isRecordOfJournal (key: string, body: Uint8Array): boolean {
  const text = (): string => Buffer.from(body).toString('latin1')
  try {
    switch (key.slice(0, 2)) {
      case '!t': new Tally(new AgeClock()).restore(body, 0); return key === TALLY_KEY
      case 'p!': programFromWire(decode(body)); return true
      case 'k!': checkFromCbor(decode(body)); return true
      // A change is read together with its task.
      case 'o!': if (!isChangeKey(key)) taskFromCbor(decode(body)); return true
      case 'f!': finishedFromCbor(body); return true
      case 'c!': return childKey(finishedFromCbor(body).record.id) === key
      case 'i!': return splitTaskId(key.slice(2)) !== undefined && isSeqText(text())
      case 'x!': receiptFromCbor(decode(body)); return true
      case 'r!': return splitTaskId(text()) !== undefined
      case 'u!': return splitTaskId(key.slice(2)) !== undefined
      case 'j!': return splitTaskId(key.slice(2)) !== undefined
      case 'w!': owedFromCbor(body); return true
      default: return false
    }
  } catch {
    return false
  }
}

/** What is missing of the records that somebody waits for, in words; undefined when all are there. */
export async function missingRecords (level: LevelHandle): Promise<string | undefined> {
  const found = await countAwaited((range) => readRange(level, range))
  if (found === undefined) return 'a record that is still needed cannot be read'
  const tally = new Tally(new AgeClock())
  const row = await readRow(level, TALLY_KEY)
  try {
    if (row !== undefined) tally.restore(row.body ?? new Uint8Array(), 0)
  } catch {
    return 'the count of its records cannot be read'
  }
  return tally.matches(found) ? undefined : 'records that are still needed are missing'
}

/** Takes the counts over, or counts anew what was saved; the largest seq that was given. */
export async function restoreCounts (database: Database, tally: Tally, { salvaged, maxAwayMs }: { salvaged: boolean, maxAwayMs: number }): Promise<number> {
  let seq = 0
  const body = await database.get(TALLY_KEY)
  if (body !== undefined) tally.restore(body, maxAwayMs)
  for (const kind of ['o', 'f', 'w'] as const) {
    for await (const rows of database.rows({ ...allOf(kind), reverse: true, limit: 1 })) for (const { key } of rows) seq = Math.max(seq, seqOf(key))
  }
  if (salvaged) {
    await dropOrphans(database)
    await dropEnded(database)
    const counts = await countAll(database)
    if (body === undefined) tally.startOver(counts.ageMs)
    tally.recount(counts)
    database.put(TALLY_KEY, tally.encode())
  }
  return seq
}

/** What belongs to a finished task that was lost would look like new damage whenever somebody asks for the task. */
async function dropOrphans (database: Database): Promise<void> {
  const owners = { i: ({ body }: WholeRow) => `f!${Buffer.from(body).toString('latin1')}`, x: ({ key }: WholeRow) => key.slice(2) }
  for (const kind of ['i', 'x'] as const) {
    for await (const rows of database.rows(allOf(kind))) {
      const found = await database.getMany(rows.map(owners[kind]))
      rows.forEach(({ key }, index) => { if (found[index] === undefined) database.delete(key) })
    }
  }
}

/** An open task whose deletion was lost has ended all the same, and must not end twice. */
async function dropEnded (database: Database): Promise<void> {
  let found = false
  for await (const rows of database.rows(allOf('o'))) {
    const tasks = rows.filter(({ key }) => !isChangeKey(key))
    const ends = await database.getMany(tasks.map(({ body }) => endKeyOf(body)))
    tasks.forEach(({ key }, index) => {
      if (ends[index] === undefined) return
      found = true
      database.delete(key)
    })
  }
  // They are counted as they are on disk.
  if (found) await database.strictly(true)
}

/** The key that is there when an open task has ended. */
function endKeyOf (body: Uint8Array): string {
  const { record: { id } } = taskFromCbor(decode(body))
  return childKey(id) ?? indexKey(id)
}

async function countAll (database: Database): Promise<{ count: number, keys: number, finished: number, bytes: number, ageMs: number }> {
  const counts = { finished: 0, bytes: 0, ageMs: 0 }
  for (const kind of ['f', 'c'] as const) {
    for await (const rows of database.rows(allOf(kind))) {
      for (const { key, body } of rows) {
        const { ageMs, file, record } = finishedFromCbor(body)
        counts.finished++
        counts.bytes += body.length + (file?.size ?? 0)
        counts.ageMs = Math.max(counts.ageMs, ageMs)
        // The place of a task may have been lost, and the task not.
        if (kind === 'f') database.put(indexKey(record.id), Buffer.from(key.slice(2)))
      }
    }
  }
  const awaited = await countAwaited((range) => database.rows(range))
  return { count: 0, keys: 0, ...awaited, ...counts }
}
