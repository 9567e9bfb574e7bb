/**
 * Checks signatures with nothing but the PeerId of the signer: of an Ed25519 key, it holds the key itself (libp2p's peer-ids
 * specification). Without libp2p, so that a command that only checks starts fast.
 */
import { createPublicKey, verify, type KeyObject } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { base58btc } from 'multiformats/bases/base58'

/** Identity multihash of 36 bytes, and in it a protobuf: key type Ed25519, 32 bytes of key. */
const PEER_ID_HEAD = Buffer.from('002408011220', 'hex')
/** The same key as X.509 writes it (RFC 8410). */
const SPKI_HEAD = Buffer.from('302a300506032b6570032100', 'hex')
const KEY_BYTES = 32
const MAX_PEER_ID_CHARS = 64
const MAX_KEYS_KEPT = 256

const keys = new LRUCache<string, KeyObject>({ max: MAX_KEYS_KEPT })

/** The public key inside a PeerId; undefined for a text that is none of an Ed25519 key. */
function keyOf (peer: string): KeyObject | undefined {
  const known = keys.get(peer)
  if (known !== undefined || peer.length > MAX_PEER_ID_CHARS) return known
  let bytes
  try {
    bytes = base58btc.baseDecode(peer)
  } catch {
    return undefined
  }
  if (bytes.length !== PEER_ID_HEAD.length + KEY_BYTES || !PEER_ID_HEAD.equals(bytes.subarray(0, PEER_ID_HEAD.length))) return undefined
  const key = createPublicKey({ key: Buffer.concat([SPKI_HEAD, bytes.subarray(PEER_ID_HEAD.length)]), format: 'der', type: 'spki' })
  keys.set(peer, key)
  return key
}

/** True for the PeerId of an Ed25519 key, the only kind that nodes have. */
export function isPeerId (text: string): boolean {
  return keyOf(text) !== undefined
}

/** True when the key of `peer` made this signature (RFC 8032) over these bytes. */
export function isSignedBy (peer: string, bytes: Uint8Array, signature: Uint8Array): boolean {
  const key = keyOf(peer)
  return key !== undefined && verify(null, bytes, key, signature)
}
