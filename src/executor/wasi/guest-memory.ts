/** Checked access to the memory of a WASI program: every pointer comes from the module. */
import { MAX_WASI_PATH_BYTES } from '../../limits.ts'
import { utf8Text } from '../../task/utf8.ts'
import type { Guest } from '../abi/guest.ts'
import { Errno, fail } from './errno.ts'

export class GuestMemory {
  private readonly guest: Guest

  constructor (guest: Guest) {
    this.guest = guest
  }

  /** A view of the memory itself; good until the module runs again. */
  bytes (pointer: number, length: number): Uint8Array {
    const start = pointer >>> 0
    const size = length >>> 0
    if (start + size > this.guest.memoryBytes) fail(Errno.FAULT)
    this.guest.fuel?.chargeBytes(size)
    return new Uint8Array(this.guest.memory.buffer, start, size)
  }

  view (pointer: number, length: number): DataView {
    const bytes = this.bytes(pointer, length)
    return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  setU32 (pointer: number, value: number): void {
    this.view(pointer, 4).setUint32(0, value, true)
  }

  setU64 (pointer: number, value: bigint): void {
    this.view(pointer, 8).setBigUint64(0, value, true)
  }

  /** The buffers of an `iovec` array. */
  vectors (pointer: number, count: number): Uint8Array[] {
    const size = (count >>> 0) * 8
    if (size > this.guest.memoryBytes) fail(Errno.FAULT)
    const table = this.view(pointer, size)
    const buffers: Uint8Array[] = []
    for (let at = 0; at < size; at += 8) buffers.push(this.bytes(table.getUint32(at, true), table.getUint32(at + 4, true)))
    return buffers
  }

  path (pointer: number, length: number): string {
    if (length >>> 0 > MAX_WASI_PATH_BYTES) fail(Errno.NAMETOOLONG)
    const text = utf8Text(this.bytes(pointer, length)) ?? fail(Errno.ILSEQ)
    return text.includes('\0') ? fail(Errno.INVAL) : text
  }

  /** An array of pointers and the NUL-terminated strings they point to. */
  strings (items: Uint8Array[], pointers: number, buffer: number): void {
    let at = buffer >>> 0
    items.forEach((item, index) => {
      this.setU32((pointers >>> 0) + 4 * index, at)
      this.bytes(at, item.length).set(item)
      at += item.length
    })
  }
}
