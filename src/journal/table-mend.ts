/**
 * Makes a damaged table one that LevelDB can read: with all blocks that are sound, where they are, what else may be right in
 * blocks of its own, and a new index. Where the old index is damaged, blocks are found by their checksums.
 */
import { MalformedError } from './byte-reader.ts'
import { endOfSummed } from './crc32c.ts'
import { unseal } from './sealed.ts'
import { blockOf, endOfTable, entriesOf, footerOf, handleOf, isSound, TRAILER_BYTES, type BlockHandle, type Entry } from './table-format.ts'

/** Where no block begins that is known, one that is larger is not looked for. */
const SEARCHED_BLOCK_BYTES = 8 * 1024
/** Bytes that the search for blocks sums up behind damaged ones, in one file: a few of usual size, and some seconds. */
const SEARCH_BYTES = 128 * 1024 * 1024
/** LevelDB's own part of a key: number of the write, and whether it put or deleted. */
const TAG_BYTES = 8
const DELETED = 0
const PUT = 1

export interface MendedTable {
  /** Undefined when nothing in it can be read. */
  file: Buffer | undefined
  /** Damaged stretches; more than one row may have been in each. */
  damaged: number
}

/** A block, and the last key that may be in it, when that is known. */
interface Candidate { handle: BlockHandle, separator?: Uint8Array }

export function mendTable (file: Buffer): MendedTable {
  const blocks: Array<{ handle: BlockHandle, lastKey: Uint8Array }> = []
  const rescued: Buffer[] = []
  let damaged = 0
  let size = file.length
  let end = 0
  for (const { handle, separator } of indexed(file) ?? searched(file)) {
    const before = blocks.at(-1)?.lastKey
    const sound = isSound(file, handle)
    if (!sound || handle.offset > end) damaged++
    end = handle.offset + handle.size + TRAILER_BYTES
    const entries = sound ? ownEntries(file, handle) : separator === undefined ? [] : orderedEntries(file, handle, before, separator)
    const lastKey = entries.at(-1)?.key
    if (lastKey === undefined) continue
    if (sound) {
      blocks.push({ handle, lastKey })
      continue
    }
    const block = blockOf(entries)
    rescued.push(block)
    blocks.push({ handle: { offset: size, size: block.length - TRAILER_BYTES }, lastKey })
    size += block.length
  }
  return { file: blocks.length === 0 ? undefined : Buffer.concat([file, ...rescued, endOfTable(blocks, size)]), damaged: Math.max(1, damaged) }
}

/** Blocks as the index has them; undefined when it cannot be read. */
function indexed (file: Buffer): Candidate[] | undefined {
  try {
    const { data } = footerOf(file)
    return isSound(file, data) ? entriesOf(file, data).map(({ key, value }) => ({ handle: handleOf(value), separator: key })) : undefined
  } catch (error) {
    if (error instanceof MalformedError) return undefined
    throw error
  }
}

/** What a sound block of data holds; none when these are not our rows: an index looks like data, but its values carry no seal. */
function ownEntries (file: Buffer, handle: BlockHandle): Entry[] {
  const entries = readable(file, handle)
  return entries.some(isRow) ? entries : []
}

/**
 * What may be right of a damaged block: rows in the order of their keys between those of the blocks around it. A value that
 * is wrong is found by its seal; it is kept, so that no older one takes its place.
 */
function orderedEntries (file: Buffer, handle: BlockHandle, before: Uint8Array | undefined, separator: Uint8Array): Entry[] {
  let last = before
  return readable(file, handle).filter(({ key }) => {
    const fits = key.length >= TAG_BYTES && (key[key.length - TAG_BYTES] ?? 0) <= PUT && isBefore(last, key) && !isBefore(separator, key)
    if (fits) last = key
    return fits
  })
}

function readable (file: Buffer, handle: BlockHandle): Entry[] {
  try {
    return entriesOf(file, handle)
  } catch (error) {
    if (error instanceof MalformedError) return []
    throw error
  }
}

/** LevelDB's order: by the user's key, and of the same one the newest first. */
function isBefore (a: Uint8Array | undefined, b: Uint8Array): boolean {
  if (a === undefined) return true
  const order = Buffer.compare(a.subarray(0, -TAG_BYTES), b.subarray(0, -TAG_BYTES))
  return order < 0 || (order === 0 && tagOf(a) > tagOf(b))
}

function tagOf (key: Uint8Array): bigint {
  return new DataView(key.buffer, key.byteOffset + key.length - TAG_BYTES).getBigUint64(0, true)
}

/** Blocks of any kind, found one after the other, and behind a damaged one byte by byte. */
function * searched (file: Buffer): Generator<Candidate> {
  let effort = file.length + SEARCH_BYTES
  let known = true
  for (let offset = 0; offset + TRAILER_BYTES < file.length && effort > 0;) {
    const limit = known ? file.length : Math.min(file.length, offset + SEARCHED_BLOCK_BYTES)
    // It ends where its checksum does, behind the byte that says whether it is compressed.
    const end = endOfSummed(file, offset, limit, 1)
    effort -= (end ?? limit) - offset
    if (end === undefined) {
      known = false
      offset++
      continue
    }
    const handle = { offset, size: end - 1 - offset }
    yield { handle }
    known = true
    offset += handle.size + TRAILER_BYTES
  }
}

function isRow ({ key, value }: Entry): boolean {
  const at = key.length - TAG_BYTES
  if (at < 0) return false
  if (key[at] === DELETED) return value.length === 0
  return unseal(Buffer.from(key.subarray(0, at)).toString('latin1'), value) !== undefined
}
