/**
 * Confines a module: lowers the declared maxima of its memories and tables, also of imported ones, and turns a memory
 * that it defines into one that it imports. The host then makes the memory: it sees how far it grew, and can use its
 * address space for the next call, as reserving that costs more than a small call.
 */
import { MAX_TABLE_ENTRIES } from '../limits.ts'
import type { Limits, ModuleInfo } from './module-info.ts'
import { leb } from './reader.ts'
import { type Edit, Section, type SectionChanges, changeSections } from './sections.ts'

/** The name under which a rewritten module imports its memory; no toolchain uses it. */
export const HOSTED_MEMORY = { module: 'corebrum sandbox', name: 'memory' } as const

const KIND_MEMORY = 0x02

/** Pages of 64 KiB. */
export interface MemoryBounds { initial: number, maximum: number }

export interface Confined {
  bytes: Uint8Array
  /** Set when the module now imports its memory from the host. */
  hosted?: MemoryBounds
}

/**
 * The module's bytes with no memory above `maxPages` (of 64 KiB) and no table above MAX_TABLE_ENTRIES; only the sections
 * that hold those limits change, and those in `changes`; `spare` as `changeSections` has it. Expects what `checkModule` has passed: no minimum is above its cap.
 */
export function confineModule (bytes: Uint8Array, info: ModuleInfo, maxPages: number, changes: SectionChanges = new Map(), spare = 0): Confined {
  const hosted = hostedBounds(info, maxPages)
  const edits = info.tables.flatMap((limits) => capped(limits, BigInt(MAX_TABLE_ENTRIES)))
  if (hosted === undefined) edits.push(...info.memories.flatMap((limits) => capped(limits, BigInt(maxPages))))
  const all: SectionChanges = new Map(changes)
  for (const section of info.sections) {
    const own = edits.filter((edit) => edit.start >= section.start && edit.end <= section.end)
    if (own.length > 0) all.set(section.id, { edits: own })
  }
  if (hosted !== undefined) {
    all.set(Section.IMPORT, { ...all.get(Section.IMPORT), entries: [memoryImport(hosted)] })
    all.set(Section.MEMORY, { removed: true })
  }
  return { bytes: changeSections(bytes, info, all, spare), ...(hosted === undefined ? {} : { hosted }) }
}

/** Bounds of the one plain memory that the module defines, if it is that simple. */
function hostedBounds (info: ModuleInfo, maxPages: number): MemoryBounds | undefined {
  const [memory] = info.memories
  if (memory === undefined || info.memories.length > 1 || info.imports.some(({ kind }) => kind === 'memory')) return undefined
  if (memory.shared || memory.wide || memory.pageSizeLog2 !== undefined) return undefined
  const declared = memory.max ?? BigInt(maxPages)
  return { initial: Number(memory.min), maximum: Math.min(Number(declared), maxPages) }
}

function memoryImport ({ initial, maximum }: MemoryBounds): Uint8Array {
  const text = (value: string): number[] => [...leb(value.length), ...Buffer.from(value, 'latin1')]
  return Uint8Array.from([...text(HOSTED_MEMORY.module), ...text(HOSTED_MEMORY.name), KIND_MEMORY, 0x01, ...leb(initial), ...leb(maximum)])
}

function capped (limits: Limits, cap: bigint): Edit[] {
  if (limits.max !== undefined && limits.max <= cap) return []
  return [{ start: limits.start, end: limits.end, bytes: Uint8Array.from([0x01, ...leb(limits.min), ...leb(cap)]) }]
}
