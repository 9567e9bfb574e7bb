/**
 * Looks through CBOR bytes before anything is built from them: cbor-x also decodes records, shared references, packed
 * values, regular expressions and indefinite lengths, and hostile bytes turn these into endless work or memory.
 * What passes is one whole item of numbers, big integers, texts, byte strings, arrays, maps with text keys, true, false,
 * null and undefined.
 */
import { CorebrumError } from './errors.ts'
import { MAX_BIGINT_BYTES, MAX_CBOR_DEPTH } from './limits.ts'

const UINT = 0
const NEGATIVE = 1
const BYTES = 2
const TEXT = 3
const ARRAY = 4
const MAP = 5
const TAG = 6

/** Tags 2 and 3 of RFC 8949, 3.4.3. */
const POSITIVE_BIGINT = 2
const NEGATIVE_BIGINT = 3

/** cbor-x would rename this key; no honest sender has it. */
const FORBIDDEN_KEY = new TextEncoder().encode('__proto__')

// One check at a time: no call of this file leaves it before it is done.
const itemsLeft = new Float64Array(MAX_CBOR_DEPTH)
const isMap = new Uint8Array(MAX_CBOR_DEPTH)

/**
 * Throws ERR_PROTOCOL unless `bytes` are exactly one allowed item with at most `maxItems` values inside.
 * True when integers of 64 bits or more are among them.
 */
export function checkCbor (bytes: Uint8Array, maxItems: number): boolean {
  const { length } = bytes
  let position = 0
  let depth = 0
  let items = 0
  let bigint = false
  let wide = false
  while (true) {
    if (position >= length) throw refused('they end too early')
    const head = bytes[position++] ?? 0
    const major = head >> 5
    const info = head & 0x1f
    let argument = info
    if (info >= 24) {
      if (info > 27) throw refused('an item of indefinite length')
      const end = position + 2 ** (info - 24)
      if (end > length) throw refused('they end too early')
      for (argument = 0; position < end; position++) argument = argument * 256 + (bytes[position] ?? 0)
    }
    if (bigint && (major !== BYTES || argument > MAX_BIGINT_BYTES)) throw refused(`an integer of more than ${MAX_BIGINT_BYTES} bytes`)
    bigint = false
    const key = depth > 0 && isMap[depth - 1] === 1 && (itemsLeft[depth - 1] ?? 0) % 2 === 0
    if (key && major !== TEXT) throw refused('a map key that is not text')
    let inside = 0
    switch (major) {
      case UINT: case NEGATIVE:
        if (info === 27) wide = true
        break
      case BYTES: case TEXT:
        if (argument > length - position) throw refused('they end too early')
        if (key && argument === FORBIDDEN_KEY.length && FORBIDDEN_KEY.every((byte, i) => bytes[position + i] === byte)) throw refused('the map key __proto__')
        position += argument
        break
      case ARRAY: case MAP:
        inside = major === MAP ? argument * 2 : argument
        // Each item takes a byte at least: a header cannot claim more of them than there are bytes.
        if (inside > length - position) throw refused('they end too early')
        break
      case TAG:
        if (info !== POSITIVE_BIGINT && info !== NEGATIVE_BIGINT) throw refused(`the tag ${argument}`)
        bigint = wide = true
        continue
      default:
        // Simple values other than false, true, null and undefined; 25 to 27 are the three sizes of floats.
        if (info < 20 || info === 24) throw refused(`the simple value ${argument}`)
    }
    if (++items > maxItems) throw refused(`more than ${maxItems} values`)
    if (inside > 0) {
      if (depth === MAX_CBOR_DEPTH) throw refused(`more than ${MAX_CBOR_DEPTH} levels`)
      itemsLeft[depth] = inside
      isMap[depth++] = major === MAP ? 1 : 0
      continue
    }
    while (depth > 0) {
      const left = (itemsLeft[depth - 1] ?? 0) - 1
      itemsLeft[depth - 1] = left
      if (left > 0) break
      depth--
    }
    if (depth > 0) continue
    if (position < length) throw refused('bytes behind the item')
    return wide
  }
}

function refused (what: string): CorebrumError {
  return new CorebrumError('ERR_PROTOCOL', `the bytes are not CBOR that is allowed here: ${what}`)
}
