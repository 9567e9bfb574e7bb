/** What goes into a step of a pipeline once the steps before it have ended; see data-flow.ts. */
import { holds } from './condition.ts'
import type { Origin, StepFlow } from './data-flow.ts'
import { fieldOf, isMapping, type Mapping, type Value } from './values.ts'

export interface FlowState {
  /** Of the whole. */
  inputs: Mapping
  /** By index; undefined of a step that was skipped. */
  outputs: (step: number) => Mapping | undefined
}

/** The inputs of the step; or the name of one that it needs and that only skipped steps would have given. */
export function inputsOf (flow: StepFlow, state: FlowState): { inputs: Mapping } | { missing: string } {
  const inputs: Mapping = {}
  for (const origin of flow.all ?? []) {
    const all = origin === 'inputs' ? state.inputs : state.outputs(origin.step)
    if (all === undefined) continue
    Object.assign(inputs, all)
    break
  }
  for (const { name, from, needed } of flow.inputs) {
    const origin = from.find((one) => isThere(one, state))
    if (origin === undefined && needed && from.some((one) => 'step' in one)) return { missing: name }
    const value = origin === undefined ? undefined : valueOf(origin, state)
    if (value !== undefined) inputs[name] = value
  }
  return { inputs }
}

/** Throws as `holds`. True where the step has no condition. */
export function conditionHolds ({ condition }: StepFlow, state: FlowState): boolean {
  if (condition === undefined) return true
  return holds(condition.test, ([root, ...rest]) => {
    const origins = condition.origins.get(String(root)) ?? []
    if (origins === 'inputs') return follow(state.inputs, rest)
    const origin = origins.find((one) => isThere(one, state))
    if (origin === undefined) return undefined
    const value = valueOf(origin, state)
    const [first, ...others] = rest
    if (typeof first === 'string' && 'step' in origin && origin.output === undefined && isMapping(value)) return follow(outputOf(value, first), others)
    return follow(value, rest)
  })
}

function isThere (origin: Origin, state: FlowState): boolean {
  return 'step' in origin ? state.outputs(origin.step) !== undefined : fieldOf(state.inputs, origin.input) !== undefined
}

function valueOf (origin: Origin, state: FlowState): Value | undefined {
  if ('input' in origin) return fieldOf(state.inputs, origin.input)
  const outputs = state.outputs(origin.step)
  return outputs === undefined || origin.output === undefined ? outputs : outputOf(outputs, origin.output)
}

/** An output, or a field of the only one: a program that returns one object gives its fields too. */
function outputOf (outputs: Mapping, name: string): Value | undefined {
  const own = fieldOf(outputs, name)
  if (own !== undefined) return own
  const [only, ...others] = Object.values(outputs)
  return others.length === 0 && isMapping(only) ? fieldOf(only, name) : undefined
}

function follow (value: Value | undefined, path: ReadonlyArray<string | number>): Value | undefined {
  let here = value
  for (const step of path) {
    if (typeof step === 'number') here = Array.isArray(here) ? here[step] : undefined
    else here = isMapping(here) ? fieldOf(here, step) : undefined
  }
  return here
}
