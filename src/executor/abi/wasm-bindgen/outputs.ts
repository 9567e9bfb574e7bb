/** The outputs of a task from the one value that a function returned. */
import { CorebrumError } from '../../../errors.ts'
import type { Value } from '../../../task/values.ts'
import type { TypedName } from '../adapter.ts'
import { checkedOutput, fromJson, namesOutputs, outputsFromObject } from '../json.ts'

/** What a definition's one output is called when it names none. */
const WHOLE = 'result'

/**
 * One declared string is the text as it is. Other outputs are fields of the JSON object that came back, as text or as
 * a value; a single one may also be the whole, and one called `result` that can hold an object is. Throws ERR_RESULT_TYPE.
 */
export function outputsFromReturned (value: Value, outputs: readonly TypedName[], what: string): Record<string, Value> {
  const [only] = outputs
  if (only === undefined) return {}
  if (outputs.length === 1 && (only.type === 'string' || only.type === 'bytes')) return { [only.name]: plainOutput(value, only) }
  const parsed = typeof value === 'string' ? parsedText(value, outputs, what) : value
  if (outputs.length > 1) return outputsFromObject(parsed, outputs, what)
  const isWhole = only.name === WHOLE && (only.type === 'json' || only.type === 'object')
  return isWhole || !namesOutputs(parsed, outputs) ? { [only.name]: plainOutput(parsed, only) } : outputsFromObject(parsed, outputs, what)
}

function plainOutput (value: Value, output: TypedName): Value {
  if (value instanceof Uint8Array) {
    if (output.type === 'bytes' || output.type === 'json') return value
    if (output.type === 'array') return [...value]
  }
  if (output.type === 'bytes' && !(value instanceof Uint8Array)) {
    throw new CorebrumError('ERR_RESULT_TYPE', `the output ${JSON.stringify(output.name)} is declared as bytes; the function returned something else`)
  }
  return checkedOutput(value, output)
}

/** Text as JSON; for one output of any type it may also be plain text. */
function parsedText (text: string, outputs: readonly TypedName[], what: string): Value {
  try {
    return fromJson(text, what)
  } catch (thrown) {
    if (outputs.length === 1 && outputs[0]?.type === 'json' && thrown instanceof CorebrumError) return text
    throw thrown
  }
}
