/** Finds the functions that a component exports, by themselves or in interfaces. */
import { CorebrumError } from '../../errors.ts'
import type { FuncItem, Instance, LinkedComponent } from './items.ts'
import { quotedName } from './scope.ts'

/** Exports that an error message lists. */
const LISTED_EXPORTS = 20
const RUN_INTERFACE = /^wasi:cli\/run@0\.2\.\d{1,9}$/

export interface ExportedFunction {
  /** Absent for a function that is exported by itself. */
  interface?: string
  name: string
  func: FuncItem
}

/** `interface#name`, or the name alone. */
export function exportName ({ interface: from, name }: Omit<ExportedFunction, 'func'>): string {
  return from === undefined ? name : `${from}#${name}`
}

export function exportedFunctions ({ exports }: LinkedComponent): ExportedFunction[] {
  return [...functionsIn(exports), ...[...exports].flatMap(([name, item]) => (item.sort === 'instance' ? functionsIn(item.item, name) : []))]
}

function functionsIn (instance: Instance, from?: string): ExportedFunction[] {
  return [...instance].flatMap(([name, item]) => (item.sort === 'func' ? [{ ...(from === undefined ? {} : { interface: from }), name, func: item.item }] : []))
}

/** The entry of a component of the WASI 0.2 command world. */
export function findRun (linked: LinkedComponent): ExportedFunction | undefined {
  return exportedFunctions(linked).find((item) => item.interface !== undefined && RUN_INTERFACE.test(item.interface) && item.name === 'run')
}

/** What a task calls that names no function: the entry of a command, the only function, or one called main or run. */
export function defaultExport (linked: LinkedComponent): ExportedFunction | undefined {
  const all = exportedFunctions(linked)
  return findRun(linked) ?? (all.length === 1 ? all[0] : all.find((item) => item.interface === undefined && (item.name === 'main' || item.name === 'run')))
}

/**
 * The function as a task names it: `name`, `interface#name`, `ns:pkg/interface@1.0.0#name`, with the interface's version,
 * package or all of it left out where only one function is meant. Without a name, the default. Throws ERR_NO_EXPORT.
 */
export function requireExport (linked: LinkedComponent, wanted: string | undefined): ExportedFunction {
  const all = exportedFunctions(linked)
  const names = all.map(exportName)
  const listed = names.length === 0 ? 'nothing that can be called' : names.slice(0, LISTED_EXPORTS).join(', ') + (names.length > LISTED_EXPORTS ? `, and ${names.length - LISTED_EXPORTS} more` : '')
  if (wanted === undefined) {
    const found = defaultExport(linked)
    if (found === undefined) throw new CorebrumError('ERR_NO_EXPORT', `the task names no function (function_name); the component exports ${listed}`)
    return found
  }
  const exact = all.find((item) => exportName(item) === wanted)
  if (exact !== undefined) return exact
  const fitting = all.filter((item) => fits(item, wanted))
  const [found, other] = fitting
  if (found === undefined) throw new CorebrumError('ERR_NO_EXPORT', `the component exports no function ${quotedName(wanted)}; it exports ${listed}`)
  if (other !== undefined) throw new CorebrumError('ERR_NO_EXPORT', `the component exports several functions ${quotedName(wanted)}: name one of ${fitting.map(exportName).slice(0, LISTED_EXPORTS).join(', ')}`)
  return found
}

function fits ({ interface: from, name }: ExportedFunction, wanted: string): boolean {
  const [interfaceName, functionName] = wanted.includes('#') ? wanted.split('#', 2) : [undefined, wanted]
  if (name !== functionName && name !== functionName?.replaceAll('_', '-')) return false
  if (interfaceName === undefined || from === undefined) return interfaceName === undefined
  const unversioned = from.replace(/@[^@]*$/, '')
  return interfaceName === from || interfaceName === unversioned || interfaceName === unversioned.replace(/^.*\//, '')
}
