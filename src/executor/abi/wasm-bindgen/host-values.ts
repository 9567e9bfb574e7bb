/**
 * The values that stand for JavaScript values while a wasm-bindgen module runs. They are inert: plain scalars and the
 * classes here, never an object of the host, so nothing that a module asks of one leads anywhere else.
 */
import { CorebrumError } from '../../../errors.ts'
import { MAX_CBOR_ITEMS, MAX_VALUE_DEPTH } from '../../../limits.ts'
import type { Value } from '../../../task/values.ts'
import { exactInteger } from '../../../task/values.ts'
import { toIsoText } from './moments.ts'

export type HostValue = undefined | null | boolean | number | bigint | string | HostObject
export type HostObject = Collection | ByteView | Moment | Failure | Token | Cursor

/** What `new Object()`, `new Array()`, `new Map()` and `new Uint8Array(n)` make; imports do not tell which, so its first use decides. */
export class Collection {
  shape: 'blank' | 'object' | 'array' | 'map'
  readonly items: HostValue[] = []
  readonly fields = new Map<HostValue, HostValue>()
  /** Made with a length: a list so long, or so many bytes. */
  readonly announced: number
  /** The bytes, once it was used as such. */
  view: ByteView | undefined

  constructor (shape: Collection['shape'] = 'blank', announced = 0) {
    this.shape = shape
    this.announced = announced
  }

  static array (items: Iterable<HostValue>): Collection {
    const array = new Collection('array')
    for (const item of items) array.items.push(item)
    return array
  }

  static object (fields: Iterable<[string, HostValue]>): Collection {
    const object = new Collection('object')
    for (const [name, value] of fields) object.fields.set(name, value)
    return object
  }

  become (shape: 'object' | 'array' | 'map'): void {
    if (this.shape === 'blank') this.shape = shape
  }

  get isArray (): boolean {
    return this.shape === 'array'
  }
}

/** A `Uint8Array`, or the `ArrayBuffer` behind it: bytes of its own, or a window on the module's memory. */
export class ByteView {
  /** Undefined: the module's memory. */
  readonly own: Uint8Array | undefined
  readonly offset: number
  readonly length: number

  constructor (own: Uint8Array | undefined, offset: number, length: number) {
    this.own = own
    this.offset = offset
    this.length = length
  }
}

/** A `Date`, milliseconds since 1970. */
export class Moment {
  readonly ms: number

  constructor (ms: number) {
    this.ms = ms
  }
}

export class Failure {
  message: string

  constructor (message: string) {
    this.message = message
  }
}

/** An iterator; `announced` once the module has asked for its `next` as a property. */
export class Cursor {
  readonly items: readonly HostValue[]
  announced: boolean
  private at = 0

  constructor (items: readonly HostValue[], announced: boolean) {
    this.items = items
    this.announced = announced
  }

  step (): Collection {
    const done = this.at >= this.items.length
    return Collection.object([['done', done], ['value', this.items[this.at++]]])
  }
}

/** Something that can only be named, compared and handed back. */
export class Token {
  readonly name: 'globalThis' | 'crypto' | 'performance' | 'memory' | 'iterator symbol' | 'iterator function' | 'next function'

  constructor (name: Token['name']) {
    this.name = name
  }

  get isFunction (): boolean {
    return this.name.endsWith('function')
  }
}

/** A task's value as the module sees it. */
export function hostValueOf (value: Value): HostValue {
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Uint8Array) return new ByteView(value, 0, value.length)
  if (Array.isArray(value)) return Collection.array(value.map(hostValueOf))
  return Collection.object(Object.entries(value).map(([name, item]) => [name, hostValueOf(item)]))
}

/** A module's value as a task's; throws ERR_RESULT_TYPE for what no output can hold, beyond MAX_VALUE_DEPTH levels and MAX_CBOR_ITEMS values. */
export function taskValueOf (value: HostValue, bytesOf: (view: ByteView) => Uint8Array): Value {
  let items = 0
  const convert = (part: HostValue, depth: number): Value => {
    if (depth > MAX_VALUE_DEPTH) throw new CorebrumError('ERR_RESULT_TYPE', `what the module returned is nested deeper than ${MAX_VALUE_DEPTH} levels`)
    if (++items > MAX_CBOR_ITEMS) throw new CorebrumError('ERR_RESULT_TYPE', `what the module returned holds more than ${MAX_CBOR_ITEMS} values`)
    if (part === undefined) return null
    if (typeof part === 'bigint') return exactInteger(part)
    if (typeof part !== 'object' || part === null) return part
    if (part instanceof ByteView) return bytesOf(part)
    if (part instanceof Moment || part instanceof Failure) return describeHostValue(part)
    if (!(part instanceof Collection)) throw new CorebrumError('ERR_RESULT_TYPE', `the module returned ${describeHostValue(part)}, which no output can hold`)
    if (part.view !== undefined) return bytesOf(part.view)
    if (part.isArray) return Array.from(part.items, (item) => convert(item, depth + 1))
    return Object.fromEntries([...part.fields].map(([name, item]) => [describeHostValue(name), convert(item, depth + 1)]))
  }
  return convert(value, 0)
}

const MAX_SHOWN_ITEMS = 32

/** As `String(value)` shows it, cut short: for logs and messages. */
export function describeHostValue (value: HostValue, depth = 0): string {
  if (typeof value !== 'object' || value === null) return String(value)
  if (value instanceof Failure) return `Error: ${value.message}`
  if (value instanceof Moment) return toIsoText(value.ms)
  if (value instanceof ByteView) return `Uint8Array(${value.length})`
  if (value instanceof Token) return `[${value.name}]`
  if (value instanceof Cursor) return '[iterator]'
  if (depth >= 3) return '…'
  if (value.isArray) return `[${value.items.slice(0, MAX_SHOWN_ITEMS).map((item) => describeHostValue(item, depth + 1)).join(', ')}]`
  const fields = [...value.fields].slice(0, MAX_SHOWN_ITEMS)
  return `{${fields.map(([name, item]) => `${describeHostValue(name, depth + 1)}: ${describeHostValue(item, depth + 1)}`).join(', ')}}`
}
