/** Reads a definition of several tasks that feed each other: `tasks: [...]`, at the root or in compute_logic. */
import { CorebrumError } from '../errors.ts'
import { MAX_CONDITION_CHARS, MAX_NAME_CHARS, MAX_STEPS, MAX_WASI_PATH_BYTES } from '../limits.ts'
import { INPUT_WORDS, planFlow } from './data-flow.ts'
import { readInputs } from './declarations.ts'
import { isPipeline, type AnyDefinition, type PipelineDefinition, type StepInput, type StepSpec, type TaskDefinition } from './definition.ts'
import type { DefinedPolicy } from './policy.ts'
import type { Section } from './section.ts'
import { relocated } from './step-file.ts'
import { isMapping, quoted } from './values.ts'

/** What a step may say of itself, whichever form it has. */
export const STEP_FIELDS = ['condition', 'depends_on', 'needs'] as const
const WRAPPER_FIELDS = ['name', 'description', 'task_definition', 'file', 'inputs', ...STEP_FIELDS] as const
const EXAMPLE = '{name: double, compute_logic: {type: wasm, ...}, inputs: [{name: number, source: "step1.result"}]}'

export interface PipelineReader {
  /** A task that stands in this very file. Undefined, with its mistakes reported, where it is none. */
  task: (section: Section) => Promise<TaskDefinition | undefined>
  /** A definition in another file; rejects with ERR_DEFINITION. Absent where there is no folder to look in. */
  file?: (path: string) => Promise<AnyDefinition>
}

/** A step as it is written, before its sources are understood. */
interface Draft {
  section: Section
  name: string
  task: TaskDefinition
  sources: Array<{ name: string, text: string, path: Array<string | number> }>
  condition?: string
  after: string[]
  takesNone: boolean
}

export interface Whole extends Omit<PipelineDefinition, 'steps' | 'inputs' | 'priority' | 'deadlineMs'> {
  policy: DefinedPolicy
  /** Steps that nothing connects run side by side, too. */
  parallel: boolean
}

/** The pipeline whose tasks `holder` lists. Undefined, with its mistakes reported, where it is none. */
export async function readPipeline (sections: Section[], holder: Section, { policy, parallel, ...whole }: Whole, reader: PipelineReader): Promise<PipelineDefinition | undefined> {
  const { report } = holder
  const entries = holder.sections('tasks', MAX_STEPS, EXAMPLE)
  const drafts: Draft[] = []
  for (const [index, section] of entries.entries()) {
    const draft = await readDraft(section, index, reader)
    if (draft !== undefined) drafts.push(draft)
  }
  if (drafts.length < entries.length || report.mistakes > 0) return undefined
  checkNames(drafts)
  const steps = drafts.map((draft, index) => toStep(draft, drafts.slice(0, index), drafts, policy))
  const declared = readInputs(sections, undefined)
  const flow = planFlow(steps, declared.length === 0 ? undefined : declared)
  for (const { step, field, input, text } of flow.faults) {
    const draft = drafts[step]
    const source = draft?.sources.find(({ name }) => name === input)
    if (draft !== undefined) report.mistake(source?.path ?? draft.section.at(field), text)
  }
  flow.steps.forEach(({ waits, inputs }, index) => {
    const [step, before] = [steps[index], steps[index - 1]]
    const isConnected = waits.length > 0 || inputs.some(({ from }) => from.length > 0)
    if (!parallel && !isConnected && step !== undefined && before !== undefined) step.after.push(before.name)
  })
  return { ...whole, inputs: flow.inputs, steps, priority: policy.priority, ...(policy.deadlineMs === undefined ? {} : { deadlineMs: policy.deadlineMs }) }
}

async function readDraft (section: Section, index: number, reader: PipelineReader): Promise<Draft | undefined> {
  const { report } = section
  const before = report.mistakes
  const inner = section.raw('task_definition') === undefined ? undefined : section.section('task_definition')
  const wrapped = section.raw('file') !== undefined || section.raw('task_definition') !== undefined
  if (wrapped) section.expect(WRAPPER_FIELDS)
  if (section.raw('file') !== undefined && section.raw('task_definition') !== undefined) report.mistake(section.at('file'), 'a second definition of the step, beside task_definition - keep one')
  const task = section.raw('file') !== undefined ? await readFile(section, reader) : wrapped ? inner && await reader.task(inner) : await reader.task(section)
  const name = section.text('name', MAX_NAME_CHARS) ?? (task === undefined || task.name === '' ? `step${index + 1}` : task.name)
  const condition = readCondition(section)
  const after = ['depends_on', 'needs'].flatMap((key) => readNames(section, key))
  const holders = [section, section.section('compute_logic'), inner, inner?.section('compute_logic')].filter((one) => one !== undefined)
  const sources = holders.flatMap((one) => readSources(one, one === section && wrapped))
  const lists = holders.map((one) => one.raw('inputs'))
  if (task === undefined || report.mistakes > before) return undefined
  const takesNone = lists.some((list) => Array.isArray(list) && list.length === 0)
  return { section, name, task: { ...task, name }, sources: sources.filter(({ name: input }, at) => sources.findIndex((other) => other.name === input) === at), ...(condition === undefined ? {} : { condition }), after, takesNone }
}

async function readFile (section: Section, { file }: PipelineReader): Promise<TaskDefinition | undefined> {
  const path = section.text('file', MAX_WASI_PATH_BYTES)
  if (path === undefined) return undefined
  if (file === undefined) {
    section.report.found(section.at('file'), path, 'task_definition with the step itself', 'this definition came without a folder, so that there are no other files')
    return undefined
  }
  try {
    const definition = await file(path)
    if (!isPipeline(definition)) return relocated(definition, path)
    section.report.found(section.at('file'), path, 'the definition of one task', `${quoted(definition.name)} is a pipeline; list its tasks here`)
  } catch (error) {
    if (!(error instanceof CorebrumError)) throw error
    for (const problem of error.problems.length === 0 ? [error.message] : error.problems) section.report.mistake(section.at('file'), problem)
  }
  return undefined
}

function readCondition (section: Section): string | undefined {
  const value = section.raw('condition')
  return typeof value === 'boolean' ? String(value) : section.text('condition', MAX_CONDITION_CHARS)
}

/** One name, or a list of names. */
function readNames (section: Section, key: string): string[] {
  const value = section.raw(key)
  if (value === undefined) return []
  const names = typeof value === 'string' ? [value] : value
  if (Array.isArray(names) && names.every((name) => typeof name === 'string')) return names
  section.report.found(section.at(key), value, 'the name of an earlier step, or a list of names')
  return []
}

/** `inputs: [{name, source}]`; around another definition `inputs: {name: source}` too. */
function readSources (section: Section, wrapper: boolean): Draft['sources'] {
  const value = section.raw('inputs')
  if (isMapping(value) && wrapper) {
    return Object.entries(value).flatMap(([name, text]) => {
      const path = [...section.at('inputs'), name]
      if (typeof text === 'string') return [{ name, text, path }]
      section.report.found(path, text, 'where the input comes from, such as "step1.result"')
      return []
    })
  }
  if (!Array.isArray(value)) return []
  return section.sections('inputs', value.length, '{name: number, source: "step1.result"}').flatMap((item) => {
    const name = item.text('name', MAX_NAME_CHARS)
    const text = item.text('source', 2 * MAX_NAME_CHARS + 1)
    if (name !== undefined && text !== undefined) return [{ name, text, path: [...item.at('source')] }]
    if (wrapper && text === undefined && item.raw('source') === undefined) item.missing('source', 'where the input comes from, such as "step1.result"')
    return []
  })
}

function checkNames (drafts: Draft[]): void {
  const lines = new Map<string, number>()
  for (const [index, { name, section }] of drafts.entries()) {
    const { report } = section
    const before = lines.get(name)
    if (before !== undefined) report.mistake(section.at('name'), `found ${quoted(name)}, which is the name of step ${before + 1} too, allowed: a name that no other step has`)
    if (INPUT_WORDS.has(name)) report.found(section.at('name'), name, 'any other name', `${name}.NAME means an input of the whole`)
    lines.set(name, index)
  }
}

function toStep (draft: Draft, earlier: Draft[], all: Draft[], policy: DefinedPolicy): StepSpec {
  const { section, name, task, condition, takesNone } = draft
  for (const one of draft.sources) {
    if (task.inputs.length > 0 && !task.inputs.some((input) => input.name === one.name)) section.report.mistake(one.path, `the step ${quoted(name)} has no input ${quoted(one.name)}, allowed: ${task.inputs.map((input) => input.name).join(', ')}`)
  }
  const after = draft.after.filter((other) => {
    if (earlier.some((one) => one.name === other)) return true
    section.report.mistake(section.at(section.raw('depends_on') === undefined ? 'needs' : 'depends_on'), `found ${quoted(other)}, allowed: ${earlier.length === 0 ? 'nothing; this is the first step' : `an earlier step: ${earlier.map((one) => one.name).join(', ')}`}`)
    return false
  })
  const sources = draft.sources.map((one): StepInput => ({ name: one.name, source: readSource(one.text.trim(), all.map((other) => other.name)) }))
  if (task.schedule !== undefined) section.report.mistake(section.at('execution_mode'), 'a step cannot recur by itself, allowed: execution_mode and stream_config at the root, for the whole pipeline')
  const { retries, require, on } = policy
  const placed = {
    ...(retries !== undefined && { retries }),
    ...(require !== undefined && { require }),
    ...(on !== undefined && { on }),
    ...task,
    priority: task.priority === 0 ? policy.priority : task.priority,
  }
  return { name, task: placed, sources, after, ...(condition === undefined ? {} : { condition }), ...(takesNone ? { takesNone } : {}) }
}

/** `step`, `step.output` or `input.name`; a name may have dots in it. */
function readSource (text: string, steps: string[]): StepInput['source'] {
  if (steps.includes(text)) return { step: text }
  const [step] = steps.filter((name) => text.startsWith(`${name}.`)).sort((a, b) => b.length - a.length)
  if (step !== undefined) return { step, output: text.slice(step.length + 1) }
  const dot = text.indexOf('.')
  const first = dot < 0 ? text : text.slice(0, dot)
  if (INPUT_WORDS.has(first) && dot > 0) return { input: text.slice(dot + 1) }
  return dot < 0 ? { step: first } : { step: first, output: text.slice(dot + 1) }
}
