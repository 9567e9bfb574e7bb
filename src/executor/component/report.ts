/** What a component is and whether it would run here: its functions in the words of WIT. */
import type { ValueType } from '../../task/values.ts'
import type { TypedName } from '../abi/adapter.ts'
import type { ModuleInfo } from '../binary/module-info.ts'
import type { ModuleReport, ReportedImport, ReportedItem } from '../module-report.ts'
import { componentProblems, initialMemoryBytes, readComponent } from './compile-component.ts'
import { type ExportedFunction, defaultExport, exportName, exportedFunctions, findRun } from './exports.ts'
import type { HostImport, LinkedComponent } from './items.ts'
import { snakeName } from './names.ts'
import type { ValType } from './types.ts'
import { isProvided } from './wasi/host.ts'
import { functionParts } from './wit-text.ts'

/** Throws what `readComponent` throws; all else is in `problems`. */
export function reportComponent (bytes: Uint8Array, maxPages: number): ModuleReport {
  const linked = readComponent(bytes)
  const modules = [...new Set(linked.cores.map(({ module }) => module.info))]
  const sum = (of: (info: ModuleInfo) => number): number => modules.reduce((total, info) => total + of(info), 0)
  const exports = exportedFunctions(linked)
  const problems = componentProblems(linked, bytes.length, maxPages)
  if (exports.length === 0) problems.push({ code: 'ERR_NO_EXPORT', message: 'the component exports no function, so there is nothing to call' })
  const defaultFunction = defaultExport(linked)
  return {
    byteLength: bytes.length,
    convention: 'component',
    reason: findRun(linked) === undefined ? 'its header says that it is a component' : 'its header says that it is a component, and it exports wasi:cli/run',
    ...(defaultFunction === undefined ? {} : { defaultFunction: exportName(defaultFunction) }),
    imports: linked.imports.flatMap(reportImport),
    exports: exports.map((item) => reportExport(item, linked)),
    memories: modules.flatMap((info) => own(info, 'memory', info.memories)).map(({ min, max }) => (max === undefined ? { min } : { min, max })),
    tables: modules.flatMap((info) => own(info, 'table', info.tables)).map(({ min, max }) => (max === undefined ? { min } : { min, max })),
    initialMemoryBytes: initialMemoryBytes(linked),
    customSections: linked.customs,
    functions: sum((info) => info.functions),
    globals: sum((info) => info.globals),
    codeBytes: sum((info) => info.codeBytes),
    dataBytes: sum((info) => info.dataBytes),
    largestFunctionBytes: Math.max(0, ...modules.map((info) => info.largestBodyBytes)),
    hasStart: modules.some((info) => info.hasStart),
    hasFunctionNames: modules.some((info) => info.customs.some(({ name }) => name === 'name')),
    features: [...new Set(modules.flatMap((info) => info.features))].sort(),
    runsHere: problems.length === 0,
    problems,
  }
}

/** Those that a module defines itself. */
function own<T> (info: ModuleInfo, kind: 'memory' | 'table', limits: readonly T[]): T[] {
  return limits.slice(info.imports.filter((item) => item.kind === kind).length)
}

function reportImport ({ interface: module, name, item }: HostImport): ReportedImport[] {
  if (item?.sort !== 'func' || item.item.kind !== 'host') return []
  return [{ module, name, kind: 'function', ...functionParts(item.item.type, true), provided: isProvided(item.item) }]
}

function reportExport (item: ExportedFunction, linked: LinkedComponent): ReportedItem {
  const { type } = item.func
  const name = exportName(item)
  if (item.func === findRun(linked)?.func) return { name, kind: 'function', ...functionParts(type), declared: { inputs: [{ name: 'input', type: 'json' }], output: 'json' } }
  const inputs = type.params.map((param): TypedName => ({ name: snakeName(param.name), type: declaredType(param.type) }))
  return { name, kind: 'function', ...functionParts(type), declared: { inputs, ...(type.result === undefined ? {} : { output: declaredType(type.result) }) } }
}

/** The type that a task declares for values of a WIT type. */
function declaredType (type: ValType): ValueType {
  switch (type.kind) {
    case 'bool': return 'boolean'
    case 'f32': case 'f64': return 'number'
    case 'char': case 'string': return 'string'
    case 'list': return type.element.kind === 'u8' && type.length === undefined ? 'bytes' : 'array'
    case 'record': return type.tuple ? 'array' : 'object'
    case 'flags': return 'array'
    case 'variant': {
      if (type.form === 'enum') return 'string'
      const inner = type.form === 'option' ? type.cases[1]?.type : type.form === 'result' ? type.cases[0]?.type : undefined
      return inner === undefined ? 'json' : declaredType(inner)
    }
    case 'own': case 'borrow': return 'json'
    default: return 'integer'
  }
}
