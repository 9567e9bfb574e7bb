/** Integers of a width and a sign: ranges, and the two halves of those with 128 bits. */
import { CorebrumError } from '../../../errors.ts'
import { exactInteger } from '../../../task/values.ts'
import type { Type } from './types.ts'

export type IntegerType = Extract<Type, { kind: 'integer' }>

export interface IntegerRange { type: string, min: bigint, max: bigint }

const ranges = new Map<string, IntegerRange>()

export function integerRange ({ bits, sign }: IntegerType): IntegerRange {
  const key = `${bits} ${sign}`
  let range = ranges.get(key)
  if (range === undefined) {
    const half = 1n << BigInt(bits - 1)
    range = { type: `${sign === 'unsigned' ? 'u' : 'i'}${bits}`, min: sign === 'unsigned' ? 0n : -half, max: sign === 'signed' ? half - 1n : 2n * half - 1n }
    ranges.set(key, range)
  }
  return range
}

/** The value itself; throws ERR_VALUE_RANGE when it is no whole number of the range. */
export function requireInRange (value: number | bigint, { type, min, max }: IntegerRange, name: string): number | bigint {
  if (typeof value === 'number' && !Number.isInteger(value)) throw new CorebrumError('ERR_VALUE_RANGE', `the input ${JSON.stringify(name)} is ${value}; the function takes a whole number (${type})`)
  if (value < min || value > max) throw new CorebrumError('ERR_VALUE_RANGE', `the input ${JSON.stringify(name)} is ${value}; the function takes an ${type}, from ${min} to ${max}`)
  return value
}

/** An integer as its slots. */
export function lowerInteger (value: number | bigint, bits: IntegerType['bits']): Array<number | bigint> {
  if (bits <= 32) return [Number(value) | 0]
  const whole = BigInt(value)
  return bits === 64 ? [BigInt.asIntN(64, whole)] : [BigInt.asIntN(64, whole), BigInt.asIntN(64, whole >> 64n)]
}

/** The integer that its slots hold; one whose sign is not known reads as signed. */
export function liftInteger (slots: ReadonlyArray<number | bigint>, { bits, sign }: IntegerType): number | bigint {
  const [low = 0, high = 0] = slots
  if (bits <= 32) {
    const number = Number(low)
    return sign === 'unsigned' ? (bits === 32 ? number >>> 0 : number & (2 ** bits - 1)) : bits === 8 ? number << 24 >> 24 : bits === 16 ? number << 16 >> 16 : number | 0
  }
  const whole = bits === 64 ? BigInt(low) : (BigInt(high) << 64n) | BigInt.asUintN(64, BigInt(low))
  return exactInteger(sign === 'unsigned' ? BigInt.asUintN(bits, whole) : BigInt.asIntN(bits, whole))
}
