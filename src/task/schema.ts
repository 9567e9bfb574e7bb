/**
 * JSON Schema checks of inputs and outputs by ajv, which is loaded only when a definition has a schema.
 * Schemas come from the file that the user submits, never from peers: ajv turns them into code, and a `pattern`
 * is a regular expression without a time limit, so sizes are capped and that is all.
 */
import type { ErrorObject, ValidateFunction } from 'ajv'
import { MAX_PATTERN_CHARS, MAX_SCHEMA_NODES } from '../limits.ts'
import { describe, toBase64 } from './values.ts'
import type { Value } from './values.ts'

type Schema = Record<string, unknown>

/** One thing that a schema does not allow. `path` leads from the checked value to the part that is wrong. */
export interface SchemaFault {
  path: string[]
  /** `required`: `path` ends with the name that is missing. */
  keyword: string
  text: string
}

/** Faults of a value; integers beyond ±2^53 are compared with the schema's bounds as 64-bit floats. */
export type SchemaCheck = (value: Value) => SchemaFault[]

/** What is wrong with the schema itself, and where in it. */
export class SchemaError extends Error {
  readonly path: Array<string | number>

  constructor (message: string, path: Array<string | number> = []) {
    super(message)
    this.path = path
  }
}

const compiled = new WeakMap<Schema, Promise<SchemaCheck>>()

/** The check for a schema (draft-07, or 2019-09 and 2020-12 by `$schema`), compiled once. Rejects with SchemaError. */
export function schemaCheck (schema: Schema): Promise<SchemaCheck> {
  let check = compiled.get(schema)
  if (check === undefined) {
    check = compile(schema)
    compiled.set(schema, check)
  }
  return check
}

async function compile (schema: Schema): Promise<SchemaCheck> {
  inspect(schema)
  // `$schema` and `$id` only name things; ajv would look the first up and keep the second for ever.
  const rest = Object.fromEntries(Object.entries(schema).filter(([key]) => key !== '$schema' && key !== '$id').map(([key, item]) => [key, plain(item)]))
  const dialect = schema['$schema']
  const modern = typeof dialect === 'string' && /2019-09|2020-12/.test(dialect)
  // By `default`: in a bundle that is split, a lazily loaded CommonJS package has no other export.
  const Ajv = modern ? (await import('ajv/dist/2020.js')).default.Ajv2020 : (await import('ajv')).default.Ajv
  const ajv = new Ajv({ allErrors: true, strict: false, verbose: true, validateFormats: false, addUsedSchema: false, logger: false })
  if (ajv.validateSchema(rest) !== true) {
    const error = ajv.errors?.[0]
    throw new SchemaError(`not a JSON Schema: ${error === undefined ? 'unknown mistake' : `${error.message ?? error.keyword}${listed(error)}`}`, pointer(error?.instancePath ?? ''))
  }
  let validate: ValidateFunction
  try {
    validate = ajv.compile(rest)
  } catch (cause) {
    throw new SchemaError(cause instanceof Error ? cause.message : String(cause))
  }
  return (value) => validate(plain(value)) ? [] : (validate.errors ?? []).filter(({ keyword }) => keyword !== 'if').map(faultOf)
}

/** Refuses what would make compiling slow or reach outside the file. */
function inspect (schema: Schema): void {
  let nodes = 0
  const visit = (part: unknown, path: Array<string | number>): void => {
    if (++nodes > MAX_SCHEMA_NODES) throw new SchemaError(`a schema of more than ${MAX_SCHEMA_NODES} values is too large`)
    if (typeof part !== 'object' || part === null) return
    for (const [key, item] of Object.entries(part)) {
      const step = [...path, Array.isArray(part) ? Number(key) : key]
      if ((key === '$ref' || key === '$dynamicRef') && typeof item === 'string' && !item.startsWith('#')) {
        throw new SchemaError(`found the reference ${JSON.stringify(item)}, allowed: references inside the schema, which begin with #`, step)
      }
      if (key === 'pattern' && typeof item === 'string' && item.length > MAX_PATTERN_CHARS) {
        throw new SchemaError(`found a pattern of ${item.length} characters, allowed: ${MAX_PATTERN_CHARS}`, step)
      }
      visit(item, step)
    }
  }
  visit(schema, [])
}

/** A copy that JSON could hold: ajv knows neither bigint nor bytes. */
function plain (value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value)
  if (value instanceof Uint8Array) return toBase64(value)
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]))
}

function faultOf (error: ErrorObject): SchemaFault {
  const path = pointer(error.instancePath)
  if (error.keyword === 'required') {
    return { path: [...path, String(error.params['missingProperty'])], keyword: 'required', text: 'missing' }
  }
  const shown = error.data === undefined ? '' : `found ${describe(error.data)}, `
  return { path, keyword: error.keyword, text: `${shown}${error.message ?? `fails ${error.keyword}`}${listed(error)}` }
}

/** What ajv's short messages leave out: the values of an enum, the name of a property. */
function listed (error: ErrorObject): string {
  const { allowedValues, allowedValue, additionalProperty } = error.params as Record<string, unknown>
  if (Array.isArray(allowedValues)) return `: ${allowedValues.slice(0, 20).map((item) => JSON.stringify(item)).join(', ')}`
  if (allowedValue !== undefined) return `: ${JSON.stringify(allowedValue)}`
  return typeof additionalProperty === 'string' ? `: ${JSON.stringify(additionalProperty)}` : ''
}

/** The steps of a JSON Pointer (RFC 6901). */
function pointer (text: string): string[] {
  return text.split('/').slice(1).map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
}
