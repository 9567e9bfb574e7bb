/** What a module is and whether it would run here: pure, from its bytes alone. */
import { toCorebrumError } from '../errors.ts'
import { DEFAULT_MEMORY_LIMIT_BYTES, WASM_PAGE_BYTES } from '../limits.ts'
import type { Convention } from './abi/adapter.ts'
import { detectConvention, requireAdapter } from './abi/detect.ts'
import { exportedFunction } from './abi/exports.ts'
import { moduleProblems, type Problem } from './binary/check.ts'
import type { ExportInfo, FunctionType, ImportInfo, Limits, ModuleInfo } from './binary/module-info.ts'
import { parseModule } from './binary/parse.ts'
import { isProvided } from './link.ts'

/** Imports and exports in words: `i32, i32 -> i64` style types, and limits with their unit. */
export interface ReportedItem {
  name: string
  kind: ImportInfo['kind']
  /** Of a function. */
  params?: string[]
  results?: string[]
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

/** Throws ERR_NOT_WASM, ERR_MODULE_UNSUPPORTED (components) or ERR_MODULE_INVALID; all else is in `problems`. */
export function inspectModule (bytes: Uint8Array, memoryLimitBytes: number = DEFAULT_MEMORY_LIMIT_BYTES): ModuleReport {
  const info = parseModule(bytes)
  const detection = detectConvention(info)
  const problems = [...moduleProblems(info, Math.floor(memoryLimitBytes / WASM_PAGE_BYTES)), ...conventionProblems(info, detection), ...linkProblems(info)]
  const defaultFunction = ['_start', 'main', '_main'].find((name) => (name !== '_start' || detection.convention === 'wasi-command') && exportedFunction(info, name) !== undefined)
  return {
    byteLength: info.byteLength,
    convention: detection.convention,
    reason: detection.reason,
    ...(defaultFunction === undefined ? {} : { defaultFunction }),
    imports: info.imports.map((item) => ({ module: item.module, ...reportItem(item, item.limits), provided: isProvided(item) })),
    exports: info.exports.map((item) => reportItem(item, limitsOf(item, info))),
    memories: info.memories.map(reportLimits),
    tables: info.tables.map(reportLimits),
    initialMemoryBytes: info.memories.reduce((sum, memory) => sum + Number(memory.min) * WASM_PAGE_BYTES, 0),
    customSections: info.customs.map((section) => ({ name: section.name, byteLength: section.end - section.start })),
    functions: info.functions,
    globals: info.globals,
    codeBytes: info.codeBytes,
    dataBytes: info.dataBytes,
    largestFunctionBytes: info.largestBodyBytes,
    hasStart: info.hasStart,
    hasFunctionNames: info.customs.some((section) => section.name === 'name'),
    features: info.features,
    runsHere: problems.length === 0,
    problems,
  }
}

function conventionProblems (info: ModuleInfo, detection: ReturnType<typeof detectConvention>): Problem[] {
  const [only] = info.exports.filter((item) => item.kind === 'function')
  if (only === undefined) return [{ code: 'ERR_NO_EXPORT', message: 'the module exports no function, so there is nothing to call' }]
  try {
    requireAdapter(detection)
    return []
  } catch (thrown) {
    const { code, message } = toCorebrumError(thrown)
    return [{ code, message }]
  }
}

/** Missing functions are no problem before they are called; other missing imports are. */
function linkProblems (info: ModuleInfo): Problem[] {
  return info.imports.filter((item) => item.kind !== 'function' && !isProvided(item)).map((item) => ({
    code: 'ERR_MISSING_IMPORT', message: `the module imports the ${item.kind} ${JSON.stringify(`${item.module}.${item.name}`)}, which the sandbox does not provide`,
  }))
}

function reportItem (item: { name: string, kind: ImportInfo['kind'], type?: FunctionType }, limits: Limits | undefined): ReportedItem {
  return {
    name: item.name,
    kind: item.kind,
    ...(item.type === undefined ? {} : { params: item.type.params, results: item.type.results }),
    ...(limits === undefined ? {} : { limits: reportLimits(limits) }),
  }
}

function limitsOf (item: ExportInfo, info: ModuleInfo): Limits | undefined {
  return item.kind === 'memory' ? info.memories[item.index] : item.kind === 'table' ? info.tables[item.index] : undefined
}

function reportLimits ({ min, max }: Limits): ReportedLimits {
  return max === undefined ? { min } : { min, max }
}
