/**
 * Values as they lie in the database: 4 bytes, big endian, then the body. The 4 bytes are the CRC-32 of the body, begun with
 * the hash of the key. LevelDB checks its table files only when asked, which its binding never does; so every value says by
 * itself whether it is whole, and where it belongs.
 */
import { crc32 } from 'node:zlib'

const CRC_BYTES = 4

/** FNV-1a of an ASCII key, 32 bits. */
export function keyHash (key: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193)
  return hash >>> 0
}

export function seal (key: string, body: Uint8Array): Uint8Array {
  const sealed = Buffer.allocUnsafe(CRC_BYTES + body.length)
  sealed.writeUInt32BE(crc32(body, keyHash(key)))
  sealed.set(body, CRC_BYTES)
  return sealed
}

/** The body, a view of what was given; undefined when it is damaged. */
export function unseal (key: string, sealed: Uint8Array): Uint8Array | undefined {
  if (sealed.length < CRC_BYTES) return undefined
  const body = sealed.subarray(CRC_BYTES)
  const stored = new DataView(sealed.buffer, sealed.byteOffset).getUint32(0)
  return crc32(body, keyHash(key)) === stored ? body : undefined
}
