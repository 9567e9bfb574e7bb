/** CRC-32C (Castagnoli, RFC 3720, appendix B.4), of which Node has none, and the form in which LevelDB stores it. */

const POLYNOMIAL = 0x82f63b78
const MASK_DELTA = 0xa282ead8

/** What each byte does to the sum; the k-th table, what it does k bytes later. */
const [T0, T1, T2, T3] = tables()

function tables (): [Uint32Array, Uint32Array, Uint32Array, Uint32Array] {
  const first = Uint32Array.from({ length: 256 }, (_, byte) => {
    let crc = byte
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1
    return crc
  })
  const after = (table: Uint32Array): Uint32Array => table.map((crc) => (crc >>> 8) ^ (first[crc & 0xff] ?? 0))
  const second = after(first)
  const third = after(second)
  return [first, second, third, after(third)]
}

/** Of the bytes from `from` to below `to`, which must lie in `bytes`. */
export function crc32c (bytes: Uint8Array, from: number, to: number): number {
  let crc = ~0
  let at = from
  for (; at + 4 <= to; at += 4) {
    crc ^= (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24)
    crc = (T3[crc & 0xff] ?? 0) ^ (T2[(crc >>> 8) & 0xff] ?? 0) ^ (T1[(crc >>> 16) & 0xff] ?? 0) ^ (T0[crc >>> 24] ?? 0)
  }
  for (; at < to; at++) crc = (crc >>> 8) ^ (T0[(crc ^ (bytes[at] ?? 0)) & 0xff] ?? 0)
  return ~crc >>> 0
}

/** Where bytes from `from` end that are followed by their own sum as it is stored, and of which the last is at most `maxLast`; undefined when they do not by `limit`. */
export function endOfSummed (bytes: Buffer, from: number, limit: number, maxLast: number): number | undefined {
  let crc = ~0
  for (let at = from; at + 5 <= limit; at++) {
    const byte = bytes[at] ?? 0
    crc = (crc >>> 8) ^ (T0[(crc ^ byte) & 0xff] ?? 0)
    if (byte <= maxLast && masked(~crc >>> 0) === bytes.readUInt32LE(at + 1)) return at + 1
  }
  return undefined
}

/** As it is stored: a sum over bytes that hold sums themselves would be weak. */
export function masked (crc: number): number {
  return (((crc >>> 15) | (crc << 17)) + MASK_DELTA) >>> 0
}
