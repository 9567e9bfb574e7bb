/**
 * The one CBOR encoder and decoder (RFC 8949), used on the wire and between a node and its sandboxes.
 * Integers keep all their bits: outside ±2^53 they are bigint. Equal values have equal bytes in `encodeCanonical`.
 */
import { Encoder, setSizeLimits } from 'cbor-x'
import { CorebrumError } from './errors.ts'
import { MAX_CBOR_ITEMS, MAX_VALUE_DEPTH } from './limits.ts'

// A header can claim 2^32 items in five bytes; cbor-x allocates what the header says.
setSizeLimits({ maxArraySize: MAX_CBOR_ITEMS, maxMapSize: MAX_CBOR_ITEMS, maxObjectSize: MAX_CBOR_ITEMS })

const codec = new Encoder({ useRecords: false, mapsAsObjects: true, tagUint8Array: false, variableMapSize: true })

/** CBOR bytes of a plain value. The bytes are the caller's own. */
export function encode (value: unknown): Uint8Array {
  return codec.encode(value)
}

/** The value of one whole CBOR item; throws ERR_PROTOCOL when it is damaged, too deep or has bytes behind it. */
export function decode (bytes: Uint8Array): unknown {
  try {
    return codec.decode(bytes)
  } catch (cause) {
    throw new CorebrumError('ERR_PROTOCOL', 'the bytes are not valid CBOR', { cause })
  }
}

/** Deterministic CBOR (RFC 8949, 4.2.1 by key order of UTF-16): for digests and comparison. */
export function encodeCanonical (value: unknown): Uint8Array {
  return codec.encode(sorted(value, 0))
}

function sorted (value: unknown, depth: number): unknown {
  if (depth > MAX_VALUE_DEPTH) throw new CorebrumError('ERR_INPUT', `the value is nested deeper than ${MAX_VALUE_DEPTH} levels`)
  if (Array.isArray(value)) return value.map((item) => sorted(item, depth + 1))
  // One form for each integer: number where it is exact, bigint beyond.
  if (typeof value === 'bigint' && value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER) return Number(value)
  if (value === null || typeof value !== 'object' || value instanceof Uint8Array) return value
  const entries = Object.entries(value).filter(([, item]) => item !== undefined)
  entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  return Object.fromEntries(entries.map(([key, item]) => [key, sorted(item, depth + 1)]))
}
