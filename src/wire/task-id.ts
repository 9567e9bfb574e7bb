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

/** Throws ERR_INTERNAL for a text that is no id of a task. */
export function idToWire (id: string): Uint8Array {
  // Most tasks stand by themselves, and there are many.
  if (id.length === UUID_CHARS) return Buffer.from(id.replaceAll('-', ''), 'hex')
  const parts = splitTaskId(id)
  if (parts === undefined) throw new CorebrumError('ERR_INTERNAL', `${JSON.stringify(id.slice(0, 80))} is not the id of a task`)
  const bytes = Buffer.alloc(UUID_BYTES + NUMBER_BYTES * parts.numbers.length)
  bytes.write(parts.uuid.replaceAll('-', ''), 'hex')
  parts.numbers.forEach((number, index) => { bytes.writeUInt32BE(number, UUID_BYTES + NUMBER_BYTES * index) })
  return bytes
}

/** Throws ERR_PROTOCOL. */
export function idFromWire (raw: unknown): string {
  const given = asBytes(raw, 'task id', UUID_BYTES, UUID_BYTES + NUMBER_BYTES * MAX_ID_LEVELS)
  const bytes = Buffer.from(given.buffer, given.byteOffset, given.byteLength)
  const hex = bytes.toString('hex', 0, UUID_BYTES)
  const uuid = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
  if (bytes.length === UUID_BYTES) return uuid
  if (bytes.length % NUMBER_BYTES !== 0) throw broken('task id')
  let id = uuid
  for (let at = UUID_BYTES; at < bytes.length; at += NUMBER_BYTES) id += `-${bytes.readUInt32BE(at)}`
  return id
}
