/** What syscall/js does with values: the operations of JavaScript, on things only and without prototypes. */
import { CorebrumError } from '../../../errors.ts'
import { MAX_CBOR_ITEMS } from '../../../limits.ts'
import { MAX_GO_TEXT_BYTES } from '../../limits.ts'
import type { Realm } from './realm.ts'
import { type Inert, type Kind, Thing, makeFunction, typeError } from './thing.ts'

/** A field, an entry or a method costs the host about this much. */
const FIELD_BYTES = 64
/** A name that a message repeats is cut there. */
export const SHOWN_NAME_CHARS = 100

export function getField (realm: Realm, target: Inert, name: string): Inert {
  if (!(target instanceof Thing)) return undefined
  if (target.fields.has(name)) return target.fields.get(name)
  const { lazy, items, bytes } = target.nature
  const make = lazy?.get(name)
  if (make !== undefined) {
    const value = make(realm)
    target.fields.set(name, value)
    return value
  }
  if (name === 'length') return items?.length ?? bytes?.length
  if (name === 'byteLength') return bytes?.length
  const method = target.methods.get(name)
  if (method !== undefined) return makeFunction(method)
  if (lazy !== undefined) realm.missedGlobal = name.slice(0, SHOWN_NAME_CHARS)
  return undefined
}

/** Things take any field; other values, and the length of a list, stay as they are. */
export function setField (realm: Realm, target: Inert, name: string, value: Inert): void {
  if (!(target instanceof Thing) || (name === 'length' && isList(target))) return
  if (!target.fields.has(name)) realm.spend(FIELD_BYTES + 2 * name.length)
  target.fields.set(name, value)
}

export function deleteField (target: Inert, name: string): void {
  if (target instanceof Thing) target.fields.delete(name)
}

export function getItem (realm: Realm, target: Inert, index: number): Inert {
  if (!(target instanceof Thing)) return undefined
  const { items, bytes } = target.nature
  if (items !== undefined) return items[index]
  return bytes === undefined ? getField(realm, target, String(index)) : bytes[index]
}

/** Throws ERR_MEMORY_LIMIT for an array that would be too long. */
export function setItem (realm: Realm, target: Inert, index: number, value: Inert): void {
  if (!(target instanceof Thing)) return
  const { items, bytes } = target.nature
  if (bytes !== undefined) {
    if (index >= 0 && index < bytes.length) bytes[index] = typeof value === 'number' ? value : 0
  } else if (items === undefined) {
    setField(realm, target, String(index), value)
  } else if (index >= 0) {
    resize(realm, items, Math.max(items.length, index + 1))
    items[index] = value
  }
}

/** Makes an array longer, with undefined; throws ERR_MEMORY_LIMIT above MAX_CBOR_ITEMS. */
export function resize (realm: Realm, items: Inert[], length: number): void {
  if (length <= items.length) return
  requireLength(length)
  realm.spend((length - items.length) * FIELD_BYTES)
  const from = items.length
  items.length = length
  items.fill(undefined, from)
}

/** Throws ERR_MEMORY_LIMIT for a text, of so many bytes or characters, that would be too long; to be asked before it is made. */
export function requireTextSize (size: number): void {
  if (size > MAX_GO_TEXT_BYTES) throw new CorebrumError('ERR_MEMORY_LIMIT', `the program made a text of ${size} bytes; ${MAX_GO_TEXT_BYTES} are allowed`)
}

/** Throws ERR_MEMORY_LIMIT for a list that would be too long; to be asked before it is made. */
export function requireLength (length: number): void {
  if (length > MAX_CBOR_ITEMS) throw new CorebrumError('ERR_MEMORY_LIMIT', `the program made a list of ${length} items; ${MAX_CBOR_ITEMS} are allowed`)
}

/** Calls the method; throws `Thrown` as JavaScript would. */
export function callMethod (realm: Realm, target: Inert, name: string, args: readonly Inert[]): Inert {
  if (target instanceof Thing && !target.fields.has(name)) {
    const method = target.methods.get(name)
    if (method !== undefined) return method(realm, target, args)
  }
  return invoke(realm, getField(realm, target, name), target, args, name)
}

export function invoke (realm: Realm, target: Inert, self: Inert, args: readonly Inert[], name = 'value'): Inert {
  const call = target instanceof Thing ? target.nature.call : undefined
  if (call === undefined) throw typeError(`${name} is not a function`)
  return call(realm, self, args)
}

export function construct (realm: Realm, target: Inert, args: readonly Inert[]): Inert {
  const make = target instanceof Thing ? target.nature.construct : undefined
  if (make === undefined) throw typeError('value is not a constructor')
  return make(realm, undefined, args)
}

export function lengthOf (target: Inert): number {
  if (typeof target === 'string') return target.length
  if (!(target instanceof Thing)) return 0
  const { items, bytes } = target.nature
  const length = items?.length ?? bytes?.length ?? target.fields.get('length')
  return typeof length === 'number' && Number.isSafeInteger(length) ? length : 0
}

export function isInstance (value: Inert, constructor: Inert): boolean {
  const makes: Kind | undefined = constructor instanceof Thing ? constructor.nature.makes : undefined
  return value instanceof Thing && makes !== undefined && (makes === 'Object' || makes === value.kind)
}

/** As `String(value)` gives it. */
export function textOf (value: Inert): string {
  if (!(value instanceof Thing)) return String(value)
  if (value.kind === 'Error') return `${errorPart(value, 'name')}: ${errorPart(value, 'message')}`
  return value.nature.call === undefined ? `[object ${value.kind}]` : '[function]'
}

function errorPart (error: Thing, name: string): string {
  const part = error.fields.get(name)
  return part instanceof Thing ? '' : String(part)
}

/** The bytes of a Uint8Array, else undefined. */
export function bytesOf (value: Inert): Uint8Array | undefined {
  return value instanceof Thing ? value.nature.bytes : undefined
}

function isList ({ nature }: Thing): boolean {
  return nature.items !== undefined || nature.bytes !== undefined
}
