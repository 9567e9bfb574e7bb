/**
 * Makes LevelDB's repair pass over what is damaged in a log, which it takes as it is: an entry may stay whose writes can still
 * be told apart and have numbers of their own (LevelDB ends the process when two are the same); its values carry seals.
 */
import { ByteReader, MalformedError } from './byte-reader.ts'
import { HEADER_BYTES, partsOf, type LogPart } from './log-format.ts'

/** A part of this type, which there is not, is passed over with the entry that it belongs to. */
const NO_TYPE = 0xff
const TYPE_AT = 6
const PUT = 1

interface LogEntry { parts: LogPart[], isSound: boolean, numbers: { first: bigint, next: bigint } | undefined }

/** Changes `log`; how many entries of it were damaged. */
export function mendLog (log: Buffer): number {
  const entries = entriesIn(log)
  let damaged = 0
  // Numbers of those that follow.
  const firsts = entries.map(({ isSound, numbers }) => isSound ? numbers?.first : undefined)
  for (let i = firsts.length - 2; i >= 0; i--) firsts[i] ??= firsts[i + 1]
  let next = 0n
  for (const [index, { parts, isSound, numbers }] of entries.entries()) {
    if (!isSound) damaged++
    const limit = firsts[index + 1]
    const stays = isSound || (numbers !== undefined && numbers.first >= next && (limit === undefined || numbers.next <= limit))
    if (stays && numbers !== undefined) next = numbers.next
    if (!stays) for (const part of parts) passOver(log, part)
  }
  return damaged
}

function passOver (log: Buffer, { at, isBounded }: LogPart): void {
  if (isBounded) log[at + TYPE_AT] = NO_TYPE
  // A header of zeros: LevelDB goes on with the next block.
  else log.fill(0, at, at + HEADER_BYTES)
}

function entriesIn (log: Buffer): LogEntry[] {
  const entries: LogEntry[] = []
  let parts: LogPart[] = []
  const end = (isWhole: boolean): void => {
    if (parts.length > 0) entries.push(entryOf(parts, isWhole))
    parts = []
  }
  for (const part of partsOf(log)) {
    if (part.beginsEntry) end(false)
    parts.push(part)
    if (part.endsEntry) end(parts[0]?.beginsEntry === true)
  }
  return entries
}

function entryOf (parts: LogPart[], isWhole: boolean): LogEntry {
  const numbers = isWhole && parts.every(({ isBounded }) => isBounded) ? numbersOf(Buffer.concat(parts.map(({ data }) => data))) : undefined
  return { parts, isSound: isWhole && parts.every(({ isSound }) => isSound), numbers }
}

/** Numbers of the writes in an entry: [number of the first: u64, how many: u32, then each]; undefined when they are not that. */
function numbersOf (entry: Buffer): LogEntry['numbers'] {
  if (entry.length < 12) return undefined
  const first = entry.readBigUInt64LE(0)
  const count = entry.readUInt32LE(8)
  const reader = new ByteReader(entry, 12)
  try {
    let found = 0
    for (; !reader.done; found++) {
      const kind = reader.byte()
      if (kind > PUT) return undefined
      reader.take(reader.varint())
      if (kind === PUT) reader.take(reader.varint())
    }
    return found === count ? { first, next: first + BigInt(count) } : undefined
  } catch (error) {
    if (error instanceof MalformedError) return undefined
    throw error
  }
}
