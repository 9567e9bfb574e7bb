/** Types of the WebAssembly binary format: value types, function types, limits (core specification, section 5.3). */
import type { BinaryReader } from './reader.ts'
import type { FunctionType, Limits, WasmType } from './module-info.ts'

/** By code; an array, as a large module has some hundred thousand of them. */
const VALUE_TYPES: Array<WasmType | undefined> = Array<undefined>(0x80).fill(undefined)
VALUE_TYPES[0x7f] = 'i32'
VALUE_TYPES[0x7e] = 'i64'
VALUE_TYPES[0x7d] = 'f32'
VALUE_TYPES[0x7c] = 'f64'
VALUE_TYPES[0x7b] = 'v128'
VALUE_TYPES[0x70] = 'funcref'
VALUE_TYPES[0x6f] = 'externref'

export function readValueType (reader: BinaryReader): WasmType {
  const code = reader.u8()
  const known = VALUE_TYPES[code]
  if (known !== undefined) return known
  if (code === 0x63 || code === 0x64) {
    reader.skipLeb()
    return 'ref'
  }
  if (code >= 0x65 && code <= 0x75) return 'ref'
  throw reader.damaged(`0x${code.toString(16)} is no value type`)
}

/** One entry of the type section, which may be a group of them; pushes undefined for types that are not functions. */
export function readTypeEntry (reader: BinaryReader, types: Array<FunctionType | undefined>): void {
  if (reader.peek() === 0x4e) {
    reader.u8()
    for (let count = reader.u32(); count > 0; count--) readSubType(reader, types)
  } else {
    readSubType(reader, types)
  }
}

function readSubType (reader: BinaryReader, types: Array<FunctionType | undefined>): void {
  let form = reader.u8()
  if (form === 0x50 || form === 0x4f) {
    for (let count = reader.u32(); count > 0; count--) reader.u32()
    form = reader.u8()
  }
  if (form === 0x60) {
    types.push({ params: readValueTypes(reader), results: readValueTypes(reader) })
  } else if (form === 0x5f) {
    for (let count = reader.u32(); count > 0; count--) readField(reader)
    types.push(undefined)
  } else if (form === 0x5e) {
    readField(reader)
    types.push(undefined)
  } else {
    throw reader.damaged(`0x${form.toString(16)} is no form of type`)
  }
}

function readValueTypes (reader: BinaryReader): WasmType[] {
  const types: WasmType[] = []
  for (let count = reader.u32(); count > 0; count--) types.push(readValueType(reader))
  return types
}

function readField (reader: BinaryReader): void {
  const code = reader.peek()
  if (code === 0x78 || code === 0x77) reader.u8()
  else readValueType(reader)
  reader.u8()
}

/** Limits of a memory or a table, with the flags of the threads, memory64 and custom-page-sizes proposals. */
export function readLimits (reader: BinaryReader): Limits {
  const start = reader.offset
  const flags = reader.u8()
  if (flags > 0x0f) throw reader.damaged(`0x${flags.toString(16)} are no flags of limits`)
  const min = reader.u64()
  const max = (flags & 1) !== 0 ? reader.u64() : undefined
  const pageSizeLog2 = (flags & 8) !== 0 ? reader.u32() : undefined
  return {
    min,
    shared: (flags & 2) !== 0,
    wide: (flags & 4) !== 0,
    start,
    end: reader.offset,
    ...(max === undefined ? {} : { max }),
    ...(pageSizeLog2 === undefined ? {} : { pageSizeLog2 }),
  }
}
