/** Gossipsub messages written by hand, so that a test can send what no honest peer does. */
import type { PrivateKey } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { varint } from 'multiformats'

export interface HandMade {
  topic: string
  data: Uint8Array
  /** Signs; absent: the message is not signed. */
  key?: PrivateKey
  /** Named as the author; default the owner of the key. */
  author?: PrivateKey
  sequence?: number
}

/** One RPC with one message, behind its length. */
export async function gossipRpc ({ topic, data, key, author = key, sequence = 1 }: HandMade): Promise<Uint8Array> {
  const seqno = new Uint8Array(8)
  seqno[7] = sequence
  const message = Buffer.concat([
    ...(author === undefined ? [] : [field(1, peerIdFromPrivateKey(author).toMultihash().bytes)]),
    field(2, data),
    ...(author === undefined ? [] : [field(3, seqno)]),
    field(4, new TextEncoder().encode(topic)),
  ])
  const signature = key === undefined ? [] : [field(5, await key.sign(Buffer.concat([new TextEncoder().encode('libp2p-pubsub:'), message])))]
  return prefixed(field(2, Buffer.concat([message, ...signature])))
}

export function prefixed (bytes: Uint8Array): Uint8Array {
  return Buffer.concat([lengthOf(bytes.length), bytes])
}

export function lengthOf (value: number): Uint8Array {
  const bytes = new Uint8Array(varint.encodingLength(value))
  varint.encodeTo(value, bytes)
  return bytes
}

/** A protobuf field of bytes; numbers up to 15. */
function field (number: number, bytes: Uint8Array): Uint8Array {
  return Buffer.concat([Uint8Array.of(number << 3 | 2), lengthOf(bytes.length), bytes])
}
