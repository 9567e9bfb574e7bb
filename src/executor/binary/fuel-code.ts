/** Writes the code section anew, with the instructions that count fuel. */
import { CorebrumError } from '../../errors.ts'
import { MAX_METERED_BODY_BYTES } from '../limits.ts'
import { ByteWriter } from './byte-writer.ts'
import { CostPoints, Mark } from './cost-points.ts'
import { CHARGERS, FuelInstructions } from './fuel-instructions.ts'
import type { ModuleInfo, SectionInfo } from './module-info.ts'
import { BinaryReader } from './reader.ts'
import { readValueType } from './types.ts'

const I64 = 0x7e
const NO_LOOP = -1

export class CodeMeter {
  private readonly bytes: Uint8Array
  private readonly info: ModuleInfo
  private readonly points: CostPoints
  private readonly out: ByteWriter
  private readonly write: FuelInstructions
  private readonly section: SectionInfo
  /** The loop, without calls, whose fuel is in a local now. */
  private loop = NO_LOOP

  /** `fuelGlobal` and `firstAdded`: indices of the global and of the first function that are added. */
  constructor (bytes: Uint8Array, info: ModuleInfo, section: SectionInfo, fuelGlobal: number, firstAdded: number) {
    this.bytes = bytes
    this.info = info
    this.section = section
    this.points = new CostPoints(bytes, info.globals)
    this.out = new ByteWriter(Math.ceil((section.end - section.start) * 1.3) + 256)
    this.write = new FuelInstructions(this.out, fuelGlobal, firstAdded)
  }

  /** The contents of the code section. Throws what `CostPoints` throws, and ERR_MODULE_TOO_LARGE. */
  run (): Uint8Array {
    const { bytes, info, out } = this
    const reader = new BinaryReader(bytes, this.section.start, this.section.end)
    const imported = info.functionTypes.length - info.functions
    const count = reader.u32()
    out.u32(count + CHARGERS.length)
    for (let index = 0; index < count; index++) {
      const size = reader.u32()
      const start = reader.offset
      reader.skip(size)
      const type = info.types[info.functionTypes[imported + index] ?? -1]
      this.body(imported + index, start, reader.offset, type?.params.length ?? 0)
    }
    for (const charger of CHARGERS) this.write.charger(charger)
    return out.written
  }

  private body (self: number, start: number, end: number, params: number): void {
    const { bytes, points, out } = this
    const reader = new BinaryReader(bytes, start, end)
    const groups = reader.u32()
    const groupsStart = reader.offset
    let locals = 0
    for (let left = groups; left > 0; left--) {
      locals += reader.u32()
      readValueType(reader)
    }
    points.read({ self, start: reader.offset, end, params, locals })
    const length = out.reserve()
    const counts = points.recursive || points.loopFrame.length > 0
    out.u32(counts ? groups + 1 : groups)
    out.copy(bytes, groupsStart, reader.offset)
    if (counts) out.bytes([1, I64])
    this.write.useLocal(params + locals)
    this.instructions(reader.offset, end)
    const written = out.patch(length)
    if (written > MAX_METERED_BODY_BYTES) throw new CorebrumError('ERR_MODULE_TOO_LARGE', `the module has a function of ${end - start} bytes, which counting fuel makes ${written}; ${MAX_METERED_BODY_BYTES} are allowed: run it without fuel`)
  }

  private instructions (start: number, end: number): void {
    const { bytes, points, out } = this
    this.loop = NO_LOOP
    let from = start
    for (let index = 0; index < points.mark.length; index++) {
      const at = points.markAt[index] ?? end
      // A branch that was written anew is behind `from` already.
      if (at > from) {
        out.copy(bytes, from, at)
        from = at
      }
      const value = points.markValue[index] ?? 0
      switch (points.mark[index]) {
        case Mark.PIECE: this.piece(value); break
        case Mark.BULK: this.write.callCharger(value); break
        case Mark.LOOP: this.enterLoop(value); break
        case Mark.LOOP_END: this.leaveLoop(value); break
        default: from = this.branch(value, at)
      }
    }
    out.copy(bytes, from, end)
  }

  private piece (index: number): void {
    const cost = this.points.cost[index] ?? 0
    const checked = this.points.isLoop[index] === true || (index === 0 && this.points.recursive)
    if (this.loop === NO_LOOP) this.write.charge(cost, checked)
    else this.write.chargeLocal(cost, checked)
  }

  /** Loops that nothing leaves but branches keep their fuel in a local, which is a register then. */
  private enterLoop (loop: number): void {
    if (this.loop !== NO_LOOP || this.points.loopPlain[loop] !== true) return
    this.loop = loop
    this.write.load()
  }

  private leaveLoop (loop: number): void {
    if (this.loop !== loop) return
    this.loop = NO_LOOP
    this.write.store()
  }

  /** Returns up to where the code is written. */
  private branch (index: number, at: number): number {
    const { loop, points } = this
    const branch = points.branches[index]
    if (branch === undefined || loop === NO_LOOP || branch.target >= (points.loopFrame[loop] ?? 0)) return at
    return this.write.leave(branch) ? branch.end : at
  }
}
