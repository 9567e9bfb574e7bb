/** Components written byte by byte (Component Model, Binary.md): also those that no tool would write. */
import { leb } from '../../src/executor/binary/reader.ts'

export type Bytes = Uint8Array | readonly number[]

const HEADER = [0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00]

export const concat = (...parts: Bytes[]): Uint8Array => Buffer.concat(parts.map((part) => Uint8Array.from(part)))
export const name = (text: string): Uint8Array => concat(leb(Buffer.byteLength(text)), Buffer.from(text))
export const list = (items: readonly Bytes[]): Uint8Array => Buffer.concat([leb(items.length), ...items].map((item) => Uint8Array.from(item)))
export const section = (id: number, body: Bytes): Uint8Array => concat([id], leb(body.length), body)

/** Sections of a component, in the order of the calls; each makes a section of its own. */
export class ComponentBuilder {
  private readonly sections: Bytes[] = []

  raw (id: number, body: Bytes): this {
    this.sections.push(section(id, body))
    return this
  }

  coreModule (bytes: Uint8Array): this {
    return this.raw(1, bytes)
  }

  /** `args`: names with indices of core instances. */
  coreInstance (module: number, args: Record<string, number> = {}): this {
    return this.raw(2, list([concat([0x00], leb(module), list(Object.entries(args).map(([key, index]) => concat(name(key), [0x12], leb(index)))))]))
  }

  /** A core instance made of core functions. */
  coreFunctions (functions: Record<string, number>): this {
    return this.raw(2, list([concat([0x01], list(Object.entries(functions).map(([key, index]) => concat(name(key), [0x00], leb(index)))))]))
  }

  /** `sort`: 0 function, 2 memory. */
  aliasCore (sort: number, instance: number, of: string): this {
    return this.raw(6, list([concat([0x00, sort, 0x01], leb(instance), name(of))]))
  }

  aliasExport (sort: number, instance: number, of: string): this {
    return this.raw(6, list([concat([sort, 0x00], leb(instance), name(of))]))
  }

  aliasOuter (sort: number, count: number, index: number): this {
    return this.raw(6, list([concat([sort, 0x02], leb(count), leb(index))]))
  }

  component (nested: ComponentBuilder): this {
    return this.raw(4, nested.bytes())
  }

  instance (component: number): this {
    return this.raw(5, list([concat([0x00], leb(component), [0x00])]))
  }

  type (type: Bytes): this {
    return this.raw(7, list([type]))
  }

  lift (func: number, type: number, ...options: Bytes[]): this {
    return this.raw(8, list([concat([0x00, 0x00], leb(func), list(options), leb(type))]))
  }

  lower (func: number, ...options: Bytes[]): this {
    return this.raw(8, list([concat([0x01, 0x00], leb(func), list(options))]))
  }

  canon (...body: number[]): this {
    return this.raw(8, list([body]))
  }

  import (of: string, type: Bytes): this {
    return this.raw(10, list([concat([0x00], name(of), type)]))
  }

  export (of: string, index: number, sort = 0x01): this {
    return this.raw(11, list([concat([0x00], name(of), [sort], leb(index), [0x00])]))
  }

  bytes (): Uint8Array {
    return Buffer.concat([HEADER, ...this.sections].map((part) => Uint8Array.from(part)))
  }
}

/** Codes of primitive types. */
export const Primitive = { bool: 0x7f, u8: 0x7d, u32: 0x79, s64: 0x78, f32: 0x76, char: 0x74, string: 0x73 } as const

export const memoryOption = (memory = 0): Uint8Array => concat([0x03], leb(memory))
export const reallocOption = (func: number): Uint8Array => concat([0x04], leb(func))
export const UTF16 = [0x01]

export const tuple = (...items: Bytes[]): Uint8Array => concat([0x6f], list(items))
export const record = (fields: Record<string, Bytes>): Uint8Array => concat([0x72], list(Object.entries(fields).map(([key, type]) => concat(name(key), type))))
export const variant = (cases: Record<string, Bytes | undefined>): Uint8Array =>
  concat([0x71], list(Object.entries(cases).map(([key, type]) => concat(name(key), type === undefined ? [0x00] : concat([0x01], type), [0x00]))))
export const listOf = (element: Bytes): Uint8Array => concat([0x70], element)
export const func = (params: Record<string, Bytes>, result?: Bytes): Uint8Array =>
  concat([0x40], list(Object.entries(params).map(([key, type]) => concat(name(key), type))), result === undefined ? [0x01, 0x00] : concat([0x00], result))

/** Exports of an instance type: functions by type index, resource types, and equal types. */
export const exportDecl = (of: string, type: Bytes): Uint8Array => concat([0x04, 0x00], name(of), type)
export const typeDecl = (type: Bytes): Uint8Array => concat([0x01], type)
export const instanceType = (...declarations: Bytes[]): Uint8Array => concat([0x42], list(declarations))
export const Extern = {
  func: (type: number): Uint8Array => concat([0x01], leb(type)),
  resource: [0x03, 0x01],
  instance: (type: number): Uint8Array => concat([0x05], leb(type)),
} as const

/** A component of one function `f` around a core module that exports `f`, its memory `mem` and maybe `realloc`. `types` come before the function's own. */
export function oneFunction (core: Uint8Array, type: Bytes, { types = [], realloc = false, encoding }: { types?: Bytes[], realloc?: boolean, encoding?: Bytes } = {}): Uint8Array {
  const builder = new ComponentBuilder().coreModule(core).coreInstance(0).aliasCore(0, 0, 'f').aliasCore(2, 0, 'mem')
  if (realloc) builder.aliasCore(0, 0, 'realloc')
  for (const item of types) builder.type(item)
  builder.type(type)
  const options = [memoryOption(), ...(realloc ? [reallocOption(1)] : []), ...(encoding === undefined ? [] : [encoding])]
  return builder.lift(0, types.length, ...options).export('f', 0).bytes()
}
