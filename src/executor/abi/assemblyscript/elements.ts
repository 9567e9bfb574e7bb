/** Numbers as elements of AssemblyScript arrays, exact and checked against the element's own type. */
import { CorebrumError } from '../../../errors.ts'
import type { Value } from '../../../task/values.ts'
import type { TypedName } from '../adapter.ts'
import { describeValue } from '../convert.ts'
import { exactInteger } from '../../../task/values.ts'
import { type ArrayClass, elementName } from './classes.ts'

/** Writes one number. Throws ERR_INPUT where the value is none, ERR_VALUE_RANGE where the element cannot hold it. */
export function writeElement (view: DataView, at: number, element: ArrayClass, value: Value, input: TypedName): void {
  const number = typeof value === 'boolean' ? Number(value) : value
  if (typeof number !== 'number' && typeof number !== 'bigint') {
    throw new CorebrumError('ERR_INPUT', `the input ${JSON.stringify(input.name)} must be a list of numbers; it holds ${describeValue(value)}`)
  }
  if (element.kind === 'float') {
    const float = Number(number)
    if (element.size === 8) view.setFloat64(at, float, true)
    else if (Number.isFinite(float) && !Number.isFinite(Math.fround(float))) throw outOfRange(number, element, input)
    else view.setFloat32(at, float, true)
    return
  }
  if (typeof number === 'number' && !Number.isInteger(number)) throw outOfRange(number, element, input)
  const integer = BigInt(number)
  const bits = BigInt(element.size * 8)
  const lowest = element.kind === 'signed' ? -(1n << (bits - 1n)) : 0n
  if (integer < lowest || integer >= lowest + (1n << bits)) throw outOfRange(number, element, input)
  switch (element.size) {
    case 1: view.setUint8(at, Number(BigInt.asUintN(8, integer))); break
    case 2: view.setUint16(at, Number(BigInt.asUintN(16, integer)), true); break
    case 4: view.setUint32(at, Number(BigInt.asUintN(32, integer)), true); break
    case 8: view.setBigUint64(at, BigInt.asUintN(64, integer), true); break
  }
}

/** Reads one number. */
export function readElement (view: DataView, at: number, { kind, size }: ArrayClass): number | bigint {
  const signed = kind === 'signed'
  switch (size) {
    case 1: return signed ? view.getInt8(at) : view.getUint8(at)
    case 2: return signed ? view.getInt16(at, true) : view.getUint16(at, true)
    case 4: return kind === 'float' ? view.getFloat32(at, true) : signed ? view.getInt32(at, true) : view.getUint32(at, true)
    case 8: return kind === 'float' ? view.getFloat64(at, true) : exactInteger(signed ? view.getBigInt64(at, true) : view.getBigUint64(at, true))
  }
}

function outOfRange (value: number | bigint, element: ArrayClass, input: TypedName): CorebrumError {
  return new CorebrumError('ERR_VALUE_RANGE', `the input ${JSON.stringify(input.name)} holds ${value}; the module's array is one of ${elementName(element)}`)
}
