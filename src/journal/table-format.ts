/**
 * LevelDB's table files (its doc/table_format.md), read and written without it. Blocks, one after the other: data, perhaps a
 * filter, an index of what the file has besides data, an index of the data; then a footer. A block is followed by one byte
 * (0: as it is, 1: Snappy) and a masked CRC-32C over both, little endian.
 */
import { ByteReader, MalformedError } from './byte-reader.ts'
import { crc32c, masked } from './crc32c.ts'
import { unsnappy } from './snappy.ts'

export const TRAILER_BYTES = 5
const FOOTER_BYTES = 48
const HANDLES_BYTES = 40
const MAGIC = Buffer.from('57fb808b247547db', 'hex')
const SNAPPY = 1
/** Snappy makes nothing smaller than this. */
const MAX_RATIO = 32

/** Where a block is, without its trailer. */
export interface BlockHandle { offset: number, size: number }
/** Keys of LevelDB's own kind: the user's, then 8 bytes with the number of the write and whether it put or deleted. */
export interface Entry { key: Uint8Array, value: Uint8Array }

/** The two index blocks. Throws MalformedError, as all functions here do. */
export function footerOf (file: Buffer): { others: BlockHandle, data: BlockHandle } {
  const footer = file.subarray(Math.max(0, file.length - FOOTER_BYTES))
  if (footer.length < FOOTER_BYTES || !footer.subarray(HANDLES_BYTES).equals(MAGIC)) throw new MalformedError('it has no footer')
  const reader = new ByteReader(footer)
  return { others: handleFrom(reader), data: handleFrom(reader) }
}

/** A handle as the index has it. */
export function handleOf (bytes: Uint8Array): BlockHandle {
  return handleFrom(new ByteReader(bytes))
}

function handleFrom (reader: ByteReader): BlockHandle {
  return { offset: reader.varint(), size: reader.varint() }
}

/** Whether a block lies inside its file and has the checksum that it says. */
export function isSound (file: Buffer, { offset, size }: BlockHandle): boolean {
  const end = offset + size
  return end + TRAILER_BYTES <= file.length && masked(crc32c(file, offset, end + 1)) === file.readUInt32LE(end + 1)
}

/** Entries of a block as they stand in it: in the order of their keys, if it is sound. */
export function entriesOf (file: Buffer, { offset, size }: BlockHandle): Entry[] {
  const stored = file.subarray(offset, offset + size)
  const block = Buffer.from(file[offset + size] === SNAPPY ? unsnappy(stored, size * MAX_RATIO) : stored)
  if (block.length < 4) throw new MalformedError('a block is too short')
  const restarts = block.readUInt32LE(block.length - 4)
  const end = block.length - 4 * (restarts + 1)
  if (end < 0) throw new MalformedError('a block has no room for its entries')
  const reader = new ByteReader(block.subarray(0, end))
  const entries: Entry[] = []
  let before: Uint8Array = new Uint8Array(0)
  while (!reader.done) {
    const shared = reader.varint()
    const rest = reader.varint()
    const valueBytes = reader.varint()
    if (shared > before.length) throw new MalformedError('a key begins as none before it')
    before = Buffer.concat([before.subarray(0, shared), reader.take(rest)])
    entries.push({ key: before, value: reader.take(valueBytes) })
  }
  return entries
}

/** What follows the data blocks of a table that has these: an empty index of others, the index of data, and the footer. */
export function endOfTable (blocks: ReadonlyArray<{ handle: BlockHandle, lastKey: Uint8Array }>, offset: number): Buffer {
  const others = blockOf([])
  const data = blockOf(blocks.map(({ handle, lastKey }) => ({ key: lastKey, value: varints(handle.offset, handle.size) })))
  const handles = Buffer.concat([
    varints(offset, others.length - TRAILER_BYTES),
    varints(offset + others.length, data.length - TRAILER_BYTES),
  ])
  return Buffer.concat([others, data, handles, Buffer.alloc(HANDLES_BYTES - handles.length), MAGIC])
}

/** A block as it stands in a file, with its trailer, and with every key whole. */
export function blockOf (entries: readonly Entry[]): Buffer {
  const parts: Uint8Array[] = []
  const restarts: number[] = []
  let at = 0
  for (const { key, value } of entries) {
    const head = varints(0, key.length, value.length)
    restarts.push(at)
    parts.push(head, key, value)
    at += head.length + key.length + value.length
  }
  if (restarts.length === 0) restarts.push(0)
  const tail = Buffer.alloc(4 * (restarts.length + 1) + TRAILER_BYTES)
  restarts.forEach((restart, i) => tail.writeUInt32LE(restart, 4 * i))
  tail.writeUInt32LE(restarts.length, 4 * restarts.length)
  const block = Buffer.concat([...parts, tail])
  const sumAt = block.length - 4
  block.writeUInt32LE(masked(crc32c(block, 0, sumAt)), sumAt)
  return block
}

function varints (...values: number[]): Buffer {
  const bytes: number[] = []
  for (let value of values) {
    for (; value >= 128; value = Math.floor(value / 128)) bytes.push((value % 128) + 128)
    bytes.push(value)
  }
  return Buffer.from(bytes)
}
