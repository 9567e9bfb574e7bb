/** What a module is and whether it would run here: pure, from its bytes alone. */
import { toCorebrumError } from '../errors.ts'
import { DEFAULT_MEMORY_LIMIT_BYTES, WASM_PAGE_BYTES } from '../limits.ts'
import { detectConvention, findAdapter, requireAdapter } from './abi/detect.ts'
import { exportedFunction } from './abi/exports.ts'
import { declaredFor } from './abi/wasm-bindgen/declared.ts'
import { readDescribed } from './abi/wasm-bindgen/read-described.ts'
import { moduleProblems, type Problem } from './binary/check.ts'
import type { ExportInfo, FunctionType, ImportInfo, Limits, ModuleInfo } from './binary/module-info.ts'
import { parseModule } from './binary/parse.ts'
import { binaryKind } from './binary/sniff.ts'
import { reportComponent } from './component/report.ts'
import { isProvided } from './link.ts'
import type { ModuleReport, ReportedItem, ReportedLimits } from './module-report.ts'

export type { ModuleReport, ReportedImport, ReportedItem, ReportedLimits } from './module-report.ts'

/** Throws ERR_NOT_WASM or ERR_MODULE_INVALID, for components also ERR_MODULE_TOO_LARGE and ERR_MODULE_UNSUPPORTED; all else is in `problems`. */
export function inspectModule (bytes: Uint8Array, memoryLimitBytes: number = DEFAULT_MEMORY_LIMIT_BYTES): ModuleReport {
  const maxPages = Math.floor(memoryLimitBytes / WASM_PAGE_BYTES)
  if (binaryKind(bytes) === 'component') return reportComponent(bytes, maxPages)
  const info = parseModule(bytes)
  const detection = detectConvention(info)
  const problems = [...moduleProblems(info, maxPages), ...conventionProblems(info, detection), ...linkProblems(info)]
  const defaultFunction = ['_start', 'main', '_main'].find((name) => (name !== '_start' || detection.convention === 'wasi-command') && exportedFunction(info, name) !== undefined)
  return {
    byteLength: info.byteLength,
    convention: detection.convention,
    reason: detection.reason,
    ...(defaultFunction === undefined ? {} : { defaultFunction }),
    imports: info.imports.map((item) => ({ module: item.module, ...reportItem(item, item.limits), provided: isProvided(item, findAdapter(detection)?.provides) })),
    exports: reportExports(bytes, info, detection),
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

/** With the types that the module tells itself. */
function reportExports (bytes: Uint8Array, info: ModuleInfo, { convention }: ReturnType<typeof detectConvention>): ReportedItem[] {
  const described = convention === 'wasm-bindgen-raw' ? readDescribed(bytes, info) : undefined
  return info.exports.map((item) => {
    const type = item.kind === 'function' ? described?.get(item.name) : undefined
    const declared = type === undefined ? undefined : declaredFor(type)
    return { ...reportItem(item, limitsOf(item, info)), ...(declared === undefined ? {} : { declared }) }
  })
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
