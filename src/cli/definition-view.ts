/** A task definition as JSON: what was understood, whichever dialect it was written in. */
import { compact, type View } from '../control/views.ts'
import { isPipeline, type AnyDefinition, type InputSpec, type ModuleSource, type ScheduleSpec, type SetupSpec, type StepSpec, type TaskDefinition } from '../task/definition.ts'

export function definitionView (definition: AnyDefinition): View {
  if (!isPipeline(definition)) return taskDefinitionView(definition)
  const { name, version, description, inputs, steps, priority, deadlineMs, schedule, tags, metadata } = definition
  return compact({ name, version, description, inputs: inputs.map(inputView), steps: steps.map(stepView), priority, deadlineMs, schedule: schedule && scheduleView(schedule), tags, metadata })
}

function stepView ({ name, sources, condition, after, task }: StepSpec): View {
  return compact({
    name,
    condition,
    after: after.length === 0 ? undefined : after,
    sources: sources.length === 0 ? undefined : sources.map((input): View => ({ name: input.name, source: { ...input.source } })),
    task: taskDefinitionView(task),
  })
}

function scheduleView ({ intervalMs, maxRuns }: ScheduleSpec): View {
  return compact({ intervalMs, maxRuns })
}

function inputView ({ name, type, required, default: value, description }: InputSpec): View {
  return compact({ name, type, required, default: value, description })
}

function taskDefinitionView (definition: TaskDefinition): View {
  const { inputs, outputs, validation, grants } = definition
  return compact({
    name: definition.name,
    version: definition.version,
    description: definition.description,
    module: moduleView(definition.module),
    cid: definition.cid,
    functionName: definition.functionName,
    abi: definition.abi,
    inputs: inputs.map(inputView),
    outputs: outputs.map(({ name, type, file, description }) => compact({ name, type, file, description })),
    validation: validation.map(({ field, min, max, allowedValues, message }) => compact({ field, min, max, allowedValues, message })),
    memoryLimitBytes: definition.memoryLimitBytes,
    timeLimitMs: definition.timeLimitMs,
    fuel: definition.fuel,
    deterministic: definition.deterministic,
    setup: definition.setup === undefined ? undefined : setupView(definition.setup),
    grants: compact({ networking: grants.networking, fileSystem: grants.fileSystem, hosts: grants.hosts }),
    priority: definition.priority,
    retries: definition.retries,
    deadlineMs: definition.deadlineMs,
    require: definition.require === undefined ? undefined : { ...definition.require },
    on: definition.on,
    schedule: definition.schedule && scheduleView(definition.schedule),
    tags: definition.tags,
    metadata: definition.metadata,
  })
}

/** Of bytes only how many there are. */
function setupView ({ args, env, stdin, files }: SetupSpec): View {
  return compact({
    args,
    env,
    stdin: stdin?.from === 'bytes' ? { from: stdin.from, size: stdin.bytes.length } : stdin && { ...stdin },
    files: files?.map((file): View => ('bytes' in file ? { path: file.path, size: file.bytes.length } : { ...file })),
  })
}

/** Without the bytes of an embedded module: nobody reads those. */
function moduleView (module: ModuleSource): View {
  return module.kind === 'bytes' ? { kind: module.kind, size: module.bytes.length } : { ...module }
}
