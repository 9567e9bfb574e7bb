/**
 * The finished tasks of the journal.
 *
 *   finished = [age: ms, file: [size: uint, crc: uint] / null, record]      ; record: see record.ts
 *
 * The age is on the journal's own clock, see tally.ts. With a file the outputs lie there: see files.ts.
 */
import { LRUCache } from 'lru-cache'
import { decode, encode } from '../../cbor.ts'
import type { Database } from '../../journal/database.ts'
import { MAX_RECENT_TASKS } from '../../limits.ts'
import type { TaskRecord } from '../../task/state.ts'
import { asAmount, asArray, asInteger } from '../../wire/shape.ts'
import type { EndlessJobs } from './endless.ts'
import type { OutputFiles, OutputsFile } from './files.ts'
import { childKey, finishedKey, seqText } from './keys.ts'
import { receiptFromCbor, receiptToCbor } from './receipt.ts'
import { recordFromCbor, recordToCbor } from './record.ts'
import type { Tally } from './tally.ts'

export interface Finished {
  ageMs: number
  file: OutputsFile | undefined
  /** Without the outputs that lie in the file. */
  record: TaskRecord
}

/** Where a task lies, and what is known of its row. */
interface Place {
  readonly key: string
  /** Of its row, its file and the receipt beside it. */
  bytes: number
  file: OutputsFile | undefined
  ageMs: number
  events: number
  /** It has a receipt: in its row, or beside it with so many bytes. */
  receipt: boolean
  lateBytes: number
}

export interface FinishedRowsInit {
  database: Database
  tally: Tally
  endless: EndlessJobs
  files: OutputFiles
  nextSeq: () => number
}

export class FinishedRows {
  private readonly init: FinishedRowsInit
  private readonly looking = new Set<Promise<void>>()
  /** What is to be amended and is looked up first, by id. */
  private readonly amending = new Map<string, TaskRecord[]>()
  private readonly recent = new LRUCache<string, Place>({ max: MAX_RECENT_TASKS })

  constructor (init: FinishedRowsInit) {
    this.init = init
  }

  /** Puts a finished task; large outputs must be in their file by then. */
  put (record: TaskRecord, file: OutputsFile | undefined): void {
    const { database, tally, nextSeq } = this.init
    const { id } = record
    const before = this.recent.get(id)
    // The end of one task twice is the same end.
    if (before !== undefined) return this.replace(record, before)
    const child = childKey(id)
    const key = child ?? finishedKey(nextSeq())
    const ageMs = tally.clock.now()
    const body = finishedToCbor(record, file, ageMs)
    database.put(key, body, { fresh: child === undefined })
    if (child === undefined) database.put(indexKey(id), Buffer.from(key.slice(2)))
    const bytes = body.length + (file?.size ?? 0)
    this.count(id, 1, bytes)
    this.recent.set(id, { key, bytes, file, ageMs, events: record.history.length, receipt: record.receipt !== undefined, lateBytes: 0 })
  }

  /** A receipt that came later lies beside its task, which is not written again for it. */
  amend (record: TaskRecord): void {
    const place = this.recent.get(record.id)
    if (place !== undefined) return this.amendAt(record, place)
    const { id } = record
    const others = this.amending.get(id)
    if (others !== undefined) {
      others.push(record)
      return
    }
    const records = [record]
    this.amending.set(id, records)
    const looking = this.lookUp(id).catch(() => undefined).then((found) => { this.amendFound(id, records, found) }).finally(() => { this.looking.delete(looking) })
    this.looking.add(looking)
  }

  /** Resolves when all that is to be amended was handed over. */
  async settle (): Promise<void> {
    await Promise.all(this.looking)
  }

  /** Key of a task; undefined when it is not here. Rejects with ERR_JOURNAL. */
  async keyOf (id: string): Promise<string | undefined> {
    const known = childKey(id) ?? this.recent.get(id)?.key
    if (known !== undefined) return known
    const seq = await this.init.database.get(indexKey(id))
    return seq === undefined ? undefined : `f!${Buffer.from(seq).toString('latin1')}`
  }

  /** With its receipt and all its outputs. Rejects with ERR_JOURNAL. */
  async find (id: string): Promise<TaskRecord | undefined> {
    const { database, files } = this.init
    const key = await this.keyOf(id)
    if (key === undefined) return undefined
    const body = await database.get(key)
    // It was not deleted meanwhile: the place of the task is still there.
    if (body === undefined && key.startsWith('f') && await database.get(indexKey(id)) !== undefined) database.damaged(`the task ${id}`)
    const found = body === undefined ? undefined : this.read(key, body)
    if (found === undefined || found.record.id !== id) return undefined
    const { record, file } = found
    const receipt = record.receipt === undefined ? await this.lateReceipt(key) : undefined
    return {
      ...record,
      ...(file === undefined ? {} : { outputs: await files.read(id, file) }),
      ...(receipt === undefined ? {} : { receipt }),
    }
  }

  /** A row as it is; undefined when it is damaged, which is reported. */
  read (key: string, body: Uint8Array): Finished | undefined {
    try {
      return finishedFromCbor(body)
    } catch {
      this.init.database.damaged(`the value of ${key}`)
      return undefined
    }
  }

  /** Deletes a row and what belongs to it but for what makes it reusable; its file must be removed after that was written. */
  drop (key: string, { record: { id } }: Finished, bytes: number): void {
    const { database } = this.init
    database.delete(key)
    database.delete(receiptKey(key))
    if (key.startsWith('f')) database.delete(indexKey(id))
    // What came for it since `bytes` was found goes too.
    this.count(id, -1, -(this.recent.get(id)?.bytes ?? bytes))
    this.recent.delete(id)
    this.amending.delete(id)
  }

  /** As `drop`, of a row that cannot be read; what belongs to it goes when the journal is made anew. */
  dropDamaged (key: string, bytes: number): void {
    this.init.database.delete(key)
    this.count('', -1, -bytes)
  }

  private count (id: string, tasks: number, bytes: number): void {
    const { tally, endless } = this.init
    tally.finished = Math.max(0, tally.finished + tasks)
    tally.bytes = Math.max(0, tally.bytes + bytes)
    endless.count(id, tasks, bytes)
  }

  /** A task that is gone, or cannot be read, stays as it is; it may have been deleted while it was looked up. */
  private amendFound (id: string, records: readonly TaskRecord[], found: Place | undefined): void {
    if (this.amending.get(id) !== records) return
    this.amending.delete(id)
    const place = this.recent.get(id) ?? found
    if (place === undefined) return
    this.recent.set(id, place)
    for (const record of records) this.amendAt(record, place)
  }

  private amendAt (record: TaskRecord, place: Place): void {
    if (record.receipt === undefined || place.receipt || record.history.length !== place.events) return this.replace(record, place)
    const body = encode(receiptToCbor(record.receipt))
    this.init.database.put(receiptKey(place.key), body)
    this.count(record.id, 0, body.length)
    place.bytes += body.length
    place.lateBytes = body.length
    place.receipt = true
  }

  private replace (record: TaskRecord, place: Place): void {
    const body = finishedToCbor(record, place.file, place.ageMs)
    this.init.database.put(place.key, body)
    if (place.lateBytes > 0 && record.receipt !== undefined) {
      this.init.database.delete(receiptKey(place.key))
      place.lateBytes = 0
    }
    const bytes = body.length + (place.file?.size ?? 0) + place.lateBytes
    this.count(record.id, 0, bytes - place.bytes)
    place.bytes = bytes
    place.events = record.history.length
    place.receipt ||= record.receipt !== undefined
    this.recent.set(record.id, place)
  }

  private async lookUp (id: string): Promise<Place | undefined> {
    const key = await this.keyOf(id)
    if (key === undefined) return undefined
    const [body, late] = await this.init.database.getMany([key, receiptKey(key)])
    const found = body === undefined ? undefined : this.read(key, body)
    if (body === undefined || found === undefined) return undefined
    const { file, ageMs, record } = found
    const lateBytes = late?.length ?? 0
    return { key, bytes: body.length + (file?.size ?? 0) + lateBytes, file, ageMs, events: record.history.length, receipt: record.receipt !== undefined || lateBytes > 0, lateBytes }
  }

  private async lateReceipt (key: string): Promise<TaskRecord['receipt']> {
    const body = await this.init.database.get(receiptKey(key))
    if (body === undefined) return undefined
    try {
      return receiptFromCbor(decode(body))
    } catch {
      this.init.database.damaged(`the value of ${receiptKey(key)}`)
      return undefined
    }
  }
}

export function indexKey (id: string): string {
  return `i!${id}`
}

export function receiptKey (key: string): string {
  return `x!${key}`
}

/** Of a seq, as an index holds it. */
export function isSeqText (text: string): boolean {
  return /^[0-9a-z]{9}$/.test(text) && seqText(parseInt(text, 36)) === text
}

function finishedToCbor (record: TaskRecord, file: OutputsFile | undefined, ageMs: number): Uint8Array {
  return encode([ageMs, file === undefined ? null : [file.size, file.crc], recordToCbor(record, file === undefined ? record.outputs : undefined)])
}

/** Throws ERR_PROTOCOL. */
export function finishedFromCbor (body: Uint8Array): Finished {
  const f = asArray(decode(body), 'finished', 3)
  const file = f[1] === null ? undefined : asArray(f[1], 'finished.file', 2)
  return {
    ageMs: asAmount(f[0], 'finished.age'),
    file: file === undefined ? undefined : { size: asInteger(file[0], 'file.size', 0, Number.MAX_SAFE_INTEGER), crc: asInteger(file[1], 'file.crc', 0, 0xffffffff) },
    record: recordFromCbor(f[2]),
  }
}
