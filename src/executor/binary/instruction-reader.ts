/** Steps through the instructions of a function's body, as V8 would read them, without checking their types. */
import { CorebrumError } from '../../errors.ts'
import { FORMS, Form, prefixedForm } from './opcodes.ts'

/** Value types that are followed by a heap type: `(ref null t)` and `(ref t)`. */
const REF_NULL = 0x63
const REF = 0x64
const MEMORY_FOLLOWS = 0x40

export class InstructionReader {
  private readonly bytes: Uint8Array
  private end = 0
  /** Where the next instruction begins. */
  offset = 0
  /** Of the instruction read last: its first immediate where that is an integer; for several labels the outermost one, -1 for none. */
  operand = 0

  constructor (bytes: Uint8Array) {
    this.bytes = bytes
  }

  /** Goes to the instructions between two offsets. */
  enter (start: number, end: number): void {
    this.offset = start
    this.end = end
  }

  get done (): boolean {
    return this.offset >= this.end
  }

  /**
   * Reads one instruction; returns its opcode, as `Op` has it. Throws ERR_MODULE_INVALID where there is none, and
   * ERR_MODULE_UNSUPPORTED for those whose form is not known here.
   */
  next (): number {
    const start = this.offset
    let code = this.bytes[this.offset++] ?? 0
    let form = FORMS[code]
    if (form === Form.PREFIX) {
      const number = this.leb()
      form = prefixedForm(code, number)
      code = code << 16 | number
    }
    switch (form) {
      case Form.NONE: break
      case Form.LEB: this.operand = this.leb(); break
      case Form.LEB_LEB: this.operand = this.leb(); this.skipLeb(); break
      case Form.BYTE: this.offset += 1; break
      case Form.BYTES_4: this.offset += 4; break
      case Form.BYTES_8: this.offset += 8; break
      case Form.BYTES_16: this.offset += 16; break
      case Form.MEMARG: this.skipMemarg(); break
      case Form.MEMARG_LANE: this.skipMemarg(); this.offset += 1; break
      case Form.BLOCK_TYPE: this.skipType(); break
      case Form.BR_TABLE: this.readTargets(); break
      case Form.SELECT: for (let count = this.count(); count > 0; count--) this.skipType(); break
      case Form.TRY_TABLE: this.skipType(); this.readCatches(); break
      default: throw this.unknown(code, start, form === Form.UNSUPPORTED)
    }
    if (this.offset > this.end) throw this.damaged(start, 'an instruction goes on behind the end of its function')
    return code
  }

  /** Low 32 bits of an integer in LEB128 of any length: V8 refuses the overlong ones. */
  private leb (): number {
    const { bytes } = this
    let byte = bytes[this.offset++] ?? 0
    if (byte < 0x80) return byte
    let result = byte & 0x7f
    for (let shift = 7; byte >= 0x80; shift += 7) {
      byte = bytes[this.offset++] ?? 0
      if (shift < 32) result |= (byte & 0x7f) << shift
    }
    return result >>> 0
  }

  private skipLeb (): void {
    const { bytes } = this
    while ((bytes[this.offset++] ?? 0) >= 0x80);
  }

  private skipMemarg (): void {
    if ((this.leb() & MEMORY_FOLLOWS) !== 0) this.skipLeb()
    this.skipLeb()
  }

  /** A block type or a value type: one integer, but for references to a type. */
  private skipType (): void {
    const first = this.bytes[this.offset]
    if (first === REF || first === REF_NULL) this.offset++
    this.skipLeb()
  }

  private readTargets (): void {
    let outermost = 0
    for (let count = this.count(); count >= 0; count--) outermost = Math.max(outermost, this.leb())
    this.operand = outermost
  }

  /** Clauses: catch and catch_ref name a tag before their label, the catch_all ones only a label. */
  private readCatches (): void {
    let outermost = -1
    for (let count = this.count(); count > 0; count--) {
      if (this.leb() < 2) this.skipLeb()
      outermost = Math.max(outermost, this.leb())
    }
    this.operand = outermost
  }

  /** Length of a vector, each of whose items takes a byte at least. */
  private count (): number {
    const start = this.offset
    const count = this.leb()
    if (count > this.end - this.offset) throw this.damaged(start, `${count} items are announced, ${this.end - this.offset} bytes are left`)
    return count
  }

  private unknown (code: number, at: number, proposed: boolean): CorebrumError {
    const name = code < 0x100 ? `0x${code.toString(16)}` : `0x${(code >>> 16).toString(16)} ${code & 0xffff}`
    if (!proposed) return this.damaged(at, `${name} is no instruction`)
    return new CorebrumError('ERR_MODULE_UNSUPPORTED', `the module uses the instruction ${name} at byte ${at}, for which fuel cannot be counted ` +
      '(garbage collection, relaxed vectors, wide arithmetic, stack switching): build it without, or run it without fuel')
  }

  damaged (at: number, what: string): CorebrumError {
    return new CorebrumError('ERR_MODULE_INVALID', `the module is damaged at byte ${at}: ${what}`)
  }
}
