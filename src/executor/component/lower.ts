/** Values to core values and memory of a component (Canonical ABI: storing, flat lowering). */
import type { CallContext } from './context.ts'
import { FlatWriter } from './flat.ts'
import { storeString } from './strings.ts'
import { type ResourceType, type ValType, alignTo, flatten, tupleType } from './types.ts'
import { HostResource, type Lifted, type Representation, VariantValue, mismatch } from './values.ts'

/** The core values to pass for `values`; more than `maxFlat` go into memory, at `target` where the caller made room for them. */
export function lowerValues (cx: CallContext, types: readonly ValType[], values: readonly Lifted[], maxFlat: number, target?: number): Array<number | bigint> {
  if (types.length === 0) return []
  const slots = flatten(types)
  if (slots === undefined || slots.length > maxFlat) {
    const tuple = tupleType(types)
    const pointer = target === undefined ? cx.allocate(tuple.align, tuple.size) : cx.requireRange(target, tuple.size, tuple.align)
    storeFields(cx, types, values, pointer)
    return target === undefined ? [pointer | 0] : []
  }
  const writer = new FlatWriter(slots)
  types.forEach((type, index) => { lowerFlat(cx, type, at(values, index), writer) })
  return writer.values
}

function lowerFlat (cx: CallContext, type: ValType, value: Lifted, writer: FlatWriter): void {
  switch (type.kind) {
    case 'bool': writer.i32(value === true ? 1 : 0); break
    case 's8': case 'u8': case 's16': case 'u16': case 's32': case 'u32': case 'flags': writer.i32(asNumber(value)); break
    case 's64': case 'u64': writer.i64(asBigint(value)); break
    case 'f32': writer.f32(asNumber(value)); break
    case 'f64': writer.f64(asNumber(value)); break
    case 'char': writer.i32(codePoint(value)); break
    case 'string': {
      const { pointer, units } = storeString(cx, asString(value))
      writer.i32(pointer)
      writer.i32(units)
      break
    }
    case 'list':
      if (type.length !== undefined) {
        const elements = asList(value, type.length)
        for (let index = 0; index < type.length; index++) lowerFlat(cx, type.element, at(elements, index), writer)
      } else {
        const { pointer, count } = storeList(cx, type.element, value)
        writer.i32(pointer)
        writer.i32(count)
      }
      break
    case 'record': {
      const fields = asList(value, type.fields.length)
      type.fields.forEach((field, index) => { lowerFlat(cx, field.type, at(fields, index), writer) })
      break
    }
    case 'variant': {
      const { index, payload, type: payloadType } = chosen(type, value)
      writer.i32(index)
      if (payloadType !== undefined && payload !== undefined) lowerFlat(cx, payloadType, payload, writer)
      writer.pad((type.flat?.length ?? 1) - 1 - (payloadType?.flat?.length ?? 0))
      break
    }
    case 'own': case 'borrow': writer.i32(lowerHandle(cx, type.kind, type.resource, value)); break
  }
}

/** Expects the range at `pointer` to be checked. */
function store (cx: CallContext, type: ValType, value: Lifted, pointer: number): void {
  switch (type.kind) {
    case 'bool': cx.view().setUint8(pointer, value === true ? 1 : 0); break
    case 's8': case 'u8': cx.view().setUint8(pointer, asNumber(value)); break
    case 's16': case 'u16': cx.view().setUint16(pointer, asNumber(value), true); break
    case 's32': case 'u32': cx.view().setUint32(pointer, asNumber(value), true); break
    case 's64': case 'u64': cx.view().setBigUint64(pointer, asBigint(value), true); break
    case 'f32': cx.view().setFloat32(pointer, asNumber(value), true); break
    case 'f64': cx.view().setFloat64(pointer, asNumber(value), true); break
    case 'char': cx.view().setUint32(pointer, codePoint(value), true); break
    case 'string': {
      const text = storeString(cx, asString(value))
      storePair(cx, pointer, text.pointer, text.units)
      break
    }
    case 'list':
      if (type.length !== undefined) storeElements(cx, type.element, asList(value, type.length), pointer)
      else {
        const list = storeList(cx, type.element, value)
        storePair(cx, pointer, list.pointer, list.count)
      }
      break
    case 'record': storeFields(cx, type.fields.map((field) => field.type), asList(value, type.fields.length), pointer); break
    case 'variant': {
      const { index, payload, type: payloadType } = chosen(type, value)
      storeBits(cx.view(), pointer, type.tagSize, index)
      if (payloadType !== undefined && payload !== undefined) store(cx, payloadType, payload, pointer + type.payloadOffset)
      break
    }
    case 'flags': storeBits(cx.view(), pointer, type.size, asNumber(value)); break
    case 'own': case 'borrow': {
      const handle = lowerHandle(cx, type.kind, type.resource, value)
      cx.view().setInt32(pointer, handle, true)
    }
  }
}

function storePair (cx: CallContext, pointer: number, first: number, second: number): void {
  const view = cx.view()
  view.setUint32(pointer, first, true)
  view.setUint32(pointer + 4, second, true)
}

function storeBits (view: DataView, pointer: number, size: number, bits: number): void {
  if (size === 1) view.setUint8(pointer, bits)
  else if (size === 2) view.setUint16(pointer, bits, true)
  else view.setUint32(pointer, bits, true)
}

function storeFields (cx: CallContext, types: readonly ValType[], values: readonly Lifted[], pointer: number): void {
  let offset = pointer
  types.forEach((type, index) => {
    offset = alignTo(offset, type.align)
    store(cx, type, at(values, index), offset)
    offset += type.size
  })
}

function storeList (cx: CallContext, element: ValType, value: Lifted): { pointer: number, count: number } {
  const items = value instanceof Uint8Array ? value : asList(value)
  const pointer = cx.allocate(element.align, cx.listBytes(items.length, element.size))
  if (items instanceof Uint8Array) cx.bytes(pointer, items.length).set(items)
  else storeElements(cx, element, items, pointer)
  return { pointer, count: items.length }
}

function storeElements (cx: CallContext, element: ValType, items: readonly Lifted[], pointer: number): void {
  items.forEach((item, index) => { store(cx, element, item, pointer + index * element.size) })
}

function chosen ({ cases }: Extract<ValType, { kind: 'variant' }>, value: Lifted): { index: number, payload: Lifted | undefined, type: ValType | undefined } {
  if (!(value instanceof VariantValue) || value.index >= cases.length) throw mismatch('variant')
  const type = cases[value.index]?.type
  if ((type === undefined) !== (value.payload === undefined)) throw mismatch('variant')
  return { index: value.index, payload: value.payload, type }
}

/** A component that is lent a resource of its own gets what it stands for, not a handle. */
function lowerHandle (cx: CallContext, kind: 'own' | 'borrow', resource: ResourceType, value: Lifted): number {
  const rep = asRepresentation(value)
  if (kind === 'own') return cx.host.handles.add(resource, rep)
  if ('instance' in resource.owner && resource.owner.instance === cx.host.instance && typeof rep === 'number') return rep
  return cx.host.handles.add(resource, rep, cx.scope)
}

function at (values: readonly Lifted[], index: number): Lifted {
  const value = values[index]
  if (value === undefined) throw mismatch('list of that length')
  return value
}

function asNumber (value: Lifted): number {
  if (typeof value !== 'number') throw mismatch('number')
  return value
}

function asBigint (value: Lifted): bigint {
  if (typeof value !== 'bigint') throw mismatch('64-bit integer')
  return value
}

function asString (value: Lifted): string {
  if (typeof value !== 'string') throw mismatch('string')
  return value
}

function codePoint (value: Lifted): number {
  return asString(value).codePointAt(0) ?? 0
}

function asList (value: Lifted, length?: number): readonly Lifted[] {
  const items = value instanceof Uint8Array ? [...value] : Array.isArray(value) ? value : undefined
  if (items === undefined || (length !== undefined && items.length !== length)) throw mismatch('list')
  return items
}

function asRepresentation (value: Lifted): Representation {
  if (typeof value !== 'number' && !(value instanceof HostResource)) throw mismatch('resource')
  return value
}
