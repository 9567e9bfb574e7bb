/** Values by the 64-bit references that syscall/js passes: numbers as they are, all else as a NaN with an id and a type in it. */
import type { Realm } from './realm.ts'
import { type Inert, Thing } from './thing.ts'

/** Upper 32 bits of a reference that is no number; its lowest three bits are the type. */
const NAN_HEAD = 0x7ff80000
const TypeFlag = { NONE: 0, OBJECT: 1, STRING: 2, FUNCTION: 4 } as const
/** What a value costs the host besides its own size: its slot, its count, its entry in the map. */
const REFERENCE_BYTES = 100

export class RefTable {
  private readonly realm: Realm
  private readonly values: Inert[]
  private readonly counts: number[]
  private readonly ids: Map<Inert, number>
  private readonly free: number[] = []
  /** The first values, in the order that the program's runtime expects. */
  private readonly fixed: number

  constructor (realm: Realm, global: Thing, go: Thing) {
    this.realm = realm
    this.values = [NaN, 0, null, true, false, global, go]
    this.fixed = this.values.length
    this.counts = this.values.map(() => 1)
    this.ids = new Map(this.values.map((value, id) => [value, id]))
  }

  /** The value of the reference at `offset`. */
  read (view: DataView, offset: number): Inert {
    const number = view.getFloat64(offset, true)
    if (number === 0) return undefined
    return Number.isNaN(number) ? this.values[view.getUint32(offset, true)] : number
  }

  /** Writes a reference to the value, which stays until the program releases it. */
  write (view: DataView, offset: number, value: Inert): void {
    if (value === undefined) view.setFloat64(offset, 0, true)
    else if (typeof value === 'number' && value !== 0 && !Number.isNaN(value)) view.setFloat64(offset, value, true)
    else {
      view.setUint32(offset, this.retain(value), true)
      view.setUint32(offset + 4, (NAN_HEAD | typeFlag(value)) >>> 0, true)
    }
  }

  /** The program no longer holds one of its references to the value with this id. */
  release (id: number): void {
    if (id < this.fixed || this.counts[id] === undefined || this.counts[id] === 0) return
    if (--this.counts[id] > 0) return
    this.ids.delete(this.values[id])
    this.values[id] = null
    this.free.push(id)
  }

  private retain (value: Inert): number {
    let id = this.ids.get(value)
    if (id === undefined) {
      this.realm.spend(REFERENCE_BYTES + (typeof value === 'string' ? 2 * value.length : 0))
      id = this.free.pop() ?? this.values.length
      this.values[id] = value
      this.counts[id] = 0
      this.ids.set(value, id)
    }
    if (id >= this.fixed) this.counts[id] = (this.counts[id] ?? 0) + 1
    return id
  }
}

function typeFlag (value: Inert): number {
  if (typeof value === 'string') return TypeFlag.STRING
  if (!(value instanceof Thing)) return TypeFlag.NONE
  return value.nature.call === undefined && value.nature.construct === undefined ? TypeFlag.OBJECT : TypeFlag.FUNCTION
}
