/** The instructions that count fuel, which stands in a global, and in loops without calls in a local of the function. */
import type { ByteWriter } from './byte-writer.ts'
import type { Branch } from './cost-points.ts'
import { Op } from './opcodes.ts'
import { leb } from './reader.ts'

const I64 = 0x7e
const EMPTY_TYPE = 0x40

/** Fuel for work by length, as a shift of the length: a byte costs 1/8, an entry of a table 16, a page of new memory 1024. */
const BYTES = { shift: -3, ops: [Op.MEMORY_INIT, Op.MEMORY_COPY, Op.MEMORY_FILL] }
const ENTRIES = { shift: 4, ops: [Op.TABLE_INIT, Op.TABLE_COPY, Op.TABLE_GROW, Op.TABLE_FILL] }
const PAGES = { shift: 10, ops: [Op.MEMORY_GROW] }

/** Functions that are added behind the module's own: each charges for a length and gives it back, i32 to i32. */
export const CHARGERS: ReadonlyArray<{ shift: number, ops: number[] }> = [BYTES, ENTRIES, PAGES]
export const CHARGER_TYPE = Uint8Array.of(0x60, 1, 0x7f, 1, 0x7f)

export class FuelInstructions {
  private readonly out: ByteWriter
  private readonly getFuel: number[]
  private readonly setFuel: number[]
  private readonly chargers = new Map<number, number[]>()
  private local: number[] = []

  constructor (out: ByteWriter, fuelGlobal: number, firstCharger: number) {
    this.out = out
    this.getFuel = [Op.GLOBAL_GET, ...leb(fuelGlobal)]
    this.setFuel = [Op.GLOBAL_SET, ...leb(fuelGlobal)]
    CHARGERS.forEach(({ ops }, index) => { for (const op of ops) this.chargers.set(op, [Op.CALL, ...leb(firstCharger + index)]) })
  }

  /** The local, an i64, of the function that is written now. */
  useLocal (index: number): void {
    this.local = leb(index)
  }

  /** Takes fuel from the global; `checked`: traps when there is none left. */
  charge (cost: number, checked: boolean): void {
    const { out } = this
    if (cost > 0) {
      out.bytes(this.getFuel)
      this.subtract(cost)
      if (checked) this.onLocal(Op.LOCAL_TEE)
      out.bytes(this.setFuel)
    }
    if (!checked) return
    if (cost > 0) this.onLocal(Op.LOCAL_GET)
    else out.bytes(this.getFuel)
    out.bytes([Op.I64_CONST, 0, Op.I64_LT_S, Op.IF, EMPTY_TYPE, Op.UNREACHABLE, Op.END])
  }

  /** The same with the fuel in the local; it is put back before the trap. */
  chargeLocal (cost: number, checked: boolean): void {
    const { out } = this
    if (cost === 0 && !checked) return
    this.onLocal(Op.LOCAL_GET)
    if (cost > 0) {
      this.subtract(cost)
      this.onLocal(checked ? Op.LOCAL_TEE : Op.LOCAL_SET)
    }
    if (!checked) return
    out.bytes([Op.I64_CONST, 0, Op.I64_LT_S, Op.IF, EMPTY_TYPE])
    this.store()
    out.bytes([Op.UNREACHABLE, Op.END])
  }

  /** Global to local. */
  load (): void {
    this.out.bytes(this.getFuel)
    this.onLocal(Op.LOCAL_SET)
  }

  /** Local to global. */
  store (): void {
    this.onLocal(Op.LOCAL_GET)
    this.out.bytes(this.setFuel)
  }

  /** Puts the fuel back before a branch out of a loop. True when the branch itself is written with it: only where it is taken. */
  leave ({ code, depth, bare }: Branch): boolean {
    if (code !== Op.BR_IF || !bare) {
      this.store()
      return false
    }
    this.out.u8(Op.IF)
    this.out.u8(EMPTY_TYPE)
    this.store()
    this.out.u8(Op.BR)
    this.out.u32(depth + 1)
    this.out.u8(Op.END)
    return true
  }

  /** Charges for the length on top of the stack, before the instruction that takes it. */
  callCharger (op: number): void {
    this.out.bytes(this.chargers.get(op) ?? [])
  }

  charger ({ shift }: { shift: number }): void {
    const { out } = this
    const length = out.reserve()
    out.bytes([1, 1, I64])
    this.useLocal(1)
    out.bytes([...this.getFuel, Op.LOCAL_GET, 0, Op.I64_EXTEND_I32_U, Op.I64_CONST, Math.abs(shift), shift < 0 ? Op.I64_SHR_U : Op.I64_SHL, Op.I64_SUB])
    this.onLocal(Op.LOCAL_TEE)
    out.bytes(this.setFuel)
    this.onLocal(Op.LOCAL_GET)
    out.bytes([Op.I64_CONST, 0, Op.I64_LT_S, Op.IF, EMPTY_TYPE, Op.UNREACHABLE, Op.END, Op.LOCAL_GET, 0, Op.END])
    out.patch(length)
  }

  private onLocal (op: number): void {
    this.out.u8(op)
    this.out.bytes(this.local)
  }

  private subtract (cost: number): void {
    this.out.u8(Op.I64_CONST)
    this.out.s64(cost)
    this.out.u8(Op.I64_SUB)
  }
}
