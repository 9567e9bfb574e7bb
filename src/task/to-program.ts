/** What a worker needs of a definition. */
import type { TaskDefinition } from './definition.ts'
import type { ModuleRef, Program } from './program.ts'

/** The program of a definition whose module is resolved; fields that are absent are left out, so that digests agree. */
export function toProgram (definition: TaskDefinition, module: ModuleRef): Program {
  const { name, functionName, abi, memoryLimitBytes, timeLimitMs, grants } = definition
  return {
    name,
    module,
    ...(functionName !== undefined && { functionName }),
    ...(abi !== undefined && { abi }),
    inputs: definition.inputs.map(({ name, type }) => ({ name, type })),
    outputs: definition.outputs.map(({ name, type }) => ({ name, type })),
    ...(memoryLimitBytes !== undefined && { memoryLimitBytes }),
    timeLimitMs,
    grants: { networking: grants.networking, fileSystem: grants.fileSystem },
  }
}
