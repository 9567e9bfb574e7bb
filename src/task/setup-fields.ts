/** Fields that files and standard input of a definition share: text, bytes, and the name of an input. */
import { MAX_NAME_CHARS } from '../limits.ts'
import { fromBase64 } from './values.ts'
import type { InputSpec } from './definition.ts'
import type { Section } from './section.ts'

/** What an input must be that a file or standard input names: one that is declared, where any are. */
export function readInputName (section: Section, inputs: InputSpec[]): string | undefined {
  const name = section.text('input', MAX_NAME_CHARS)
  if (name === undefined || inputs.length === 0 || inputs.some((input) => input.name === name)) return name
  section.report.found(section.at('input'), name, `one of the inputs: ${inputs.slice(0, 20).map((input) => input.name).join(', ')}`)
  return undefined
}

/** Text of any length as it stands; other than in names, line ends and control characters are welcome. */
export function readRawText (section: Section, key: string): Uint8Array | undefined {
  const value = section.raw(key)
  if (typeof value === 'string') return new TextEncoder().encode(value)
  section.report.found(section.at(key), value, 'text', typeof value === 'object' ? 'for bytes write base64' : 'put it in quotes')
  return undefined
}

export function readBase64 (section: Section, key: string): Uint8Array | undefined {
  const value = section.raw(key)
  if (value instanceof Uint8Array) return value
  const bytes = typeof value === 'string' ? fromBase64(value) : undefined
  if (bytes === undefined) section.report.found(section.at(key), value, 'base64', 'make it with: base64 -w0 FILE')
  return bytes
}
