/** The hash that a definition pins its module to, as text: CIDv1, raw, sha2-256, base32. */
import { CID } from 'multiformats/cid'
import * as Digest from 'multiformats/hashes/digest'

const RAW = 0x55
const SHA2_256 = 0x12

export type CidReading = { ok: true, cid: string } | { ok: false, problem: string }

/** Reads a CID; one that does not name raw bytes by their sha2-256 is refused with the reason. */
export function readCid (text: string): CidReading {
  let cid: CID
  try {
    cid = CID.parse(text.trim())
  } catch {
    return { ok: false, problem: 'not a CID' }
  }
  if (cid.version !== 1) return { ok: false, problem: `a CID of version ${cid.version}` }
  if (cid.code !== RAW) return { ok: false, problem: `a CID with codec 0x${cid.code.toString(16)}` }
  if (cid.multihash.code !== SHA2_256 || cid.multihash.size !== 32) return { ok: false, problem: `a CID with hash 0x${cid.multihash.code.toString(16)}` }
  return { ok: true, cid: cid.toString() }
}

/** The CID of a module whose sha2-256 is `hex` (64 digits), or undefined when that is not what it is. */
export function cidOfSha256 (hex: string): string | undefined {
  const digits = hex.trim().replace(/^sha256:/i, '')
  if (!/^[0-9a-f]{64}$/i.test(digits)) return undefined
  const digest = Uint8Array.from({ length: 32 }, (_, i) => Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16))
  return cidOfDigest(digest)
}

/** The CID of a module's bytes. */
export async function cidOfBytes (bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return cidOfDigest(new Uint8Array(await globalThis.crypto.subtle.digest('SHA-256', bytes)))
}

function cidOfDigest (digest: Uint8Array): string {
  return CID.createV1(RAW, Digest.create(SHA2_256, digest)).toString()
}
