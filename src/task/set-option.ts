/** `--set name=value`: one input from the command line, read by the type that the definition declares. */
import { CorebrumError } from '../errors.ts'
import { parseJsonValue } from './json.ts'
import { closest } from './suggest.ts'
import { fit, quoted } from './values.ts'
import type { InputSpec } from './definition.ts'
import type { Value, ValueType } from './values.ts'

/** Types whose text on the command line is JSON; strings and bytes are taken as they stand. */
const JSON_TYPES: ReadonlySet<ValueType> = new Set<ValueType>(['integer', 'number', 'boolean', 'array', 'object', 'json'])

/**
 * The input that `text` sets. Strings need no quotes, `bytes` is base64, the others are JSON. With no declared inputs
 * the text is JSON where it is JSON, else a string. Throws ERR_USAGE without a name or `=`, ERR_INPUT on a wrong value.
 */
export function parseSetOption (text: string, inputs: readonly InputSpec[]): { name: string, value: Value } {
  const equals = text.indexOf('=')
  if (equals < 1) throw new CorebrumError('ERR_USAGE', `--set ${quoted(text)}: allowed: name=value, such as --set number=5`)
  const name = text.slice(0, equals).trim()
  const written = text.slice(equals + 1)
  if (inputs.length === 0) return { name, value: jsonOrText(written) }
  const input = inputs.find((spec) => spec.name === name)
  if (input === undefined) {
    const names = inputs.map((spec) => spec.name)
    const meant = closest(name, names)
    throw refusal(`--set: ${quoted(name)} is not an input of this task, allowed: ${names.join(', ')}${meant === undefined ? '' : ` - did you mean ${quoted(meant)}?`}`)
  }
  const value = JSON_TYPES.has(input.type) ? parseJsonValue(written, `--set ${name}`) : written
  const fitting = fit(value, input.type)
  if (!fitting.ok) throw refusal(`--set ${name}: ${fitting.problem}`)
  return { name, value: fitting.value }
}

function jsonOrText (text: string): Value {
  try {
    return parseJsonValue(text, '--set')
  } catch {
    return text
  }
}

function refusal (problem: string): CorebrumError {
  return new CorebrumError('ERR_INPUT', problem, { problems: [problem] })
}
