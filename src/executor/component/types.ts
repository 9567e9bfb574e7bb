/** Resolved value types with their layout in memory and as core values (Canonical ABI: alignment, element size, flattening). */
import { CorebrumError } from '../../errors.ts'
import { MAX_COMPONENT_DEPTH, MAX_COMPONENT_LABELS, MAX_COMPONENT_VALUE_BYTES } from '../limits.ts'
import type { CoreItem } from './items.ts'
import type { Primitive } from './syntax.ts'

export type CoreType = 'i32' | 'i64' | 'f32' | 'f64'

/** More core values than this are passed through memory. */
export const MAX_FLAT_PARAMS = 16
export const MAX_FLAT_RESULTS = 1
const MAX_FLAGS = 32

interface Layout {
  size: number
  align: number
  /** Core values that it is passed as; undefined: more than MAX_FLAT_PARAMS. */
  flat: readonly CoreType[] | undefined
  /** Levels of types inside it. */
  depth: number
  /** Passing such a value needs a memory, as its length is not fixed or it has too many core values. */
  memory: boolean
  /** What an interface calls it. */
  name?: string
}

export interface Field { name: string, type: ValType }
export interface Case { name: string, type?: ValType }

/** A tuple is a record whose fields have no names; enum, option and result are variants. */
export type ValType = Layout & (
  | { kind: Primitive }
  | { kind: 'list', element: ValType, length?: number }
  | { kind: 'record', fields: Field[], tuple: boolean }
  | { kind: 'variant', cases: Case[], form: 'variant' | 'enum' | 'option' | 'result', tagSize: number, payloadOffset: number }
  | { kind: 'flags', names: string[] }
  | { kind: 'own' | 'borrow', resource: ResourceType }
)

/** A resource type of one component instance, or of the host. Two are the same type only if they are the same object. */
export interface ResourceType {
  name: string
  /** The component instance that defines it, or `interface#name` of the host's. */
  owner: { instance: number } | { host: string }
  dtor?: CoreItem
}

export interface FuncType { params: Field[], result?: ValType, async: boolean }

const PRIMITIVES: Record<Primitive, [size: number, flat: CoreType[]]> = {
  bool: [1, ['i32']], s8: [1, ['i32']], u8: [1, ['i32']], s16: [2, ['i32']], u16: [2, ['i32']], s32: [4, ['i32']], u32: [4, ['i32']],
  s64: [8, ['i64']], u64: [8, ['i64']], f32: [4, ['f32']], f64: [8, ['f64']], char: [4, ['i32']], string: [8, ['i32', 'i32']],
}

export function primitiveType (kind: Primitive): ValType {
  const [size, flat] = PRIMITIVES[kind]
  return { kind, size, align: kind === 'string' ? 4 : size, flat, depth: 0, memory: kind === 'string' }
}

export function listType (element: ValType, length?: number): ValType {
  const depth = deeper([element])
  if (length === undefined) return { kind: 'list', element, size: 8, align: 4, flat: ['i32', 'i32'], depth, memory: true }
  if (length === 0) throw invalid('a list of fixed length has no elements')
  const flat = element.flat === undefined || element.flat.length * length > MAX_FLAT_PARAMS ? undefined : Array.from({ length }, () => element.flat ?? []).flat()
  return { kind: 'list', element, length, size: sized(element.size * length), align: element.align, flat, depth, memory: flat === undefined || element.memory }
}

export function recordType (fields: Field[], tuple: boolean): ValType {
  labelled(fields.map((field) => field.name), tuple ? 'tuple' : 'record')
  const types = fields.map((field) => field.type)
  const align = Math.max(...types.map((type) => type.align))
  const end = types.reduce((at, type) => alignTo(at, type.align) + type.size, 0)
  const flat = flatten(types)
  return { kind: 'record', fields, tuple, size: sized(alignTo(end, align)), align, flat, depth: deeper(types), memory: needMemory(types, flat) }
}

export function tupleType (types: readonly ValType[]): ValType {
  return recordType(types.map((type, index) => ({ name: String(index), type })), true)
}

type VariantForm = Extract<ValType, { kind: 'variant' }>['form']

export function variantType (cases: Case[], form: VariantForm): ValType {
  labelled(cases.map((item) => item.name), form)
  const types = cases.flatMap(({ type }) => (type === undefined ? [] : [type]))
  const tagSize = cases.length <= 0x100 ? 1 : cases.length <= 0x10000 ? 2 : 4
  const payloadAlign = Math.max(1, ...types.map((type) => type.align))
  const payloadOffset = alignTo(tagSize, payloadAlign)
  const align = Math.max(tagSize, payloadAlign)
  const size = sized(alignTo(payloadOffset + Math.max(0, ...types.map((type) => type.size)), align))
  const flat = flattenCases(types)
  return { kind: 'variant', cases, form, tagSize, payloadOffset, size, align, flat, depth: deeper(types), memory: needMemory(types, flat) }
}

export function flagsType (names: string[]): ValType {
  labelled(names, 'flags')
  if (names.length > MAX_FLAGS) throw invalid(`a flags type has ${names.length} flags; ${MAX_FLAGS} are allowed`)
  const size = names.length <= 8 ? 1 : names.length <= 16 ? 2 : 4
  return { kind: 'flags', names, size, align: size, flat: ['i32'], depth: 0, memory: false }
}

export function handleType (kind: 'own' | 'borrow', resource: ResourceType): ValType {
  return { kind, resource, size: 4, align: 4, flat: ['i32'], depth: 0, memory: false }
}

export function alignTo (offset: number, align: number): number {
  return Math.ceil(offset / align) * align
}

/** The core values of several types one after the other; undefined above MAX_FLAT_PARAMS. */
export function flatten (types: readonly ValType[]): readonly CoreType[] | undefined {
  const flat: CoreType[] = []
  for (const type of types) {
    if (type.flat === undefined) return undefined
    flat.push(...type.flat)
    if (flat.length > MAX_FLAT_PARAMS) return undefined
  }
  return flat
}

/** The tag, then core values that hold those of any case. */
function flattenCases (types: readonly ValType[]): readonly CoreType[] | undefined {
  const joined: CoreType[] = []
  for (const { flat } of types) {
    if (flat === undefined) return undefined
    flat.forEach((type, index) => {
      const other = joined[index]
      joined[index] = other === undefined ? type : join(other, type)
    })
  }
  return joined.length < MAX_FLAT_PARAMS ? ['i32', ...joined] : undefined
}

function join (a: CoreType, b: CoreType): CoreType {
  if (a === b) return a
  return (a === 'i32' && b === 'f32') || (a === 'f32' && b === 'i32') ? 'i32' : 'i64'
}

/** The core function type that a component function has on the side that provides it (`lift`) or the one that calls it (`lower`). */
export function coreSignature (type: FuncType, side: 'lift' | 'lower'): { params: CoreType[], results: CoreType[] } {
  const params = [...flatten(type.params.map((param) => param.type)) ?? ['i32' as const]]
  const flat = type.result === undefined ? [] : type.result.flat
  if (flat !== undefined && flat.length <= MAX_FLAT_RESULTS) return { params, results: [...flat] }
  return side === 'lift' ? { params, results: ['i32'] } : { params: [...params, 'i32'], results: [] }
}

function needMemory (types: readonly ValType[], flat: readonly CoreType[] | undefined): boolean {
  return flat === undefined || types.some((type) => type.memory)
}

function labelled (names: string[], what: string): void {
  if (names.length === 0) throw invalid(`a ${what} type is empty`)
  if (names.length > MAX_COMPONENT_LABELS) throw invalid(`a ${what} type has ${names.length} parts; ${MAX_COMPONENT_LABELS} are allowed`)
  if (new Set(names).size < names.length) throw invalid(`a ${what} type has two parts of the same name`)
}

function sized (size: number): number {
  if (size >= MAX_COMPONENT_VALUE_BYTES) throw invalid(`a type describes values of ${size} bytes; less than ${MAX_COMPONENT_VALUE_BYTES} are allowed`)
  return size
}

function deeper (types: readonly ValType[]): number {
  const depth = 1 + Math.max(0, ...types.map((type) => type.depth))
  if (depth > MAX_COMPONENT_DEPTH) throw invalid(`value types are nested deeper than ${MAX_COMPONENT_DEPTH} levels`)
  return depth
}

function invalid (what: string): CorebrumError {
  return new CorebrumError('ERR_MODULE_INVALID', `the component is damaged: ${what}`)
}
