/** Puts a module together again from its sections, some of them changed: one pass, one copy. */
import type { ModuleInfo, SectionInfo } from './module-info.ts'
import { BinaryReader, leb } from './reader.ts'

export const Section = { CUSTOM: 0, TYPE: 1, IMPORT: 2, FUNCTION: 3, TABLE: 4, MEMORY: 5, GLOBAL: 6, EXPORT: 7, START: 8, CODE: 10 } as const

/** The order in which sections stand; tags and the data count came later than their neighbours. */
const ORDER = [1, 2, 3, 4, 5, 13, 6, 7, 8, 9, 12, 10, 11]

/** Replaces the bytes from `start` to `end`, offsets in the module. */
export interface Edit { start: number, end: number, bytes: Uint8Array }

export interface SectionChange {
  edits?: Edit[]
  /** To be added at the end of the section's vector; a section that is not there is made. */
  entries?: Uint8Array[]
  /** Taken instead of the section's bytes. */
  body?: Uint8Array[]
  removed?: boolean
}

/** Changes by id of section. */
export type SectionChanges = Map<number, SectionChange>

/**
 * The module with these changes; the bytes themselves when there are none. `spare`: so many bytes before the module's, and
 * the module's own, are no longer needed; what stands behind the last change is then not copied, if the rest fits before it.
 */
export function changeSections (bytes: Uint8Array, info: ModuleInfo, changes: SectionChanges, spare = 0): Uint8Array {
  if (changes.size === 0) return bytes
  const left = new Map(changes)
  const parts: Uint8Array[] = []
  /** Up to where `parts` hold the module. */
  let done = 0
  const replace = (start: number, end: number, by: Uint8Array[]): void => {
    parts.push(bytes.subarray(done, start), ...by)
    done = end
  }
  const missing = (rank: number): Uint8Array[] => ORDER.slice(0, rank).flatMap((id) => {
    const entries = left.get(id)?.entries
    left.delete(id)
    return entries === undefined ? [] : sectionOf(id, [Uint8Array.from(leb(entries.length)), ...entries])
  })
  for (const section of info.sections) {
    const change = left.get(section.id)
    left.delete(section.id)
    const before = section.id === Section.CUSTOM ? [] : missing(ORDER.indexOf(section.id))
    if (before.length > 0) replace(section.header, section.header, before)
    if (change !== undefined) replace(section.header, section.end, change.removed === true ? [] : sectionOf(section.id, change.body ?? edited(bytes, section, change)))
  }
  const behind = missing(ORDER.length)
  if (behind.length > 0) replace(bytes.length, bytes.length, behind)
  return joined(bytes, parts, done, spare)
}

/** `parts`, then the module's bytes from `rest` on. */
function joined (bytes: Uint8Array, parts: Uint8Array[], rest: number, spare: number): Uint8Array {
  const head = Buffer.concat(parts)
  const room = rest + Math.min(spare, bytes.byteOffset)
  if (spare === 0 || head.length > room) return Buffer.concat([head, bytes.subarray(rest)])
  const start = bytes.byteOffset + rest - head.length
  const moved = new Uint8Array(bytes.buffer, start, bytes.byteOffset + bytes.length - start)
  moved.set(head)
  return moved
}

function edited (bytes: Uint8Array, section: SectionInfo, { edits = [], entries = [] }: SectionChange): Uint8Array[] {
  const all = [...edits]
  if (entries.length > 0) {
    const reader = new BinaryReader(bytes, section.start, section.end)
    const count = reader.u32()
    all.push({ start: section.start, end: reader.offset, bytes: Uint8Array.from(leb(count + entries.length)) })
  }
  const body: Uint8Array[] = []
  let from = section.start
  for (const edit of all.sort((a, b) => a.start - b.start)) {
    body.push(bytes.subarray(from, edit.start), edit.bytes)
    from = edit.end
  }
  body.push(bytes.subarray(from, section.end), ...entries)
  return body
}

function sectionOf (id: number, body: Uint8Array[]): Uint8Array[] {
  const length = body.reduce((sum, part) => sum + part.length, 0)
  return [Uint8Array.from([id, ...leb(length)]), ...body]
}
