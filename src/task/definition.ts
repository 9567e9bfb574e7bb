/** What a task definition says once it is loaded: one normal form for every dialect (`parse.ts` reads them). */
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
  networking: boolean
  fileSystem: boolean
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
  grants: Grants
  priority: number
  tags: string[]
  metadata: Record<string, Value>
}
