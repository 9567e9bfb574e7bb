/** Names of modules: CIDv1, raw codec, sha2-256, written in base32 (`bafkrei…`). Pure. */
import { createHash } from 'node:crypto'
import { CID } from 'multiformats/cid'
import * as Digest from 'multiformats/hashes/digest'
import { CorebrumError } from '../errors.ts'
import { readCid } from '../task/module-cid.ts'

const RAW = 0x55
const SHA2_256 = 0x12
const DIGEST_BYTES = 32
const MAX_SHOWN = 80

/** The CID of a module's bytes. */
export function cidOf (bytes: Uint8Array): string {
  return cidOfDigest(createHash('sha256').update(bytes).digest())
}

/** The CID of the module whose sha2-256 is `sha256`. Throws ERR_CID when that has not 32 bytes. */
export function cidOfDigest (sha256: Uint8Array): string {
  if (sha256.length !== DIGEST_BYTES) throw new CorebrumError('ERR_CID', `a sha256 has ${DIGEST_BYTES} bytes, this one has ${sha256.length}`)
  return CID.createV1(RAW, Digest.create(SHA2_256, sha256)).toString()
}

/** Checks a CID that somebody wrote, in any base, and returns it as this project writes it. Throws ERR_CID. */
export function parseCid (text: string): string {
  const reading = readCid(text)
  if (reading.ok) return reading.cid
  const shown = text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text
  throw new CorebrumError('ERR_CID', `"${shown}" is ${reading.problem}; a module's CID has version 1, codec raw and hash sha2-256, and begins with bafkrei`)
}

/** The sha2-256 that a CID holds. Throws ERR_CID. */
export function digestOfCid (text: string): Uint8Array {
  return CID.parse(parseCid(text)).multihash.digest
}

/** A CID's binary form, 36 bytes. Throws ERR_CID. */
export function bytesOfCid (text: string): Uint8Array {
  return CID.parse(parseCid(text)).bytes
}

/** The CID of a binary form. Throws ERR_CID. */
export function cidFromBytes (bytes: Uint8Array): string {
  try {
    return parseCid(CID.decode(bytes).toString())
  } catch (cause) {
    if (cause instanceof CorebrumError) throw cause
    throw new CorebrumError('ERR_CID', 'the bytes are not a CID in binary form', { cause })
  }
}
