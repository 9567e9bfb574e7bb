/**
 * How a module names host values. Older releases use indices into a table that the host keeps; newer ones hold
 * references themselves, in a table of the module's own (`externref`).
 */
import { CorebrumError } from '../../../errors.ts'
import { MAX_BINDGEN_VALUES } from '../../limits.ts'
import type { WasmType } from '../../binary/module-info.ts'
import { type Guest, GuestAbort } from '../guest.ts'
import type { BindgenExports } from './exports.ts'
import type { HostValue } from './host-values.ts'
import { ByteView, Collection, Cursor, Failure, Moment, Token } from './host-values.ts'

/** Below this lie the constants of all releases, at different places, and what a module takes for its stack of borrowed values. */
const FIRST_INDEX = 4096
/** Where releases put undefined, null, true and false. */
const CONSTANTS_AT = [32, 128, 1024]
const CONSTANTS: readonly HostValue[] = [undefined, null, true, false]

export class References {
  private readonly guest: Guest
  private readonly exports: BindgenExports
  private readonly values = new Map<number, HostValue>()
  private readonly free: number[] = []
  private next = FIRST_INDEX

  constructor (guest: Guest, exports: BindgenExports) {
    this.guest = guest
    this.exports = exports
  }

  /** A value as an argument or result of the given type. Throws ERR_MEMORY_LIMIT when the module holds too many. */
  give (value: HostValue, slot: WasmType | undefined): unknown {
    return slot === 'externref' ? value : this.keep(value)
  }

  /** The value that the module handed over and still owns: a reference, else an index. Throws ERR_POINTER for an index that names none. */
  get (raw: unknown, slot: WasmType): HostValue {
    return slot === 'externref' ? inert(raw) : this.at(Number(raw) >>> 0)
  }

  /** True when the number names a value that the module was given, or one in its table. */
  holds (raw: unknown): boolean {
    if (typeof raw !== 'number') return false
    const index = raw >>> 0
    const table = this.table()
    if (table === undefined) return this.values.has(index)
    return index < table.length && table.get(index) !== undefined
  }

  /** The value that the module handed over and gave up. */
  take (raw: unknown, slot: WasmType): HostValue {
    const value = this.get(raw, slot)
    if (slot !== 'externref') this.drop(Number(raw) >>> 0)
    return value
  }

  private drop (index: number): void {
    if (this.values.delete(index)) this.free.push(index)
  }

  /** Puts a value where an index can name it. */
  keep (value: HostValue): number {
    const table = this.table()
    if (table !== undefined && this.exports.tableAllocator !== undefined) {
      const index = Number(this.guest.call(this.exports.tableAllocator)) >>> 0
      if (index >= table.length) throw outside(index, table.length)
      table.set(index, value)
      return index
    }
    if (this.values.size >= MAX_BINDGEN_VALUES) {
      throw new GuestAbort('ERR_MEMORY_LIMIT', `the module holds ${this.values.size} JavaScript values at the same time, as many as it may`)
    }
    const index = this.free.pop() ?? this.next++
    this.values.set(index, value)
    return index
  }

  /** Makes the module's table ready: the constants behind what it has. Throws ERR_TABLE_LIMIT when it cannot grow. */
  initialiseTable (): void {
    const table = this.table()
    if (table === undefined) return
    const at = growTable(table, CONSTANTS.length)
    table.set(0, undefined)
    CONSTANTS.forEach((value, index) => table.set(at + index, value))
  }

  private table (): WebAssembly.Table | undefined {
    return this.exports.table === undefined ? undefined : this.guest.table(this.exports.table)
  }

  private at (index: number): HostValue {
    if (index >= FIRST_INDEX && this.values.has(index)) return this.values.get(index)
    const table = this.table()
    if (table !== undefined) {
      if (index >= table.length) throw outside(index, table.length)
      const held: unknown = table.get(index)
      return inert(held)
    }
    const base = CONSTANTS_AT.find((start) => index >= start && index < start + CONSTANTS.length)
    if (base !== undefined) return CONSTANTS[index - base]
    // Index 0 is what an absent optional value is passed as.
    if (index === 0) return undefined
    throw new CorebrumError('ERR_POINTER', `the module named the JavaScript value ${index}; it holds no such value`)
  }
}

function growTable (table: WebAssembly.Table, count: number): number {
  try {
    return table.grow(count)
  } catch (cause) {
    throw new CorebrumError('ERR_TABLE_LIMIT', `the module's table of references has ${table.length} entries and cannot take ${count} more`, { cause })
  }
}

function outside (index: number, length: number): CorebrumError {
  return new CorebrumError('ERR_POINTER', `the module named the reference ${index}; its table of references ends at ${length}`)
}

/** What comes back in a reference: a host value, else (a function of the module's own) something inert. */
function inert (raw: unknown): HostValue {
  switch (typeof raw) {
    case 'undefined': case 'boolean': case 'number': case 'bigint': case 'string': return raw
    default: return raw === null || isHostObject(raw) ? raw : undefined
  }
}

function isHostObject (raw: unknown): raw is Collection | ByteView | Cursor | Failure | Moment | Token {
  return raw instanceof Collection || raw instanceof ByteView || raw instanceof Failure || raw instanceof Moment || raw instanceof Token || raw instanceof Cursor
}
