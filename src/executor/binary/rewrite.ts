/**
 * Confines a module: lowers the declared maxima of its memories and tables, also of imported ones, and turns a memory
 * that it defines into one that it imports. The host then makes the memory: it sees how far it grew, and can use its
 * address space for the next call, as reserving that costs more than a small call.
 */
import { MAX_TABLE_ENTRIES } from '../../limits.ts'
import type { Limits, ModuleInfo, SectionInfo } from './module-info.ts'
import { BinaryReader, leb } from './reader.ts'

/** The name under which a rewritten module imports its memory; no toolchain uses it. */
export const HOSTED_MEMORY = { module: 'corebrum sandbox', name: 'memory' } as const

const SECTION = { custom: 0, import: 2, memory: 5 } as const
const KIND_MEMORY = 0x02

/** Pages of 64 KiB. */
export interface MemoryBounds { initial: number, maximum: number }

export interface Confined {
  bytes: Uint8Array
  /** Set when the module now imports its memory from the host. */
  hosted?: MemoryBounds
}

interface Edit { start: number, end: number, bytes: Uint8Array }

/**
 * The module's bytes with no memory above `maxPages` (of 64 KiB) and no table above MAX_TABLE_ENTRIES; only the sections
 * that hold those limits change. Expects what `checkModule` has passed: no minimum is above its cap.
 */
export function confineModule (bytes: Uint8Array, info: ModuleInfo, maxPages: number): Confined {
  const hosted = hostedBounds(info, maxPages)
  const edits = info.tables.flatMap((limits) => capped(limits, BigInt(MAX_TABLE_ENTRIES)))
  if (hosted === undefined) edits.push(...info.memories.flatMap((limits) => capped(limits, BigInt(maxPages))))
  if (hosted === undefined && edits.length === 0) return { bytes }

  const parts: Uint8Array[] = [bytes.subarray(0, 8)]
  let toImport = hosted === undefined ? undefined : memoryImport(hosted)
  for (const section of info.sections) {
    const own = edits.filter((edit) => edit.start >= section.start && edit.end <= section.end)
    if (toImport !== undefined && section.id === SECTION.import) {
      own.push(...appended(bytes, section, toImport))
      toImport = undefined
    } else if (toImport !== undefined && section.id !== SECTION.custom && section.id > SECTION.import) {
      parts.push(...sectionOf(SECTION.import, [Uint8Array.of(1), toImport]))
      toImport = undefined
    }
    if (hosted !== undefined && section.id === SECTION.memory) continue
    if (own.length === 0) parts.push(bytes.subarray(section.header, section.end))
    else parts.push(...sectionOf(section.id, edited(bytes, section, own)))
  }
  return { bytes: Buffer.concat(parts), ...(hosted === undefined ? {} : { hosted }) }
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
  return Uint8Array.from([...text(HOSTED_MEMORY.module), ...text(HOSTED_MEMORY.name), KIND_MEMORY, 0x01, ...leb(BigInt(initial)), ...leb(BigInt(maximum))])
}

/** One more entry at the end of a section that holds a vector. */
function appended (bytes: Uint8Array, { start, end }: SectionInfo, entry: Uint8Array): Edit[] {
  const reader = new BinaryReader(bytes, start, end)
  const count = reader.u32()
  return [{ start, end: reader.offset, bytes: Uint8Array.from(leb(BigInt(count + 1))) }, { start: end, end, bytes: entry }]
}

function capped (limits: Limits, cap: bigint): Edit[] {
  if (limits.max !== undefined && limits.max <= cap) return []
  return [{ start: limits.start, end: limits.end, bytes: Uint8Array.from([0x01, ...leb(limits.min), ...leb(cap)]) }]
}

function edited (bytes: Uint8Array, section: SectionInfo, edits: Edit[]): Uint8Array[] {
  const body: Uint8Array[] = []
  let from = section.start
  for (const edit of edits.sort((a, b) => a.start - b.start)) {
    body.push(bytes.subarray(from, edit.start), edit.bytes)
    from = edit.end
  }
  body.push(bytes.subarray(from, section.end))
  return body
}

function sectionOf (id: number, body: Uint8Array[]): Uint8Array[] {
  const length = body.reduce((sum, part) => sum + part.length, 0)
  return [Uint8Array.from([id, ...leb(BigInt(length))]), ...body]
}
