/**
 * How values go through a pipeline: where each input of each step comes from, and what a step has to wait for. All of it is known
 * before anything runs, and what leads nowhere is a fault.
 *
 * An input takes what its `source` says; else the output of its name of the nearest earlier step that has one; else the input of
 * the whole of that name; else, where it is the only required json or object input of its step, all outputs of the step before. A
 * step that declares no inputs is given all outputs of the step before, the first step all inputs of the whole. Where a step may be
 * skipped, the next one that fits stands in for it.
 */
import { parseCondition, pathsIn, type Condition } from './condition.ts'
import { HOST_INPUTS } from './bind.ts'
import type { InputSpec, StepInput, StepSpec } from './definition.ts'
import { quoted, type ValueType } from './values.ts'

/** What is taken: an output or, without `output`, all outputs of a step; or an input of the whole. Steps are named by their index. */
export type Origin = { step: number, output?: string } | { input: string }

export interface InputFlow {
  name: string
  /** The first of them that is there. */
  from: Origin[]
  /** Its step cannot run without it. */
  needed: boolean
}

export interface StepFlow {
  inputs: InputFlow[]
  /** All outputs of the first of these steps that ran, or all inputs of the whole, are its inputs, by name. */
  all?: Array<{ step: number } | 'inputs'>
  condition?: { test: Condition, origins: ReadonlyMap<string, Origin[] | 'inputs'> }
  /** Steps that must have ended before it begins. */
  waits: number[]
}

/** What is wrong with a step: in its condition, or of one of its inputs. */
export interface FlowFault {
  step: number
  field: 'condition' | 'inputs'
  input?: string
  text: string
}

export interface DataFlow {
  steps: StepFlow[]
  /** Of the whole. */
  inputs: InputSpec[]
  faults: FlowFault[]
}

const WHOLE: ReadonlySet<ValueType> = new Set<ValueType>(['json', 'object'])
/** How conditions and sources name the inputs of the whole. */
export const INPUT_WORDS: ReadonlySet<string> = new Set(['input', 'inputs'])

/** `inputs` are those that the whole declares; undefined: it takes what its steps need and no other gives them. */
export function planFlow (steps: readonly StepSpec[], declared: readonly InputSpec[] | undefined): DataFlow {
  const inputs = new Map((declared ?? []).map((input) => [input.name, input]))
  const faults: FlowFault[] = []
  const flows: StepFlow[] = []
  const mayBeSkipped: boolean[] = []

  /** Steps before `index` that fit, nearest first, up to the first that runs in any case. */
  function nearest (index: number, fits: (step: StepSpec) => boolean): { found: number[], sure: boolean } {
    const found: number[] = []
    for (let at = index - 1; at >= 0; at--) {
      const step = steps[at]
      if (step === undefined || !fits(step)) continue
      found.push(at)
      if (mayBeSkipped[at] !== true) return { found, sure: true }
    }
    return { found, sure: false }
  }

  function byName (index: number, name: string): Origin[] {
    const { found, sure } = nearest(index, (step) => hasOutput(step, name))
    return [...found.map((step) => ({ step, output: name })), ...(!sure && inputs.has(name) ? [{ input: name }] : [])]
  }

  /** The whole takes an input that it does not declare, because a step needs it. */
  function derive ({ name, type, required, default: value, description }: InputSpec): void {
    const before = inputs.get(name)
    if (before === undefined) inputs.set(name, { name, type, required: required && value === undefined, ...(description === undefined ? {} : { description }) })
    else inputs.set(name, { ...before, type: before.type === type ? type : 'json', required: before.required || (required && value === undefined) })
  }

  function originsOf (index: number, step: StepSpec, input: InputSpec): Origin[] {
    const given = step.sources.find(({ name }) => name === input.name)
    const fault = (text: string): Origin[] => {
      faults.push({ step: index, field: 'inputs', input: input.name, text })
      return []
    }
    if (given !== undefined) return fromSource(index, given.source, input, fault)
    const named = byName(index, input.name)
    if (named.length > 0) return named
    const isOnly = input.required && WHOLE.has(input.type) && step.task.inputs.filter(({ required, type }) => required && WHOLE.has(type)).length === 1
    if (isOnly && index > 0) return nearest(index, () => true).found.map((at) => ({ step: at }))
    if (HOST_INPUTS.has(input.name)) return []
    if (declared === undefined) derive(input)
    else if (input.required && input.default === undefined) {
      return fault(`nothing gives the step its input ${quoted(input.name)}, allowed: an output of this name in an earlier step, an input of this name of the whole, or source: "step.output"`)
    }
    return declared === undefined ? [{ input: input.name }] : []
  }

  function fromSource (index: number, source: StepInput['source'], input: InputSpec, fault: (text: string) => Origin[]): Origin[] {
    if ('input' in source) {
      if (declared === undefined) derive({ ...input, name: source.input })
      else if (!inputs.has(source.input)) return fault(`found the source input.${source.input}, allowed: ${allowedInputs([...inputs.keys()])}`)
      return [source]
    }
    const at = steps.findIndex(({ name }) => name === source.step)
    const from = steps[at]
    if (from === undefined || at >= index) return fault(`found the source ${quoted(source.step)}, allowed: ${allowedSources(steps.slice(0, index))}${from === undefined ? '' : ' - a step sees only those before it'}`)
    if (source.output === undefined) return [{ step: at }]
    const type = typeOfOutput(from, source.output)
    if (type === undefined) return fault(`the step ${quoted(from.name)} has no output ${quoted(source.output)}, allowed: ${from.task.outputs.map(({ name }) => `${from.name}.${name}`).join(', ')}`)
    if (!mayFit(type, input.type)) return fault(`${from.name}.${source.output} is of type ${type}, but the input ${quoted(input.name)} is of type ${input.type}`)
    return [{ step: at, output: source.output }]
  }

  function conditionOf (index: number, text: string): StepFlow['condition'] {
    const origins = new Map<string, Origin[] | 'inputs'>()
    const test = parseCondition(text)
    for (const [first, second] of pathsIn(test)) {
      const root = String(first)
      const found = originsOfRoot(index, root, second)
      if (typeof found === 'string' && found !== 'inputs') faults.push({ step: index, field: 'condition', text: found })
      else if (found === 'inputs' || typeof found !== 'string') origins.set(root, found)
    }
    return { test, origins }
  }

  /** What the first name of a path means; else a text that says why it means nothing. */
  function originsOfRoot (index: number, root: string, second: string | number | undefined): Origin[] | 'inputs' | string {
    const at = steps.findIndex(({ name }, position) => name === root && position < index)
    const step = steps[at]
    if (step !== undefined) {
      if (second === undefined || typeOfOutput(step, String(second)) !== undefined) return [{ step: at }]
      return `the step ${quoted(root)} has no output ${quoted(String(second))}, allowed: ${step.task.outputs.map(({ name }) => `${root}.${name}`).join(', ')}`
    }
    if (INPUT_WORDS.has(root)) {
      if (declared === undefined || second === undefined || inputs.has(String(second))) return 'inputs'
      return `found ${root}.${String(second)}, allowed: ${allowedInputs([...inputs.keys()])}`
    }
    const named = byName(index, root)
    return named.length > 0 ? named : `found ${quoted(root)}, allowed: ${allowedSources(steps.slice(0, index))}`
  }

  steps.forEach((step, index) => {
    const isOpen = step.task.inputs.length === 0 && step.takesNone !== true
    const all = !isOpen ? undefined : index === 0 ? ['inputs' as const] : nearest(index, () => true).found.map((at) => ({ step: at }))
    const flow: StepFlow = {
      inputs: [...step.task.inputs, ...(isOpen ? openInputs(step) : [])].map((input) => ({ name: input.name, from: originsOf(index, step, input), needed: input.required && input.default === undefined && !HOST_INPUTS.has(input.name) })),
      ...(all === undefined ? {} : { all }),
      waits: [],
    }
    if (step.condition !== undefined) {
      try {
        flow.condition = conditionOf(index, step.condition)
      } catch (error) {
        faults.push({ step: index, field: 'condition', text: error instanceof Error ? error.message : String(error) })
      }
    }
    const after = step.after.map((name) => steps.findIndex((other) => other.name === name)).filter((at) => at >= 0 && at < index)
    flow.waits = [...new Set([...stepsIn(flow), ...after])].sort((a, b) => a - b)
    flows.push(flow)
    const maySkip = (origin: Origin): boolean => 'step' in origin && mayBeSkipped[origin.step] === true
    mayBeSkipped.push(step.condition !== undefined || flow.inputs.some(({ needed, from }) => needed && from.length > 0 && from.every(maySkip)))
  })
  return { steps: flows, inputs: [...inputs.values()], faults }
}

/** Inputs that only a `source` names, of a step that declares none. */
function openInputs ({ sources }: StepSpec): InputSpec[] {
  return sources.map(({ name }) => ({ name, type: 'json', required: true }))
}

function stepsIn ({ inputs, all = [], condition }: StepFlow): number[] {
  const origins = [...inputs.flatMap(({ from }) => from), ...[...condition?.origins.values() ?? []].flatMap((found) => found === 'inputs' ? [] : found)]
  return [...origins.flatMap((origin) => ('step' in origin ? [origin.step] : [])), ...all.flatMap((one) => one === 'inputs' ? [] : [one.step])]
}

function hasOutput ({ task }: StepSpec, name: string): boolean {
  return task.outputs.some((output) => output.name === name)
}

/** Of an output, or of a field of the only one; undefined where there is none. */
function typeOfOutput ({ task: { outputs } }: StepSpec, name: string): ValueType | undefined {
  const output = outputs.find((one) => one.name === name)
  if (output !== undefined) return output.type
  const [only] = outputs
  return outputs.length === 1 && only !== undefined && WHOLE.has(only.type) ? 'json' : undefined
}

function mayFit (from: ValueType, to: ValueType): boolean {
  const numbers = (type: ValueType): boolean => type === 'integer' || type === 'number'
  return from === to || from === 'json' || to === 'json' || (numbers(from) && numbers(to)) || (from === 'string' && to === 'bytes')
}

function allowedInputs (names: string[]): string {
  return names.length === 0 ? 'an output of an earlier step; the whole declares no inputs' : names.map((name) => `input.${name}`).join(', ')
}

function allowedSources (earlier: readonly StepSpec[]): string {
  const outputs = earlier.flatMap(({ name, task }) => task.outputs.map((output) => `${name}.${output.name}`))
  return [...outputs.slice(0, 20), ...(outputs.length > 20 ? ['…'] : []), 'input.NAME for an input of the whole'].join(', ')
}
