/** Strings to and from memory in the three encodings that a component may use. */
import type { CallContext } from './context.ts'
import { trap } from './values.ts'

const UTF16_TAG = 2 ** 31
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const utf16 = new TextDecoder('utf-16le', { fatal: true, ignoreBOM: true })
const encoder = new TextEncoder()

/** The string at `pointer` with `units` code units, the tag of latin1+utf16 among them. */
export function loadString (cx: CallContext, pointer: number, units: number): string {
  const count = units >>> 0
  switch (cx.host.encoding) {
    case 'utf8': return decoded(utf8, cx, pointer, count, 1)
    case 'utf16': return decoded(utf16, cx, pointer, count * 2, 2)
    case 'latin1+utf16':
      if (count >= UTF16_TAG) return decoded(utf16, cx, pointer, (count - UTF16_TAG) * 2, 2)
      return Buffer.from(stringBytes(cx, pointer, count, 2)).toString('latin1')
  }
}

function decoded (decoder: typeof utf8, cx: CallContext, pointer: number, length: number, align: number): string {
  const bytes = stringBytes(cx, pointer, length, align)
  try {
    return decoder.decode(bytes)
  } catch {
    throw trap(`a string is not ${decoder.encoding.toUpperCase()}`)
  }
}

function stringBytes (cx: CallContext, pointer: number, length: number, align: number): Uint8Array {
  const start = cx.requireRange(pointer, cx.listBytes(length, 1), align)
  cx.spendBytes(length)
  return cx.bytes(start, length)
}

/** Puts the string into newly allocated memory. Expects it to be well-formed. */
export function storeString (cx: CallContext, text: string): { pointer: number, units: number } {
  switch (cx.host.encoding) {
    case 'utf8': {
      const bytes = encoder.encode(text)
      return { pointer: place(cx, bytes, 1), units: bytes.length }
    }
    case 'utf16': return { pointer: place(cx, Buffer.from(text, 'utf16le'), 2), units: text.length }
    case 'latin1+utf16': {
      const narrow = isLatin1(text)
      const pointer = place(cx, Buffer.from(text, narrow ? 'latin1' : 'utf16le'), 2)
      return { pointer, units: narrow ? text.length : text.length + UTF16_TAG }
    }
  }
}

function place (cx: CallContext, bytes: Uint8Array, align: number): number {
  const pointer = cx.allocate(align, cx.listBytes(bytes.length, 1))
  cx.bytes(pointer, bytes.length).set(bytes)
  return pointer
}

function isLatin1 (text: string): boolean {
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) > 0xff) return false
  return true
}
