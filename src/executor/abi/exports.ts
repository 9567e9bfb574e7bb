/** Finds exported functions by the names that toolchains give them. */
import { CorebrumError } from '../../errors.ts'
import type { FunctionType, ModuleInfo } from '../binary/module-info.ts'
import type { FoundFunction } from './adapter.ts'

/** The function that is called when the task names none, by conventions that have no entry of their own. */
export const DEFAULT_FUNCTION = 'main'

/** Exports that an error message lists. */
const LISTED_EXPORTS = 20

/** Exports of a toolchain's own, which no message need list. */
const TOOLCHAIN = /^__(?:wbindgen|wbg|externref)_/

export function exportedFunctions (info: ModuleInfo): FoundFunction[] {
  return info.exports.flatMap((item) => (item.kind === 'function' && item.type !== undefined ? [{ name: item.name, type: item.type }] : []))
}

export function exportedFunction (info: ModuleInfo, name: string): FoundFunction | undefined {
  const found = info.exports.find((item) => item.kind === 'function' && item.name === name)
  return found?.type === undefined ? undefined : { name, type: found.type }
}

/** The first of `names` that is exported with the given type. */
export function exportedWithType (info: ModuleInfo, names: readonly string[], fits: (type: FunctionType) => boolean): FoundFunction | undefined {
  for (const name of names) {
    const found = exportedFunction(info, name)
    if (found !== undefined && fits(found.type)) return found
  }
  return undefined
}

/** The function as named, with `_` before its name, or without; throws ERR_NO_EXPORT with what there is. */
export function requireFunction (info: ModuleInfo, name: string): FoundFunction {
  for (const candidate of [name, `_${name}`, name.replace(/^_/, '')]) {
    const found = exportedFunction(info, candidate)
    if (found !== undefined) return found
  }
  const names = exportedFunctions(info).map((item) => item.name).filter((item) => !TOOLCHAIN.test(item))
  const listed = names.slice(0, LISTED_EXPORTS).join(', ') + (names.length > LISTED_EXPORTS ? `, and ${names.length - LISTED_EXPORTS} more` : '')
  throw new CorebrumError('ERR_NO_EXPORT', names.length === 0
    ? `the module exports no function at all, so not ${JSON.stringify(name)}`
    : `the module exports no function ${JSON.stringify(name)}; it exports ${listed}`)
}

export function sameType (a: FunctionType, b: FunctionType): boolean {
  return a.params.join() === b.params.join() && a.results.join() === b.results.join()
}

export function describeType (type: FunctionType): string {
  return `(${type.params.join(', ')}) -> (${type.results.join(', ')})`
}
