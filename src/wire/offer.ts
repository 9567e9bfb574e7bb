/**
 * Offers: gossiped hints that a submitter has tasks to run. They hold no inputs, no module bytes and no secrets.
 * On the gossip topic one message is one offer; on `/corebrum/offers/1.0.0` each message of a frame is one.
 *
 *   offer = [1, digest: bstr .size 32, tasks: uint, cid: tstr, size: uint, memory: uint, net: bool, fs: bool,
 *            chance: float, addresses: [* tstr], issued: uint, ttl: uint, ? placement]
 *
 * `memory` is in bytes, 0 where the task sets no limit; `chance` is the probability, 0 to 1, with which a worker
 * should answer; `issued` is the submitter's clock in Unix milliseconds: with the author it tells repeats apart,
 * and it is compared with nobody else's clock; `ttl` is milliseconds from when the offer is heard; `placement` says which workers
 * are meant, see placement.ts.
 */
import { MAX_MEMORY_LIMIT_BYTES, MAX_MODULE_BYTES, MAX_OFFER_BYTES, MAX_OPEN_TASKS, OFFER_TTL_MS } from '../limits.ts'
import { CorebrumError } from '../errors.ts'
import { decode, encode } from '../cbor.ts'
import { placementKey, type Placement } from '../task/policy.ts'
import { placementFromWire, placementToWire } from './placement.ts'
import { asAmount, asArray, asBoolean, asBytes, asInteger, asText, asTexts, broken, uint } from './shape.ts'

export const OFFER_VERSION = 1
const MAX_ADDRESSES = 16

export interface Offer {
  /** Hex digest of the program that the tasks run. */
  digest: string
  /** Tasks that wait. */
  tasks: number
  cid: string
  moduleBytes: number
  /** 0: no limit of its own. */
  memoryLimitBytes: number
  networking: boolean
  fileSystem: boolean
  chance: number
  addresses: string[]
  issuedAtMs: number
  ttlMs: number
  /** Absent: any worker will do. */
  placement?: Placement | undefined
}

/** Offers of one author that agree in it are one offer that is repeated. */
export function offerKey ({ digest, placement }: Pick<Offer, 'digest' | 'placement'>): string {
  return placement === undefined ? digest : digest + placementKey(placement)
}

export function offerToWire (offer: Offer): unknown[] {
  const placement = offer.placement === undefined ? undefined : placementToWire(offer.placement)
  return [OFFER_VERSION, Buffer.from(offer.digest, 'hex'), offer.tasks, offer.cid, offer.moduleBytes, uint(offer.memoryLimitBytes),
    offer.networking, offer.fileSystem, offer.chance, offer.addresses.slice(0, MAX_ADDRESSES), uint(offer.issuedAtMs), offer.ttlMs, ...(placement === undefined ? [] : [placement])]
}

/** Throws ERR_PROTOCOL when any field breaks the layout above. */
export function offerFromWire (raw: unknown): Offer {
  const f = asArray(raw, 'offer', 1)
  if (f[0] !== OFFER_VERSION) throw new CorebrumError('ERR_PROTOCOL', `offer version ${String(f[0])} is not supported, only ${OFFER_VERSION}`)
  if (f.length < 12) throw broken('offer')
  const chance = asAmount(f[8], 'offer.chance')
  if (chance > 1) throw broken('offer.chance')
  const placement = placementFromWire(f[12], 'offer.placement')
  return {
    digest: Buffer.from(asBytes(f[1], 'offer.digest', 32, 32)).toString('hex'),
    tasks: asInteger(f[2], 'offer.tasks', 1, MAX_OPEN_TASKS),
    cid: asText(f[3], 'offer.cid', 128),
    moduleBytes: asInteger(f[4], 'offer.size', 0, MAX_MODULE_BYTES),
    memoryLimitBytes: asInteger(f[5], 'offer.memory', 0, MAX_MEMORY_LIMIT_BYTES),
    networking: asBoolean(f[6], 'offer.net'),
    fileSystem: asBoolean(f[7], 'offer.fs'),
    chance,
    addresses: asTexts(f[9], 'offer.addresses', MAX_ADDRESSES, 256),
    issuedAtMs: asInteger(f[10], 'offer.issued', 0, Number.MAX_SAFE_INTEGER),
    ttlMs: asInteger(f[11], 'offer.ttl', 1, OFFER_TTL_MS),
    ...(placement !== undefined && { placement }),
  }
}

export function encodeOffer (offer: Offer): Uint8Array {
  return encode(offerToWire(offer))
}

export function decodeOffer (bytes: Uint8Array): Offer {
  if (bytes.length > MAX_OFFER_BYTES) throw new CorebrumError('ERR_FRAME_TOO_LARGE', `an offer of ${bytes.length} bytes is over the limit of ${MAX_OFFER_BYTES}`)
  return offerFromWire(decode(bytes))
}
