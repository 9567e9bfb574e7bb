/** The `examples:` of a definition: inputs with what must come of them, for `corebrum test`. */
import { encodeCanonical } from '../cbor.ts'
import { ERRORS, type ErrorCode } from '../errors.ts'
import { MAX_EXAMPLES, MAX_NAME_CHARS } from '../limits.ts'
import { formatJson } from './json.ts'
import { closest } from './suggest.ts'
import { fit, isMapping, quoted } from './values.ts'
import type { ExampleSpec, OutputSpec } from './definition.ts'
import type { Section } from './section.ts'
import type { Mapping, Value } from './values.ts'

const FIELDS = ['name', 'inputs', 'outputs', 'error'] as const
const SAMPLE = '{inputs: {number: 5}, outputs: {result: 120}}'
const MAX_SHOWN_CHARS = 200

/** The examples of the first section that lists some. Of `outputs` several may have a name: those of the steps of a pipeline. */
export function readExamples (sections: Section[], outputs: readonly OutputSpec[]): ExampleSpec[] {
  const holder = sections.find((section) => section.raw('examples') !== undefined)
  return (holder?.sections('examples', MAX_EXAMPLES, SAMPLE) ?? []).map((item, i) => {
    item.expect(FIELDS)
    const name = item.label('name', MAX_NAME_CHARS) ?? `example ${i + 1}`
    const inputs = mapping(item, 'inputs') ?? {}
    const error = readError(item)
    const expected = mapping(item, 'outputs')
    if (error !== undefined && expected !== undefined) item.report.mistake(item.at('error'), 'found an error beside outputs - keep what is expected of the two')
    if (item.raw('error') === undefined && item.raw('outputs') === undefined) item.missing('outputs', 'the outputs that the inputs must give, or "error" with the code of the error')
    return { name, inputs, ...(error === undefined ? { outputs: checked(item, expected ?? {}, outputs) } : { error }) }
  })
}

function mapping (item: Section, key: 'inputs' | 'outputs'): Mapping | undefined {
  const value = item.raw(key)
  if (value === undefined || isMapping(value)) return value
  item.report.found(item.at(key), value, `a mapping by name, such as ${SAMPLE}`)
  return undefined
}

function readError (item: Section): ErrorCode | undefined {
  const text = item.text('error', MAX_NAME_CHARS)
  if (text === undefined) return undefined
  const codes = Object.keys(ERRORS) as ErrorCode[]
  const code = codes.find((known) => known === text)
  const meant = closest(text, codes)
  if (code === undefined) item.report.found(item.at('error'), text, 'the code of an error, such as ERR_TRAP', meant === undefined ? undefined : `did you mean ${meant}?`)
  return code
}

/** Expected outputs as the declared types hold them. */
function checked (item: Section, expected: Mapping, outputs: readonly OutputSpec[]): Mapping {
  const values: Mapping = {}
  for (const [name, value] of Object.entries(expected)) {
    const at = [...item.at('outputs'), name]
    const types = outputs.flatMap((spec) => spec.name === name ? [spec.type] : [])
    const fitting = types.map((type) => fit(value, type)).sort((a, b) => Number(b.ok) - Number(a.ok))[0]
    if (fitting === undefined) item.report.mistake(at, `no output of this task, allowed: ${[...new Set(outputs.map((spec) => spec.name))].join(', ')}`)
    else if (fitting.ok) values[name] = fitting.value
    else item.report.mistake(at, `${fitting.problem}, as the output is declared as ${types.join(' or ')}`)
  }
  return values
}

/** How outputs differ from those that an example expects, one sentence for each; outputs that it does not name may be anything. */
export function differences (expected: Mapping, outputs: Mapping): string[] {
  return Object.entries(expected).flatMap(([name, value]) => {
    const found = Object.hasOwn(outputs, name) ? outputs[name] : undefined
    if (found !== undefined && isSame(value, found)) return []
    return [`${quoted(name)}: expected ${shown(value)}, got ${found === undefined ? 'nothing' : shown(found)}`]
  })
}

function isSame (a: Value, b: Value): boolean {
  return Buffer.compare(encodeCanonical(a), encodeCanonical(b)) === 0
}

function shown (value: Value): string {
  const text = formatJson(value)
  return text.length > MAX_SHOWN_CHARS ? `${text.slice(0, MAX_SHOWN_CHARS)}…` : text
}
