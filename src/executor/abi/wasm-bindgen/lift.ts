/** What a function that wasm-bindgen exports returned, as a value of a task. */
import { CorebrumError } from '../../../errors.ts'
import type { Value } from '../../../task/values.ts'
import { decodeNumbers } from './elements.ts'
import type { BindgenHost } from './host.ts'
import { type HostValue, Collection, Failure, describeHostValue, taskValueOf } from './host-values.ts'
import { liftInteger } from './integers.ts'
import { ELEMENT_BYTES, NONE_AS_SMALL, type Type, describeBindgenType, layoutOf, noneAsF64, noneOf, slotsOf } from './types.ts'

/** Characters of an error's text that a message repeats. */
const SHOWN_CHARS = 1000

/** Reads a structure of slots from memory. Throws ERR_POINTER. */
export function readSlots (host: BindgenHost, pointer: number, type: Type): unknown[] {
  const slots = slotsOf(type, host.release)
  const { offsets, size } = layoutOf(slots)
  const view = host.viewAt(pointer, size)
  return slots.map((slot, index) => {
    const at = offsets[index] ?? 0
    switch (slot) {
      case 'i64': return view.getBigInt64(at, true)
      case 'f64': return view.getFloat64(at, true)
      case 'f32': return view.getFloat32(at, true)
      default: return view.getInt32(at, true)
    }
  })
}

/**
 * The value that the slots hold; None is null. Throws ERR_EXIT_CODE for an Err, ERR_POINTER, ERR_RESULT_TYPE,
 * ERR_OUTPUT_LIMIT.
 */
export function lift (slots: readonly unknown[], type: Type, host: BindgenHost): Value {
  const [first] = slots
  switch (type.kind) {
    case 'unit': return null
    case 'boolean': return Number(first) !== 0
    case 'enum': return Number(first)
    case 'integer': return liftInteger(slots.map((slot) => (typeof slot === 'bigint' ? slot : Number(slot))), type)
    case 'float': return Number(first)
    case 'char': return character(Number(first) >>> 0)
    case 'any': return liftAny(host.references.take(first, type.slot), host)
    case 'string': return liftText(slots, host)
    case 'vector': return liftVector(slots, type.of, host)
    case 'option': return liftOption(slots, type.of, host)
    case 'result': {
      const failed = Number(slots.at(-1)) !== 0
      if (failed) throw returnedError(host.references.take(slots.at(-2), 'i32'))
      return lift(slots.slice(0, -2), type.of, host)
    }
    case 'unsupported': throw new CorebrumError('ERR_RESULT_TYPE', `the function returns ${describeBindgenType(type)}, which no output can hold`)
  }
}

function liftAny (value: HostValue, host: BindgenHost): Value {
  return taskValueOf(value, (view) => host.bytesOf(view).slice())
}

function liftText (slots: readonly unknown[], host: BindgenHost): string {
  return host.text(Number(slots[0]), Number(slots[1]))
}

function liftVector (slots: readonly unknown[], of: Extract<Type, { kind: 'vector' }>['of'], host: BindgenHost): Value {
  const count = Number(slots[1]) >>> 0
  const bytes = elementBytes(Number(slots[0]), count, ELEMENT_BYTES[of], host)
  if (of === 'u8') return bytes
  if (of !== 'any' && of !== 'string') return decodeNumbers(bytes, of)
  return decodeNumbers(bytes, 'u32').map((index) => liftAny(host.references.take(index, 'i32'), host))
}

function elementBytes (pointer: number, count: number, width: number, host: BindgenHost): Uint8Array {
  if (count * width > host.guest.memoryBytes) {
    throw new CorebrumError('ERR_POINTER', `the module returned ${count} elements of ${width} bytes at ${pointer >>> 0}; its memory ends at ${host.guest.memoryBytes}`)
  }
  return host.copy(pointer, count * width)
}

function liftOption (slots: readonly unknown[], type: Type, host: BindgenHost): Value {
  const [first] = slots
  switch (noneOf(type, host.release)) {
    case 'flag': return Number(first) === 0 ? null : lift(slots.slice(1), type, host)
    case 'float': return first === noneAsF64(host.release) ? null : lift(type.kind === 'integer' ? [Number(first)] : slots, type, host)
    case 'small': return Number(first) === (type.kind === 'enum' ? type.hole : NONE_AS_SMALL) ? null : lift(slots, type, host)
    case 'null': return first === 0 ? null : lift(slots, type, host)
  }
}

function character (code: number): string {
  if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) throw new CorebrumError('ERR_RESULT_TYPE', `the function returned ${code} as a character; there is no such one`)
  return String.fromCodePoint(code)
}

/** The error of a function that returned an Err. */
function returnedError (value: HostValue): CorebrumError {
  const message = value instanceof Collection ? value.fields.get('message') : undefined
  const text = value instanceof Failure ? value.message : describeHostValue(message ?? value)
  return new CorebrumError('ERR_EXIT_CODE', `the function returned an error: ${text.slice(0, SHOWN_CHARS)}`)
}
