/** What a task definition says once it is loaded: one normal form for every dialect (`parse.ts` reads them). */
import type { ErrorCode } from '../errors.ts'
import type { StandardInput } from './program.ts'
import type { Value, ValueType } from './values.ts'

/** Where the module's bytes come from, as the definition names it. */
export type ModuleSource =
  | { kind: 'bytes', bytes: Uint8Array }
  | { kind: 'url', url: string }
  /** `path` is as written: relative to the folder of the definition. */
  | { kind: 'file', path: string }
  | { kind: 'cid', cid: string }
  /** `wasm_module: NAME`: `NAME.wasm` beside the definition, else in the module store. */
  | { kind: 'name', name: string }

export interface InputSpec {
  name: string
  type: ValueType
  required: boolean
  /** Absent when the input has no default. */
  default?: Value
  description?: string
}

export interface OutputSpec {
  name: string
  type: ValueType
  /** Path of the file that holds it when the program has ended; absent: it comes as the convention returns outputs. */
  file?: string
  description?: string
}

/** One `validation:` rule; `field` names an input. */
export interface ValidationRule {
  field: string
  min?: number
  max?: number
  allowedValues?: Value[]
  message?: string
}

export interface Grants {
  /** HTTP requests to `hosts`. */
  networking: boolean
  /** A root folder in memory. */
  fileSystem: boolean
  /** Host names, or `name:port`, that requests may go to; only with `networking`. */
  hosts?: string[]
}

/** A file for the program's root, as the definition names it. */
export type FileSource =
  | { path: string, bytes: Uint8Array }
  | { path: string, cid: string }
  /** `file` is as written: relative to the folder of the definition. */
  | { path: string, file: string }
  | { path: string, input: string }

/** What the program finds when it starts; a part that is absent is empty. */
export interface SetupSpec {
  args?: string[]
  env?: Record<string, string>
  stdin?: StandardInput
  files?: FileSource[]
}

/** Inputs with the outputs, or the error, that must come of them. */
export interface ExampleSpec {
  name: string
  inputs: Record<string, Value>
  outputs?: Record<string, Value>
  error?: ErrorCode
}

/** How a task is placed and tried; what a command line says goes before what the definition says. */
export interface TaskPolicy {
  /** Higher runs first. */
  priority: number
  /** How often it is run again after it failed itself: trapped, ran out of time, ended with an exit code. Default 0. */
  retries?: number | undefined
  /** From when it was submitted; then it ends as `timeout` with ERR_DEADLINE. */
  deadlineMs?: number | undefined
  /** Labels that a worker must have. */
  require?: Readonly<Record<string, string>> | undefined
  /** PeerId of the only worker that may run it; in a definition, and until it is submitted, also a part of it that only one peer has. */
  on?: string | undefined
}

/** The task runs on `replicas` different peers, and its result is what `quorum` of them agree on. */
export interface AgreementSpec {
  replicas: number
  quorum: number
  /** Paths in the outputs that are not compared: `stats.elapsed`, `items[*].time`. */
  ignore: string[]
}

/** The task is run again and again, until it is cancelled or `maxRuns` have ended. */
export interface ScheduleSpec {
  intervalMs: number
  maxRuns?: number
}

/** Where an input of a step comes from: `step.output` of an earlier one, or an input of the whole. */
export interface StepInput {
  name: string
  source: { step: string, output?: string } | { input: string }
}

/** One task of a pipeline. */
export interface StepSpec {
  /** Unique in its pipeline. */
  name: string
  task: TaskDefinition
  /** What the definition says of where its inputs come from; others are found by name. */
  sources: StepInput[]
  /** Runs only when this holds: `classifier.category == 'high'`; see task/condition.ts. */
  condition?: string
  /** Steps that have ended before it begins, besides those whose outputs it takes. */
  after: string[]
  /** The definition says that it takes no inputs, rather than nothing of its inputs. */
  takesNone?: boolean
}

export interface TaskDefinition {
  name: string
  version?: string
  description?: string
  module: ModuleSource
  /** CIDv1 that the module's bytes must have, from `cid` or `sha256`. */
  cid?: string
  /** As written; the executor picks `_start` or `main` when it is absent. */
  functionName?: string
  /** A calling convention that the author forces; else it is detected. */
  abi?: string
  inputs: InputSpec[]
  outputs: OutputSpec[]
  inputSchema?: Record<string, unknown>
  outputSchema?: Record<string, unknown>
  validation: ValidationRule[]
  /** Absent: the worker's own cap. */
  memoryLimitBytes?: number
  timeLimitMs: number
  /** Most fuel that a call may use. */
  fuel?: number
  deterministic?: boolean
  setup?: SetupSpec
  grants: Grants
  priority: number
  retries?: number
  deadlineMs?: number
  require?: Readonly<Record<string, string>>
  on?: string
  agreement?: AgreementSpec
  schedule?: ScheduleSpec
  tags: string[]
  metadata: Record<string, Value>
  /** For `corebrum test`; no worker sees them. */
  examples?: ExampleSpec[]
}

/** Tasks that feed each other: `tasks: [...]`, or `compute_logic.type: sequential`. */
export interface PipelineDefinition {
  name: string
  version?: string
  description?: string
  /** Of the whole; what its steps take by name. */
  inputs: InputSpec[]
  /** In the order of the file; a step sees only earlier ones. */
  steps: StepSpec[]
  priority: number
  deadlineMs?: number
  schedule?: ScheduleSpec
  tags: string[]
  metadata: Record<string, Value>
  /** For `corebrum test`, of the whole. */
  examples?: ExampleSpec[]
}

/** What a definition file may hold. */
export type AnyDefinition = TaskDefinition | PipelineDefinition

export function isPipeline (definition: AnyDefinition): definition is PipelineDefinition {
  return 'steps' in definition
}
