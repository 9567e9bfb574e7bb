/**
 * AssemblyScript modules: strings in UTF-16, arrays and buffers as objects of the module's own runtime, which it exports
 * when it is built with `--exportRuntime`. Without that, numbers go in, and numbers, strings and bytes come out.
 */
import { CorebrumError } from '../../../errors.ts'
import type { Value } from '../../../task/values.ts'
import type { ModuleInfo, WasmType } from '../../binary/module-info.ts'
import type { Adapter, Binding, FoundFunction, Signature, TypedName } from '../adapter.ts'
import { describeValue, isScalar, outputsFromResults, toWasm } from '../convert.ts'
import { DEFAULT_FUNCTION, describeType, exportedFunction, requireFunction } from '../exports.ts'
import type { Guest } from '../guest.ts'
import { toJson } from '../json.ts'
import { type Classes, readClasses } from './classes.ts'
import { Lifter } from './lift.ts'
import { ManagedHeap, requireText } from './lower.ts'
import { outputsFromObjects } from './outputs.ts'
import { type Runtime, findRuntime, needsRuntime } from './runtime.ts'

/** Tells a function how many of its parameters were given, so that the others take their defaults. */
const ARGUMENT_COUNTERS = ['__setArgumentsLength', '__setargc']
/** Exported globals that are looked at for class ids. */
const MAX_ID_EXPORTS = 256

interface Plan {
  target: FoundFunction
  runtime?: Runtime
  counter?: string
  /** Exported globals called like class ids. */
  idExports: string[]
}

type Prepared = number | bigint | ((heap: ManagedHeap) => number)

export const assemblyscript: Adapter = {
  convention: 'assemblyscript',
  bind (signature: Signature, info: ModuleInfo): Binding {
    const plan = makePlan(signature, info)
    const { target, counter } = plan
    return {
      functionName: target.name,
      prepare (values) {
        const given = counter === undefined ? values : withoutMissingTail(values, signature.inputs)
        const args = given.map((value, index) => prepareArgument(value, signature.inputs[index], target.type.params[index]))
        return { run: (guest) => invoke(guest, plan, args, signature) }
      },
    }
  },
}

function makePlan ({ functionName, inputs }: Signature, info: ModuleInfo): Plan {
  const target = requireFunction(info, functionName ?? DEFAULT_FUNCTION)
  const runtime = findRuntime(info)
  const counter = ARGUMENT_COUNTERS.find((name) => exportedFunction(info, name)?.type.params.length === 1)
  const { params } = target.type
  const listed = inputs.map((input) => `${input.name}: ${input.type}`).join(', ')
  if (inputs.length !== params.length) {
    throw new CorebrumError('ERR_SIGNATURE', `${target.name} is ${describeType(target.type)}; the task gives ${inputs.length} inputs${listed === '' ? '' : ` (${listed})`}`)
  }
  const object = inputs.find((input, index) => !isScalar(input.type) && (params[index] === 'i32' || input.type !== 'json'))
  if (object !== undefined && params[inputs.indexOf(object)] !== 'i32') {
    throw new CorebrumError('ERR_SIGNATURE', `${target.name} is ${describeType(target.type)}; the input ${JSON.stringify(object.name)} of type ${object.type} needs an i32, the pointer to an object`)
  }
  if (object !== undefined && runtime === undefined) throw needsRuntime(`the input ${JSON.stringify(object.name)} of type ${object.type}`)
  const idExports = info.exports.filter((item) => item.kind === 'global' && /_id$/i.test(item.name)).map((item) => item.name).slice(0, MAX_ID_EXPORTS)
  return { target, idExports, ...(runtime === undefined ? {} : { runtime }), ...(counter === undefined ? {} : { counter }) }
}

/** Inputs that need no value and got none take, at the end, the function's own defaults. */
function withoutMissingTail (values: ReadonlyArray<Value | undefined>, inputs: readonly TypedName[]): ReadonlyArray<Value | undefined> {
  let count = inputs.length
  while (count > 0 && values[count - 1] === undefined) count--
  return values.slice(0, count)
}

function prepareArgument (value: Value | undefined, input: TypedName | undefined, wasm: WasmType | undefined): Prepared {
  if (input === undefined || wasm === undefined) throw new Error('an input without a parameter was bound')
  if (isScalar(input.type)) return toWasm(value, input, wasm)
  if (wasm !== 'i32') return toWasm(value, { name: input.name, type: 'number' }, wasm)
  const wrong = (): CorebrumError => new CorebrumError('ERR_INPUT', `the input ${JSON.stringify(input.name)} must be of type ${input.type}; it is ${describeValue(value)}`)
  if (value === undefined) throw new CorebrumError('ERR_INPUT', `the input ${JSON.stringify(input.name)} has no value`)
  switch (input.type) {
    case 'string': {
      const text = requireText(value, input)
      return (heap) => heap.string(text)
    }
    case 'bytes':
      if (!(value instanceof Uint8Array)) throw wrong()
      return (heap) => heap.bytes(value, input)
    case 'array':
      if (!Array.isArray(value)) throw wrong()
      return (heap) => heap.array(value, input)
    default: {
      // An i32 may be a number itself, and only the definition can say so.
      if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') {
        throw new CorebrumError('ERR_INPUT', `the input ${JSON.stringify(input.name)} is declared as ${input.type} and is ${describeValue(value)}; the function takes an i32, which may be a number or the pointer to JSON text: declare it as integer, or as string`)
      }
      const text = toJson(value)
      return (heap) => heap.string(text)
    }
  }
}

function invoke (guest: Guest, plan: Plan, args: readonly Prepared[], { outputs }: Signature): Record<string, Value> {
  const { target: { name, type }, counter, idExports } = plan
  const classes = readClasses(guest, idExports)
  const passed = args.some((item) => typeof item === 'function') ? lowered(args, newHeap(guest, plan, classes)) : args.filter((item) => typeof item !== 'function')
  if (counter !== undefined) guest.call(counter, passed.length)
  const rest = type.params.slice(passed.length).map((wasm) => (wasm === 'i64' ? 0n : 0))
  const raw = guest.call(name, ...passed, ...rest)
  const [result] = type.results
  if (type.results.length === 1 && result === 'i32' && typeof raw === 'number') {
    const lifter = new Lifter(guest, classes)
    const found = outputsFromObjects(raw, outputs, lifter, classes !== undefined)
    if (found !== undefined) return found
  }
  return outputsFromResults(raw, type.results, outputs)
}

function newHeap (guest: Guest, { runtime }: Plan, classes: Classes | undefined): ManagedHeap {
  if (runtime === undefined) throw needsRuntime('a value that is no number')
  // A module that keeps its types to itself has at least the ids that today's compiler gives.
  return new ManagedHeap(guest, runtime, classes ?? { bufferId: 1, stringId: 2, needsExportedIds: false, arrays: new Map(), exportedIds: new Map() })
}

function lowered (args: readonly Prepared[], heap: ManagedHeap): Array<number | bigint> {
  return args.map((item) => (typeof item === 'function' ? item(heap) : item))
}
