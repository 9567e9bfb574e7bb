/**
 * Bytes that only one peer can open: HPKE in base mode (RFC 9180: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM) for
 * the recipient's Ed25519 key, taken to the Montgomery side of the same curve (RFC 7748, section 4.1).
 *
 *   sealed = encapsulated key: 32 bytes, then ciphertext and tag
 */
import { Aes256Gcm, CipherSuite, HkdfSha256 } from '@hpke/core'
import { DhkemX25519HkdfSha256 } from '@hpke/dhkem-x25519'
import type { PrivateKey, PublicKey } from '@libp2p/interface'
import { edwardsToMontgomeryPriv, edwardsToMontgomeryPub } from '@noble/curves/ed25519'
import { CorebrumError } from '../errors.ts'

const ENCAPSULATED_BYTES = 32
const SEED_BYTES = 32
/** What the bytes are for: those sealed for another use of the same key do not open here. */
const INFO = new TextEncoder().encode('corebrum letter 1')

const suite = new CipherSuite({ kem: new DhkemX25519HkdfSha256(), kdf: new HkdfSha256(), aead: new Aes256Gcm() })

/** `peer` is the name of who has the key, for messages. Rejects with ERR_PROTOCOL where nothing can be sealed for it. */
export async function sealFor (peer: string, key: PublicKey | undefined, bytes: Uint8Array): Promise<Uint8Array> {
  if (key?.type !== 'Ed25519') throw new CorebrumError('ERR_PROTOCOL', `nothing can be sealed for the peer ${peer}: it has no Ed25519 key`)
  try {
    const recipientPublicKey = await suite.kem.deserializePublicKey(edwardsToMontgomeryPub(key.raw))
    const { enc, ct } = await suite.seal({ recipientPublicKey, info: INFO }, bytes)
    return Buffer.concat([new Uint8Array(enc), new Uint8Array(ct)])
  } catch (cause) {
    throw new CorebrumError('ERR_PROTOCOL', `nothing can be sealed for the peer ${peer}: its key is no point of the curve`, { cause })
  }
}

/** Rejects with ERR_PROTOCOL when the bytes are damaged or not for this key, with ERR_CONFIG for a key that opens nothing. */
export async function unsealWith (key: PrivateKey, sealed: Uint8Array): Promise<Uint8Array> {
  if (key.type !== 'Ed25519') throw new CorebrumError('ERR_CONFIG', 'the key of this node is not an Ed25519 key, so that it can open no letters')
  try {
    const recipientKey = await suite.kem.deserializePrivateKey(edwardsToMontgomeryPriv(key.raw.subarray(0, SEED_BYTES)))
    const enc = sealed.subarray(0, ENCAPSULATED_BYTES)
    return new Uint8Array(await suite.open({ recipientKey, enc, info: INFO }, sealed.subarray(ENCAPSULATED_BYTES)))
  } catch (cause) {
    throw new CorebrumError('ERR_PROTOCOL', 'the letter is damaged, or was not sealed for this node', { cause })
  }
}
