/** The folder of a map, `<data>/jobs/<id>`: what it is, how it stands, its inputs and results; one process at a time has it open. */
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { decode, encode } from '../../cbor.ts'
import { codeOf } from '../../config/system-error.ts'
import { CorebrumError, ERRORS, type ErrorCode } from '../../errors.ts'
import { MAX_MAP_ITEMS, MAX_NAME_CHARS } from '../../limits.ts'
import { lockHolder, lockText } from '../../modules/process-token.ts'
import type { Value } from '../../task/values.ts'
import { asInteger, asRecord, asText, broken } from '../../wire/shape.ts'
import { optional, valuesFromSaved } from '../saved-definition.ts'
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
  /** It is on disk when it resolves. Rejects with ERR_JOURNAL. */
  setState (state: MapState): Promise<void>
  /** Lets other processes have it. */
  unlock (): Promise<void>
}

const MAX_MESSAGE_CHARS = 65_536
const CRC_BYTES = 4

export function mapDir (dataDir: string, id: string): string {
  return join(dataDir, 'jobs', id)
}

/** Makes the folder of a new map, open for this process. Rejects with ERR_JOURNAL; then there is none. */
export async function makeMapFolder (dir: string, settings: MapSettings): Promise<MapFolder> {
  try {
    await mkdir(dir, { recursive: true, mode: 0o700 })
    await lock(dir)
    await writeChecked(join(dir, 'map'), settingsToSaved(settings))
    await writeChecked(join(dir, 'state'), { state: 'open' })
    return folderOf(dir, settings, { state: 'open' })
  } catch (error) {
    await rm(dir, { recursive: true, force: true }).catch(() => {})
    throw fileError(error, dir)
  }
}

/** Rejects with ERR_TASK_UNKNOWN, with ERR_USAGE when another process has it open, and with ERR_JOURNAL. */
export async function openMapFolder (dir: string): Promise<MapFolder> {
  try {
    const settings = await readChecked(join(dir, 'map'), settingsFromSaved)
    const state = await readChecked(join(dir, 'state'), readState)
    await lock(dir)
    return folderOf(dir, settings, state)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') throw new CorebrumError('ERR_TASK_UNKNOWN', `there is no map in ${dir}; a map that ended without a daemon is not kept, and other data folders have others`, { cause: error })
    throw fileError(error, dir)
  }
}

function folderOf (dir: string, settings: MapSettings, first: MapState): MapFolder {
  let state = first
  return {
    inputsPath: join(dir, 'inputs'),
    resultsPath: join(dir, 'results'),
    settings,
    get state () { return state },
    async setState (next) {
      try {
        await writeChecked(join(dir, 'state'), { ...next })
        state = next
      } catch (error) {
        throw fileError(error, dir)
      }
    },
    async unlock () {
      await rm(join(dir, 'lock'), { force: true }).catch(() => {})
    },
  }
}

async function lock (dir: string): Promise<void> {
  const path = join(dir, 'lock')
  for (let tries = 0; ; tries++) {
    try {
      const file = await open(path, 'wx', 0o600)
      await file.writeFile(lockText()).finally(() => file.close())
      return
    } catch (error) {
      if (codeOf(error) !== 'EEXIST' || tries > 1) throw error
      const pid = lockHolder(await readFile(path, 'utf8').catch(() => ''))
      if (pid !== undefined) {
        throw new CorebrumError('ERR_USAGE', `this map is open in process ${pid}; let that go on with it, or end it first (${path})`)
      }
      await rm(path, { force: true })
    }
  }
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
