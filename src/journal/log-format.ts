/**
 * LevelDB's logs, read without it. Format: blocks of 32 KiB with parts [masked CRC-32C over type and data: u32, length: u16,
 * type: u8, data], little endian; type 1 is a whole entry, 2, 3 and 4 are the first, a middle and the last part of one
 * (LevelDB's doc/log_format.md).
 */
import { crc32c, masked } from './crc32c.ts'

const BLOCK_BYTES = 32 * 1024
export const HEADER_BYTES = 7
const WHOLE = 1
const FIRST = 2
const LAST = 4

export interface LogPart {
  /** Of its header. */
  at: number
  data: Buffer
  beginsEntry: boolean
  endsEntry: boolean
  isSound: boolean
  /** Another part follows where this one ends; otherwise the rest of its block cannot be read. */
  isBounded: boolean
}

/** Parts of a log in turn, up to an end that was cut off in the middle of one. */
export function * partsOf (log: Buffer): Generator<LogPart> {
  for (let block = 0; block < log.length; block += BLOCK_BYTES) {
    const end = Math.min(block + BLOCK_BYTES, log.length)
    for (let at = block; at + HEADER_BYTES <= end;) {
      const next = at + HEADER_BYTES + log.readUInt16LE(at + 4)
      // Cut off by a kill, or by the end of power: space that was given to the file and not yet written reads as zeros.
      if (end === log.length && (next > end || isZero(log, at, end))) return
      const type = log[at + 6] ?? 0
      const isSound = soundUntil(log, at, end) !== undefined
      const isBounded = isSound || (next <= end && (next + HEADER_BYTES > end || soundUntil(log, next, end) !== undefined))
      yield { at, data: log.subarray(at + HEADER_BYTES, Math.min(next, end)), beginsEntry: type === WHOLE || type === FIRST, endsEntry: type === WHOLE || type === LAST, isSound, isBounded }
      at = isBounded ? next : end
    }
  }
}

/** Where the part at `at` ends; undefined when it is damaged. */
function soundUntil (log: Buffer, at: number, end: number): number | undefined {
  const next = at + HEADER_BYTES + log.readUInt16LE(at + 4)
  const type = log[at + 6] ?? 0
  return next <= end && type >= WHOLE && type <= LAST && masked(crc32c(log, at + 6, next)) === log.readUInt32LE(at) ? next : undefined
}

function isZero (bytes: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (bytes[i] !== 0) return false
  return true
}

/** Where the first fault is; undefined when there is none. An entry that the end cuts off is no fault: it was never promised. */
export function faultOfLog (log: Buffer): number | undefined {
  let inParts = false
  for (const { at, beginsEntry, endsEntry, isSound } of partsOf(log)) {
    if (!isSound || beginsEntry === inParts) return at
    inParts = !endsEntry
  }
  return undefined
}

/** Entries of a sound log. */
export function * entriesOfLog (log: Buffer): Generator<Buffer> {
  let parts: Buffer[] = []
  for (const { data, endsEntry } of partsOf(log)) {
    parts.push(data)
    if (!endsEntry) continue
    yield Buffer.concat(parts)
    parts = []
  }
}
