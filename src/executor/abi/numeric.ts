/** The numeric convention: i32, i64, f32 and f64 by the function's own signature. */
import { CorebrumError } from '../../errors.ts'
import type { ModuleInfo } from '../binary/module-info.ts'
import type { Adapter, Binding, FoundFunction, Signature } from './adapter.ts'
import { isScalar, outputsFromResults, toWasm } from './convert.ts'
import { DEFAULT_FUNCTION, describeType, requireFunction } from './exports.ts'


export const numeric: Adapter = {
  convention: 'numeric',
  bind (signature: Signature, info: ModuleInfo): Binding {
    const target = requireFunction(info, signature.functionName ?? DEFAULT_FUNCTION)
    const other = [...signature.inputs, ...signature.outputs].find((item) => !isScalar(item.type) && item.type !== 'json' && item.type !== 'array')
    if (other !== undefined) {
      throw new CorebrumError(signature.inputs.includes(other) ? 'ERR_SIGNATURE' : 'ERR_RESULT_TYPE', `${JSON.stringify(other.name)} is declared as ${other.type}, but the module exports no alloc or malloc to pass more than numbers: export alloc(n), or build it as a WASI command`)
    }
    return bindNumbers(signature, target)
  },
}

/** A function that takes and returns numbers only, whatever else the module can do. */
export function bindNumbers (signature: Signature, target: FoundFunction): Binding {
  const { params, results } = target.type
  const { inputs, outputs } = signature
  if (params.length !== inputs.length) {
    throw new CorebrumError('ERR_SIGNATURE', `${target.name} is ${describeType(target.type)}; the task gives ${inputs.length} inputs${inputs.length === 0 ? '' : ` (${inputs.map((input) => `${input.name}: ${input.type}`).join(', ')})`}`)
  }
  const input = inputs.find((item) => !isScalar(item.type))
  if (input !== undefined) {
    throw new CorebrumError('ERR_SIGNATURE', `${target.name} is ${describeType(target.type)}; the input ${JSON.stringify(input.name)} of type ${input.type} is no number`)
  }
  const odd = [...params, ...results].find((type) => type === 'v128' || type === 'funcref' || type === 'externref' || type === 'ref')
  if (odd !== undefined) throw new CorebrumError('ERR_SIGNATURE', `${target.name} is ${describeType(target.type)}; values of type ${odd} cannot be passed`)
  return {
    functionName: target.name,
    prepare (values) {
      const args = inputs.map((item, index) => toWasm(values[index], item, params[index] ?? 'ref'))
      return { run: (guest) => outputsFromResults(guest.call(target.name, ...args), results, outputs) }
    },
  }
}
