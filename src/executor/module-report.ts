/** What `inspect` tells of a module or component; types only. */
import type { ValueType } from '../task/values.ts'
import type { Convention, TypedName } from './abi/adapter.ts'
import type { Problem } from './binary/check.ts'
import type { ImportInfo } from './binary/module-info.ts'

/** Imports and exports in words: `i32, i32 -> i64` style types, and limits with their unit. */
export interface ReportedItem {
  name: string
  kind: ImportInfo['kind']
  /** Of a function; of a component's function with the names of its parameters, in the words of WIT. */
  params?: string[]
  results?: string[]
  /** Of an exported function whose types the module or component tells: what a task declares to call it. */
  declared?: { inputs: TypedName[], output?: ValueType }
  /** Of a memory (pages of 64 KiB) or a table (entries). */
  limits?: ReportedLimits
}

export interface ReportedImport extends ReportedItem {
  module: string
  /** False: the sandbox does not have it; a function then traps when it is called. */
  provided: boolean
}

export interface ReportedLimits { min: bigint, max?: bigint }

export interface ModuleReport {
  byteLength: number
  convention: Convention
  /** What the convention was recognised by. */
  reason: string
  /** The function that a task calls when it names none; absent when there is none of that name. */
  defaultFunction?: string
  imports: ReportedImport[]
  exports: ReportedItem[]
  /** Pages of 64 KiB. */
  memories: ReportedLimits[]
  /** Entries. */
  tables: ReportedLimits[]
  /** Least memory that a task needs to start it, bytes. */
  initialMemoryBytes: number
  customSections: Array<{ name: string, byteLength: number }>
  functions: number
  globals: number
  codeBytes: number
  dataBytes: number
  largestFunctionBytes: number
  /** It runs code as soon as it is instantiated. */
  hasStart: boolean
  hasFunctionNames: boolean
  features: string[]
  runsHere: boolean
  /** Why it does not run here; empty when it does. */
  problems: Problem[]
}
