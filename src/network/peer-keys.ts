/** What the keys of peers are good for besides connections: signatures, and letters that only one peer can open (sealing.ts). */
import type { PrivateKey, PublicKey } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import type { Network, SignaturePurpose } from './network.ts'

export type PeerKeys = Pick<Network, 'sign' | 'verify' | 'seal' | 'unseal'>

export function createPeerKeys (privateKey: PrivateKey): PeerKeys {
  return {
    sign: async (purpose, bytes) => await privateKey.sign(signedBytes(purpose, bytes)),
    verify: verifySignature,
    // Most nodes never need it, and it takes as long to load as a small command runs.
    seal: async (peer, bytes) => await (await import('./sealing.ts')).sealFor(peer, publicKeyOf(peer), bytes),
    unseal: async (sealed) => await (await import('./sealing.ts')).unsealWith(privateKey, sealed),
  }
}

/** Whether `peer` signed these bytes for this purpose; false also for what is no PeerId. Needs no network. */
async function verifySignature (peer: string, purpose: SignaturePurpose, bytes: Uint8Array, signature: Uint8Array): Promise<boolean> {
  try {
    return await publicKeyOf(peer)?.verify(signedBytes(purpose, bytes), signature) ?? false
  } catch {
    return false
  }
}

/** A text that is no PeerId, or one whose key does not fit into it, has none. */
export function publicKeyOf (peer: string): PublicKey | undefined {
  try {
    return peerIdFromString(peer).publicKey
  } catch {
    return undefined
  }
}

/** The purpose stands before what is signed, so that no signature can be shown as one over something else. */
function signedBytes (purpose: SignaturePurpose, bytes: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(`corebrum ${purpose} 1:`), bytes])
}
