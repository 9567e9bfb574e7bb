/** Checked access to the memory of a Go program: every address comes from the module. */
import { CorebrumError } from '../../../errors.ts'
import type { Guest } from '../guest.ts'
import { requireTextSize } from './operations.ts'

const decoder = new TextDecoder()
const TWO_32 = 0x1_0000_0000

export class GoMemory {
  private readonly guest: Guest
  private cached: DataView | undefined

  constructor (guest: Guest) {
    this.guest = guest
  }

  /** The whole memory, with `length` bytes at `address` in it; good until the module runs again. Throws ERR_POINTER. */
  view (address: number, length: number): DataView {
    const { buffer } = this.guest.memory
    if (this.cached?.buffer !== buffer) this.cached = new DataView(buffer)
    if (address < 0 || length < 0 || address + length > buffer.byteLength) {
      throw new CorebrumError('ERR_POINTER', `the module passed ${length} bytes at ${address} to its host; its memory ends at ${buffer.byteLength}`)
    }
    return this.cached
  }

  /** The bytes themselves, no copy. Throws ERR_POINTER. */
  bytes (address: number, length: number): Uint8Array {
    return new Uint8Array(this.view(address, length).buffer, address, length)
  }

  /** UTF-8; what is none reads as U+FFFD, as in JavaScript's own decoder. Throws ERR_POINTER, ERR_MEMORY_LIMIT. */
  text (address: number, length: number): string {
    requireTextSize(length)
    return decoder.decode(this.bytes(address, length))
  }

  /** A 64-bit integer as a number: addresses and lengths are far below 2^53. */
  int64 (address: number): number {
    const view = this.view(address, 8)
    return view.getUint32(address, true) + view.getInt32(address + 4, true) * TWO_32
  }

  setInt64 (address: number, value: number): void {
    const view = this.view(address, 8)
    view.setUint32(address, value, true)
    view.setInt32(address + 4, Math.floor(value / TWO_32), true)
  }
}
