/** What kind of task a definition holds; every kind but WASM is refused by name. */
import { isMapping } from './values.ts'
import type { Path } from './document.ts'
import type { Section } from './section.ts'

const WASM_NAMES = new Set(['wasm', 'webassembly'])
const PIPELINE_NAMES = new Set(['sequential', 'pipeline', 'parallel', 'workflow', 'dag'])
const ALLOWED = 'wasm'
const COMPILE = 'only WebAssembly runs here; compile the code to a .wasm module and name that'
const PIPELINE = 'pipelines of several steps are not supported yet; submit each step as a task of its own'
const MODULE_FIELDS = ['wasm_binary', 'wasm_source', 'wasm_module']

/** True when the definition is a WASM task. Otherwise the one reason is in the report, and reading on is pointless. */
export function isWasmTask (root: Section, logic: Section | undefined): boolean {
  const { report } = root
  const tasks = root.raw('tasks') ?? logic?.raw('tasks')
  if (Array.isArray(tasks) && tasks.length > 0) {
    report.found((root.raw('tasks') === undefined ? logic ?? root : root).at('tasks'), tasks, 'one task', PIPELINE)
    return false
  }
  const named = kindField(root, logic)
  if (named === undefined) {
    if (namesModule(root) || (logic !== undefined && namesModule(logic))) return true
    if (logic !== undefined) logic.missing('type', ALLOWED)
    else root.missing('compute_logic', 'a mapping with type: wasm and the module')
    return false
  }
  if (typeof named.value !== 'string') {
    report.found(named.path, named.value, ALLOWED)
    return false
  }
  const name = named.value.trim().toLowerCase()
  if (WASM_NAMES.has(name)) return true
  report.found(named.path, named.value, ALLOWED, PIPELINE_NAMES.has(name) ? PIPELINE : COMPILE)
  return false
}

function kindField (root: Section, logic: Section | undefined): { path: Path, value: unknown } | undefined {
  for (const [section, key] of [[logic, 'type'], [logic, 'logic_type'], [root, 'logic_type']] as const) {
    const value = section?.raw(key)
    if (section !== undefined && value !== undefined) return { path: section.at(key), value }
  }
  // `language` beside compute_logic names what the module was compiled from; alone, it is the kind.
  const language = root.raw('language')
  const isKind = typeof language === 'string' && WASM_NAMES.has(language.toLowerCase())
  if (language !== undefined && (isKind || !(namesModule(root) || (logic !== undefined && namesModule(logic))))) {
    return { path: root.at('language'), value: language }
  }
  return undefined
}

function namesModule (section: Section): boolean {
  const source = section.raw('source')
  return MODULE_FIELDS.some((key) => section.raw(key) !== undefined) || (isMapping(source) && Object.hasOwn(source, 'wasm'))
}
