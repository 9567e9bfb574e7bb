/** The bytes of a component to core modules that are compiled and confined, and the host functions that it calls. */
import { CorebrumError } from '../../errors.ts'
import { MAX_MODULE_BYTES, WASM_PAGE_BYTES } from '../../limits.ts'
import { type Problem, moduleProblems } from '../binary/check.ts'
import { type CompileOptions, type CompiledModule, compileModule } from '../compile.ts'
import type { CoreModule, HostItem, LinkedComponent } from './items.ts'
import { linkComponent } from './link.ts'
import { shareMemory } from './memory-shares.ts'
import { parseComponent } from './parse.ts'
import { findHostFunction } from './wasi/host.ts'
import type { HostFunction } from './wasi/interface.ts'

export interface CompiledComponent {
  linked: LinkedComponent
  /** One for each core instance; instances of one module with the same share of the memory have the same. */
  cores: CompiledModule[]
  /** Those that the host has. */
  hostFunctions: ReadonlyMap<HostItem, HostFunction>
  byteLength: number
  /** Most pages (64 KiB) that all its memories have together. */
  maxPages: number
}

/** Parses and links. Throws ERR_MODULE_INVALID, ERR_MODULE_TOO_LARGE, ERR_MODULE_UNSUPPORTED. */
export function readComponent (bytes: Uint8Array): LinkedComponent {
  return linkComponent(bytes, parseComponent(bytes))
}

/** Every reason why the component may not run with `maxPages` of memory; empty when it may. */
export function componentProblems (linked: LinkedComponent, byteLength: number, maxPages: number): Problem[] {
  const problems: Problem[] = []
  if (byteLength > MAX_MODULE_BYTES) problems.push({ code: 'ERR_MODULE_TOO_LARGE', message: `the component has ${byteLength} bytes; ${MAX_MODULE_BYTES} are allowed` })
  if (linked.unsupported.length > 0) {
    problems.push({ code: 'ERR_MODULE_UNSUPPORTED', message: `the component uses ${linked.unsupported.slice(0, 10).join(', ')}, which only WASI 0.3 or a later proposal has: build it for WASI 0.2 (wasm32-wasip2) with synchronous functions` })
  }
  for (const module of new Set(linked.cores.map((core) => core.module))) problems.push(...moduleProblems(module.info, maxPages))
  for (const check of [() => { shareMemory(linked, maxPages) }, () => { hostFunctionsOf(linked) }]) {
    try {
      check()
    } catch (thrown) {
      if (!(thrown instanceof CorebrumError)) throw thrown
      problems.push({ code: thrown.code, message: thrown.message })
    }
  }
  return problems
}

/** Throws what `readComponent` throws, and the first of `componentProblems`. */
export function compileComponent (bytes: Uint8Array, maxPages: number, options: CompileOptions = {}): CompiledComponent {
  const linked = readComponent(bytes)
  const problems = componentProblems(linked, bytes.length, maxPages)
  const [first] = problems
  if (first !== undefined) throw new CorebrumError(first.code, first.message, { problems: problems.map(({ message }) => message) })
  const compiled = new Map<CoreModule, Map<number, CompiledModule>>()
  const shares = shareMemory(linked, maxPages)
  const cores = linked.cores.map(({ module }, index) => {
    const byShare = compiled.get(module) ?? new Map<number, CompiledModule>()
    compiled.set(module, byShare)
    const share = shares[index] ?? maxPages
    const known = byShare.get(share) ?? compileModule(module.bytes, share, options)
    byShare.set(share, known)
    return known
  })
  return { linked, cores, hostFunctions: hostFunctionsOf(linked), byteLength: bytes.length, maxPages }
}

function hostFunctionsOf (linked: LinkedComponent): Map<HostItem, HostFunction> {
  const found = new Map<HostItem, HostFunction>()
  for (const { item } of linked.imports) {
    if (item?.sort !== 'func' || item.item.kind !== 'host') continue
    const host = findHostFunction(item.item)
    if (host !== undefined) found.set(item.item, host)
  }
  return found
}

/** The memory that a component starts with, bytes. */
export function initialMemoryBytes (linked: LinkedComponent): number {
  return linked.cores.reduce((sum, { module: { info } }) => sum + (info.imports.some(({ kind }) => kind === 'memory') ? 0 : info.memories.reduce((pages, { min }) => pages + Number(min), 0)), 0) * WASM_PAGE_BYTES
}
