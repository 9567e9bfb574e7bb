/**
 * Room on the module's stack for what a function returns by pointer. The room is filled with marks first, so that it
 * shows afterwards which words the function wrote: that, and the declared outputs, tell the type.
 */
import { CorebrumError } from '../../../errors.ts'
import type { TypedName } from '../adapter.ts'
import { type FoundResult, flagged, isFailure, isNumber, pair, scalar, single, wantedType } from './guess-result.ts'
import type { BindgenHost } from './host.ts'
import type { Type } from './types.ts'

export const AREA_BYTES = 16
/** Words that no function returns. */
const MARKS = [0x6d61726b, 0x2d636f72, 0x65627275, 0x6d2d7631]

/** Fills the room; throws ERR_POINTER when it lies outside of memory. */
export function markArea (host: BindgenHost, pointer: number): void {
  const view = host.viewAt(pointer, AREA_BYTES)
  MARKS.forEach((mark, index) => { view.setInt32(index * 4, mark, true) })
}

/** What the function left there. Throws ERR_POINTER, ERR_RESULT_TYPE. */
export function readArea (host: BindgenHost, pointer: number, outputs: readonly TypedName[]): FoundResult {
  const view = host.viewAt(pointer, AREA_BYTES)
  const words = MARKS.map((_mark, index) => view.getInt32(index * 4, true))
  const written = MARKS.map((mark, index) => (words[index] === mark ? '-' : 'w')).join('')
  const wanted = wantedType(outputs)
  const [first, second, third, fourth] = words
  const result = (of: Type, slots: unknown[]): FoundResult => ({ type: { kind: 'result', of }, slots })
  const unit: Type = { kind: 'unit' }
  const wide = (at: number): FoundResult => {
    const slot = wanted === 'number' ? 'f64' : 'i64'
    return { type: scalar(slot, wanted), slots: [slot === 'f64' ? view.getFloat64(at, true) : view.getBigInt64(at, true)] }
  }
  switch (written) {
    case 'ww--':
      if (wanted === undefined || isFailure(first, second, host)) return result(unit, [first, second])
      return isNumber(wanted) ? flagged(scalar('i32', wanted), [first, second]) : { type: pair(wanted), slots: [first, second] }
    case 'www-': return result(single(first, wanted, host), [first, second, third])
    // Only the error and its mark are written where the function failed.
    case '-ww-': return result(unit, [second, third])
    case '--ww': return result(unit, [third, fourth])
    // None: the flag alone.
    case 'w---': return { type: unit, slots: [] }
    case 'w-ww': return first === 0 ? { type: unit, slots: [] } : wide(8)
    case 'wwww': return readFull(view, words, wanted, host, wide, result)
    default: throw new CorebrumError('ERR_RESULT_TYPE', `the function wrote its result in a form that is not known (${written})`)
  }
}

function readFull (
  view: DataView, words: number[], wanted: TypedName['type'] | undefined, host: BindgenHost,
  wide: (at: number) => FoundResult, result: (of: Type, slots: unknown[]) => FoundResult,
): FoundResult {
  const [, , third, fourth] = words
  if (fourth === 1 && host.references.holds(third)) return result({ kind: 'unit' }, [third, fourth])
  if (!isNumber(wanted)) return result(pair(wanted), words)
  if (third === 0 && fourth === 0) {
    const value = wide(0)
    return result(value.type, [...value.slots, third, fourth])
  }
  return { type: { kind: 'integer', bits: 128, sign: 'either' }, slots: [view.getBigInt64(0, true), view.getBigInt64(8, true)] }
}
