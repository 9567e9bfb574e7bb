/** Undoes Snappy's compression (google/snappy, format_description.txt), in which LevelDB keeps the blocks of its tables. */
import { ByteReader, MalformedError } from './byte-reader.ts'

/** Throws MalformedError for what is damaged, and for what says that it would be larger than `maxBytes`. */
export function unsnappy (compressed: Uint8Array, maxBytes: number): Uint8Array {
  const reader = new ByteReader(compressed)
  const length = reader.varint()
  if (length > maxBytes) throw new MalformedError(`${length} bytes uncompressed are too many`)
  const out = new Uint8Array(length)
  let at = 0
  while (!reader.done) {
    const tag = reader.byte()
    const kind = tag & 3
    if (kind === 0) {
      const literal = reader.take(1 + ((tag >>> 2) < 60 ? tag >>> 2 : littleEndian(reader, (tag >>> 2) - 59)))
      if (at + literal.length > length) throw new MalformedError('it is longer than it says')
      out.set(literal, at)
      at += literal.length
      continue
    }
    const count = kind === 1 ? 4 + ((tag >>> 2) & 7) : 1 + (tag >>> 2)
    const back = kind === 1 ? (tag >>> 5) * 256 + reader.byte() : littleEndian(reader, kind === 2 ? 2 : 4)
    if (back === 0 || back > at || at + count > length) throw new MalformedError('a copy of what is not there')
    // Byte by byte: a copy may go on into what it copies.
    for (const end = at + count; at < end; at++) out[at] = out[at - back] ?? 0
  }
  if (at !== length) throw new MalformedError('it is shorter than it says')
  return out
}

function littleEndian (reader: ByteReader, bytes: number): number {
  let value = 0
  for (let i = 0, factor = 1; i < bytes; i++, factor *= 256) value += reader.byte() * factor
  return value
}
