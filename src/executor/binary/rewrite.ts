/** Caps what a module may grow to: rewrites the declared maxima of its memories and tables, also of imported ones. */
import { MAX_TABLE_ENTRIES } from '../../limits.ts'
import type { Limits, ModuleInfo } from './module-info.ts'
import { leb } from './reader.ts'

interface Edit { start: number, end: number, bytes: number[] }

/**
 * The module's bytes with no memory above `maxPages` (of 64 KiB) and no table above MAX_TABLE_ENTRIES.
 * Only the sections that hold those limits change; the same bytes come back when nothing is over.
 * Expects what `checkModule` has passed: no minimum is above its cap.
 */
export function capModule (bytes: Uint8Array, info: ModuleInfo, maxPages: number): Uint8Array {
  const edits = [
    ...info.memories.flatMap((limits) => capped(limits, BigInt(maxPages))),
    ...info.tables.flatMap((limits) => capped(limits, BigInt(MAX_TABLE_ENTRIES))),
  ].sort((a, b) => a.start - b.start)
  if (edits.length === 0) return bytes

  const parts: Uint8Array[] = [bytes.subarray(0, 8)]
  for (const section of info.sections) {
    const own = edits.filter((edit) => edit.start >= section.start && edit.end <= section.end)
    if (own.length === 0) {
      parts.push(bytes.subarray(section.header, section.end))
      continue
    }
    const body: Uint8Array[] = []
    let from = section.start
    for (const edit of own) {
      body.push(bytes.subarray(from, edit.start), Uint8Array.from(edit.bytes))
      from = edit.end
    }
    body.push(bytes.subarray(from, section.end))
    parts.push(Uint8Array.from([section.id, ...leb(totalLength(body))]), ...body)
  }
  return concatenate(parts)
}

function capped (limits: Limits, cap: bigint): Edit[] {
  if (limits.max !== undefined && limits.max <= cap) return []
  return [{ start: limits.start, end: limits.end, bytes: [0x01, ...leb(limits.min), ...leb(cap)] }]
}

function totalLength (parts: Uint8Array[]): number {
  return parts.reduce((sum, part) => sum + part.length, 0)
}

function concatenate (parts: Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(totalLength(parts))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
