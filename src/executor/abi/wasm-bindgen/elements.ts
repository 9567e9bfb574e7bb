/** Vectors of numbers as bytes in memory: little-endian, each element checked against its type. */
import { CorebrumError } from '../../../errors.ts'
import type { Value } from '../../../task/values.ts'
import { describeValue, toWasm } from '../convert.ts'
import { exactInteger } from '../../../task/values.ts'
import { ELEMENT_BYTES, NUMBERS, type NumberElement } from './types.ts'
import { integerRange, requireInRange } from './integers.ts'

/** Throws ERR_INPUT or ERR_VALUE_RANGE for an element that is no number of the type. */
export function encodeNumbers (values: readonly Value[], of: NumberElement, name: string): Uint8Array {
  const width = ELEMENT_BYTES[of]
  const bytes = new Uint8Array(values.length * width)
  const view = new DataView(bytes.buffer)
  const type = NUMBERS[of]
  values.forEach((value, index) => {
    const at = index * width
    const label = `${name}[${index}]`
    if (type.kind === 'float') {
      const float = Number(toWasm(value, { name: label, type: 'number' }, type.bits === 32 ? 'f32' : 'f64'))
      if (of === 'f32') view.setFloat32(at, float, true)
      else view.setFloat64(at, float, true)
      return
    }
    if (typeof value !== 'number' && typeof value !== 'bigint') throw new CorebrumError('ERR_INPUT', `the input ${JSON.stringify(label)} must be a number; it is ${describeValue(value)}`)
    const integer = requireInRange(value, integerRange(type), label)
    if (width === 8) view.setBigUint64(at, BigInt.asUintN(64, BigInt(integer)), true)
    else if (width === 4) view.setInt32(at, Number(integer) | 0, true)
    else if (width === 2) view.setInt16(at, Number(integer), true)
    else view.setInt8(at, Number(integer))
  })
  return bytes
}

export function decodeNumbers (bytes: Uint8Array, of: NumberElement): Array<number | bigint> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const width = ELEMENT_BYTES[of]
  return Array.from({ length: bytes.length / width }, (_, index) => decodeNumber(view, index * width, of))
}

function decodeNumber (view: DataView, at: number, of: NumberElement): number | bigint {
  switch (of) {
    case 'i8': return view.getInt8(at)
    case 'u8': return view.getUint8(at)
    case 'i16': return view.getInt16(at, true)
    case 'u16': return view.getUint16(at, true)
    case 'i32': return view.getInt32(at, true)
    case 'u32': return view.getUint32(at, true)
    case 'i64': return exactInteger(view.getBigInt64(at, true))
    case 'u64': return exactInteger(view.getBigUint64(at, true))
    case 'f32': return view.getFloat32(at, true)
    case 'f64': return view.getFloat64(at, true)
  }
}
