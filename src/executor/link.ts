/** Binds a module's imports: what the sandbox provides, and traps that name themselves for the rest. */
import { CorebrumError } from '../errors.ts'
import { MAX_TABLE_ENTRIES } from './limits.ts'
import type { HostFunction, ImportProvider } from './abi/adapter.ts'
import { provideEnv } from './abi/env.ts'
import { type Guest, GuestAbort } from './abi/guest.ts'
import { provideHttp } from './abi/http.ts'
import type { ImportInfo, ModuleInfo } from './binary/module-info.ts'
import { isWasiModule, provideWasi } from './wasi/wasi.ts'

/** Makes the import object of one call. */
export type Linker = (guest: Guest) => WebAssembly.Imports

/** Relocation bases of dynamically linked modules: such a module is alone here, so they are 0. */
const ZERO_GLOBALS = new Set(['__memory_base', '__table_base'])

/** What modules of every convention may import. */
const provideCommon: ImportProvider = (item) => provideEnv(item) ?? provideWasi(item) ?? provideHttp(item)

/** True when the sandbox provides this import; an unknown function is still linked, as a trap. */
export function isProvided (item: ImportInfo, own?: ImportProvider): boolean {
  if (item.kind === 'function') return (own?.(item) ?? provideCommon(item)) !== undefined
  return item.kind === 'memory' || item.kind === 'table' || isZeroGlobal(item)
}

/** Throws ERR_MISSING_IMPORT for imports that cannot even be faked. */
export function makeLinker (info: ModuleInfo, maxPages: number, own?: ImportProvider): Linker {
  const makers = info.imports.map((item) => ({ item, make: maker(item, maxPages, own) }))
  if (makers.length === 0) return () => Object.create(null)
  return (guest) => {
    const imports: Record<string, Record<string, WebAssembly.ImportValue>> = Object.create(null)
    for (const { item, make } of makers) {
      const namespace = imports[item.module] ??= Object.create(null) as Record<string, WebAssembly.ImportValue>
      namespace[item.name] = make(guest)
    }
    return imports
  }
}

function maker (item: ImportInfo, maxPages: number, own: ImportProvider | undefined): (guest: Guest) => WebAssembly.ImportValue {
  const named = JSON.stringify(`${item.module}.${item.name}`)
  switch (item.kind) {
    case 'function': return own?.(item) ?? provideCommon(item) ?? missingFunction(item, named)
    case 'memory': return (guest) => importedMemory(item, maxPages, guest)
    case 'table': return (guest) => importedTable(item, guest)
    default:
      if (!isZeroGlobal(item)) throw new CorebrumError('ERR_MISSING_IMPORT', `the module imports the ${item.kind} ${named}, which the sandbox does not provide`)
      return () => new WebAssembly.Global({ value: 'i32', mutable: item.mutable === true }, 0)
  }
}

function missingFunction (item: ImportInfo, named: string): () => HostFunction {
  const hint = isWasiModule(item.module) ? ' (WASI preview 1 has no such function, or none of this type)' : ''
  return () => () => { throw new GuestAbort('ERR_MISSING_IMPORT', `the module called the import ${named}, which the sandbox does not provide${hint}`) }
}

function importedMemory (item: ImportInfo, maxPages: number, guest: Guest): WebAssembly.Memory {
  const declared = item.limits?.max === undefined ? maxPages : Math.min(Number(item.limits.max), maxPages)
  const memory = new WebAssembly.Memory({ initial: Number(item.limits?.min ?? 0n), maximum: declared })
  guest.useMemory(memory)
  return memory
}

function importedTable (item: ImportInfo, guest: Guest): WebAssembly.Table {
  const table = new WebAssembly.Table({ element: 'anyfunc', initial: Number(item.limits?.min ?? 0n), maximum: tableMaximum(item) })
  guest.useTable(table)
  return table
}

function tableMaximum (item: ImportInfo): number {
  const declared = item.limits?.max
  return declared === undefined ? MAX_TABLE_ENTRIES : Math.min(Number(declared), MAX_TABLE_ENTRIES)
}

function isZeroGlobal (item: ImportInfo): boolean {
  return item.kind === 'global' && item.module === 'env' && item.valueType === 'i32' && ZERO_GLOBALS.has(item.name)
}
