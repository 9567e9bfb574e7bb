/** Reads a task definition, in any of its dialects, into the normal form of `definition.ts`. */
import { MAX_NAME_CHARS } from '../limits.ts'
import { AGREEMENT_FIELDS, readAgreement } from './agreement.ts'
import { readConvention } from './conventions.ts'
import { describesResult, propertyFaults, readInputs, readOutputs, readValidation } from './declarations.ts'
import { readDocument } from './document.ts'
import { readExamples } from './examples.ts'
import { readGrants } from './grants.ts'
import { kindOf } from './kind.ts'
import { readModule } from './module-source.ts'
import { readPipeline, STEP_FIELDS } from './pipeline.ts'
import { POLICY_FIELDS, readPolicy } from './policy.ts'
import { createReport } from './report.ts'
import { readSchedule, SCHEDULE_FIELDS } from './schedule.ts'
import { schemaCheck, SchemaError } from './schema.ts'
import { createSection } from './section.ts'
import { readSetup } from './setup.ts'
import { readFuel, readMemoryLimit, readTimeLimit } from './task-limits.ts'
import { isMapping } from './values.ts'
import type { AnyDefinition, PipelineDefinition, TaskDefinition } from './definition.ts'
import type { Report } from './report.ts'
import type { Section } from './section.ts'
import type { Mapping } from './values.ts'

export interface ParsedDefinition {
  definition: AnyDefinition
  /** Probable slips that do no harm, each with file, line and path; in the order of the file. */
  warnings: string[]
}

const MAX_TEXT_CHARS = 65_536
/** Fields that may stand at the root or in compute_logic. */
const LOGIC_FIELDS = [
  'wasm_binary', 'wasm_source', 'code_source', 'wasm_module', 'function_name', 'entry_point', 'wasm_config', 'input_schema',
  'output_schema', 'inputs', 'outputs', 'validation', 'sha256', 'cid', 'timeout_seconds', 'resources', 'requirements', 'abi',
  'language', 'logic_type', 'type', 'tasks', 'args', 'env', 'stdin', 'files', 'deterministic', 'examples', ...SCHEDULE_FIELDS,
] as const
const ROOT_FIELDS = [...LOGIC_FIELDS, 'name', 'version', 'description', 'compute_logic', 'source', 'policy', ...POLICY_FIELDS, 'agreement', ...AGREEMENT_FIELDS, 'tags', 'metadata', 'category', 'complexity'] as const
const CONFIG_FIELDS = ['memory_limit', 'timeout_ms', 'fuel', 'deterministic', 'allow_networking', 'allowed_hosts', 'allow_file_system'] as const
const RESOURCE_FIELDS = ['memory_mb', 'timeout_seconds', 'cpu_cores', 'dependencies'] as const

export interface ParseOptions {
  /** Only for messages. */
  fileName: string
  /** The text of another file, which a step names relative to the definition's folder; rejects with ERR_DEFINITION. Absent: there is no folder. */
  readFile?: (path: string) => Promise<string>
}

/**
 * The definition in a YAML or JSON text: one task, or several that feed each other.
 * Rejects with ERR_DEFINITION; `problems` holds one message for each mistake, with file, line and the path of the field.
 */
export async function parseDefinition (text: string, { fileName, readFile }: ParseOptions): Promise<ParsedDefinition> {
  const document = readDocument(text, fileName)
  const report = createReport(document)
  let root = createSection(document, report, document.root, [])
  const wrapped = Object.hasOwn(document.root, 'task_definition')
  if (wrapped) {
    const inner = root.section('task_definition')
    if (inner === undefined && report.mistakes === 0) root.missing('task_definition', 'a mapping with "name" and "compute_logic"')
    report.check()
    root = inner ?? root
  }
  root.expect(wrapped ? ROOT_FIELDS : [...ROOT_FIELDS, 'task_definition'])
  const compute = root.section('compute_logic')
  compute?.expect(LOGIC_FIELDS)
  if (root.raw('name') === undefined) root.missing('name', 'the name of the task')
  if (root.raw('compute_logic') !== undefined && compute === undefined) report.check()
  const kind = kindOf(root, compute)
  const definition = kind?.type === 'pipeline' ? await readWhole(root, compute, kind, readFile) : kind && await readTask(root, compute)
  report.check()
  if (definition === undefined) throw new Error('a definition without mistakes was not read')
  return { definition, warnings: report.warnings() }
}

async function readWhole (root: Section, compute: Section | undefined, { holder, parallel }: { holder: Section, parallel: boolean }, readFile: ParseOptions['readFile']): Promise<PipelineDefinition | undefined> {
  const { report } = root
  const sections = compute === undefined ? [root] : [compute, root]
  const version = root.label('version', MAX_NAME_CHARS)
  const description = root.text('description', MAX_TEXT_CHARS)
  const schedule = readSchedule(sections)
  const pipeline = await readPipeline(sections, holder, {
    name: root.label('name', MAX_NAME_CHARS) ?? '',
    ...(version !== undefined && { version }),
    ...(description !== undefined && { description }),
    ...(schedule !== undefined && { schedule }),
    policy: readPolicy(root),
    parallel,
    tags: readTags(root, report),
    metadata: readMetadata(root, report),
  }, {
    async task (section) {
      section.expect([...ROOT_FIELDS, ...STEP_FIELDS])
      const logic = section.section('compute_logic')
      logic?.expect(LOGIC_FIELDS)
      if (section.raw('compute_logic') !== undefined && logic === undefined) return undefined
      const kind = kindOf(section, logic)
      if (kind?.type === 'pipeline') kind.holder.report.mistake(kind.holder.at('tasks'), 'found a pipeline as a step of another, allowed: one task - list its tasks in the outer one')
      return kind?.type === 'task' ? await readTask(section, logic) : undefined
    },
    ...(readFile === undefined ? {} : { file: async (path) => (await parseDefinition(await readFile(path), { fileName: path })).definition }),
  })
  if (pipeline === undefined) return undefined
  // Which step is the last one that runs, and so gives the outputs, depends on conditions.
  const examples = readExamples(sections, pipeline.steps.flatMap(({ task }) => task.outputs))
  return examples.length === 0 ? pipeline : { ...pipeline, examples }
}

async function readTask (root: Section, compute: Section | undefined): Promise<TaskDefinition | undefined> {
  const { report } = root
  const sections = compute === undefined ? [root] : [compute, root]
  const wasm = root.section('source')?.section('wasm')
  const configs = subsections(sections, 'wasm_config', CONFIG_FIELDS)
  const resources = [...subsections(sections, 'resources', RESOURCE_FIELDS), ...subsections(sections, 'requirements', RESOURCE_FIELDS)]
  const name = root.label('name', MAX_NAME_CHARS)
  const version = root.label('version', MAX_NAME_CHARS)
  const description = root.text('description', MAX_TEXT_CHARS)
  const module = await readModule(root, compute ?? root, wasm)
  const functionName = first([...sections, wasm], (section) => section.text('function_name', MAX_NAME_CHARS) ?? section.text('entry_point', MAX_NAME_CHARS))
  const abi = first([...sections, ...configs], readConvention)
  const inputSchema = await readSchema(sections, 'input_schema')
  const outputSchema = await readSchema(sections, 'output_schema')
  const inputs = readInputs([root, ...(compute === undefined ? [] : [compute])], inputSchema)
  const outputs = readOutputs([root, ...(compute === undefined ? [] : [compute])], outputSchema)
  const memoryLimitBytes = readMemoryLimit(configs, resources, wasm)
  const fuel = readFuel(configs)
  const deterministic = first([...sections, ...configs], (section) => section.flag('deterministic'))
  const setup = readSetup(sections, inputs)
  const examples = readExamples(sections, outputs)
  const agreement = readAgreement(root)
  const schedule = readSchedule(sections)
  const definition = {
    name: name ?? '',
    ...(version !== undefined && { version }),
    ...(description !== undefined && { description }),
    ...(module.cid !== undefined && { cid: module.cid }),
    ...(functionName !== undefined && { functionName }),
    ...(abi !== undefined && { abi }),
    inputs,
    outputs,
    ...(inputSchema !== undefined && { inputSchema }),
    ...(outputSchema !== undefined && { outputSchema }),
    validation: readValidation(sections, inputs),
    ...(memoryLimitBytes !== undefined && { memoryLimitBytes }),
    timeLimitMs: readTimeLimit(configs, [...sections, ...resources]),
    ...(fuel !== undefined && { fuel }),
    ...(deterministic !== undefined && { deterministic }),
    ...(setup !== undefined && { setup }),
    grants: readGrants(configs, { setup, outputs, deterministic }),
    ...readPolicy(root),
    ...(agreement !== undefined && { agreement }),
    ...(schedule !== undefined && { schedule }),
    tags: readTags(root, report),
    metadata: readMetadata(root, report),
    ...(examples.length > 0 && { examples }),
  }
  return module.source === undefined ? undefined : { ...definition, module: module.source }
}

function subsections (sections: Section[], key: string, known: readonly string[]): Section[] {
  return sections.flatMap((section) => {
    const found = section.section(key)
    found?.expect(known)
    return found === undefined ? [] : [found]
  })
}

function first<T> (sections: Array<Section | undefined>, read: (section: Section) => T | undefined): T | undefined {
  for (const section of sections) {
    const value = section === undefined ? undefined : read(section)
    if (value !== undefined) return value
  }
  return undefined
}

/** A schema and its mistakes; what is returned compiles. */
async function readSchema (sections: Section[], key: 'input_schema' | 'output_schema'): Promise<Mapping | undefined> {
  const section = sections.find((holder) => holder.raw(key) !== undefined)
  const schema = section?.raw(key)
  if (section === undefined || schema === undefined) return undefined
  if (!isMapping(schema)) {
    section.report.found(section.at(key), schema, 'a JSON Schema, which is a mapping')
    return undefined
  }
  if (key === 'input_schema' && describesResult(schema)) {
    section.report.found([...section.at(key), 'type'], schema['type'], 'object', 'it describes all inputs by name')
    return undefined
  }
  if (Object.keys(schema).length === 0) return undefined
  try {
    await schemaCheck(schema)
  } catch (error) {
    if (!(error instanceof SchemaError)) throw error
    section.report.mistake([...section.at(key), ...error.path], error.message)
    return undefined
  }
  for (const { path, problem } of propertyFaults(schema)) section.report.mistake([...section.at(key), ...path], problem)
  return schema
}

function readTags (root: Section, report: Report): string[] {
  return (root.list('tags') ?? []).flatMap((tag, i) => {
    if (typeof tag === 'string') return [tag]
    if (typeof tag === 'number' || typeof tag === 'boolean') return [String(tag)]
    report.found([...root.at('tags'), i], tag, 'text')
    return []
  })
}

function readMetadata (root: Section, report: Report): Mapping {
  const metadata = root.raw('metadata')
  if (metadata === undefined || isMapping(metadata)) return metadata ?? {}
  report.found(root.at('metadata'), metadata, 'a mapping of fields')
  return {}
}
