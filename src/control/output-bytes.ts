/** One output as a file holds it. */
import { CorebrumError } from '../errors.ts'
import { formatJson } from '../task/json.ts'
import { quoted, type Mapping } from '../task/values.ts'

const MAX_SHOWN = 20

/** Bytes as they are, text in UTF-8, anything else as JSON. Throws ERR_USAGE when there is no such output. */
export function outputBytes (outputs: Mapping, name: string): Uint8Array {
  const value = Object.hasOwn(outputs, name) ? outputs[name] : undefined
  if (value === undefined) throw unknownOutput(name, Object.keys(outputs))
  if (value instanceof Uint8Array) return value
  return Buffer.from(typeof value === 'string' ? value : formatJson(value))
}

export function unknownOutput (name: string, names: readonly string[]): CorebrumError {
  const known = names.length === 0 ? 'it has none' : `allowed: ${names.slice(0, MAX_SHOWN).join(', ')}${names.length > MAX_SHOWN ? ', …' : ''}`
  return new CorebrumError('ERR_USAGE', `--output-file: ${quoted(name)} is not an output of this task, ${known}`)
}
