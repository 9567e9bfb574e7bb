/** Objects, arrays and maps: closed tables, so a name finds what the module put there and nothing else. */
import { MAX_BINDGEN_VALUES } from '../../limits.ts'
import { GuestAbort } from '../guest.ts'
import { copyInto } from './byte-arrays.ts'
import type { Catalogue } from './imports.ts'
import { type HostFunctionSpec, hostError, spec } from './host-function.ts'
import type { BindgenHost } from './host.ts'
import { ByteView, Collection, Cursor, Failure, type HostValue, Token, describeHostValue } from './host-values.ts'
import { asNumber } from './operators.ts'

function collectionOf (value: HostValue): Collection {
  if (value instanceof Collection) return value
  throw hostError(`${describeHostValue(value)} is no object`)
}

function setItem (array: Collection, index: number, value: HostValue): undefined {
  array.become('array')
  if (index >= MAX_BINDGEN_VALUES) throw new GuestAbort('ERR_MEMORY_LIMIT', `the module set item ${index} of an array; ${MAX_BINDGEN_VALUES} are allowed`)
  array.items[index] = value
}

function setField (object: Collection, name: HostValue, value: HostValue): void {
  if (object.isArray && typeof name === 'number') setItem(object, name >>> 0, value)
  else {
    object.become(typeof name === 'string' ? 'object' : 'map')
    if (object.fields.size >= MAX_BINDGEN_VALUES) throw new GuestAbort('ERR_MEMORY_LIMIT', `the module put more than ${MAX_BINDGEN_VALUES} fields into one object`)
    object.fields.set(name, value)
  }
}

/** A field by name; what every object of JavaScript inherits is not there. */
function getField (value: HostValue, name: HostValue): HostValue {
  if (name instanceof Token) return isIterable(value) && name.name === 'iterator symbol' ? new Token('iterator function') : undefined
  if (value instanceof Failure) return name === 'message' ? value.message : undefined
  if (name === 'length' && !(value instanceof Collection && value.fields.has(name))) return lengthOf(value)
  if (value instanceof Collection) return value.isArray && typeof name === 'number' ? value.items[name >>> 0] : value.fields.get(name)
  return undefined
}

function lengthOf (value: HostValue): number | undefined {
  if (typeof value === 'string') return value.length
  if (value instanceof ByteView) return value.length
  if (!(value instanceof Collection)) return undefined
  return value.view?.length ?? (value.isArray ? value.items.length : value.announced)
}

function isIterable (value: HostValue): boolean {
  return typeof value === 'string' || (value instanceof Collection && value.shape !== 'object')
}

const pairs = (value: Collection): Collection[] => [...value.fields].map((pair) => Collection.array(pair))

function itemsOf (value: HostValue): readonly HostValue[] {
  if (typeof value === 'string') return [...value]
  if (value instanceof Collection) return value.isArray ? value.items : pairs(value)
  throw hostError(`${describeHostValue(value)} cannot be iterated`)
}

/** What `Object.entries` and its like give as an array, and those of a Map as an iterator. */
function listing (list: (value: Collection) => readonly HostValue[]): HostFunctionSpec[] {
  return [spec('ref', 'ref', (_host, [value]) => {
    const collection = collectionOf(value)
    const items = list(collection)
    return collection.shape === 'object' || collection.shape === 'blank' ? Collection.array(items) : new Cursor(items, true)
  })]
}

/** In releases that use indices for values, three numbers are a list, an object or bytes, by what the first one names. */
function setByIndices (host: BindgenHost, [first, second, third]: HostValue[]): undefined {
  const { references } = host
  const target = references.get(first, 'i32')
  if (target instanceof ByteView || (target instanceof Collection && target.announced > 0 && target.shape === 'blank' && bytesNamed(host, second))) {
    return copyInto(host, target, references.get(second, 'i32'), Number(third) >>> 0)
  }
  const collection = collectionOf(target)
  if (!collection.isArray && references.holds(second)) setField(collection, references.take(second, 'i32'), references.take(third, 'i32'))
  else setItem(collection, Number(second) >>> 0, references.take(third, 'i32'))
}

function bytesNamed (host: BindgenHost, index: HostValue): boolean {
  if (!host.references.holds(index)) return false
  const value = host.references.get(index, 'i32')
  return value instanceof ByteView || value instanceof Token
}

function getByIndices (host: BindgenHost, [first, second]: HostValue[]): HostValue {
  const { references } = host
  const value = references.get(first, 'i32')
  const byName = references.holds(second) && !(value instanceof Collection && value.isArray && Number(second) < value.items.length)
  return getField(value, byName ? references.get(second, 'i32') : second)
}

function next (value: HostValue): HostValue {
  if (!(value instanceof Cursor)) throw hostError(`${describeHostValue(value)} is no iterator`)
  if (value.announced) return value.step()
  value.announced = true
  return new Token('next function')
}

const setter = (gives: 'nothing' | 'ref' | 'flag'): HostFunctionSpec => spec('ref ref ref', gives, (_host, [object, name, value]) => {
  const collection = collectionOf(object)
  // Only the one of a Map gives the object back.
  if (gives === 'ref') collection.become('map')
  setField(collection, name, value)
  return gives === 'flag' ? true : object
})

export const COLLECTIONS: Catalogue = {
  new: [spec('', 'ref', () => new Collection()), spec('text', 'ref', (_host, [text]) => new Failure(String(text)))],
  set: [
    spec('number number number', 'nothing', setByIndices),
    setter('ref'), setter('nothing'), setter('flag'),
    spec('ref number ref', 'nothing', (_host, [array, index, value]) => setItem(collectionOf(array), Number(index) >>> 0, value)),
  ],
  get: [
    spec('number number', 'ref', getByIndices),
    spec('ref ref', 'ref', (_host, [value, name]) => getField(value, name)),
    spec('ref number', 'ref', (_host, [value, index]) => getField(value, index)),
  ],
  getunchecked: [spec('ref number', 'ref', (_host, [value, index]) => getField(value, index))],
  getwithrefkey: [spec('ref ref', 'ref', (_host, [value, name]) => getField(value, name))],
  has: [spec('ref ref', 'flag', (_host, [value, name]) => value instanceof Collection && value.fields.has(name))],
  push: [spec('ref ref', 'number', (_host, [array, value]) => {
    const list = collectionOf(array)
    setItem(list, list.items.length, value)
    return list.items.length
  })],
  length: [spec('ref', 'number', (_host, [value]) => lengthOf(value))],
  size: [spec('ref', 'number', (_host, [value]) => collectionOf(value).fields.size)],
  entries: listing((value) => (value.isArray ? value.items.map((item, index) => Collection.array([index, item])) : pairs(value))),
  keys: listing((value) => (value.isArray ? value.items.map((_item, index) => index) : [...value.fields.keys()])),
  values: listing((value) => (value.isArray ? value.items : [...value.fields.values()])),
  from: [spec('ref', 'ref', (_host, [value]) => Collection.array(value instanceof Cursor ? value.items : itemsOf(value)))],
  isArray: [spec('ref', 'flag', (_host, [value]) => value instanceof Collection && value.isArray)],
  isSafeInteger: [spec('ref', 'flag', (_host, [value]) => Number.isSafeInteger(value))],
  isInteger: [spec('ref', 'flag', (_host, [value]) => Number.isInteger(value))],
  instanceofMap: [spec('ref', 'flag', (_host, [value]) => value instanceof Collection && value.shape === 'map')],
  instanceofArray: [spec('ref', 'flag', (_host, [value]) => value instanceof Collection && value.isArray)],
  instanceofObject: [spec('ref', 'flag', (_host, [value]) => typeof value === 'object' && value !== null)],
  iterator: [spec('', 'ref', () => new Token('iterator symbol'))],
  call: [spec('ref ref', 'ref', (_host, [callee, value]) => {
    if (callee instanceof Token && callee.name === 'iterator function') return new Cursor(itemsOf(value), false)
    throw hostError(`${describeHostValue(callee)} is no function that the sandbox has`)
  })],
  next: [spec('ref', 'ref', (_host, [value]) => next(value))],
  done: [spec('ref', 'flag', (_host, [value]) => value instanceof Collection && value.fields.get('done') === true)],
  value: [spec('ref', 'ref', (_host, [value]) => (value instanceof Collection ? value.fields.get('value') : undefined))],
  String: [spec('ref', 'text', (_host, [value]) => describeHostValue(value))],
  Number: [spec('ref', 'number', (_host, [value]) => asNumber(value))],
  fromCodePoint: [spec('number', 'ref', (_host, [code]) => fromCodePoint(Number(code) >>> 0))],
  codePointAt: [spec('ref number', 'ref', (_host, [value, at]) => (typeof value === 'string' ? value.codePointAt(Number(at) >>> 0) : undefined))],
}

function fromCodePoint (code: number): string {
  if (code > 0x10ffff) throw hostError(`${code} is no code point`)
  return String.fromCodePoint(code)
}
