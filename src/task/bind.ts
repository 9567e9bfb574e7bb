/** The user's inputs against a definition: defaults, types, JSON Schema and validation rules, all mistakes at once. */
import { encodeCanonical } from '../cbor.ts'
import { CorebrumError } from '../errors.ts'
import { MAX_INPUT_BYTES, MAX_INPUTS, MAX_NAME_CHARS } from '../limits.ts'
import { encodedBytes } from './blob.ts'
import { schemaCheck } from './schema.ts'
import { placedInputs } from './setup.ts'
import { closest } from './suggest.ts'
import { describe, fit, isMapping, quoted, toBase64, valueFault } from './values.ts'
import { showPath } from './report.ts'
import type { InputSpec, TaskDefinition, ValidationRule } from './definition.ts'
import type { Mapping, Value, ValueType } from './values.ts'

/** The host gives these to a function that takes them, so they may be left out. */
export const HOST_INPUTS: ReadonlySet<string> = new Set(['worker_id', 'task_id'])

/** What a definition says of its inputs; of a pipeline only which there are. */
type Bound = Pick<TaskDefinition, 'name' | 'inputs'> & Partial<Pick<TaskDefinition, 'validation' | 'inputSchema' | 'setup'>>

/**
 * The definition with inputs declared after `given` where it declares none itself: a dialect leaves the declarations
 * out, and the order in which the inputs are given is then the order of the parameters. Else the definition as it is.
 * Throws ERR_INPUT when a name is too long or there are too many inputs.
 */
export function declareInputs<D extends Bound> (definition: D, given: Record<string, Value | undefined>): D {
  if (definition.inputs.length > 0) return definition
  const inputs = Object.entries(given).flatMap(([name, value]): InputSpec[] => {
    return value === undefined ? [] : [{ name, type: typeOf(value), required: true }]
  })
  const problems = inputs.filter(({ name }) => name.length > MAX_NAME_CHARS).map(({ name }) => `${label(name)}: a name of ${name.length} characters, allowed: ${MAX_NAME_CHARS}`)
  if (inputs.length > MAX_INPUTS) problems.push(`found ${inputs.length} inputs, allowed: ${MAX_INPUTS}`)
  if (problems.length > 0) throw refusal(definition, problems)
  return inputs.length === 0 ? definition : { ...definition, inputs }
}

/**
 * One value for each of `definition.inputs`, in order; undefined where an optional one, or one that the host gives, was
 * left out. Numbers stay exact, strings are never read as numbers, a `bytes` input also takes base64.
 * Rejects with ERR_INPUT; `problems` names each wrong, missing or unknown input, or all when they are over MAX_INPUT_BYTES.
 */
export async function bindInputs (definition: Bound, given: Record<string, Value | undefined>): Promise<Array<Value | undefined>> {
  const problems = [...unknownInputs(definition, given), ...unplacedInputs(definition)]
  const wrong = new Set<string>()
  const bound: Mapping = Object.create(null)
  for (const input of definition.inputs) {
    const value = Object.hasOwn(given, input.name) ? given[input.name] : undefined
    if (value === undefined) {
      if (input.default !== undefined) bound[input.name] = input.default
      else if (input.required && !HOST_INPUTS.has(input.name)) {
        wrong.add(input.name)
        problems.push(`${label(input.name)}: missing, allowed: ${sort(input)}`)
      }
      continue
    }
    const fault = valueFault(value)
    const fitting = fault === undefined ? fit(value, input.type) : { ok: false as const, problem: fault }
    if (fitting.ok) bound[input.name] = fitting.value
    else {
      wrong.add(input.name)
      problems.push(`${label(input.name)}: ${fitting.problem}`)
    }
  }
  problems.push(...await schemaProblems(definition, bound, wrong), ...ruleProblems(definition.validation ?? [], bound))
  if (problems.length > 0) throw refusal(definition, problems)
  const values = definition.inputs.map(({ name }) => bound[name])
  const bytes = values.reduce<number>((sum, value) => sum + encodedBytes(value), 0)
  if (bytes > MAX_INPUT_BYTES) throw refusal(definition, [`the inputs take ${bytes} bytes, allowed: ${MAX_INPUT_BYTES} - split the task`])
  return values
}

function unknownInputs (definition: Bound, given: Record<string, unknown>): string[] {
  const names = definition.inputs.map(({ name }) => name)
  const unknown = Object.keys(given).filter((name) => given[name] !== undefined && !names.includes(name))
  const shown = unknown.slice(0, MAX_INPUTS).map((name) => {
    const meant = closest(name, names.filter((known) => !Object.hasOwn(given, known)))
    const inputs = names.length === 0 ? 'the task declares no inputs' : `allowed: ${names.slice(0, 20).join(', ')}${names.length > 20 ? ', …' : ''}`
    return `${label(name)}: not an input of this task, ${inputs}${meant === undefined ? '' : ` - did you mean ${quoted(meant)}?`}`
  })
  if (unknown.length > shown.length) shown.push(`${unknown.length - shown.length} more inputs are not inputs of this task`)
  return shown
}

/** Files and standard input that are to hold an input which neither the definition nor the user has. */
function unplacedInputs ({ inputs, setup = {} }: Bound): string[] {
  return placedInputs(setup).filter(({ name }) => !inputs.some((input) => input.name === name)).map(({ name, place }) => `${label(name)}: missing, allowed: what ${place} is to hold`)
}

/** What the schema says of inputs that are right by their declared type. */
async function schemaProblems (definition: Bound, bound: Mapping, wrong: Set<string>): Promise<string[]> {
  if (definition.inputSchema === undefined) return []
  const check = await schemaCheck(definition.inputSchema)
  return check({ ...bound }).flatMap(({ path, keyword, text }) => {
    const name = path[0] ?? ''
    if (wrong.has(name) || (keyword === 'required' && path.length === 1 && HOST_INPUTS.has(name))) return []
    return [`${path.length === 0 ? 'the inputs' : showPath(path)}: ${text}`]
  })
}

function ruleProblems (rules: ValidationRule[], bound: Mapping): string[] {
  return rules.flatMap((rule) => {
    const value = bound[rule.field]
    if (value === undefined || keeps(rule, value)) return []
    const bounds = [
      ...(rule.min === undefined ? [] : [`at least ${rule.min}`]),
      ...(rule.max === undefined ? [] : [`at most ${rule.max}`]),
      ...(rule.allowedValues === undefined ? [] : [`one of ${rule.allowedValues.slice(0, 20).map((item) => typeof item === 'string' ? quoted(item) : describe(item)).join(', ')}`]),
    ]
    return [`${label(rule.field)}: found ${describe(value)}, allowed: ${bounds.join(', ')}${rule.message === undefined ? '' : ` - ${rule.message}`}`]
  })
}

/** Comparisons of bigint with number are exact in JavaScript. NaN keeps no bound. */
function keeps (rule: ValidationRule, value: Value): boolean {
  if (rule.min !== undefined || rule.max !== undefined) {
    if (typeof value !== 'number' && typeof value !== 'bigint') return false
    if (!(value >= (rule.min ?? -Infinity) && value <= (rule.max ?? Infinity))) return false
  }
  return rule.allowedValues === undefined || rule.allowedValues.some((allowed) => same(allowed, value))
}

function same (a: Value, b: Value): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b
  return toBase64(encodeCanonical(a)) === toBase64(encodeCanonical(b))
}

function typeOf (value: Value): ValueType {
  if (typeof value === 'bigint' || (typeof value === 'number' && Number.isSafeInteger(value))) return 'integer'
  if (typeof value === 'number') return 'number'
  if (typeof value === 'string') return 'string'
  if (typeof value === 'boolean') return 'boolean'
  if (value instanceof Uint8Array) return 'bytes'
  if (Array.isArray(value)) return 'array'
  return isMapping(value) ? 'object' : 'json'
}

function sort (input: InputSpec): string {
  return `${input.type}${input.description === undefined ? '' : ` (${input.description.slice(0, 100)})`}`
}

function label (name: string): string {
  return showPath([name])
}

function refusal (definition: Bound, problems: string[]): CorebrumError {
  const [only] = problems
  const message = problems.length === 1 && only !== undefined
    ? `the input of ${quoted(definition.name)} is wrong: ${only}`
    : `the inputs of ${quoted(definition.name)} have ${problems.length} mistakes: ${problems.join('; ').slice(0, 2000)}`
  return new CorebrumError('ERR_INPUT', message, { problems })
}
