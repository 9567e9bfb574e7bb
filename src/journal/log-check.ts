/**
 * Looks through LevelDB's write-ahead logs before they are opened: LevelDB leaves out what is damaged in them without a word.
 * Format: blocks of 32 KiB with records [masked CRC-32C over type and data: u32, length: u16, type: u8, data], little endian;
 * type 1 is a whole entry, 2, 3 and 4 are the first, a middle and the last part of one (LevelDB's doc/log_format.md).
 */
import { open, readdir } from 'node:fs/promises'
import { join } from 'node:path'

const BLOCK_BYTES = 32 * 1024
const HEADER_BYTES = 7
const READ_BYTES = 32 * BLOCK_BYTES
const WHOLE = 1
const FIRST = 2
const LAST = 4

/** What is wrong with the logs in `dir`, in words; undefined when nothing is. An entry that the end of its file cuts off is no fault: it was never promised. */
export async function damageOfLogs (dir: string): Promise<string | undefined> {
  for (const name of (await readdir(dir)).sort()) {
    if (!/^\d+\.log$/.test(name)) continue
    const at = await firstFault(join(dir, name))
    if (at !== undefined) return `the file ${name} is damaged at byte ${at}`
  }
  return undefined
}

async function firstFault (path: string): Promise<number | undefined> {
  const file = await open(path)
  try {
    const buffer = Buffer.allocUnsafe(READ_BYTES)
    const { size } = await file.stat()
    let inParts = false
    for (let start = 0; start < size;) {
      const { bytesRead } = await file.read(buffer, 0, Math.min(READ_BYTES, size - start), start)
      if (bytesRead === 0) return undefined
      for (let block = 0; block < bytesRead; block += BLOCK_BYTES) {
        const end = Math.min(block + BLOCK_BYTES, bytesRead)
        let at = block
        while (at + HEADER_BYTES <= end) {
          const length = buffer.readUInt16LE(at + 4)
          const type = buffer[at + 6] ?? 0
          const next = at + HEADER_BYTES + length
          const isTail = start + end === size
          // Cut off by a kill, or by the end of power: space that was given to the file and not yet written reads as zeros.
          if (isTail && (next > end || isZero(buffer, at, end))) return undefined
          const follows = type === WHOLE || type === FIRST ? !inParts : inParts
          if (next > end || type < WHOLE || type > LAST || !follows || unmask(buffer.readUInt32LE(at)) !== crc32c(buffer, at + 6, next)) return start + at
          inParts = type !== WHOLE && type !== LAST
          at = next
        }
      }
      start += bytesRead
    }
    return undefined
  } finally {
    await file.close()
  }
}

function isZero (bytes: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (bytes[i] !== 0) return false
  return true
}

function unmask (masked: number): number {
  const rotated = (masked - 0xa282ead8) >>> 0
  return ((rotated >>> 17) | (rotated << 15)) >>> 0
}

/** CRC-32C (Castagnoli, RFC 3720, appendix B.4), of which Node has none. */
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte
  for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1
  return crc
})

export function crc32c (bytes: Uint8Array, from: number, to: number): number {
  let crc = 0xffffffff
  for (let i = from; i < to; i++) crc = (crc >>> 8) ^ (TABLE[(crc ^ (bytes[i] ?? 0)) & 0xff] ?? 0)
  return (crc ^ 0xffffffff) >>> 0
}
