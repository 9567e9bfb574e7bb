/** Core values and memory of a component to values (Canonical ABI: loading, flat lifting). Every pointer, tag and handle is checked. */
import type { CallContext } from './context.ts'
import { FlatReader } from './flat.ts'
import { loadString } from './strings.ts'
import { type ResourceType, type ValType, alignTo, flatten, tupleType } from './types.ts'
import { type Lifted, type Representation, VariantValue, trap } from './values.ts'

const LAST_CODE_POINT = 0x10ffff

/** What was passed for `types`, or the pointer to it where that are more than `maxFlat` core values. */
export function liftValues (cx: CallContext, types: readonly ValType[], raw: readonly unknown[], maxFlat: number): Lifted[] {
  if (types.length === 0) return []
  const slots = flatten(types)
  if (slots === undefined || slots.length > maxFlat) {
    const tuple = tupleType(types)
    const pointer = cx.requireRange(new FlatReader(raw, ['i32']).i32(), tuple.size, tuple.align)
    return loadFields(cx, types, pointer)
  }
  const reader = new FlatReader(raw, slots)
  return types.map((type) => liftFlat(cx, type, reader))
}

function liftFlat (cx: CallContext, type: ValType, reader: FlatReader): Lifted {
  switch (type.kind) {
    case 'bool': return reader.i32() !== 0
    case 's8': return (reader.i32() << 24) >> 24
    case 'u8': return reader.i32() & 0xff
    case 's16': return (reader.i32() << 16) >> 16
    case 'u16': return reader.i32() & 0xffff
    case 's32': return reader.i32() | 0
    case 'u32': return reader.i32() >>> 0
    case 's64': return BigInt.asIntN(64, reader.i64())
    case 'u64': return BigInt.asUintN(64, reader.i64())
    case 'f32': return canonical(reader.f32())
    case 'f64': return canonical(reader.f64())
    case 'char': return charOf(reader.i32())
    case 'string': return loadString(cx, reader.i32(), reader.i32())
    case 'list':
      if (type.length !== undefined) return Array.from({ length: type.length }, () => liftFlat(cx, type.element, reader))
      return loadList(cx, type.element, reader.i32(), reader.i32())
    case 'record': return type.fields.map((field) => liftFlat(cx, field.type, reader))
    case 'variant': return liftVariant(cx, type, reader)
    case 'flags': return maskFlags(reader.i32(), type.names)
    case 'own': return liftOwn(cx, reader.i32(), type.resource)
    case 'borrow': return liftBorrow(cx, reader.i32(), type.resource)
  }
}

type VariantType = Extract<ValType, { kind: 'variant' }>

function liftVariant (cx: CallContext, type: VariantType, reader: FlatReader): VariantValue {
  const index = reader.i32() >>> 0
  const chosen = caseOf(type, index)
  const slots = (type.flat?.length ?? 1) - 1
  if (chosen.type === undefined) {
    reader.skip(slots)
    return new VariantValue(index)
  }
  const payload = liftFlat(cx, chosen.type, reader)
  reader.skip(slots - (chosen.type.flat?.length ?? 0))
  return new VariantValue(index, payload)
}

function caseOf ({ cases, form }: VariantType, index: number): VariantType['cases'][number] {
  const chosen = cases[index]
  if (chosen === undefined) throw trap(`the case ${index} of a ${form} with ${cases.length} cases`)
  return chosen
}

/** Expects the range at `pointer` to be checked. */
function load (cx: CallContext, type: ValType, pointer: number): Lifted {
  const view = cx.view()
  switch (type.kind) {
    case 'bool': return view.getUint8(pointer) !== 0
    case 's8': return view.getInt8(pointer)
    case 'u8': return view.getUint8(pointer)
    case 's16': return view.getInt16(pointer, true)
    case 'u16': return view.getUint16(pointer, true)
    case 's32': return view.getInt32(pointer, true)
    case 'u32': return view.getUint32(pointer, true)
    case 's64': return view.getBigInt64(pointer, true)
    case 'u64': return view.getBigUint64(pointer, true)
    case 'f32': return canonical(view.getFloat32(pointer, true))
    case 'f64': return canonical(view.getFloat64(pointer, true))
    case 'char': return charOf(view.getInt32(pointer, true))
    case 'string': return loadString(cx, view.getUint32(pointer, true), view.getUint32(pointer + 4, true))
    case 'list':
      if (type.length !== undefined) return loadElements(cx, type.element, pointer, type.length)
      return loadList(cx, type.element, view.getUint32(pointer, true), view.getUint32(pointer + 4, true))
    case 'record': return loadFields(cx, type.fields.map((field) => field.type), pointer)
    case 'variant': {
      const index = loadBits(view, pointer, type.tagSize)
      const chosen = caseOf(type, index)
      return chosen.type === undefined ? new VariantValue(index) : new VariantValue(index, load(cx, chosen.type, pointer + type.payloadOffset))
    }
    case 'flags': return maskFlags(loadBits(view, pointer, type.size), type.names)
    case 'own': return liftOwn(cx, view.getInt32(pointer, true), type.resource)
    case 'borrow': return liftBorrow(cx, view.getInt32(pointer, true), type.resource)
  }
}

function loadFields (cx: CallContext, types: readonly ValType[], pointer: number): Lifted[] {
  cx.spendValues(types.length)
  let at = pointer
  return types.map((type) => {
    at = alignTo(at, type.align)
    const value = load(cx, type, at)
    at += type.size
    return value
  })
}

function loadList (cx: CallContext, element: ValType, pointer: number, length: number): Lifted {
  const count = length >>> 0
  const start = cx.requireRange(pointer, cx.listBytes(count, element.size), element.align)
  if (element.kind !== 'u8') return loadElements(cx, element, start, count)
  cx.spendBytes(count)
  return cx.bytes(start, count).slice()
}

function loadElements (cx: CallContext, element: ValType, pointer: number, count: number): Lifted[] {
  cx.spendValues(count)
  return Array.from({ length: count }, (_, index) => load(cx, element, pointer + index * element.size))
}

function loadBits (view: DataView, pointer: number, size: number): number {
  return size === 1 ? view.getUint8(pointer) : size === 2 ? view.getUint16(pointer, true) : view.getUint32(pointer, true)
}

function maskFlags (bits: number, names: readonly string[]): number {
  return names.length >= 32 ? bits >>> 0 : bits & ((1 << names.length) - 1)
}

/** One NaN for all: their payload bits differ between machines. */
function canonical (float: number): number {
  return Number.isNaN(float) ? NaN : float
}

function charOf (code: number): string {
  const point = code >>> 0
  if (point > LAST_CODE_POINT || (point >= 0xd800 && point <= 0xdfff)) throw trap(`0x${point.toString(16)} is no character`)
  return String.fromCodePoint(point)
}

function liftOwn (cx: CallContext, index: number, resource: ResourceType): Representation {
  return cx.host.handles.removeOwned(index, resource).rep
}

function liftBorrow (cx: CallContext, index: number, resource: ResourceType): Representation {
  const handle = cx.host.handles.get(index, resource)
  cx.scope.lend(handle)
  return handle.rep
}
