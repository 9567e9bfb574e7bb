/** One opened LevelDB folder: loads the native package when it is first needed, and reads and writes sealed values. */
import type { ClassicLevel } from 'classic-level'
import type { Batch } from './commit-queue.ts'
import { levelCode, systemAdvice } from './journal-error.ts'
import { seal, unseal } from './sealed.ts'

export type LevelHandle = ClassicLevel<string, Uint8Array>

/** Rows that one call of the binding reads, and their bytes. */
const ROWS_AT_ONCE = 500
const BYTES_AT_ONCE = 1024 * 1024
/** A larger memory table means fewer, larger table files; its log is read again at the next start. */
const WRITE_BUFFER_BYTES = 8 * 1024 * 1024

export interface Row {
  readonly key: string
  /** Undefined when it is damaged. */
  readonly body: Uint8Array | undefined
}

export interface Range {
  gte?: string
  gt?: string
  lt: string
  /** From the last key to the first. Default false. */
  reverse?: boolean
  limit?: number
}

/** Opens a folder, which must hold a database unless `create` is set. Rejects with what the binding throws. */
export async function openLevel (dir: string, { create }: { create: boolean }): Promise<LevelHandle> {
  const { ClassicLevel: Level } = await import('classic-level')
  const level: LevelHandle = new Level<string, Uint8Array>(dir, { keyEncoding: 'utf8', valueEncoding: 'view', createIfMissing: create, writeBufferSize: WRITE_BUFFER_BYTES })
  await level.open({ passive: false })
  return level
}

/** Rejects with LEVEL_LOCKED when another process has the folder open, and with errors of the system; changes nothing. */
export async function probeLevel (dir: string): Promise<void> {
  const { ClassicLevel: Level } = await import('classic-level')
  const level = new Level(dir, { createIfMissing: false, errorIfExists: true })
  // It locks the folder first, and then refuses a database that is there as well as one that is not.
  await level.open({ passive: false }).catch((error: unknown) => {
    if (levelCode(error) === 'LEVEL_LOCKED' || systemAdvice(error) !== undefined) throw error
  })
}

/** LevelDB's own attempt to make a damaged folder readable. */
export async function repairLevel (dir: string): Promise<void> {
  const { ClassicLevel: Level } = await import('classic-level')
  await Level.repair(dir)
}

export async function writeBatch (level: LevelHandle, { operations, sync }: Batch): Promise<void> {
  // One operation after the other is eight times as fast as a list of them.
  const batch = level.batch()
  for (const [key, { body }] of operations) {
    if (body === undefined) batch.del(key)
    else batch.put(key, seal(key, body))
  }
  await batch.write({ sync })
}

export async function readRow (level: LevelHandle, key: string): Promise<Row | undefined> {
  const sealed = await level.get(key)
  return sealed === undefined ? undefined : { key, body: unseal(key, sealed) }
}

export async function readRows (level: LevelHandle, keys: readonly string[]): Promise<Array<Row | undefined>> {
  const values = await level.getMany([...keys])
  return keys.map((key, index) => {
    const sealed = values[index]
    return sealed === undefined ? undefined : { key, body: unseal(key, sealed) }
  })
}

/** Rows in parts, in the order of their keys. Rejects with what the binding throws, and when keys are out of order: LevelDB then gives older values, too. */
export async function * readRange (level: LevelHandle, range: Range, rowsAtOnce = ROWS_AT_ONCE): AsyncGenerator<Row[]> {
  let last: string | undefined
  const iterator = level.iterator({ ...range, fillCache: false, highWaterMarkBytes: BYTES_AT_ONCE })
  try {
    while (true) {
      const entries = await iterator.nextv(rowsAtOnce)
      if (entries.length === 0) return
      for (const [key] of entries) {
        if (last !== undefined && (range.reverse === true ? key >= last : key <= last)) throw Object.assign(new Error('Corruption: keys are out of order'), { code: 'LEVEL_CORRUPTION' })
        last = key
      }
      yield entries.map(([key, sealed]) => ({ key, body: unseal(key, sealed) }))
    }
  } finally {
    await iterator.close()
  }
}
