/** Looking through the finished tasks of the journal: by beginnings of ids, newest first, and by number in a job. */
import { MAX_LISTED_TASKS } from '../../limits.ts'
import type { Database } from '../../journal/database.ts'
import type { TaskRecord } from '../../task/state.ts'
import { MAX_CHILD_NUMBER, childId, splitTaskId } from '../../task/task-id.ts'
import type { FinishedRows } from './finished.ts'
import type { ListOptions } from '../journal.ts'
import { allOf, childrenOf } from './keys.ts'

const UUID_CHARS = 36
const UUID_PREFIX = /^[0-9a-f-]{1,36}$/
const CHILD_PREFIX = /^(.{36}(?:-\d+)*)-(\d*)$/

export interface LookupComponents {
  database: Database
  finished: FinishedRows
}

/** Newest first. Records come without outputs and logs, which may be large: `find` has them. Rejects with ERR_JOURNAL. */
export async function listFinished ({ database, finished }: LookupComponents, { state, limit }: ListOptions): Promise<TaskRecord[]> {
  const found: TaskRecord[] = []
  for await (const rows of database.rows({ ...allOf('f'), reverse: true })) {
    for (const { key, body } of rows) {
      if (found.length >= limit) return found
      const record = finished.read(key, body)?.record
      if (record !== undefined && (state === undefined || record.state === state)) found.push(brief(record))
    }
  }
  return found
}

/** By number; as `listFinished`. */
export async function listChildren ({ database, finished }: LookupComponents, job: string, { from = 0, limit }: { from?: number, limit: number }): Promise<TaskRecord[]> {
  const found: TaskRecord[] = []
  if (splitTaskId(job) === undefined) return found
  for await (const rows of database.rows({ ...childrenOf(job, from), limit })) {
    for (const { key, body } of rows) {
      const record = finished.read(key, body)?.record
      if (record !== undefined) found.push(brief(record))
    }
  }
  return found
}

/** See TaskJournal.idsWith. */
export async function idsWith ({ database }: LookupComponents, prefix: string, limit: number): Promise<string[]> {
  const ids: string[] = []
  const most = Math.min(limit, MAX_LISTED_TASKS)
  if (UUID_PREFIX.test(prefix)) {
    const range = { gte: `i!${prefix}`, lt: `i!${prefix}~`, limit: most }
    for await (const rows of database.rows(range)) for (const { key } of rows) if (key.length === 2 + UUID_CHARS) ids.push(key.slice(2))
    return ids
  }
  const [, job, digits] = CHILD_PREFIX.exec(prefix) ?? []
  if (job === undefined || digits === undefined || splitTaskId(job) === undefined) return ids
  for (const [first, last] of numbersWith(digits)) {
    if (ids.length >= most) break
    for await (const rows of database.rows({ ...childrenOf(job, first, last + 1), limit: most - ids.length })) {
      for (const { key } of rows) ids.push(childId(job, parseInt(key.slice(-7), 36)))
    }
  }
  return ids
}

/** The numbers whose digits begin so, as ranges: of `1` these are 1, 10 to 19, 100 to 199 and so on. */
function numbersWith (digits: string): Array<[first: number, last: number]> {
  if (digits === '') return [[0, MAX_CHILD_NUMBER]]
  if (digits.startsWith('0')) return digits === '0' ? [[0, 0]] : []
  const ranges: Array<[number, number]> = []
  for (let first = Number(digits), size = 1; first <= MAX_CHILD_NUMBER; first *= 10, size *= 10) ranges.push([first, Math.min(first + size - 1, MAX_CHILD_NUMBER)])
  return ranges
}

function brief (record: TaskRecord): TaskRecord {
  return { ...record, outputs: undefined, logs: '' }
}
