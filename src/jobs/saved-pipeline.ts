/** Pinned definitions of either kind as the journal keeps them with a job; what comes back is checked. */
import { MAX_CONDITION_CHARS, MAX_NAME_CHARS, MAX_STEPS } from '../limits.ts'
import { isPipeline, type AnyDefinition, type PipelineDefinition, type StepInput, type StepSpec } from '../task/definition.ts'
import { asArray, asBoolean, asInteger, asRecord, asText, asTexts, uint } from '../wire/shape.ts'
import { inputsFromSaved, optional, taskFromSaved, taskToSaved } from './saved-definition.ts'

export function definitionToSaved (definition: AnyDefinition): unknown {
  return isPipeline(definition) ? { pipeline: pipelineToSaved(definition) } : { task: taskToSaved(definition) }
}

/** Throws ERR_PROTOCOL. */
export function definitionFromSaved (raw: unknown): AnyDefinition {
  const { pipeline, task } = asRecord(raw, 'definition')
  return pipeline === undefined ? taskFromSaved(task) : pipelineFromSaved(pipeline)
}

/** Without what is only for people; its schedule is its job's. */
function pipelineToSaved ({ name, inputs, steps, priority, deadlineMs }: PipelineDefinition): unknown {
  return {
    name,
    inputs,
    steps: steps.map(({ task, ...step }) => ({ ...step, task: taskToSaved(task) })),
    priority,
    ...(deadlineMs === undefined ? {} : { deadlineMs: uint(deadlineMs) }),
  }
}

function pipelineFromSaved (raw: unknown): PipelineDefinition {
  const { name, inputs, steps, priority, deadlineMs } = asRecord(raw, 'pipeline')
  return {
    name: asText(name, 'pipeline.name', MAX_NAME_CHARS),
    inputs: inputsFromSaved(inputs),
    steps: asArray(steps, 'pipeline.steps', 1, MAX_STEPS).map(stepFromSaved),
    priority: asInteger(priority, 'pipeline.priority', -Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
    ...optional('deadlineMs', deadlineMs, (value) => asInteger(value, 'pipeline.deadline', 0, Number.MAX_SAFE_INTEGER)),
    tags: [],
    metadata: {},
  }
}

function stepFromSaved (raw: unknown): StepSpec {
  const { name, task, sources, condition, after, takesNone } = asRecord(raw, 'step')
  return {
    name: asText(name, 'step.name', MAX_NAME_CHARS),
    task: taskFromSaved(task),
    sources: asArray(sources, 'step.sources', 0, Infinity).map(sourceFromSaved),
    after: asTexts(after, 'step.after', MAX_STEPS, MAX_NAME_CHARS),
    ...optional('condition', condition, (value) => asText(value, 'step.condition', MAX_CONDITION_CHARS)),
    ...optional('takesNone', takesNone, (value) => asBoolean(value, 'step.takesNone')),
  }
}

function sourceFromSaved (raw: unknown): StepInput {
  const { name, source } = asRecord(raw, 'step.source')
  const { step, output, input } = asRecord(source, 'step.source')
  return {
    name: asText(name, 'step.source', MAX_NAME_CHARS),
    source: input === undefined
      ? { step: asText(step, 'step.source', MAX_NAME_CHARS), ...optional('output', output, (value) => asText(value, 'step.source', 2 * MAX_NAME_CHARS)) }
      : { input: asText(input, 'step.source', 2 * MAX_NAME_CHARS) },
  }
}
