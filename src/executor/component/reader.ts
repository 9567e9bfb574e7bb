/** Reads the primitives of the component binary format, within a budget of definitions that nested components share. */
import { CorebrumError } from '../../errors.ts'
import { MAX_COMPONENT_DEFINITIONS } from '../limits.ts'
import { BinaryReader } from '../binary/reader.ts'
import type { Primitive, Sort, TypeRef } from './syntax.ts'

const PRIMITIVES = new Map<number, Primitive>([
  [0x7f, 'bool'], [0x7e, 's8'], [0x7d, 'u8'], [0x7c, 's16'], [0x7b, 'u16'], [0x7a, 's32'], [0x79, 'u32'], [0x78, 's64'], [0x77, 'u64'],
  [0x76, 'f32'], [0x75, 'f64'], [0x74, 'char'], [0x73, 'string'],
])

const CORE_SORTS = new Map<number, Sort>([
  [0x00, 'core func'], [0x01, 'core table'], [0x02, 'core memory'], [0x03, 'core global'], [0x04, 'core tag'],
  [0x10, 'core type'], [0x11, 'core module'], [0x12, 'core instance'],
])

const SORTS = new Map<number, Sort>([[0x01, 'func'], [0x02, 'value'], [0x03, 'type'], [0x04, 'component'], [0x05, 'instance']])

export interface DefinitionBudget { left: number }

export class ComponentReader extends BinaryReader {
  readonly budget: DefinitionBudget

  constructor (bytes: Uint8Array, offset: number, end: number, budget: DefinitionBudget = { left: MAX_COMPONENT_DEFINITIONS }) {
    super(bytes, offset, end)
    this.budget = budget
  }

  /** A vector; each item counts as a definition. */
  list<T> (read: () => T): T[] {
    const count = this.u32()
    if (count > this.end - this.offset) throw this.damaged(`a list of ${count} items is announced, ${this.end - this.offset} bytes are left`)
    this.spend(count)
    return Array.from({ length: count }, read)
  }

  /** Counts definitions. */
  spend (count: number): void {
    this.budget.left -= count
    if (this.budget.left < 0) throw new CorebrumError('ERR_MODULE_TOO_LARGE', `the component has more than ${MAX_COMPONENT_DEFINITIONS} definitions`)
  }

  optional<T> (read: () => T): T | undefined {
    const tag = this.u8()
    if (tag > 1) throw this.damaged(`0x${tag.toString(16)} is neither 0 nor 1`)
    return tag === 1 ? read() : undefined
  }

  expect (byte: number, what: string): void {
    const found = this.u8()
    if (found !== byte) throw this.damaged(`0x${found.toString(16)} stands where ${what} is expected`)
  }

  primitive (code: number): Primitive | undefined {
    return PRIMITIVES.get(code)
  }

  /** A type index, written as a signed integer of 33 bits, or a primitive type. */
  typeRef (): TypeRef {
    const first = this.peek() ?? 0
    // Primitive types are negative numbers of one byte.
    if (first >= 0x40 && first < 0x80) {
      this.u8()
      const name = PRIMITIVES.get(first)
      if (name === undefined) throw this.damaged(`0x${first.toString(16)} is no primitive type that is known here`)
      return name
    }
    return this.u32()
  }

  coreSort (): Sort {
    const code = this.u8()
    const sort = CORE_SORTS.get(code)
    if (sort === undefined) throw this.damaged(`0x${code.toString(16)} is no sort of core definition`)
    return sort
  }

  sort (): Sort {
    const code = this.u8()
    if (code === 0) return this.coreSort()
    const sort = SORTS.get(code)
    if (sort === undefined) throw this.damaged(`0x${code.toString(16)} is no sort of definition`)
    return sort
  }

  /** The name of an import or export; its attributes are read over. */
  externName (): string {
    const form = this.u8()
    if (form > 2) throw this.damaged(`0x${form.toString(16)} is no form of name`)
    const name = this.name()
    if (form === 2) this.list(() => { this.u8(); this.name() })
    return name
  }
}
