/** What a definition declares of its inputs and outputs, written out or taken from its JSON Schemas. */
import { MAX_INPUTS, MAX_NAME_CHARS } from '../limits.ts'
import { pathConflict } from './file-path.ts'
import { readFilePath } from './setup-files.ts'
import { VALUE_TYPES, fieldOf, fit, isMapping, valueTypeNamed } from './values.ts'
import type { InputSpec, OutputSpec, ValidationRule } from './definition.ts'
import type { Section } from './section.ts'
import type { Mapping, Value, ValueType } from './values.ts'

const TYPES = VALUE_TYPES.join(', ')
const MAX_TEXT_CHARS = 65_536
const INPUT_FIELDS = ['name', 'type', 'required', 'default', 'default_value', 'data_type', 'source', 'description'] as const
const OUTPUT_FIELDS = ['name', 'type', 'data_type', 'file', 'description'] as const
const RULE_FIELDS = ['field', 'min', 'max', 'allowed_values', 'message'] as const
const SCHEMA_TYPES: ReadonlyMap<Value | undefined, ValueType> = new Map([
  ['integer', 'integer'], ['number', 'number'], ['string', 'string'], ['boolean', 'boolean'], ['array', 'array'], ['object', 'object'],
])

/** The inputs of the first section that lists some, else those that `schema` describes. */
export function readInputs (sections: Section[], schema: Mapping | undefined): InputSpec[] {
  const items = itemsOf(sections, 'inputs', '{name: number, type: integer}')
  if (items.length === 0) return schema === undefined ? [] : inputsOfSchema(schema)
  const names = new Set<string>()
  return items.flatMap((item) => {
    item.expect(INPUT_FIELDS)
    const name = readName(item, names, 'input')
    const type = readType(item)
    const fallback = readDefault(item, type)
    const required = item.flag('required') ?? fallback === undefined
    const description = item.text('description', MAX_TEXT_CHARS)
    if (name === undefined) return []
    return [{ name, type, required, ...(fallback !== undefined && { default: fallback }), ...(description !== undefined && { description }) }]
  })
}

/** The outputs of the first section that lists some, else those that `schema` describes, else one named `result`. */
export function readOutputs (sections: Section[], schema: Mapping | undefined): OutputSpec[] {
  const items = itemsOf(sections, 'outputs', '{name: result, type: integer}')
  if (items.length === 0) return outputsOfSchema(schema)
  const names = new Set<string>()
  const files: Array<{ item: Section, file: string }> = []
  const outputs = items.flatMap((item) => {
    item.expect(OUTPUT_FIELDS)
    const name = readName(item, names, 'output')
    const type = readType(item)
    const file = readFilePath(item, 'file')
    if (file !== undefined) files.push({ item, file })
    const description = item.text('description', MAX_TEXT_CHARS)
    return name === undefined ? [] : [{ name, type, ...(file !== undefined && { file }), ...(description !== undefined && { description }) }]
  })
  const conflict = pathConflict(files.map(({ file }) => file))
  const blamed = conflict === undefined ? undefined : files[conflict.index]?.item
  if (conflict !== undefined && blamed !== undefined) blamed.report.mistake(blamed.at('file'), `found ${conflict.problem} - every output needs a file of its own`)
  return outputs
}

export function readValidation (sections: Section[], inputs: InputSpec[]): ValidationRule[] {
  return itemsOf(sections, 'validation', '{field: number, min: 0, max: 20}').flatMap((item) => {
    item.expect(RULE_FIELDS)
    const { report } = item
    if (item.raw('field') === undefined) item.missing('field', 'the name of an input')
    const field = item.text('field', MAX_NAME_CHARS)
    if (field === undefined) return []
    const input = inputs.find(({ name }) => name === field)
    if (input === undefined) {
      report.found(item.at('field'), field, inputs.length === 0 ? 'the name of an input; this task declares none' : `one of the inputs: ${inputs.map(({ name }) => name).join(', ')}`)
      return []
    }
    const min = readBound(item, 'min', input)
    const max = readBound(item, 'max', input)
    if (min !== undefined && max !== undefined && min > max) report.found(item.at('max'), max, `at least min, which is ${min}`)
    const allowedValues = readAllowedValues(item, input)
    const message = item.text('message', MAX_TEXT_CHARS)
    return [{ field, ...(min !== undefined && { min }), ...(max !== undefined && { max }), ...(allowedValues && { allowedValues }), ...(message !== undefined && { message }) }]
  })
}

function itemsOf (sections: Section[], key: string, example: string): Section[] {
  for (const section of sections) {
    const items = section.sections(key, MAX_INPUTS, example)
    if (items.length > 0) return items
  }
  return []
}

function readName (item: Section, names: Set<string>, what: string): string | undefined {
  if (item.raw('name') === undefined) item.missing('name', `the name of the ${what}`)
  const name = item.text('name', MAX_NAME_CHARS)
  if (name === undefined) return undefined
  if (name === '__proto__') {
    item.report.found(item.at('name'), name, 'any other name')
    return undefined
  }
  if (names.has(name)) item.report.found(item.at('name'), name, `a name that no other ${what} has`, 'rename or remove one')
  names.add(name)
  return name
}

function readType (item: Section): ValueType {
  const key = item.raw('type') === undefined ? 'data_type' : 'type'
  const written = item.raw(key)
  if (written === undefined) return 'json'
  const type = typeof written === 'string' ? valueTypeNamed(written) : undefined
  if (type !== undefined) return type
  if (written === 'zenoh' || written === 'zenoh_topic') {
    item.report.warn(item.at(key), `"${written}" is read as json: values travel with the task, not over Zenoh`)
    return 'json'
  }
  const sized = typeof written === 'string' && /^[iu](nt)?(8|16|32|64)$/i.test(written)
  const float = typeof written === 'string' && /^f(loat)?(32|64)$/i.test(written)
  const advice = sized ? 'write integer; the module\'s own signature gives the range' : float ? 'write number; the module\'s own signature gives the width' : undefined
  item.report.found(item.at(key), written, TYPES, advice)
  return 'json'
}

/** `default: null` says that there is none, except where null is a value of the type. */
function readDefault (item: Section, type: ValueType): Value | undefined {
  const key = item.raw('default') === undefined ? 'default_value' : 'default'
  const value = item.raw(key)
  if (value === undefined) return undefined
  const fitting = fit(value, type)
  if (fitting.ok) return fitting.value
  item.report.mistake(item.at(key), `${fitting.problem}, because the type is ${type}`)
  return undefined
}

function readBound (item: Section, key: 'min' | 'max', input: InputSpec): number | undefined {
  const value = item.raw(key)
  if (value === undefined) return undefined
  if (!['integer', 'number', 'json'].includes(input.type)) {
    item.report.mistake(item.at(key), `found a bound for "${input.name}", which is of type ${input.type}, allowed: bounds for numbers - use input_schema for the length of strings and lists`)
    return undefined
  }
  if (typeof value === 'number' || typeof value === 'bigint') return Number(value)
  item.report.found(item.at(key), value, 'a number')
  return undefined
}

function readAllowedValues (item: Section, input: InputSpec): Value[] | undefined {
  const values = item.list('allowed_values')
  if (values === undefined) return undefined
  if (values.length === 0) item.report.found(item.at('allowed_values'), values, 'at least one value')
  return values.flatMap((value, i) => {
    const fitting = fit(value, input.type)
    if (fitting.ok) return [fitting.value]
    item.report.mistake([...item.at('allowed_values'), i], `${fitting.problem}, because "${input.name}" is of type ${input.type}`)
    return []
  })
}

/** In the order of the file, which is the order of the function's parameters. */
function inputsOfSchema (schema: Mapping): InputSpec[] {
  const required = fieldOf(schema, 'required')
  return propertiesOf(schema).map(([name, property]) => {
    const type = typeOfSchema(property)
    const value = isMapping(property) ? fieldOf(property, 'default') : undefined
    const fitting = value === undefined ? undefined : fit(value, type)
    const description = descriptionOf(property)
    return {
      name,
      type,
      required: Array.isArray(required) && required.includes(name),
      ...(fitting?.ok === true && { default: fitting.value }),
      ...(description !== undefined && { description }),
    }
  })
}

function outputsOfSchema (schema: Mapping | undefined): OutputSpec[] {
  const properties = schema === undefined ? [] : propertiesOf(schema)
  if (properties.length === 0) return [{ name: 'result', type: schema === undefined || !describesResult(schema) ? 'json' : typeOfSchema(schema) }]
  return properties.map(([name, property]) => {
    const description = descriptionOf(property)
    return { name, type: typeOfSchema(property), ...(description !== undefined && { description }) }
  })
}

/** True when an output schema describes the one result itself and not an object of outputs by name. */
export function describesResult (schema: { [key: string]: unknown }): boolean {
  const type = schema['type']
  return type !== undefined && type !== 'object' && !Object.hasOwn(schema, 'properties')
}

/** What keeps the properties of a schema from being inputs or outputs: too many, a long name, a default of another type. */
export function propertyFaults (schema: Mapping): Array<{ path: string[], problem: string }> {
  const properties = propertiesOf(schema)
  if (properties.length > MAX_INPUTS) return [{ path: ['properties'], problem: `found ${properties.length} properties, allowed: ${MAX_INPUTS}` }]
  return properties.flatMap(([name, property]) => {
    if (name.length > MAX_NAME_CHARS) return [{ path: ['properties', name], problem: `found a name of ${name.length} characters, allowed: ${MAX_NAME_CHARS}` }]
    const value = isMapping(property) ? fieldOf(property, 'default') : undefined
    const fitting = value === undefined ? undefined : fit(value, typeOfSchema(property))
    return fitting === undefined || fitting.ok ? [] : [{ path: ['properties', name, 'default'], problem: fitting.problem }]
  })
}

function propertiesOf (schema: Mapping): Array<[string, Value]> {
  const properties = fieldOf(schema, 'properties')
  return isMapping(properties) ? Object.entries(properties) : []
}

function typeOfSchema (schema: Value): ValueType {
  const written = isMapping(schema) ? fieldOf(schema, 'type') : undefined
  return SCHEMA_TYPES.get(Array.isArray(written) && written.length === 1 ? written[0] : written) ?? 'json'
}

function descriptionOf (schema: Value): string | undefined {
  const text = isMapping(schema) ? fieldOf(schema, 'description') : undefined
  return typeof text === 'string' ? text : undefined
}
