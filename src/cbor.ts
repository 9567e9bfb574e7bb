/**
 * The one CBOR encoder and decoder (RFC 8949), used on the wire and between a node and its sandboxes.
 * Integers keep all their bits: outside ±2^53 they are bigint. Equal values have equal bytes in `encodeCanonical`.
 * A number that is whole but needs more than 32 bits is written as a float, which holds it exactly; both forms are read.
 */
import { Decoder, Encoder, setSizeLimits } from 'cbor-x'
import { checkCbor } from './cbor-check.ts'
import { CorebrumError } from './errors.ts'
import { MAX_CBOR_DEPTH, MAX_CBOR_ITEMS, MAX_FRAME_ITEMS } from './limits.ts'

declare module 'cbor-x' {
  interface Encoder {
    /** Part of its interface, and not of its types: what is encoded from now on goes there. */
    useBuffer (buffer: Uint8Array): void
  }
}

setSizeLimits({ maxArraySize: MAX_FRAME_ITEMS, maxMapSize: MAX_CBOR_ITEMS, maxObjectSize: MAX_CBOR_ITEMS })

/** cbor-x writes into one buffer for a while, which grows to several times the largest value and then stays. */
const LARGE_BYTES = 1024 * 1024
const FIRST_BUFFER_BYTES = 8192

const encoder = new Encoder({ useRecords: false, mapsAsObjects: true, tagUint8Array: false, variableMapSize: true })
// Byte strings are copied: a view of a few bytes, kept with a result, would keep its whole frame in memory.
const decoder = new Decoder({ useRecords: false, mapsAsObjects: true, copyBuffers: true })

export interface DecodeOptions {
  /** Values inside of it, at most; default MAX_FRAME_ITEMS. */
  maxItems?: number
}

/** CBOR bytes of a plain value. The bytes are the caller's own. */
export function encode (value: unknown): Uint8Array {
  const bytes = encoder.encode(value)
  if (bytes.length > LARGE_BYTES) encoder.useBuffer(Buffer.allocUnsafeSlow(FIRST_BUFFER_BYTES))
  return bytes
}

/**
 * The value of one whole CBOR item. Throws ERR_PROTOCOL when it is damaged, too deep, has too many values or bytes behind
 * it, or holds what no value is: tags other than big integers, map keys that are not text (see cbor-check.ts).
 */
export function decode (bytes: Uint8Array, { maxItems = MAX_FRAME_ITEMS }: DecodeOptions = {}): unknown {
  const wide = checkCbor(bytes, maxItems)
  try {
    // A Buffer would give Buffers; and cbor-x leaves a property on the array that it reads.
    const value: unknown = decoder.decode(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength))
    return wide ? narrowed(value) : value
  } catch (cause) {
    throw new CorebrumError('ERR_PROTOCOL', 'the bytes are not valid CBOR', { cause })
  }
}

/** Deterministic CBOR: equal values, whatever the order of their fields and the bits of a NaN, have equal bytes. For digests and comparison. Throws ERR_INPUT beyond MAX_CBOR_DEPTH. */
export function encodeCanonical (value: unknown): Uint8Array {
  return encode(sorted(value, 0))
}

/** An integer has one form, in bytes of any width: number where that is exact, bigint beyond. */
function plainInteger (value: bigint): number | bigint {
  return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value
}

function narrowed (value: unknown): unknown {
  if (typeof value === 'bigint') return plainInteger(value)
  if (value === null || typeof value !== 'object' || value instanceof Uint8Array) return value
  if (Array.isArray(value)) return value.map(narrowed)
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, narrowed(item)]))
}

function sorted (value: unknown, depth: number): unknown {
  if (depth > MAX_CBOR_DEPTH) throw new CorebrumError('ERR_INPUT', `the value is nested deeper than ${MAX_CBOR_DEPTH} levels`)
  if (Array.isArray(value)) return value.map((item) => sorted(item, depth + 1))
  if (typeof value === 'bigint') return plainInteger(value)
  // A NaN that a module computed keeps its own bits until it is replaced.
  if (typeof value === 'number') return Number.isNaN(value) ? NaN : value
  if (value === null || typeof value !== 'object' || value instanceof Uint8Array) return value
  const entries = Object.entries(value).filter(([, item]) => item !== undefined)
  entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  return Object.fromEntries(entries.map(([key, item]) => [key, sorted(item, depth + 1)]))
}
