/** Modules as cargo leaves them, before wasm-bindgen's CLI: functions of the module itself tell the types of the others. */
import { CorebrumError } from '../../../errors.ts'
import type { Value } from '../../../task/values.ts'
import type { ModuleInfo } from '../../binary/module-info.ts'
import type { Adapter, Binding, FoundFunction, Signature, TypedName } from '../adapter.ts'
import { DEFAULT_FUNCTION, describeType, exportedFunction, requireFunction } from '../exports.ts'
import type { Guest } from '../guest.ts'
import { type Described, decodeFunction } from './descriptors.ts'
import { findBindgenExports } from './exports.ts'
import { HostNames } from './host-names.ts'
import type { BindgenHost } from './host.ts'
import { BindgenImports, bindgenImports } from './imports.ts'
import { lift, readSlots } from './lift.ts'
import { lower, requirePassable } from './lower.ts'
import { outputsFromReturned } from './outputs.ts'
import { releaseOf } from './release.ts'
import { type Type, describeBindgenType, layoutOf, slotsOf } from './types.ts'

const DESCRIBE = '__wbindgen_describe_'

interface Plan {
  target: FoundFunction
  describer: string
  /** Known after the first call: only the module can tell. */
  described?: Described
}

export const wasmBindgenRaw: Adapter = {
  convention: 'wasm-bindgen-raw',
  provides: bindgenImports,
  bind (signature: Signature, info: ModuleInfo): Binding {
    const target = requireFunction(info, signature.functionName ?? DEFAULT_FUNCTION)
    const describer = exportedFunction(info, `${DESCRIBE}${target.name}`)
    if (describer === undefined || describer.type.params.length !== 0) {
      throw new CorebrumError('ERR_NO_EXPORT', `the module does not describe ${target.name}; it describes ${describedFunctions(info)}: put #[wasm_bindgen] on the function`)
    }
    const plan: Plan = { target, describer: describer.name }
    const imports = new BindgenImports(findBindgenExports(info), releaseOf(info))
    return {
      functionName: target.name,
      provide: imports.provide,
      prepare (values) {
        return { run: (guest) => invoke(guest, imports.hostOf(guest), plan, signature, values) }
      },
    }
  },
}

function describedFunctions (info: ModuleInfo): string {
  const names = info.exports.filter(({ name }) => name.startsWith(DESCRIBE)).map(({ name }) => name.slice(DESCRIBE.length))
  return names.length === 0 ? 'none' : names.slice(0, 20).join(', ')
}

function invoke (guest: Guest, host: BindgenHost, plan: Plan, signature: Signature, values: ReadonlyArray<Value | undefined>): Record<string, Value> {
  // To tell takes fuel and may leave traces, so calls that have to be alike ask each time.
  const { params, result } = guest.isRepeatable ? describe(host, plan, signature) : plan.described ??= describe(host, plan, signature)
  const { target } = plan
  const args: unknown[] = []
  const slots = slotsOf(result, host.release)
  const pointer = slots.length > 1 ? host.allocate(layoutOf(slots).size, 8) : undefined
  if (pointer !== undefined) args.push(pointer)
  const names = params.length > signature.inputs.length ? new HostNames(guest, signature.inputs) : undefined
  params.forEach((type, index) => {
    const input = signature.inputs[index]
    if (input !== undefined) args.push(...lower(values[index], input, type, host))
    else args.push(...lower(names?.next(), { name: `parameter ${index + 1}`, type: 'string' }, type, host))
  })
  const raw = guest.call(target.name, ...args)
  const returned = pointer === undefined ? [raw] : readSlots(host, pointer, result)
  return outputsFromReturned(lift(returned, result, host), signature.outputs, `what ${target.name} returned`)
}

/** The function's type. Throws ERR_MODULE_INVALID, and ERR_SIGNATURE when the declared inputs do not fit it. */
function describe (host: BindgenHost, { target, describer }: Plan, { inputs }: Signature): Described {
  host.described.length = 0
  host.guest.call(describer)
  const described = decodeFunction(host.described.splice(0), host.release)
  const { params, result } = described
  const text = `${target.name}(${params.map(describeBindgenType).join(', ')}) -> ${describeBindgenType(result)}`
  const extra = params.slice(inputs.length)
  if (inputs.length > params.length || extra.length > 2 || extra.some((type) => !isString(type))) {
    throw new CorebrumError('ERR_SIGNATURE', `the function is ${text}; the task declares ${inputs.length} inputs${inputs.length === 0 ? '' : ` (${inputs.map((input) => `${input.name}: ${input.type}`).join(', ')})`}; strings behind them get the ids of the worker and of the task`)
  }
  inputs.forEach((input: TypedName, index) => {
    const type = params[index]
    if (type !== undefined) requirePassable(input, type)
  })
  const results = slotsOf(result, host.release)
  const wanted = [...(results.length > 1 ? ['i32'] : []), ...params.flatMap((type) => slotsOf(type, host.release))]
  if (wanted.join() !== target.type.params.join() || (results.length > 1 ? '' : results.join()) !== target.type.results.join()) {
    throw new CorebrumError('ERR_SIGNATURE', `the function is described as ${text} but is ${describeType(target.type)}; only numbers, bool, char, strings, vectors, JsValue, Option and Result of them can be passed`)
  }
  return described
}

function isString (type: Type): boolean {
  return type.kind === 'string' || (type.kind === 'option' && type.of.kind === 'string')
}
