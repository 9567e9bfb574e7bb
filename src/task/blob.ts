/** Large values as bytes of their own: which values leave a message, and how each is written and read. Pure. */
import { decode, encode } from '../cbor.ts'
import { CorebrumError } from '../errors.ts'
import { INLINE_VALUE_BYTES, MAX_CBOR_ITEMS, MAX_INLINE_BYTES, MAX_INPUTS } from '../limits.ts'
import { approximateBytes } from './size.ts'
import { utf8Text } from './utf8.ts'
import { valueFault, type Value } from './values.ts'

/** How a value's bytes are read: as they are, as UTF-8, or as CBOR. */
export const BLOB_FORMS = ['bytes', 'text', 'value'] as const
export type BlobForm = typeof BLOB_FORMS[number]

/** A value by content. */
export interface BlobRef {
  /** CIDv1, raw, sha2-256, base32. */
  cid: string
  /** Bytes. */
  size: number
  form: BlobForm
}

/** Values that no message carries at the moment; `undefined` stands for one that was not given. */
export type Entries<K> = Array<[K, Value | undefined]>

export interface ValueBytes<K> {
  key: K
  form: BlobForm
  bytes: Uint8Array
}

/** Bytes that stand for a value, and nothing else does. */
export function toBytes (value: Value): { form: BlobForm, bytes: Uint8Array } {
  if (value instanceof Uint8Array) return { form: 'bytes', bytes: value }
  if (typeof value === 'string') return { form: 'text', bytes: new TextEncoder().encode(value) }
  return { form: 'value', bytes: encode(value) }
}

/** The value that a peer's bytes stand for. Throws ERR_PROTOCOL when they stand for none, or for one with more than `maxItems` values inside. */
export function fromBytes (form: BlobForm, bytes: Uint8Array, maxItems = MAX_CBOR_ITEMS): Value {
  switch (form) {
    // What JSON makes of a Buffer is no value.
    case 'bytes': return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
    case 'text': return textOf(bytes)
    case 'value': {
      const value = decode(bytes, { maxItems: Math.min(maxItems, MAX_CBOR_ITEMS) })
      if (isValue(value)) return value
      throw new CorebrumError('ERR_PROTOCOL', 'the bytes of a large value hold something that is no value')
    }
  }
}

/** True when all of the values fit into a message as they are. Rough and cheap: small tasks go no further. */
export function areSmall (values: Iterable<Value | undefined>): boolean {
  let bytes = 0
  for (const value of values) if ((bytes += approximateBytes(value)) > INLINE_VALUE_BYTES) return false
  return true
}

/**
 * The values that must travel beside their message, as bytes: those over INLINE_VALUE_BYTES, then the largest, MAX_INPUTS in
 * all, until the rest fits. `rest` is what does not fit even then: many small ones.
 */
export function takeLarge<K> (entries: Entries<K>): { large: Array<ValueBytes<K>>, rest: number } {
  const sized = entries.flatMap(([key, value]) => value === undefined ? [] : [{ key, value, size: encodedBytes(value) }])
  sized.sort((a, b) => b.size - a.size)
  let left = sized.reduce((sum, { size }) => sum + size, 0)
  const large: Array<ValueBytes<K>> = []
  for (const { key, value, size } of sized) {
    if (large.length === MAX_INPUTS || (size <= INLINE_VALUE_BYTES && left <= MAX_INLINE_BYTES)) break
    large.push({ key, ...toBytes(value) })
    left -= size
  }
  return { large, rest: left <= MAX_INLINE_BYTES ? 0 : left }
}

/** Size of a value in CBOR, to a few bytes. */
export function encodedBytes (value: Value | undefined): number {
  if (value instanceof Uint8Array) return value.length + HEAD_BYTES
  if (typeof value === 'string') return utf8Bytes(value) + HEAD_BYTES
  return encode(value).length
}

const HEAD_BYTES = 5

function utf8Bytes (text: string): number {
  let bytes = text.length
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit > 0x7f) bytes += unit > 0x7ff && (unit < 0xd800 || unit > 0xdfff) ? 2 : 1
  }
  return bytes
}

function textOf (bytes: Uint8Array): string {
  const text = utf8Text(bytes)
  if (text === undefined) throw new CorebrumError('ERR_PROTOCOL', 'the bytes of a large text are not UTF-8')
  return text
}

function isValue (value: unknown): value is Value {
  return valueFault(value) === undefined
}
