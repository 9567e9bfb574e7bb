/** The code section, read body by body as it arrives: of each its size and how many locals it declares. */
import type { ModuleInfo } from './module-info.ts'
import type { BinaryReader } from './reader.ts'
import { readValueType } from './types.ts'

const I32 = 0x7f
const I64 = 0x7e
const MAX_U32_BYTES = 5

export class FunctionBodies {
  private readonly reader: BinaryReader
  private readonly info: ModuleInfo
  private readonly features: Set<string>
  /** Bodies still to be read; not known before the section's first bytes are there. */
  private left: number | undefined

  /** `reader` is at the section's start; what the bodies tell goes into `info` and `features`. */
  constructor (reader: BinaryReader, info: ModuleInfo, features: Set<string>) {
    this.reader = reader
    this.info = info
    this.features = features
    info.codeBytes = reader.end - reader.offset
  }

  /** Reads the bodies that lie in the module's first `available` bytes; false when there are more. Throws ERR_MODULE_INVALID. */
  advance (available: number): boolean {
    const { reader, info, features } = this
    const { bytes } = reader
    const there = Math.min(available, reader.end)
    // In the last bytes of those that are there a number may be cut off.
    const readable = there === reader.end ? there : there - MAX_U32_BYTES
    if (reader.offset > readable) return false
    let left = this.left ?? reader.u32()
    let { largestBodyBytes, mostLocals } = info
    // Large modules have 100,000 functions and more, and this runs before the engine has compiled it: few calls for each.
    for (; left > 0 && reader.offset <= readable; left--) {
      const header = reader.offset
      const size = reader.u32()
      const start = reader.offset
      reader.skip(size)
      if (reader.offset > there) {
        reader.offset = header
        break
      }
      if (size > largestBodyBytes) largestBodyBytes = size
      if (size > 0 && bytes[start] === 0) continue
      reader.offset = start
      let locals = 0
      for (let groups = reader.u32(); groups > 0; groups--) {
        locals += reader.u32()
        const type = bytes[reader.offset]
        if (type === I32 || type === I64) reader.offset++
        else if (readValueType(reader) === 'v128') features.add('simd')
      }
      if (locals > mostLocals) mostLocals = locals
      if (reader.offset > start + size) throw reader.damaged('a function is longer than it says')
      reader.offset = start + size
    }
    this.left = left
    info.largestBodyBytes = largestBodyBytes
    info.mostLocals = mostLocals
    return left === 0
  }
}
