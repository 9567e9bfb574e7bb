/**
 * The file of a map's inputs: blocks of whole lines, each `length u32, items u32, CRC-32 u32, bytes`, little-endian; the CRC is
 * over the first eight bytes and the lines. A block of length 0 seals the file; its `items` are those of all blocks.
 */
import { crc32 } from 'node:zlib'
import { MAX_MAP_LINE_BYTES, SPOOL_BLOCK_BYTES } from '../limits.ts'

export const BLOCK_HEADER_BYTES = 12
/** A block is closed when it has SPOOL_BLOCK_BYTES, so that the longest line may stand behind almost as many. */
const MAX_BLOCK_BYTES = MAX_MAP_LINE_BYTES + SPOOL_BLOCK_BYTES + 1

const NEWLINE = 0x0a

export interface BlockHeader { length: number, items: number, crc: number }

/** The header of a block that holds `lines`, which is not copied. */
export function blockHeader (lines: Uint8Array, items: number): Buffer {
  const header = Buffer.allocUnsafe(BLOCK_HEADER_BYTES)
  header.writeUInt32LE(lines.length, 0)
  header.writeUInt32LE(items, 4)
  header.writeUInt32LE(crc32(lines, crc32(header.subarray(0, 8))), 8)
  return header
}

/** Undefined when no block has such a header. */
export function readBlockHeader (bytes: Buffer): BlockHeader | undefined {
  if (bytes.length < BLOCK_HEADER_BYTES) return undefined
  const length = bytes.readUInt32LE(0)
  return length > MAX_BLOCK_BYTES ? undefined : { length, items: bytes.readUInt32LE(4), crc: bytes.readUInt32LE(8) }
}

export function isBlockWhole ({ length, crc }: BlockHeader, header: Buffer, lines: Buffer): boolean {
  return lines.length === length && crc32(lines, crc32(header.subarray(0, 8))) === crc
}

/** Where the line that begins at `start` ends: at its newline, or at the end of the bytes. */
export function endOfLine (bytes: Buffer, start: number): number {
  const end = bytes.indexOf(NEWLINE, start)
  return end < 0 ? bytes.length : end
}

/** Lines that hold nothing but white space are no inputs. */
export function isBlank (bytes: Buffer, start: number, end: number): boolean {
  for (let i = start; i < end; i++) {
    const code = bytes[i]
    if (code !== 0x20 && code !== 0x09 && code !== 0x0d) return false
  }
  return true
}

/** How many of the lines are inputs. */
export function countItems (bytes: Buffer): number {
  let items = 0
  for (let start = 0; start < bytes.length;) {
    const end = endOfLine(bytes, start)
    if (!isBlank(bytes, start, end)) items++
    start = end + 1
  }
  return items
}
