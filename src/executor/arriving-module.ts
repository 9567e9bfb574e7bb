/** Parses a large module while it arrives: there are moments to spare then, and what was just read is in the cache. */
import { ModuleParser } from './binary/parse.ts'
import { FrameKind, MAX_MODULE_HEADER_BYTES, decodeModule } from './protocol.ts'

export class ArrivingModule {
  /** Undefined for a body that is no sound module so far, which is for the call to find, and for one that came at once. */
  parser: ModuleParser | undefined
  private given = false

  /** The first `filled` bytes of a frame's body are there, more than at the last time. */
  advance (kind: number, body: Buffer, filled: number): void {
    if (this.given || kind !== FrameKind.MODULE || filled < MAX_MODULE_HEADER_BYTES) return
    try {
      const { bytes, spare } = decodeModule(body)
      this.parser ??= new ModuleParser(bytes)
      this.parser.advance(filled - spare)
    } catch {
      this.given = true
      this.parser = undefined
    }
  }
}
