/** What a worker needs of a definition. */
import { CorebrumError } from '../errors.ts'
import { DEFAULT_MEMORY_LIMIT_BYTES } from '../limits.ts'
import type { TaskDefinition } from './definition.ts'
import type { ModuleRef, Program, ProgramFile, ProgramSetup } from './program.ts'

/**
 * The program of a definition whose module and `files` are resolved; fields that are absent are left out, so that digests
 * agree. Without `files` it takes those that the definition holds itself; throws ERR_INTERNAL when it names others.
 * A deterministic program always has a memory limit, which else would be that of each worker.
 */
export function toProgram (definition: TaskDefinition, module: ModuleRef, files: ProgramFile[] = ownFiles(definition)): Program {
  const { name, functionName, abi, timeLimitMs, fuel, deterministic, grants } = definition
  const memoryLimitBytes = definition.memoryLimitBytes ?? (deterministic === true ? DEFAULT_MEMORY_LIMIT_BYTES : undefined)
  const setup = toSetup(definition, files)
  return {
    name,
    module,
    ...(functionName !== undefined && { functionName }),
    ...(abi !== undefined && { abi }),
    inputs: definition.inputs.map(({ name, type }) => ({ name, type })),
    outputs: definition.outputs.map(({ name, type }) => ({ name, type })),
    ...(memoryLimitBytes !== undefined && { memoryLimitBytes }),
    timeLimitMs,
    ...(fuel !== undefined && { fuel }),
    ...(deterministic === true && { deterministic }),
    ...(setup !== undefined && { setup }),
    grants: { networking: grants.networking, fileSystem: grants.fileSystem, ...(grants.hosts !== undefined && { hosts: grants.hosts }) },
  }
}

function toSetup ({ setup, outputs }: TaskDefinition, files: ProgramFile[]): ProgramSetup | undefined {
  const outputFiles = outputs.flatMap(({ name, file }) => (file === undefined ? [] : [{ output: name, path: file }]))
  if (setup === undefined && files.length === 0 && outputFiles.length === 0) return undefined
  const { args = [], env = {}, stdin = { from: 'inputs' } } = setup ?? {}
  return { args, env, stdin, files, outputFiles }
}

function ownFiles ({ setup }: TaskDefinition): ProgramFile[] {
  return (setup?.files ?? []).map((file) => {
    if ('bytes' in file || 'input' in file) return file
    throw new CorebrumError('ERR_INTERNAL', `the file ${JSON.stringify(file.path)} of the definition was not resolved`)
  })
}
