/** Values as objects in the memory of an AssemblyScript module, made with its own allocator. */
import { CorebrumError } from '../../../errors.ts'
import type { Value } from '../../../task/values.ts'
import type { TypedName } from '../adapter.ts'
import { describeValue } from '../convert.ts'
import type { Guest } from '../guest.ts'
import { type ArrayClass, type Classes, elementName } from './classes.ts'
import { writeElement } from './elements.ts'
import type { Runtime } from './runtime.ts'

/** Buffer, start, bytes in use, length: an Array; a typed array is the first three. */
const VIEW_BYTES = 16

export class ManagedHeap {
  private readonly guest: Guest
  private readonly runtime: Runtime
  private readonly classes: Classes

  constructor (guest: Guest, runtime: Runtime, classes: Classes) {
    this.guest = guest
    this.runtime = runtime
    this.classes = classes
  }

  string (text: string): number {
    const pointer = this.allocate(text.length * 2, this.classes.stringId)
    const view = this.guest.view()
    for (let index = 0; index < text.length; index++) view.setUint16(pointer + 2 * index, text.charCodeAt(index), true)
    return pointer
  }

  /**
   * A Uint8Array or Array<u8>, or an ArrayBuffer, by the id that the module exports. An Array is a typed array with one
   * more field, and a StaticArray<u8> lies like an ArrayBuffer, so each serves for both. Throws ERR_SIGNATURE.
   */
  bytes (bytes: Uint8Array, input: TypedName): number {
    const wrapper = this.bytesClass(input)
    const buffer = this.allocate(bytes.length, this.classes.bufferId)
    this.guest.bytes().set(bytes, buffer)
    return wrapper === undefined ? buffer : this.view(wrapper, buffer, bytes.length, bytes.length)
  }

  /** The class of the object around a buffer; undefined for the buffer itself. */
  private bytesClass ({ name }: TypedName): ArrayClass | undefined {
    const ids = this.namedIds(name)
    const views = [...this.classes.arrays.values()].filter((item) => item.layout === 'view' && item.size === 1 && item.kind === 'unsigned')
    const named = views.find((item) => ids.has(item.id))
    if (named !== undefined) return named
    if (views.length === 0 || this.classes.needsExportedIds || ids.has(this.classes.bufferId)) return undefined
    throw new CorebrumError('ERR_SIGNATURE', `the module has Uint8Array besides ArrayBuffer, and nothing in it says which one ${JSON.stringify(name)} is: say so in the module (export const ${name}_ID = idof<Uint8Array>())`)
  }

  /** Throws ERR_SIGNATURE where the module has several kinds of arrays, ERR_INPUT, ERR_VALUE_RANGE. */
  array (values: readonly Value[], input: TypedName): number {
    const found = this.arrayClassFor(values, input)
    const { layout, size } = found
    const length = values.length * size
    const elements = this.allocate(length, layout === 'flat' ? found.id : this.classes.bufferId)
    values.forEach((value, index) => {
      const place = elements + index * size
      if (found.kind !== 'managed') writeElement(this.guest.view(), place, found, value, input)
      else {
        // The allocator may grow the memory, so the view comes after it.
        const pointer = typeof value === 'string' ? this.string(value) : 0
        this.guest.view().setUint32(place, pointer, true)
      }
    })
    return layout === 'flat' ? elements : this.view(found, elements, length, values.length)
  }

  private arrayClassFor (values: readonly Value[], { name }: TypedName): ArrayClass {
    const candidates = this.candidates(name, (item) => fits(item, values))
    const [first] = candidates
    const kinds = [...new Set(candidates.map(elementName))]
    if (first === undefined) throw new CorebrumError('ERR_SIGNATURE', `the module has no class of arrays that ${JSON.stringify(name)} can be: for JSON text declare the input as json`)
    if (kinds.length === 1) return first
    throw new CorebrumError('ERR_SIGNATURE', `the module has arrays of ${kinds.join(', ')}, and nothing in it says which one ${JSON.stringify(name)} is: say so in the module (export const ${name}_ID = idof<Array<${elementName(first)}>>()), or take the list as JSON text there and declare the input as json`)
  }

  /** The id that the module exports for an input comes before those that it exports for any, and these before all others; flat ones need one. */
  private candidates (input: string, test: (item: ArrayClass) => boolean): ArrayClass[] {
    const fitting = [...this.classes.arrays.values()].filter(test)
    const ids = this.namedIds(input)
    const named = fitting.filter((item) => ids.has(item.id))
    return named.length > 0 ? named : fitting.filter((item) => item.layout === 'view')
  }

  /** The id exported as `INPUT_ID`, else those whose names begin with a capital letter as classes do. */
  private namedIds (input: string): ReadonlySet<number> {
    const { exportedIds } = this.classes
    const own = exportedIds.get(`${input}_ID`)
    return new Set(own === undefined ? [...exportedIds].filter(([name]) => /^[A-Z]/.test(name)).map(([, id]) => id) : [own])
  }

  private view ({ id }: ArrayClass, buffer: number, bytes: number, length: number): number {
    const pointer = this.allocate(VIEW_BYTES, id)
    const view = this.guest.view()
    for (const [index, field] of [buffer, buffer, bytes, length].entries()) view.setUint32(pointer + 4 * index, field, true)
    return pointer
  }

  /** A kept object; nothing is released, because the instance serves one call and goes as a whole. */
  private allocate (size: number, id: number): number {
    const { guest, runtime: { allocator, keeper } } = this
    const answer = guest.call(allocator.name, size, id)
    const pointer = typeof answer === 'number' ? answer >>> 0 : 0
    if (pointer === 0 || pointer + size > guest.memoryBytes) {
      throw new CorebrumError('ERR_POINTER', `the module's ${allocator.name}(${size}, ${id}) returned ${pointer}; its memory ends at ${guest.memoryBytes}`)
    }
    if (keeper !== undefined) guest.call(keeper.name, pointer)
    return pointer
  }
}

function fits ({ kind, size }: ArrayClass, values: readonly Value[]): boolean {
  const texts = values.length > 0 && values.every((value) => typeof value === 'string')
  return texts ? kind === 'managed' && size === 4 : kind !== 'managed'
}

/** The text of an input that travels as a string. Throws ERR_INPUT. */
export function requireText (value: Value | undefined, input: TypedName): string {
  if (typeof value === 'string') return value
  throw new CorebrumError('ERR_INPUT', `the input ${JSON.stringify(input.name)} must be of type ${input.type}; it is ${describeValue(value)}`)
}
