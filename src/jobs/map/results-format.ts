/**
 * The file of a map's results, in the order in which they came: records of `length u32, CRC-32 u32, index u32, flags u8`,
 * little-endian, and a line of JSON, `{"index":n,"outputs":{…}}` or `{"index":n,"error":{…}}`, with its newline. The length is
 * that of the line; the CRC is over index, flags and line.
 */
import { crc32 } from 'node:zlib'
import { MAX_MAP_ITEMS } from '../../limits.ts'
import { MAX_MAP_RESULT_BYTES } from '../limits.ts'

export const RECORD_HEADER_BYTES = 13

export interface RecordHeader { length: number, crc: number, index: number, failed: boolean }

/** Most bytes that a record of this line takes. */
export function recordRoom (line: string): number {
  return RECORD_HEADER_BYTES + line.length * 3
}

/** Writes a record; returns its bytes. The buffer has `recordRoom` from `at` on. */
export function writeRecord (buffer: Buffer, at: number, { index, failed, line }: { index: number, failed: boolean, line: string }): number {
  const length = buffer.write(line, at + RECORD_HEADER_BYTES)
  const end = at + RECORD_HEADER_BYTES + length
  buffer.writeUInt32LE(length, at)
  buffer.writeUInt32LE(index, at + 8)
  buffer.writeUInt8(failed ? 1 : 0, at + 12)
  buffer.writeUInt32LE(crc32(buffer.subarray(at + 8, end)), at + 4)
  return end - at
}

/** Undefined when no record has such a header. */
export function readRecordHeader (bytes: Buffer): RecordHeader | undefined {
  if (bytes.length < RECORD_HEADER_BYTES) return undefined
  const length = bytes.readUInt32LE(0)
  const index = bytes.readUInt32LE(8)
  if (length === 0 || length > MAX_MAP_RESULT_BYTES || index >= MAX_MAP_ITEMS) return undefined
  return { length, crc: bytes.readUInt32LE(4), index, failed: bytes[12] === 1 }
}

/** `record` is header and line. */
export function isRecordWhole ({ length, crc }: RecordHeader, record: Buffer): boolean {
  return record.length === RECORD_HEADER_BYTES + length && crc32(record.subarray(8)) === crc
}
