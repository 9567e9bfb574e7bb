/** The folder of a map, `<data>/jobs/<id>`: what it is, how it stands, its inputs and results; one process at a time has it open. */
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { decode, encode } from '../../cbor.ts'
import { codeOf } from '../../config/system-error.ts'
import { CorebrumError, ERRORS, type ErrorCode } from '../../errors.ts'
import { MAX_MAP_ITEMS, MAX_NAME_CHARS } from '../../limits.ts'
import type { Value } from '../../task/values.ts'
import { asInteger, asRecord, asText, broken } from '../../wire/shape.ts'
import { optional, valuesFromSaved } from '../saved-definition.ts'
import { lockFolder, unlockFolder } from './folder-lock.ts'
import { damaged, fileError } from './job-error.ts'
import { settingsFromSaved, settingsToSaved, type MapSettings } from './map-settings.ts'

const STANDS = ['open', 'paused', 'completed', 'failed', 'cancelled'] as const

/** How a map stands while nobody has it open, and how it ended. */
export interface MapState {
  state: typeof STANDS[number]
  /** Of one that has failed. */
  code?: ErrorCode
  /** Why it is paused, or what it ended with. */
  message?: string
  /** Of one that has completed. */
  outputs?: Record<string, Value>
  /** How far it was. */
  total?: number
  done?: number
  failed?: number
}

export interface MapFolder {
  readonly inputsPath: string
  readonly resultsPath: string
  readonly settings: MapSettings
  readonly state: MapState
  /** A daemon has a record of it: it goes when that goes, whoever ends it. */
  readonly kept: boolean
  /** They are on disk when it resolves. Rejects with ERR_JOURNAL. */
  setState (state: MapState): Promise<void>
  keep (): Promise<void>
  /** Lets other processes have it. */
  unlock (): Promise<void>
}

const MAX_MESSAGE_CHARS = 65_536
const CRC_BYTES = 4

export function mapDir (dataDir: string, id: string): string {
  return join(dataDir, 'jobs', id)
}

/** Makes the folder of a new map, open for this process. Rejects with ERR_JOURNAL; then there is none. */
export async function makeMapFolder (dir: string, settings: MapSettings, { kept }: { kept: boolean }): Promise<MapFolder> {
  const standing: Standing = { state: { state: 'open' }, kept }
  try {
    await mkdir(dir, { recursive: true, mode: 0o700 })
    await lockFolder(dir)
    await writeChecked(join(dir, 'map'), settingsToSaved(settings))
    await writeChecked(join(dir, 'state'), standingToSaved(standing))
    return folderOf(dir, settings, standing)
  } catch (error) {
    await rm(dir, { recursive: true, force: true }).catch(() => {})
    throw fileError(error, dir)
  }
}

/** Rejects with ERR_TASK_UNKNOWN, with FolderBusyError when another process has it open, and with ERR_JOURNAL. */
export async function openMapFolder (dir: string): Promise<MapFolder> {
  try {
    // First, as whoever has it may just write how it stands.
    await lockFolder(dir)
    try {
      return folderOf(dir, await readMapSettings(dir), await readChecked(join(dir, 'state'), readStanding))
    } catch (error) {
      await unlockFolder(dir)
      throw error
    }
  } catch (error) {
    throw mapError(error, dir)
  }
}

/** What a map is, also of one that another process has open. Rejects with ERR_TASK_UNKNOWN and ERR_JOURNAL. */
export async function readMapSettings (dir: string): Promise<MapSettings> {
  try {
    return await readChecked(join(dir, 'map'), settingsFromSaved)
  } catch (error) {
    throw mapError(error, dir)
  }
}

function mapError (error: unknown, dir: string): CorebrumError {
  if (codeOf(error) !== 'ENOENT') return fileError(error, dir)
  return new CorebrumError('ERR_TASK_UNKNOWN', `there is no map in ${dir}; a map that ended without a daemon is not kept, and other data folders have others`, { cause: error })
}

interface Standing { state: MapState, kept: boolean }

function folderOf (dir: string, settings: MapSettings, first: Standing): MapFolder {
  let standing = first
  let isLocked = true
  const write = async (next: Standing): Promise<void> => {
    try {
      await writeChecked(join(dir, 'state'), standingToSaved(next))
      standing = next
    } catch (error) {
      throw fileError(error, dir)
    }
  }
  return {
    inputsPath: join(dir, 'inputs'),
    resultsPath: join(dir, 'results'),
    settings,
    get state () { return standing.state },
    get kept () { return standing.kept },
    setState: (state) => write({ ...standing, state }),
    async keep () {
      if (!standing.kept) await write({ ...standing, kept: true })
    },
    async unlock () {
      // Once: from then on it may be another one's.
      if (isLocked) await unlockFolder(dir)
      isLocked = false
    },
  }
}

function standingToSaved ({ state, kept }: Standing): unknown {
  return { ...state, ...(kept ? { kept } : {}) }
}

function readStanding (raw: unknown): Standing {
  return { state: readState(raw), kept: asRecord(raw, 'a map').kept === true }
}

/** A file that is there as a whole or as it was before; its first bytes are the CRC of the rest. */
async function writeChecked (path: string, value: unknown): Promise<void> {
  const body = encode(value)
  const head = Buffer.alloc(CRC_BYTES)
  head.writeUInt32LE(crc32(body))
  const file = await open(`${path}.new`, 'w', 0o600)
  try {
    await file.writeFile(Buffer.concat([head, body]))
    await file.datasync()
  } finally {
    await file.close()
  }
  await rename(`${path}.new`, path)
}

async function readChecked<T> (path: string, read: (raw: unknown) => T): Promise<T> {
  const bytes = await readFile(path)
  const body = bytes.subarray(CRC_BYTES)
  if (bytes.length < CRC_BYTES || bytes.readUInt32LE(0) !== crc32(body)) throw damaged(path, 'it is not what was written')
  try {
    return read(decode(body))
  } catch (cause) {
    throw new CorebrumError('ERR_JOURNAL', `${path} cannot be read; is it of a newer version of this program?`, { cause })
  }
}

function readState (raw: unknown): MapState {
  const saved = asRecord(raw, 'a map')
  const state = STANDS.find((one) => one === saved.state)
  if (state === undefined) throw broken('map.state')
  return {
    state,
    ...optional('code', saved.code, asErrorCode),
    ...optional('message', saved.message, (value) => asText(value, 'map.message', MAX_MESSAGE_CHARS)),
    ...optional('total', saved.total, asCount),
    ...optional('done', saved.done, asCount),
    ...optional('failed', saved.failed, asCount),
    ...optional('outputs', saved.outputs, (value) => valuesFromSaved(value, 'map.outputs')),
  }
}

function asCount (value: unknown): number {
  return asInteger(value, 'map.count', 0, MAX_MAP_ITEMS)
}

function asErrorCode (value: unknown): ErrorCode {
  const text = asText(value, 'map.code', MAX_NAME_CHARS)
  if (!Object.hasOwn(ERRORS, text)) throw broken('map.code')
  return text as ErrorCode // it is a key of the table
}
