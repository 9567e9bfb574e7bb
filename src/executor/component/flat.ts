/** Values as core parameters and results: a variant's cases share slots, so that a slot may be wider than its value. */
import type { CoreType } from './types.ts'
import { mismatch } from './values.ts'

const scratch = new DataView(new ArrayBuffer(8))

const f32Bits = (value: number): number => {
  scratch.setFloat32(0, value, true)
  return scratch.getInt32(0, true)
}
const f32Of = (bits: number): number => {
  scratch.setInt32(0, bits, true)
  return scratch.getFloat32(0, true)
}
const f64Bits = (value: number): bigint => {
  scratch.setFloat64(0, value, true)
  return scratch.getBigInt64(0, true)
}
const f64Of = (bits: bigint): number => {
  scratch.setBigInt64(0, bits, true)
  return scratch.getFloat64(0, true)
}

/** Reads the core values that a component passed, of the types of their slots. */
export class FlatReader {
  private readonly values: readonly unknown[]
  private readonly slots: readonly CoreType[]
  private position = 0

  constructor (values: readonly unknown[], slots: readonly CoreType[]) {
    this.values = values
    this.slots = slots
  }

  /** Signed, as the engine gives it. */
  i32 (): number {
    const value = this.next()
    return typeof value === 'bigint' ? Number(BigInt.asIntN(32, value)) : value
  }

  i64 (): bigint {
    const value = this.next()
    if (typeof value !== 'bigint') throw mismatch('i64')
    return value
  }

  f32 (): number {
    const slot = this.slots[this.position]
    return slot === 'f32' ? Number(this.next()) : f32Of(this.i32())
  }

  f64 (): number {
    const value = this.next()
    return typeof value === 'bigint' ? f64Of(value) : value
  }

  skip (count: number): void {
    this.position += count
  }

  private next (): number | bigint {
    const value = this.values[this.position++]
    if (typeof value !== 'number' && typeof value !== 'bigint') throw mismatch('core value')
    return value
  }
}

/** Collects the core values to pass, widened to the types of their slots. */
export class FlatWriter {
  readonly values: Array<number | bigint> = []
  private readonly slots: readonly CoreType[]

  constructor (slots: readonly CoreType[]) {
    this.slots = slots
  }

  i32 (value: number): void {
    this.values.push(this.slot === 'i64' ? BigInt(value >>> 0) : value | 0)
  }

  i64 (value: bigint): void {
    this.values.push(value)
  }

  f32 (value: number): void {
    if (this.slot === 'f32') this.values.push(value)
    else this.i32(f32Bits(value))
  }

  f64 (value: number): void {
    this.values.push(this.slot === 'f64' ? value : f64Bits(value))
  }

  /** Fills slots of a variant that the case does not use. */
  pad (count: number): void {
    for (let left = count; left > 0; left--) this.values.push(this.slot === 'i64' ? 0n : 0)
  }

  private get slot (): CoreType | undefined {
    return this.slots[this.values.length]
  }
}
