/** A closed table of host functions as the provider of imports from `env`. */
import type { ImportInfo } from '../binary/module-info.ts'
import type { HostFunction, ImportProvider } from './adapter.ts'
import type { Guest } from './guest.ts'

export type HostTable = Record<string, (guest: Guest) => HostFunction>

/** Names are also found with one more `_` in front, as older Emscripten versions write them. */
export function provideTable (table: HostTable): ImportProvider {
  const makers = new Map(Object.entries(table))
  return (item) => {
    if (item.module !== 'env' || !takesNumbers(item)) return undefined
    return makers.get(item.name) ?? (item.name.startsWith('_') ? makers.get(item.name.slice(1)) : undefined)
  }
}

/** True for a function that JavaScript numbers can be passed to and returned from: a module may declare what it likes. */
export function takesNumbers (item: ImportInfo): boolean {
  const { type } = item
  return type !== undefined && givesOneResult(item) && [...type.params, ...type.results].every((value) => value === 'i32' || value === 'f64' || value === 'f32')
}

/** True for a function that gives one result at most, as those of the host do. */
export function givesOneResult ({ kind, type }: ImportInfo): boolean {
  return kind === 'function' && (type === undefined || type.results.length <= 1)
}
