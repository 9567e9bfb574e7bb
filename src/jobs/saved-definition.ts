/** Pinned definitions as jobs keep them in the journal, in CBOR; what comes back is checked field by field. */
import {
  MAX_ALLOWED_HOSTS, MAX_FUEL, MAX_INPUTS, MAX_MEMORY_LIMIT_BYTES, MAX_NAME_CHARS, MAX_PROGRAM_ARGS, MAX_PROGRAM_FILES, MAX_PROGRAM_VARIABLES, MAX_SETUP_BYTES, MAX_TIME_LIMIT_MS, MAX_WASI_FILE_BYTES, MAX_WASI_PATH_BYTES,
} from '../limits.ts'
import type { AgreementSpec, FileSource, Grants, InputSpec, ModuleSource, OutputSpec, SetupSpec, TaskDefinition, TaskPolicy, ValidationRule } from '../task/definition.ts'
import type { StandardInput } from '../task/program.ts'
import type { Value } from '../task/values.ts'
import { asArray, asBoolean, asBytes, asInteger, asRecord, asText, asTexts, asValueType, broken, isValue, uint } from '../wire/shape.ts'

/** The schedule of a definition is its job's, and is not kept with it. */
type SavedTask = Omit<TaskDefinition, 'schedule'>

const MAX_TEXT_CHARS = 65_536
const MAX_TAGS = 100_000
const MAX_REPLICAS = 0xffff

/** What CBOR holds of a definition whose module and files are named by CID. */
export function taskToSaved ({ examples: _examples, schedule: _schedule, ...task }: TaskDefinition): unknown {
  return {
    ...task,
    ...(task.memoryLimitBytes === undefined ? {} : { memoryLimitBytes: uint(task.memoryLimitBytes) }),
    ...(task.fuel === undefined ? {} : { fuel: uint(task.fuel) }),
    ...(task.deadlineMs === undefined ? {} : { deadlineMs: uint(task.deadlineMs) }),
  }
}

/** Throws ERR_PROTOCOL for anything that `taskToSaved` did not make. */
export function taskFromSaved (raw: unknown): SavedTask {
  const d = asRecord(raw, 'definition')
  return {
    name: asText(d.name, 'definition.name', MAX_NAME_CHARS),
    ...optional('version', d.version, (value) => asText(value, 'definition.version', MAX_NAME_CHARS)),
    ...optional('description', d.description, (value) => asText(value, 'definition.description', MAX_TEXT_CHARS)),
    module: moduleFromSaved(d.module),
    ...optional('cid', d.cid, (value) => asText(value, 'definition.cid', MAX_NAME_CHARS)),
    ...optional('functionName', d.functionName, (value) => asText(value, 'definition.functionName', MAX_NAME_CHARS)),
    ...optional('abi', d.abi, (value) => asText(value, 'definition.abi', MAX_NAME_CHARS)),
    inputs: inputsFromSaved(d.inputs),
    outputs: asArray(d.outputs, 'definition.outputs', 0, MAX_INPUTS).map(outputFromSaved),
    ...optional('inputSchema', d.inputSchema, (value) => asRecord(value, 'definition.inputSchema')),
    ...optional('outputSchema', d.outputSchema, (value) => asRecord(value, 'definition.outputSchema')),
    validation: asArray(d.validation, 'definition.validation', 0, MAX_INPUTS).map(ruleFromSaved),
    ...optional('memoryLimitBytes', d.memoryLimitBytes, (value) => asInteger(value, 'definition.memory', 0, MAX_MEMORY_LIMIT_BYTES)),
    timeLimitMs: asInteger(d.timeLimitMs, 'definition.time', 1, MAX_TIME_LIMIT_MS),
    ...optional('fuel', d.fuel, (value) => asInteger(value, 'definition.fuel', 1, MAX_FUEL)),
    ...optional('deterministic', d.deterministic, (value) => asBoolean(value, 'definition.deterministic')),
    ...optional('setup', d.setup, setupFromSaved),
    grants: grantsFromSaved(d.grants),
    ...policyFields(d),
    ...optional('agreement', d.agreement, agreementFromSaved),
    priority: asInteger(d.priority, 'definition.priority', -Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
    tags: asTexts(d.tags, 'definition.tags', MAX_TAGS, MAX_TEXT_CHARS),
    metadata: valuesFromSaved(d.metadata, 'definition.metadata'),
  }
}

export function inputsFromSaved (raw: unknown): InputSpec[] {
  return asArray(raw, 'definition.inputs', 0, MAX_INPUTS).map((item) => {
    const { name, type, required, default: fallback, description } = asRecord(item, 'input')
    return {
      name: asText(name, 'input.name', MAX_NAME_CHARS),
      type: asValueType(type, 'input.type'),
      required: asBoolean(required, 'input.required'),
      ...optional('default', fallback, (value) => asValue(value, 'input.default')),
      ...optional('description', description, (value) => asText(value, 'input.description', MAX_TEXT_CHARS)),
    }
  })
}

/** A policy that a command line gave. */
export function policyFromSaved (raw: unknown): Partial<TaskPolicy> {
  const p = asRecord(raw, 'policy')
  return { ...optional('priority', p.priority, (value) => asInteger(value, 'policy.priority', -Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)), ...policyFields(p) }
}

/** Values by name: the inputs of a job. */
export function valuesFromSaved (raw: unknown, what: string): Record<string, Value> {
  const values = asRecord(raw, what)
  if (!isValue(values)) throw broken(what)
  return values
}

/** `{ [key]: read(value) }`, and nothing where there is no value. */
export function optional<K extends string, T> (key: K, value: unknown, read: (value: unknown) => T): { [P in K]?: T } {
  const field: { [P in K]?: T } = {}
  if (value !== undefined) field[key] = read(value)
  return field
}

function policyFields (p: Record<string, unknown>): Pick<TaskDefinition, 'retries' | 'deadlineMs' | 'require' | 'on'> {
  return {
    ...optional('retries', p.retries, (value) => asInteger(value, 'policy.retries', 0, Number.MAX_SAFE_INTEGER)),
    ...optional('deadlineMs', p.deadlineMs, (value) => asInteger(value, 'policy.deadline', 0, Number.MAX_SAFE_INTEGER)),
    ...optional('require', p.require, (value) => textsByName(value, 'policy.require', MAX_NAME_CHARS)),
    ...optional('on', p.on, (value) => asText(value, 'policy.on', MAX_NAME_CHARS)),
  }
}

function moduleFromSaved (raw: unknown): ModuleSource {
  const { kind, cid } = asRecord(raw, 'definition.module')
  if (kind !== 'cid') throw broken('definition.module')
  return { kind, cid: asText(cid, 'definition.module', MAX_NAME_CHARS) }
}

function outputFromSaved (raw: unknown): OutputSpec {
  const { name, type, file, description } = asRecord(raw, 'output')
  return {
    name: asText(name, 'output.name', MAX_NAME_CHARS),
    type: asValueType(type, 'output.type'),
    ...optional('file', file, (value) => asText(value, 'output.file', MAX_WASI_PATH_BYTES)),
    ...optional('description', description, (value) => asText(value, 'output.description', MAX_TEXT_CHARS)),
  }
}

function ruleFromSaved (raw: unknown): ValidationRule {
  const { field, min, max, allowedValues, message } = asRecord(raw, 'rule')
  return {
    field: asText(field, 'rule.field', MAX_NAME_CHARS),
    ...optional('min', min, (value) => asNumber(value, 'rule.min')),
    ...optional('max', max, (value) => asNumber(value, 'rule.max')),
    ...optional('allowedValues', allowedValues, (value) => asArray(value, 'rule.allowed', 0, Infinity).map((item) => asValue(item, 'rule.allowed'))),
    ...optional('message', message, (value) => asText(value, 'rule.message', MAX_TEXT_CHARS)),
  }
}

function setupFromSaved (raw: unknown): SetupSpec {
  const { args, env, stdin, files } = asRecord(raw, 'setup')
  return {
    ...optional('args', args, (value) => asTexts(value, 'setup.args', MAX_PROGRAM_ARGS, MAX_SETUP_BYTES)),
    ...optional('env', env, (value) => textsByName(value, 'setup.env', MAX_SETUP_BYTES, MAX_PROGRAM_VARIABLES)),
    ...optional('stdin', stdin, stdinFromSaved),
    ...optional('files', files, (value) => asArray(value, 'setup.files', 0, MAX_PROGRAM_FILES).map(fileFromSaved)),
  }
}

function stdinFromSaved (raw: unknown): StandardInput {
  const { from, bytes, name } = asRecord(raw, 'setup.stdin')
  if (from === 'inputs') return { from }
  if (from === 'bytes') return { from, bytes: asBytes(bytes, 'setup.stdin', 0, MAX_SETUP_BYTES) }
  if (from === 'input') return { from, name: asText(name, 'setup.stdin', MAX_NAME_CHARS) }
  throw broken('setup.stdin')
}

function fileFromSaved (raw: unknown): FileSource {
  const { path: written, bytes, cid, input } = asRecord(raw, 'setup.file')
  const path = asText(written, 'setup.file', MAX_WASI_PATH_BYTES)
  if (bytes !== undefined) return { path, bytes: asBytes(bytes, 'setup.file', 0, MAX_WASI_FILE_BYTES) }
  return cid === undefined ? { path, input: asText(input, 'setup.file', MAX_NAME_CHARS) } : { path, cid: asText(cid, 'setup.file', MAX_NAME_CHARS) }
}

function grantsFromSaved (raw: unknown): Grants {
  const { networking, fileSystem, hosts } = asRecord(raw, 'grants')
  return {
    networking: asBoolean(networking, 'grants.networking'),
    fileSystem: asBoolean(fileSystem, 'grants.fileSystem'),
    ...optional('hosts', hosts, (value) => asTexts(value, 'grants.hosts', MAX_ALLOWED_HOSTS, MAX_NAME_CHARS)),
  }
}

function agreementFromSaved (raw: unknown): AgreementSpec {
  const { replicas, quorum, ignore } = asRecord(raw, 'agreement')
  return {
    replicas: asInteger(replicas, 'agreement.replicas', 1, MAX_REPLICAS),
    quorum: asInteger(quorum, 'agreement.quorum', 1, MAX_REPLICAS),
    ignore: asTexts(ignore, 'agreement.ignore', MAX_INPUTS, MAX_TEXT_CHARS),
  }
}

function asNumber (value: unknown, what: string): number {
  if (typeof value !== 'number') throw broken(what)
  return value
}

function asValue (value: unknown, what: string): Value {
  if (value === undefined || !isValue(value)) throw broken(what)
  return value
}

function textsByName (raw: unknown, what: string, maxChars: number, maxCount = MAX_INPUTS): Record<string, string> {
  const entries = Object.entries(asRecord(raw, what))
  if (entries.length > maxCount) throw broken(what)
  return Object.fromEntries(entries.map(([key, value]) => [key, asText(value, what, maxChars)]))
}
