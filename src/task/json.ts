/** JSON text <-> Value, with integers exact to the last digit (lossless-json; JSON.parse rounds beyond 2^53). */
import { parse, stringify } from 'lossless-json'
import { CorebrumError } from '../errors.ts'
import { MAX_DEFINITION_BYTES, MAX_INTEGER_DIGITS, MAX_VALUE_DEPTH } from '../limits.ts'
import { describe, isMapping, toBase64, valueFault } from './values.ts'
import type { Mapping, Value } from './values.ts'

/**
 * The value of one JSON text; integers beyond ±2^53 become bigint. `what` names the text in messages.
 * Throws ERR_INPUT, saying line and column, on text that is not JSON, too long, too deep, or with a
 * number that cannot be held. `maxChars` is MAX_DEFINITION_BYTES unless given.
 */
export function parseJsonValue (text: string, what: string, { maxChars = MAX_DEFINITION_BYTES }: { maxChars?: number } = {}): Value {
  const refuse = (problem: string, cause?: unknown): never => {
    throw new CorebrumError('ERR_INPUT', `${what}: ${problem}`, { cause, problems: [`${what}: ${problem}`] })
  }
  const body = text.charCodeAt(0) === 0xfeff ? text.slice(1) : text
  if (body.length > maxChars) refuse(`${body.length} characters of JSON, allowed: ${maxChars}`)
  if (depthOf(body) > MAX_VALUE_DEPTH) refuse(`nested deeper than ${MAX_VALUE_DEPTH} levels`)
  let value: unknown
  try {
    value = parse(body, null, { parseNumber: exactNumber })
  } catch (cause) {
    return refuse(explain(body, cause), cause)
  }
  const fault = valueFault(value)
  if (fault !== undefined) refuse(`the JSON ${fault}`)
  return value as Value // valueFault has checked every part of it
}

/** As `parseJsonValue` for inputs: the text must hold an object, whose fields name the inputs. Throws ERR_INPUT. */
export function parseJsonInputs (text: string, what: string): Mapping {
  const value = parseJsonValue(text, what)
  if (isMapping(value)) return value
  const problem = `${what}: found ${describe(value)}, allowed: a JSON object of inputs by name, such as {"number": 5}`
  throw new CorebrumError('ERR_INPUT', problem, { problems: [problem] })
}

/**
 * JSON text of a value, compact unless `indent` (spaces) is given. Integers keep all digits, bytes are
 * base64 strings, and what JSON has no number for is one of "NaN", "Infinity", "-Infinity".
 */
export function formatJson (value: Value, options: { indent?: number } = {}): string {
  return stringify(value, (_key, part) => {
    if (part instanceof Uint8Array) return toBase64(part)
    return typeof part === 'number' && !Number.isFinite(part) ? String(part) : part
  }, options.indent) ?? 'null'
}

function exactNumber (text: string): number | bigint {
  const number = Number(text)
  if (!/^-?\d+$/.test(text)) {
    if (Number.isFinite(number)) return number
    throw new SyntaxError(`the number ${text.slice(0, 30)} is too large for a 64-bit float`)
  }
  if (Number.isSafeInteger(number)) return number + 0
  if (text.length > MAX_INTEGER_DIGITS) throw new SyntaxError(`an integer has ${text.length} digits, allowed: ${MAX_INTEGER_DIGITS}`)
  return BigInt(text)
}

/** Deepest nesting of brackets outside strings: checked first, because the parser recurses. */
function depthOf (text: string): number {
  let depth = 0
  let deepest = 0
  let inString = false
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (inString) {
      if (code === 0x5c /* \ */) i++
      else if (code === 0x22 /* " */) inString = false
    } else if (code === 0x22) inString = true
    else if (code === 0x5b /* [ */ || code === 0x7b /* { */) deepest = Math.max(deepest, ++depth)
    else if (code === 0x5d /* ] */ || code === 0x7d /* } */) depth--
  }
  return deepest
}

function explain (text: string, thrown: unknown): string {
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  const found = /^(.*) (?:at|encountered at) position (\d+)$/s.exec(message)
  if (text.trim() === '') return 'the text is empty, allowed: JSON such as {"number": 5}'
  if (found === null) return message
  const before = text.slice(0, Number(found[2]))
  const line = before.split('\n').length
  const column = before.length - before.lastIndexOf('\n')
  const hint = /^\s*['"]?\{\s*['\\\w]/.test(text)
    ? ' - put names in double quotes, and the whole in single quotes for the shell: \'{"number": 5}\'' : ''
  return `not JSON at line ${line}, column ${column}: ${found[1]}${hint}`
}
