/** What kind of thing a definition holds: one WASM task, or several that feed each other; every other kind is refused by name. */
import { isMapping } from './values.ts'
import type { Path } from './document.ts'
import type { Section } from './section.ts'

const WASM_NAMES = new Set(['wasm', 'webassembly'])
/** All are the same: what goes from step to step decides the order. In `parallel`, steps that nothing connects do not wait for each other either. */
const PIPELINE_NAMES = new Set(['sequential', 'pipeline', 'workflow', 'dag', 'parallel'])
const ALLOWED = 'wasm, or sequential for several tasks'
const COMPILE = 'only WebAssembly runs here; compile the code to a .wasm module and name that'
const MODULE_FIELDS = ['wasm_binary', 'wasm_source', 'wasm_module']

export type Kind =
  | { type: 'task' }
  /** `holder` has the field `tasks`. */
  | { type: 'pipeline', holder: Section, parallel: boolean }

/** Undefined: the one reason is in the report, and reading on is pointless. */
export function kindOf (root: Section, logic: Section | undefined): Kind | undefined {
  const { report } = root
  const holder = [root, ...(logic === undefined ? [] : [logic])].find((section) => {
    const tasks = section.raw('tasks')
    return tasks !== undefined && !(Array.isArray(tasks) && tasks.length === 0)
  })
  const named = kindField(root, logic)
  const name = typeof named?.value === 'string' ? named.value.trim().toLowerCase() : undefined
  const isPipeline = name !== undefined && PIPELINE_NAMES.has(name)
  if (holder !== undefined && (named === undefined || isPipeline)) return pipelineIn(root, logic, holder, name === 'parallel')
  if (named === undefined) {
    if (namesModule(root) || (logic !== undefined && namesModule(logic))) return { type: 'task' }
    if (logic !== undefined) logic.missing('type', ALLOWED)
    else root.missing('compute_logic', 'a mapping with type: wasm and the module, or tasks: with a list of them')
    return undefined
  }
  if (isPipeline) (logic ?? root).missing('tasks', 'a list of at least one task', 'the steps of the pipeline')
  else if (name === undefined || !WASM_NAMES.has(name)) report.found(named.path, named.value, ALLOWED, name === undefined ? undefined : COMPILE)
  else if (holder !== undefined) report.found(named.path, named.value, 'sequential', 'it lists tasks, and each of them says itself that it is wasm')
  else return { type: 'task' }
  return undefined
}

function pipelineIn (root: Section, logic: Section | undefined, holder: Section, parallel: boolean): Kind | undefined {
  for (const section of logic === undefined ? [root] : [root, logic]) {
    const key = [...MODULE_FIELDS, 'code_source'].find((field) => section.raw(field) !== undefined)
    if (key === undefined) continue
    root.report.mistake(section.at(key), 'found a module beside tasks, allowed: one of the two - each task names its own module')
    return undefined
  }
  return { type: 'pipeline', holder, parallel }
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
