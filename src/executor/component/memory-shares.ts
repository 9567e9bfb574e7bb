/** Divides the memory that a task may have between the core modules of a component that bring a memory of their own. */
import { CorebrumError } from '../../errors.ts'
import { WASM_PAGE_BYTES } from '../../limits.ts'
import { MAX_TABLES } from '../limits.ts'
import type { ModuleInfo } from '../binary/module-info.ts'
import type { LinkedComponent } from './items.ts'

/**
 * Most pages (of 64 KiB) for each core instance: what its memory starts with and an equal share of the rest, less where it
 * declares less, so that all together stay below `maxPages`. Throws ERR_MEMORY_LIMIT, ERR_TABLE_LIMIT.
 */
export function shareMemory ({ cores }: LinkedComponent, maxPages: number): number[] {
  const own = cores.flatMap(({ module: { info } }, index) => (ownsMemory(info) ? [{ index, ...demand(info, maxPages) }] : []))
  let spare = maxPages - own.reduce((sum, { least }) => sum + least, 0)
  if (spare < 0) throw new CorebrumError('ERR_MEMORY_LIMIT', `the component's ${own.length} memories start with ${(maxPages - spare) * WASM_PAGE_BYTES} bytes together; this task may have ${maxPages * WASM_PAGE_BYTES}: raise memory_limit`)
  const tables = cores.reduce((sum, { module: { info } }) => sum + info.tables.length - info.imports.filter(({ kind }) => kind === 'table').length, 0)
  if (tables > MAX_TABLES) throw new CorebrumError('ERR_TABLE_LIMIT', `the component's core modules have ${tables} tables together; ${MAX_TABLES} are allowed`)
  // A module that imports its memory is not held back: the cap is on the memory itself.
  const shares = cores.map(() => maxPages)
  own.sort((a, b) => (a.most - a.least) - (b.most - b.least)).forEach(({ index, least, most }, position) => {
    const more = Math.min(most - least, Math.floor(spare / (own.length - position)))
    spare -= more
    shares[index] = least + more
  })
  return shares
}

function ownsMemory (info: ModuleInfo): boolean {
  return info.memories.length > 0 && !info.imports.some(({ kind }) => kind === 'memory')
}

/** What a memory starts with, and what it wants at most. */
function demand ({ memories: [memory] }: ModuleInfo, maxPages: number): { least: number, most: number } {
  const least = Number(memory?.min ?? 0n)
  const most = memory?.max === undefined ? maxPages : Math.min(Number(memory.max), maxPages)
  return { least, most: Math.max(least, most) }
}
