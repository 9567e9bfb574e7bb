/**
 * Where a function pays for its instructions. It is cut where control flow can part or meet; each piece pays for all of
 * its instructions where it begins. What is surely run after a piece is paid with it, and so are small pieces that only
 * may be run, up to MERGED_COST for each place that pays: never too little, and rarely much too much.
 */
import { ControlFrames, NOWHERE } from './control-frames.ts'
import { InstructionReader } from './instruction-reader.ts'
import { Op } from './opcodes.ts'

/** Fuel that a place may take for instructions behind it that are then not run. */
const MERGED_COST = 24
/** A call pays this much on top, for which the called function has that much less to pay: small ones are free. */
const CALL_COST = 24
/** Entering a function clears this many locals for one unit of fuel. */
const LOCALS_PER_FUEL = 8
/** A block type without parameters and results. */
const EMPTY_TYPE = 0x40

/** What stands at a place, in the order of the code. */
export const Mark = {
  /** A piece begins; its number. */
  PIECE: 0,
  /** An instruction that does work by length; its opcode. */
  BULK: 1,
  /** A loop instruction, and what stands behind its end; the loop's number. */
  LOOP: 2,
  LOOP_END: 3,
  /** A branch or return; its number. */
  BRANCH: 4,
} as const

export interface BodyFrame {
  /** Index of the function. */
  self: number
  /** Of its first instruction and behind its last one. */
  start: number
  end: number
  params: number
  /** Declared ones, parameters not counted. */
  locals: number
}

export interface Branch {
  code: number
  /** Behind the instruction. */
  end: number
  depth: number
  /** The block that it leads to, the outermost where there are several. */
  target: number
  /** It carries no values. */
  bare: boolean
}

/** The pieces of one function after the other; all arrays are used again. */
export class CostPoints {
  /** What each piece pays; 0: it is paid for elsewhere. */
  readonly cost: number[] = []
  /** True for loop headers: such a place pays every time around, and looks whether there is fuel left. */
  readonly isLoop: boolean[] = []
  readonly markAt: number[] = []
  readonly mark: number[] = []
  readonly markValue: number[] = []
  readonly branches: Branch[] = []
  /** For each loop: the block that it is, and whether nothing in it calls, throws or works by length. */
  readonly loopFrame: number[] = []
  readonly loopPlain: boolean[] = []
  /** Whether it may be part of a recursion: in each there is a function that calls itself, one behind it, or one by reference. */
  recursive = false
  private readonly bytes: Uint8Array
  private readonly reader: InstructionReader
  private readonly frames = new ControlFrames()
  /** For each piece, one that is always run before it. */
  private readonly before: number[] = []
  private readonly merged: number[] = []
  private readonly globals: number
  private current = NOWHERE
  private locals = 0
  private self = 0

  /** `globals`: of the module, before one is added. */
  constructor (bytes: Uint8Array, globals: number) {
    this.bytes = bytes
    this.globals = globals
    this.reader = new InstructionReader(bytes)
  }

  /** Reads one function. Throws what `InstructionReader` throws, and ERR_MODULE_INVALID where blocks do not pair. */
  read ({ self, start, end, params, locals }: BodyFrame): void {
    for (const list of [this.cost, this.isLoop, this.markAt, this.mark, this.markValue, this.branches, this.loopFrame, this.loopPlain, this.before, this.merged]) list.length = 0
    this.frames.clear()
    this.locals = params + locals
    this.recursive = false
    this.self = self
    this.current = this.piece(start, NOWHERE, false)
    this.cost[0] = 1 + Math.floor(locals / LOCALS_PER_FUEL)
    this.frames.open(0, false)
    this.reader.enter(start, end)
    while (!this.reader.done) {
      const at = this.reader.offset
      if (this.frames.depth === 0) throw this.reader.damaged(at, 'a function goes on behind its end')
      this.step(this.reader.next(), at)
    }
    if (this.frames.depth > 0) throw this.reader.damaged(end, 'a function ends within a block')
    this.merge()
    this.cost[0] = Math.max(0, (this.cost[0] ?? 0) - CALL_COST)
  }

  private step (code: number, at: number): void {
    const { operand, offset } = this.reader
    switch (code) {
      case Op.NOP: break
      case Op.BLOCK: this.frames.open(this.current, this.bytes[at + 1] === EMPTY_TYPE); break
      case Op.TRY:
        this.frames.mark()
        this.frames.open(this.current, false)
        break
      case Op.TRY_TABLE:
        this.frames.mark()
        if (operand >= 0) this.frames.branch(operand)
        this.frames.open(this.current, false)
        break
      case Op.LOOP: this.loop(at, offset); break
      case Op.IF:
        this.pay(1)
        this.frames.open(this.current, this.bytes[at + 1] === EMPTY_TYPE)
        this.arm(offset)
        break
      case Op.ELSE: case Op.CATCH: case Op.CATCH_ALL: this.arm(offset); break
      case Op.END: case Op.DELEGATE: this.close(offset); break
      case Op.BR_IF: case Op.BR_ON_NULL: case Op.BR_ON_NON_NULL:
        this.branch(code, at, operand)
        if (this.current !== NOWHERE) this.current = this.piece(offset, this.current, false)
        break
      case Op.RETURN_CALL: case Op.RETURN_CALL_INDIRECT: case Op.RETURN_CALL_REF:
        this.call(code)
        this.leave()
        break
      case Op.THROW: case Op.RETHROW: case Op.THROW_REF:
        this.frames.mark()
        this.pay(1)
        this.leave()
        break
      case Op.BR: case Op.BR_TABLE:
        this.branch(code, at, operand)
        this.current = NOWHERE
        break
      case Op.RETURN: this.branch(code, at, this.frames.depth - 1); this.current = NOWHERE; break
      case Op.CALL: case Op.CALL_INDIRECT: case Op.CALL_REF: this.call(code); break
      case Op.UNREACHABLE:
        this.pay(1)
        this.current = NOWHERE
        break
      case Op.LOCAL_GET: case Op.LOCAL_SET: case Op.LOCAL_TEE: this.index(at, 'local', this.locals); break
      case Op.GLOBAL_GET: case Op.GLOBAL_SET: this.index(at, 'global', this.globals); break
      case Op.MEMORY_GROW: case Op.MEMORY_INIT: case Op.MEMORY_COPY: case Op.MEMORY_FILL:
      case Op.TABLE_INIT: case Op.TABLE_COPY: case Op.TABLE_GROW: case Op.TABLE_FILL:
        this.frames.mark()
        this.note(at, Mark.BULK, code)
        this.pay(1)
        break
      default: this.pay(1)
    }
  }

  private pay (cost: number): void {
    if (this.current !== NOWHERE) this.cost[this.current] = (this.cost[this.current] ?? 0) + cost
  }

  private note (at: number, mark: number, value: number): void {
    this.markAt.push(at)
    this.mark.push(mark)
    this.markValue.push(value)
  }

  private piece (at: number, before: number, isLoop: boolean): number {
    const index = this.cost.push(0) - 1
    this.isLoop.push(isLoop)
    this.before.push(before)
    this.merged.push(0)
    this.note(at, Mark.PIECE, index)
    return index
  }

  /** A variable of the module: the next index would be one of those that are added, which are none of its business. */
  private index (at: number, kind: string, count: number): void {
    if (this.reader.operand >= count) throw this.reader.damaged(at, `there is no ${kind} ${this.reader.operand}`)
    this.pay(1)
  }

  private call (code: number): void {
    const direct = code === Op.CALL || code === Op.RETURN_CALL
    if (!direct || this.reader.operand >= this.self) this.recursive = true
    this.frames.mark()
    this.pay(1 + CALL_COST)
  }

  private loop (at: number, offset: number): void {
    const loop = this.loopFrame.push(this.frames.depth) - 1
    this.loopPlain.push(false)
    this.note(at, Mark.LOOP, loop)
    // Parameters, which a branch to it carries, need the index of a type, whose first byte is out of this range.
    const type = this.bytes[at + 1] ?? 0
    this.frames.open(this.current, type >= EMPTY_TYPE && type < 0x80, loop)
    if (this.current !== NOWHERE) this.current = this.piece(offset, NOWHERE, true)
  }

  private branch (code: number, at: number, depth: number): void {
    this.pay(1)
    const target = this.frames.branch(depth)
    this.note(at, Mark.BRANCH, this.branches.push({ code, end: this.reader.offset, depth, target, bare: this.frames.isBare(target) }) - 1)
  }

  /** Out of the function. */
  private leave (): void {
    this.frames.branch(this.frames.depth - 1)
    this.current = NOWHERE
  }

  /** Another way through the block that is open, run instead of the one before. */
  private arm (offset: number): void {
    const { entry } = this.frames
    this.current = entry === NOWHERE ? NOWHERE : this.piece(offset, entry, false)
  }

  /** Behind a block goes on what it began in, unless a branch in it can lead further out. */
  private close (offset: number): void {
    const { entry, left, loop, plain } = this.frames.close()
    if (loop >= 0) {
      this.loopPlain[loop] = plain
      this.note(offset, Mark.LOOP_END, loop)
    }
    this.current = left && entry !== NOWHERE ? this.piece(offset, entry, false) : entry
  }

  /** From the last piece to the first: small ones are paid for by the one that is always run before them. */
  private merge (): void {
    for (let index = this.cost.length - 1; index > 0; index--) {
      const before = this.before[index] ?? NOWHERE
      const cost = this.cost[index] ?? 0
      const merged = (this.merged[before] ?? 0) + cost
      if (before === NOWHERE || merged > MERGED_COST) continue
      this.merged[before] = merged
      this.cost[before] = (this.cost[before] ?? 0) + cost
      this.cost[index] = 0
    }
  }
}
