/** Finds the host function that an import of a wasm-bindgen module means, by its name without the hash and by its type. */
import type { ImportInfo } from '../../binary/module-info.ts'
import type { HostFunction, ImportProvider } from '../adapter.ts'
import type { Guest } from '../guest.ts'
import { BYTE_ARRAYS } from './byte-arrays.ts'
import { CASTS } from './casts.ts'
import { COLLECTIONS } from './collections.ts'
import { CONSOLE } from './console.ts'
import { DESCRIBING } from './describing.ts'
import type { BindgenExports } from './exports.ts'
import { type HostFunctionSpec, fits, makeHostFunction } from './host-function.ts'
import { BindgenHost } from './host.ts'
import { INTRINSICS } from './intrinsics.ts'
import { JSON_VALUES } from './json-values.ts'
import { OPERATORS } from './operators.ts'
import type { Release } from './types.ts'
import { WORLD } from './world.ts'

/** What an import of this name may mean; of several, the first whose type fits. */
export type Catalogue = Readonly<Record<string, readonly HostFunctionSpec[]>>

const MODULES = /^(?:wbg|__wbindgen_placeholder__|__wbindgen_externref_xform__|\.\/.*_bg\.js)$/

const KNOWN = merge([INTRINSICS, OPERATORS, CASTS, CONSOLE, WORLD, COLLECTIONS, BYTE_ARRAYS, JSON_VALUES, DESCRIBING])

function merge (catalogues: readonly Catalogue[]): ReadonlyMap<string, readonly HostFunctionSpec[]> {
  const merged = new Map<string, HostFunctionSpec[]>()
  for (const catalogue of catalogues) {
    for (const [name, specs] of Object.entries(catalogue)) merged.set(name, [...merged.get(name) ?? [], ...specs])
  }
  return merged
}

/**
 * The name that the catalogues have: without hash and underscores; `bindgen:` in front of what belongs to
 * wasm-bindgen itself, which releases write `__wbindgen_x`, `__wbg_wbindgenx_HASH` and `__wbg___wbindgen_x_HASH`.
 */
export function catalogueName (name: string): string {
  const plain = name.replace(/_[0-9a-f]{16}$/, '').replace(/^__wbg_/, '')
  const own = /^_*wbindgen_?(.*)$/.exec(plain)?.[1]
  return own === undefined ? plain.replaceAll('_', '') : `bindgen:${own.replaceAll('_', '')}`
}

/** Imports of one bound program; the look-up is done once, what a call needs is made for each. */
export class BindgenImports {
  private readonly exports: BindgenExports
  private readonly release: Release
  private readonly hosts = new WeakMap<Guest, BindgenHost>()

  constructor (exports: BindgenExports, release: Release) {
    this.exports = exports
    this.release = release
  }

  /** The host of one call; the same one for all its imports. */
  hostOf (guest: Guest): BindgenHost {
    let host = this.hosts.get(guest)
    if (host === undefined) this.hosts.set(guest, host = new BindgenHost(guest, this.exports, this.release))
    return host
  }

  provide: ImportProvider = (item) => {
    const { type } = item
    const known = findHostFunction(item)
    if (known === undefined || type === undefined) return undefined
    return (guest): HostFunction => makeHostFunction(known, type, this.hostOf(guest))
  }
}

/** For reports on a module: which imports the sandbox has, whatever function is called. */
export const bindgenImports: ImportProvider = new BindgenImports({ allocators: [] }, Infinity).provide

function findHostFunction ({ kind, module, name, type }: ImportInfo): HostFunctionSpec | undefined {
  if (kind !== 'function' || type === undefined || !MODULES.test(module)) return undefined
  return KNOWN.get(catalogueName(name))?.find((candidate) => fits(candidate, type))
}
