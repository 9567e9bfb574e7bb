/** The report on a module as text and as JSON. */
import { compact, type View } from '../control/views.ts'
import type { ModuleReport, ReportedItem, ReportedLimits } from '../executor/inspect.ts'
import { WASM_PAGE_BYTES } from '../limits.ts'
import { bytes, table } from './table.ts'

const IMPORTS = [{ title: 'IMPORT' }, { title: 'TYPE' }, { title: 'PROVIDED' }]
const EXPORTS = [{ title: 'EXPORT' }, { title: 'TYPE' }]

export function moduleText (report: ModuleReport, { file, cid }: { file: string, cid: string }): string {
  const memories = report.memories.map((memory) => {
    const most = memory.max === undefined ? 'no maximum of its own' : `at most ${bytes(Number(memory.max) * WASM_PAGE_BYTES)}`
    return `${bytes(Number(memory.min) * WASM_PAGE_BYTES)} at first, ${most}`
  })
  const facts = [
    ['Module', `${file}, ${report.byteLength} bytes`],
    ['CID', cid],
    ['Convention', `${report.convention}: ${report.reason}`],
    ['Memory', memories.join('; ') || 'none'],
    ['Features', report.features.join(' ') || 'none'],
    ['Runs here', report.problems.length === 0 ? 'yes' : 'no'],
    ...report.problems.map((problem) => ['', `${problem.message} (${problem.code})`]),
  ]
  const parts = [facts.map(([name = '', value = '']) => `${name.padEnd(12)}${value}`).join('\n')]
  if (report.imports.length > 0) {
    parts.push(table(IMPORTS, report.imports.map((item) => [`${item.module}.${item.name}`, typeText(item), item.provided ? 'yes' : 'no'])))
  }
  if (report.exports.length > 0) parts.push(table(EXPORTS, report.exports.map((item) => [item.name, typeText(item)])))
  return parts.join('\n\n')
}

export function moduleView (report: ModuleReport, cid: string): View {
  return {
    cid,
    byteLength: report.byteLength,
    convention: report.convention,
    reason: report.reason,
    ...compact({ defaultFunction: report.defaultFunction }),
    imports: report.imports.map((item) => ({ module: item.module, ...itemView(item), provided: item.provided })),
    exports: report.exports.map(itemView),
    memories: report.memories.map(limitsView),
    tables: report.tables.map(limitsView),
    initialMemoryBytes: report.initialMemoryBytes,
    customSections: report.customSections.map(({ name, byteLength }) => ({ name, byteLength })),
    functions: report.functions,
    features: report.features,
    runsHere: report.runsHere,
    problems: report.problems.map(({ code, message }) => ({ code, message })),
  }
}

/** `(i32, i32) -> i64`, `memory 16..`, or the kind alone. */
function typeText (item: ReportedItem): string {
  if (item.params !== undefined) return `(${item.params.join(', ')}) -> ${item.results?.length === 1 ? item.results[0] : `(${item.results?.join(', ') ?? ''})`}`
  return item.limits === undefined ? item.kind : `${item.kind} ${item.limits.min}..${item.limits.max ?? ''}`
}

function itemView (item: ReportedItem): View {
  return compact({
    name: item.name, kind: item.kind, params: item.params, results: item.results,
    limits: item.limits === undefined ? undefined : limitsView(item.limits),
  })
}

function limitsView ({ min, max }: ReportedLimits): View {
  return compact({ min, max })
}
