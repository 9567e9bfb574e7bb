/**
 * A node's capability in the DHT, signed with the node's own key.
 *
 *   key    = "/corebrum/" PeerId
 *   record = [payload: bstr .cbor [1, issued: uint, capability], signature: bstr]
 *
 * The signature covers "corebrum capability 1:" and the payload. `issued` is the signer's clock in Unix
 * milliseconds; the largest wins.
 */
import type { PrivateKey } from '@libp2p/interface'
import { decode, encode } from '../cbor.ts'
import { CorebrumError } from '../errors.ts'
import { capabilityFromWire, capabilityToWire, type Capability } from '../wire/capability.ts'
import { asArray, asBytes, asInteger, uint } from '../wire/shape.ts'
import { publicKeyOf } from './peer-keys.ts'

const NAMESPACE = 'corebrum'
const PREFIX = `/${NAMESPACE}/`
const CONTEXT = new TextEncoder().encode('corebrum capability 1:')
/** Features and as many labels as a node may have. */
const MAX_RECORD_BYTES = 16 * 1024
const RECORD_VERSION = 1

interface CapabilityRecord { issuedAtMs: number, capability: Capability }

export function recordKey (peer: string): Uint8Array {
  return new TextEncoder().encode(`${PREFIX}${peer}`)
}

/** The record as it is put in the DHT; `issuedAtMs` is in Unix milliseconds, default now. */
export async function signRecord (key: PrivateKey, capability: Capability, issuedAtMs = Date.now()): Promise<Uint8Array> {
  const payload = encode([RECORD_VERSION, uint(issuedAtMs), capabilityToWire(capability)])
  return encode([payload, await key.sign(Buffer.concat([CONTEXT, payload]))])
}

/** Throws ERR_PROTOCOL unless the record is well formed and signed by `peer`. */
export async function openRecord (peer: string, bytes: Uint8Array): Promise<CapabilityRecord> {
  const { payload, signature, record } = parseRecord(bytes)
  const publicKey = publicKeyOf(peer)
  if (publicKey === undefined || !await publicKey.verify(Buffer.concat([CONTEXT, payload]), signature)) {
    throw new CorebrumError('ERR_PROTOCOL', `the capability record is not signed by ${peer}`)
  }
  return record
}

/** For kad-dht: keeps what is not a signed capability out of the DHT. */
export const validators = {
  async [NAMESPACE] (key: Uint8Array, value: Uint8Array): Promise<void> {
    const peer = new TextDecoder().decode(key).slice(PREFIX.length)
    if (!Buffer.from(recordKey(peer)).equals(key)) throw new CorebrumError('ERR_PROTOCOL', 'the key of a capability record does not name a peer')
    await openRecord(peer, value)
  },
}

/** For kad-dht: the newest of several records that passed the validator. */
export const selectors = {
  [NAMESPACE] (_key: Uint8Array, records: Uint8Array[]): number {
    const issued = records.map((bytes) => parseRecord(bytes).record.issuedAtMs)
    return issued.indexOf(Math.max(...issued))
  },
}

function parseRecord (bytes: Uint8Array): { payload: Uint8Array, signature: Uint8Array, record: CapabilityRecord } {
  const outer = asArray(bytes.length > MAX_RECORD_BYTES ? undefined : decode(bytes), 'capability record', 2)
  const payload = asBytes(outer[0], 'capability record', 1, MAX_RECORD_BYTES)
  const signature = asBytes(outer[1], 'capability record', 1, 256)
  const fields = asArray(decode(payload), 'capability record', 3)
  if (fields[0] !== RECORD_VERSION) throw new CorebrumError('ERR_PROTOCOL', `capability record version ${String(fields[0])} is not supported`)
  const record = { issuedAtMs: asInteger(fields[1], 'capability record', 0, Number.MAX_SAFE_INTEGER), capability: capabilityFromWire(fields[2]) }
  return { payload, signature, record }
}
