/** Modules as wasm-bindgen's CLI leaves them, without the JavaScript that it generates beside them. */
import { CorebrumError } from '../../../errors.ts'
import type { Value } from '../../../task/values.ts'
import type { ModuleInfo } from '../../binary/module-info.ts'
import type { Adapter, Binding, FoundFunction, Signature, TypedName } from '../adapter.ts'
import { DEFAULT_FUNCTION, describeType, requireFunction } from '../exports.ts'
import type { Guest } from '../guest.ts'
import { type BindgenExports, findBindgenExports } from './exports.ts'
import { type GuessedParameters, guessParameters } from './guess-parameters.ts'
import { type FoundResult, readReturned } from './guess-result.ts'
import { HostNames } from './host-names.ts'
import { type BindgenHost } from './host.ts'
import { BindgenImports, bindgenImports } from './imports.ts'
import { lift } from './lift.ts'
import { lower } from './lower.ts'
import { outputsFromReturned } from './outputs.ts'
import { releaseOf } from './release.ts'
import { AREA_BYTES, markArea, readArea } from './return-area.ts'


interface Plan {
  target: FoundFunction
  exports: BindgenExports
  guessed: GuessedParameters
  /** The first parameter points to where the result goes. */
  returnsByPointer: boolean
}

export const wasmBindgen: Adapter = {
  convention: 'wasm-bindgen',
  provides: bindgenImports,
  bind (signature: Signature, info: ModuleInfo): Binding {
    const target = requireFunction(info, signature.functionName ?? DEFAULT_FUNCTION)
    const exports = findBindgenExports(info)
    const plan = makePlan(signature, info, target, exports)
    const imports = new BindgenImports(exports, releaseOf(info))
    return {
      functionName: target.name,
      provide: imports.provide,
      prepare (values) {
        return { run: (guest) => invoke(guest, imports.hostOf(guest), plan, signature, values) }
      },
    }
  },
}

function makePlan (signature: Signature, info: ModuleInfo, target: FoundFunction, exports: BindgenExports): Plan {
  const { inputs, outputs } = signature
  const { params, results } = target.type
  const byPointer = results.length === 0 && exports.stackPointer !== undefined && params[0] === 'i32'
  const hints = { release: releaseOf(info), holdsIndices: info.imports.some(({ name }) => name === '__wbindgen_object_drop_ref') }
  const pointed = byPointer ? guessParameters(inputs, params, 1, hints) : undefined
  const plain = guessParameters(inputs, params, 0, hints)
  const preferPointed = pointed !== undefined && (plain === undefined || pointed.cost <= plain.cost + (outputs.length > 0 ? 10 : 0))
  const guessed = preferPointed ? pointed : plain
  if (guessed === undefined) {
    throw new CorebrumError('ERR_SIGNATURE', `${target.name} is ${describeType(target.type)}; the inputs (${inputs.map((input) => `${input.name}: ${input.type}`).join(', ')}) do not fit it: text and bytes are two i32 each, numbers one parameter, other values one externref`)
  }
  return { target, exports, guessed, returnsByPointer: preferPointed }
}

function invoke (guest: Guest, host: BindgenHost, plan: Plan, { inputs, outputs }: Signature, values: ReadonlyArray<Value | undefined>): Record<string, Value> {
  const { exports, target } = plan
  if (exports.start !== undefined && exports.start !== target.name) guest.call(exports.start)
  const found = call(guest, host, plan, argumentsOf(host, plan, inputs, values), outputs)
  return outputsFromReturned(lift(found.slots, found.type, host), outputs, `what ${target.name} returned`)
}

function argumentsOf (host: BindgenHost, { guessed }: Plan, inputs: readonly TypedName[], values: ReadonlyArray<Value | undefined>): unknown[] {
  const args = inputs.flatMap((input, index) => {
    const type = guessed.types[index]
    return type === undefined ? [] : lower(values[index], input, type, host)
  })
  if (guessed.extraStrings === 0) return args
  const names = new HostNames(host.guest, inputs)
  for (let count = guessed.extraStrings; count > 0; count--) {
    const { pointer, length } = host.placeText(names.next())
    args.push(pointer, length)
  }
  return args
}

function call (guest: Guest, host: BindgenHost, plan: Plan, args: unknown[], outputs: readonly TypedName[]): FoundResult {
  const { target, exports: { stackPointer } } = plan
  if (!plan.returnsByPointer || stackPointer === undefined) return readReturned(guest.call(target.name, ...args), target.type.results, outputs, host)
  const area = Number(guest.call(stackPointer, -AREA_BYTES)) >>> 0
  markArea(host, area)
  guest.call(target.name, area, ...args)
  return readArea(host, area, outputs)
}
