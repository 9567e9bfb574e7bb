/**
 * The buffer convention: strings, bytes and JSON as UTF-8 in linear memory, placed there with the module's own allocator.
 * Nothing is freed: an instance serves one call and goes as a whole, and who owns a buffer differs from module to module.
 */
import { CorebrumError } from '../../errors.ts'
import type { Value } from '../../task/values.ts'
import type { FunctionType, ModuleInfo, WasmType } from '../binary/module-info.ts'
import type { Adapter, Binding, FoundFunction, Signature, TypedName } from './adapter.ts'
import { describeValue, isScalar, outputsFromResults, toWasm } from './convert.ts'
import { DEFAULT_FUNCTION, describeType, exportedFunction, exportedWithType, requireFunction } from './exports.ts'
import type { Guest } from './guest.ts'
import { outputsFromBytes, toJson } from './json.ts'
import { bindNumbers } from './numeric.ts'

const ALLOCATORS = ['alloc', 'cb_alloc', 'allocate', 'malloc', 'wasm_alloc', '_malloc']
const encoder = new TextEncoder()

/** How a buffer is passed: `pair` as pointer and length, `cstring` as a pointer to text that ends with NUL. */
type Passing = 'pair' | 'cstring'

interface Plan {
  target: FoundFunction
  allocator: FoundFunction
  passing: Passing
  /** The first parameter points to where the result's pointer and length go. */
  returnPointer: boolean
  /** The first parameter of each input. */
  places: WasmType[]
  hasOutputPair: boolean
}

/** The module's allocator: takes a size, maybe an alignment, returns a pointer. */
export function findAllocator (info: ModuleInfo): FoundFunction | undefined {
  return exportedWithType(info, ALLOCATORS, ({ params, results }) =>
    results.length === 1 && results[0] === 'i32' && (params.length === 1 || params.length === 2) && params.every((type) => type === 'i32'))
}

export const buffer: Adapter = {
  convention: 'buffer',
  bind (signature: Signature, info: ModuleInfo): Binding {
    const target = requireFunction(info, signature.functionName ?? DEFAULT_FUNCTION)
    const onlyNumbers = [...signature.inputs, ...signature.outputs].every((item) => isScalar(item.type))
    if (onlyNumbers && target.type.params.length === signature.inputs.length) return bindNumbers(signature, target)
    const plan = makePlan(signature, info, target)
    return {
      functionName: target.name,
      prepare (values) {
        const inputs = signature.inputs.map((input, index) => prepareInput(values[index], input, plan.places[index] ?? 'ref', plan.passing))
        return { run: (guest) => invoke(guest, plan, inputs, signature) }
      },
    }
  },
}

function makePlan (signature: Signature, info: ModuleInfo, target: FoundFunction): Plan {
  const allocator = findAllocator(info)
  if (allocator === undefined) throw new CorebrumError('ERR_SIGNATURE', 'the module exports no alloc(n) or malloc(n), so nothing but numbers can be passed')
  const buffers = signature.inputs.filter((input) => !isScalar(input.type)).length
  const scalars = signature.inputs.length - buffers
  const { params, results } = target.type
  const pairs = scalars + 2 * buffers
  const returnPointer = params.length === pairs + 1 && results.length === 0
  const passing = params.length === pairs || returnPointer ? 'pair' : params.length === scalars + buffers ? 'cstring' : undefined
  const places = passing === undefined ? undefined : placesOf(signature.inputs, target.type, passing, returnPointer)
  if (passing === undefined || places === undefined) {
    throw new CorebrumError('ERR_SIGNATURE', `${target.name} is ${describeType(target.type)}; the inputs (${signature.inputs.map((input) => `${input.name}: ${input.type}`).join(', ')}) need a pointer and a length for each that is no number`)
  }
  return { target, allocator, passing, returnPointer, places, hasOutputPair: exportedFunction(info, 'output_ptr') !== undefined && exportedFunction(info, 'output_len') !== undefined }
}

/** The first parameter of each input; undefined when a pointer or a length meets a parameter that is no i32. */
function placesOf (inputs: readonly TypedName[], type: FunctionType, passing: Passing, returnPointer: boolean): WasmType[] | undefined {
  const places: WasmType[] = []
  let index = returnPointer ? 1 : 0
  let fits = !returnPointer || type.params[0] === 'i32'
  for (const input of inputs) {
    const first = type.params[index++] ?? 'ref'
    places.push(first)
    if (isScalar(input.type)) continue
    fits &&= first === 'i32' && (passing === 'cstring' || type.params[index++] === 'i32')
  }
  return fits ? places : undefined
}

type PreparedInput = number | bigint | { bytes: Uint8Array, length: number }

function prepareInput (value: Value | undefined, input: TypedName, place: WasmType, passing: Passing): PreparedInput {
  if (isScalar(input.type)) return toWasm(value, input, place)
  const bytes = inputBytes(value, input)
  if (passing === 'pair') return { bytes, length: bytes.length }
  if (bytes.includes(0)) throw new CorebrumError('ERR_INPUT', `the input ${JSON.stringify(input.name)} holds a NUL, and the function takes text that ends with one`)
  const terminated = new Uint8Array(bytes.length + 1)
  terminated.set(bytes)
  return { bytes: terminated, length: bytes.length }
}

function inputBytes (value: Value | undefined, input: TypedName): Uint8Array {
  if (value === undefined) throw new CorebrumError('ERR_INPUT', `the input ${JSON.stringify(input.name)} has no value`)
  const expected = input.type === 'string' ? typeof value === 'string' : input.type === 'bytes' ? value instanceof Uint8Array : true
  if (!expected) throw new CorebrumError('ERR_INPUT', `the input ${JSON.stringify(input.name)} must be of type ${input.type}; it is ${describeValue(value)}`)
  if (value instanceof Uint8Array && input.type === 'bytes') return value
  return encoder.encode(typeof value === 'string' && input.type === 'string' ? value : toJson(value))
}

function invoke (guest: Guest, plan: Plan, inputs: readonly PreparedInput[], { outputs }: Signature): Record<string, Value> {
  const { target, passing } = plan
  const args: Array<number | bigint> = []
  const resultAt = plan.returnPointer ? place(guest, plan.allocator, new Uint8Array(8)) : 0
  if (plan.returnPointer) args.push(resultAt)
  for (const item of inputs) {
    if (typeof item !== 'object') {
      args.push(item)
      continue
    }
    args.push(place(guest, plan.allocator, item.bytes))
    if (passing === 'pair') args.push(item.length)
  }
  const raw = guest.call(target.name, ...args)
  if (outputs.length === 0) return {}
  const { results } = target.type
  if (!plan.returnPointer && results.length === outputs.length && outputs.every((output) => isScalar(output.type))) return outputsFromResults(raw, results, outputs)
  return outputsFromBytes(resultBytes(guest, plan, raw, resultAt), outputs, `what ${target.name} returned`)
}

function place (guest: Guest, allocator: FoundFunction, bytes: Uint8Array): number {
  // One byte at least: what an allocator does with 0 differs.
  const size = Math.max(bytes.length, 1)
  const answer = guest.call(allocator.name, ...(allocator.type.params.length === 2 ? [size, 8] : [size]))
  const pointer = typeof answer === 'number' ? answer >>> 0 : 0
  if (pointer === 0) throw new CorebrumError('ERR_MEMORY_LIMIT', `the module's ${allocator.name}(${size}) returned 0: its memory of ${guest.memoryBytes} bytes has no room for the inputs`)
  if (pointer + size > guest.memoryBytes) {
    throw new CorebrumError('ERR_POINTER', `the module's ${allocator.name}(${size}) returned ${pointer}; its memory ends at ${guest.memoryBytes}`)
  }
  guest.bytes().set(bytes, pointer)
  return pointer
}

/** The bytes that a function returned, by the shape of its result. */
function resultBytes (guest: Guest, plan: Plan, raw: unknown, resultAt: number): Uint8Array {
  if (plan.returnPointer) {
    const view = guest.view()
    return guest.copy(view.getUint32(resultAt, true), view.getUint32(resultAt + 4, true))
  }
  if (typeof raw === 'bigint') {
    const packed = BigInt.asUintN(64, raw)
    return guest.copy(Number(packed >> 32n), Number(packed & 0xffffffffn))
  }
  if (Array.isArray(raw) && typeof raw[0] === 'number' && typeof raw[1] === 'number') return guest.copy(raw[0], raw[1])
  if (typeof raw === 'number' && plan.target.type.results[0] === 'i32') {
    return plan.hasOutputPair ? outputPair(guest, raw) : cString(guest, raw >>> 0)
  }
  throw new CorebrumError('ERR_RESULT_TYPE', `${plan.target.name} is ${describeType(plan.target.type)}; a string, bytes or JSON is returned as an i64 (pointer << 32 | length), as two i32, by return pointer, or as a C string`)
}

/** `output_ptr()` and `output_len()` name the result; what the function itself returned is its status. */
function outputPair (guest: Guest, status: number): Uint8Array {
  const bytes = guest.copy(Number(guest.call('output_ptr')), Number(guest.call('output_len')))
  if (status !== 0) throw new CorebrumError('ERR_EXIT_CODE', `the function returned ${status}: ${new TextDecoder().decode(bytes).slice(0, 500)}`)
  return bytes
}

function cString (guest: Guest, pointer: number): Uint8Array {
  if (pointer === 0) throw new CorebrumError('ERR_POINTER', 'the module returned a null pointer')
  const end = pointer < guest.memoryBytes ? guest.bytes().indexOf(0, pointer) : -1
  if (end < 0) throw new CorebrumError('ERR_POINTER', `the module returned text at ${pointer} that does not end within its memory of ${guest.memoryBytes} bytes`)
  return guest.copy(pointer, end - pointer)
}
