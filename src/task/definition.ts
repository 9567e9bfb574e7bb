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
  tags: string[]
  metadata: Record<string, Value>
  /** For `corebrum test`; no worker sees them. */
  examples?: ExampleSpec[]
}
