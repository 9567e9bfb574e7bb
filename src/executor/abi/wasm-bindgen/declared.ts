/** What a task declares to call a function that a wasm-bindgen module describes. */
import type { ValueType } from '../../../task/values.ts'
import type { TypedName } from '../adapter.ts'
import type { Described } from './descriptors.ts'
import type { Type } from './types.ts'

/** The types of inputs and output; undefined where one of them cannot be passed. */
export function declaredFor ({ params, result }: Described): { inputs: TypedName[], output?: ValueType } | undefined {
  const types = params.map(inputType)
  const inputs = types.flatMap((type, i) => (type === undefined ? [] : [{ name: `input_${i + 1}`, type }]))
  if (inputs.length < params.length) return undefined
  const returned = result.kind === 'result' ? result.of : result
  if (returned.kind === 'unit') return { inputs }
  // None comes back as null.
  const output = returned.kind === 'option' ? 'json' : inputType(returned)
  return output === undefined ? undefined : { inputs, output }
}

function inputType (type: Type): ValueType | undefined {
  switch (type.kind) {
    case 'integer': case 'enum': return 'integer'
    case 'float': return 'number'
    case 'boolean': return 'boolean'
    case 'string': case 'char': return 'string'
    case 'vector': return type.of === 'u8' ? 'bytes' : 'array'
    case 'any': return 'json'
    case 'option': return inputType(type.of)
    default: return undefined
  }
}
