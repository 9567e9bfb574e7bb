/**
 * Ids of tasks on the wire and in the journal: the 16 bytes of the UUID, then 4 bytes, big endian, for each number behind it.
 *
 *   id = bstr .size (16 / 20 / 24 / 28)
 */
import { MAX_ID_LEVELS, splitTaskId } from '../task/task-id.ts'
import { CorebrumError } from '../errors.ts'
import { asBytes, broken } from './shape.ts'

const UUID_BYTES = 16
const UUID_CHARS = 36
const NUMBER_BYTES = 4
/** Where the two characters of each byte begin in the text of a UUID. */
const PLACES = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34]
const DIGITS = Buffer.from('0123456789abcdef')
/** By character: the value of a digit; -1 for all others. */
const VALUES = Int8Array.from({ length: 128 }, (_, code) => DIGITS.indexOf(code))

/** Throws ERR_INTERNAL for a text that is no id of a task. */
export function idToWire (id: string): Uint8Array {
  const { length } = id
  // Most tasks stand by themselves, and there are many: Buffer's own reading of hex takes four times as long.
  const uuid = length >= UUID_CHARS ? uuidToBytes(id) : undefined
  if (uuid !== undefined && length === UUID_CHARS) return uuid
  const parts = splitTaskId(id)
  if (parts === undefined || uuid === undefined) throw new CorebrumError('ERR_INTERNAL', `${JSON.stringify(id.slice(0, 80))} is not the id of a task`)
  const bytes = Buffer.alloc(UUID_BYTES + NUMBER_BYTES * parts.numbers.length)
  bytes.set(uuid)
  parts.numbers.forEach((number, index) => { bytes.writeUInt32BE(number, UUID_BYTES + NUMBER_BYTES * index) })
  return bytes
}

/** Throws ERR_PROTOCOL. */
export function idFromWire (raw: unknown): string {
  const bytes = asBytes(raw, 'task id', UUID_BYTES, UUID_BYTES + NUMBER_BYTES * MAX_ID_LEVELS)
  let id = uuidFromBytes(bytes)
  if (bytes.length === UUID_BYTES) return id
  if (bytes.length % NUMBER_BYTES !== 0) throw broken('task id')
  const numbers = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let at = UUID_BYTES; at < bytes.length; at += NUMBER_BYTES) id += `-${numbers.readUInt32BE(at)}`
  return id
}

/** Of the first characters of a text; undefined where they are no UUID. */
function uuidToBytes (text: string): Uint8Array | undefined {
  const bytes = new Uint8Array(UUID_BYTES)
  let all = 0
  for (let i = 0; i < UUID_BYTES; i++) {
    const place = PLACES[i] ?? 0
    const value = ((VALUES[text.charCodeAt(place)] ?? -1) << 4) | (VALUES[text.charCodeAt(place + 1)] ?? -1)
    all |= value
    bytes[i] = value
  }
  const dashes = text[8] === '-' && text[13] === '-' && text[18] === '-' && text[23] === '-'
  return all < 0 || !dashes ? undefined : bytes
}

const written = Buffer.alloc(UUID_CHARS, '-')

/** Text made at once, not joined from parts, is found in a map without being copied together first. */
function uuidFromBytes (bytes: Uint8Array): string {
  for (let i = 0; i < UUID_BYTES; i++) {
    const place = PLACES[i] ?? 0
    const value = bytes[i] ?? 0
    written[place] = DIGITS[value >> 4] ?? 0
    written[place + 1] = DIGITS[value & 0xf] ?? 0
  }
  return written.toString('latin1')
}
