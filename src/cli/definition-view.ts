/** A task definition as JSON: what was understood, whichever dialect it was written in. */
import { compact, type View } from '../control/views.ts'
import type { ModuleSource, SetupSpec, TaskDefinition } from '../task/definition.ts'

export function definitionView (definition: TaskDefinition): View {
  const { inputs, outputs, validation, grants } = definition
  return compact({
    name: definition.name,
    version: definition.version,
    description: definition.description,
    module: moduleView(definition.module),
    cid: definition.cid,
    functionName: definition.functionName,
    abi: definition.abi,
    inputs: inputs.map(({ name, type, required, default: value, description }) => compact({ name, type, required, default: value, description })),
    outputs: outputs.map(({ name, type, file, description }) => compact({ name, type, file, description })),
    validation: validation.map(({ field, min, max, allowedValues, message }) => compact({ field, min, max, allowedValues, message })),
    memoryLimitBytes: definition.memoryLimitBytes,
    timeLimitMs: definition.timeLimitMs,
    fuel: definition.fuel,
    deterministic: definition.deterministic,
    setup: definition.setup === undefined ? undefined : setupView(definition.setup),
    grants: compact({ networking: grants.networking, fileSystem: grants.fileSystem, hosts: grants.hosts }),
    priority: definition.priority,
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
