/** Text that a module hands to host functions for messages; never fails, whatever the pointer is. */
import type { Guest } from './guest.ts'

const MAX_MESSAGE_BYTES = 2000

/** UTF-8 that ends with NUL. */
export function cText (guest: Guest, pointer: number): string {
  if (guest.memoryBytes === 0) return ''
  const bytes = guest.bytes().subarray(pointer >>> 0, (pointer >>> 0) + MAX_MESSAGE_BYTES)
  const end = bytes.indexOf(0)
  return new TextDecoder().decode(bytes.slice(0, end < 0 ? bytes.length : end))
}

/** AssemblyScript strings are UTF-16 with their length in bytes 4 before the pointer. */
export function utf16Text (guest: Guest, pointer: number): string {
  const start = pointer >>> 0
  if (start < 4 || start > guest.memoryBytes) return ''
  const length = guest.view().getUint32(start - 4, true)
  return new TextDecoder('utf-16le').decode(guest.bytes().slice(start, start + Math.min(length, MAX_MESSAGE_BYTES)))
}
