/** Arrays and byte arrays: how they are made, and the methods that Go programs use. */
import { CorebrumError } from '../../../errors.ts'
import { MAX_GO_HOST_BYTES } from '../../limits.ts'
import { bytesOf, requireLength, requireTextSize, resize, textOf } from './operations.ts'
import type { Realm } from './realm.ts'
import { type Inert, type Methods, type Native, Thing, Thrown, makeError, typeError } from './thing.ts'

const ITEM_BYTES = 64

export function makeArray (realm: Realm, items: Inert[]): Thing {
  requireLength(items.length)
  realm.spend(ITEM_BYTES * (items.length + 1))
  return new Thing('Array', { items, methods: ARRAY_METHODS })
}

/** Takes over `bytes`. */
export function makeBytes (realm: Realm, bytes: Uint8Array): Thing {
  realm.spend(ITEM_BYTES + bytes.length)
  return new Thing('Uint8Array', { bytes, methods: BYTES_METHODS })
}

/** `new Array(length)`, or with its items. */
export const constructArray: Native = (realm, _self, args) => {
  const [length] = args
  if (args.length !== 1 || typeof length !== 'number') return makeArray(realm, [...args])
  if (!Number.isInteger(length) || length < 0) throw rangeError('invalid array length')
  const items: Inert[] = []
  resize(realm, items, length)
  return makeArray(realm, items)
}

/** `new Uint8Array(length)`, or a copy of an array. Throws ERR_MEMORY_LIMIT before it reserves too much. */
export const constructBytes: Native = (realm, _self, [source = 0]) => {
  const length = typeof source === 'number' ? source : sizeOf(source)
  if (length === undefined || !Number.isInteger(length) || length < 0) throw rangeError('invalid typed array length')
  if (length > MAX_GO_HOST_BYTES) throw new CorebrumError('ERR_MEMORY_LIMIT', `the program asked for an array of ${length} bytes; ${MAX_GO_HOST_BYTES} are allowed`)
  realm.spend(length)
  const bytes = new Uint8Array(length)
  if (typeof source !== 'number') fill(bytes, source, 0)
  return makeBytes(realm, bytes)
}

const ARRAY_METHODS: Methods = new Map<string, Native>([
  ['push', (realm, self, args) => {
    const items = itemsOf(self)
    const start = items.length
    resize(realm, items, start + args.length)
    args.forEach((item, index) => { items[start + index] = item })
    return items.length
  }],
  ['pop', (_realm, self) => itemsOf(self).pop()],
  ['slice', (realm, self, [from, to]) => makeArray(realm, itemsOf(self).slice(position(from), position(to)))],
  ['concat', (realm, self, args) => {
    const parts = [itemsOf(self), ...args.map((part) => (part instanceof Thing ? part.nature.items : undefined) ?? [part])]
    requireLength(parts.reduce((sum, part) => sum + part.length, 0))
    return makeArray(realm, parts.flat())
  }],
  ['join', (realm, self, [separator = ',']) => {
    const texts = itemsOf(self).map((item) => (item === undefined || item === null ? '' : textOf(item)))
    const between = textOf(separator)
    requireTextSize(texts.reduce((sum, text) => sum + text.length + between.length, 0))
    const joined = texts.join(between)
    realm.spend(2 * joined.length)
    return joined
  }],
])

const BYTES_METHODS: Methods = new Map<string, Native>([
  ['subarray', (realm, self, [from, to]) => makeBytes(realm, ownBytes(self).subarray(position(from), position(to)))],
  ['slice', (realm, self, [from, to]) => makeBytes(realm, ownBytes(self).slice(position(from), position(to)))],
  ['set', (_realm, self, [source, offset]) => {
    const start = position(offset) ?? 0
    const bytes = ownBytes(self)
    const size = sizeOf(source)
    if (size === undefined || start < 0 || start + size > bytes.length) throw rangeError('offset is out of bounds')
    fill(bytes, source, start)
    return undefined
  }],
  ['fill', (_realm, self, [value, from, to]) => {
    ownBytes(self).fill(Number(value instanceof Thing ? 0 : value), position(from), position(to))
    return self
  }],
])

function itemsOf (self: Inert): Inert[] {
  const items = self instanceof Thing ? self.nature.items : undefined
  if (items === undefined) throw typeError('this is no array')
  return items
}

function ownBytes (self: Inert): Uint8Array {
  const bytes = bytesOf(self)
  if (bytes === undefined) throw typeError('this is no Uint8Array')
  return bytes
}

function sizeOf (source: Inert): number | undefined {
  return source instanceof Thing ? source.nature.bytes?.length ?? source.nature.items?.length : undefined
}

function fill (target: Uint8Array, source: Inert, start: number): void {
  if (!(source instanceof Thing)) return
  const { bytes, items } = source.nature
  if (bytes !== undefined) target.set(bytes, start)
  else items?.forEach((item, index) => { target[start + index] = typeof item === 'number' ? item : 0 })
}

function position (value: Inert): number | undefined {
  return typeof value === 'number' ? value : undefined
}

function rangeError (message: string): Thrown {
  return new Thrown(makeError(message, 'RangeError'))
}
