/**
 * The programs that both ends of a work stream remember. Each forgets the one named longest ago first, within the same bounds, so
 * that a submitter knows which of them a lease may name.
 */
import { LRUCache } from 'lru-cache'
import { MAX_STREAM_PROGRAMS, MAX_STREAM_PROGRAM_BYTES } from '../limits.ts'

/** By digest. `set` must be given the size: see programBytes. */
export type ProgramMemory<T extends NonNullable<unknown>> = LRUCache<string, T>

export function programMemory<T extends NonNullable<unknown>> (): ProgramMemory<T> {
  return new LRUCache({ max: MAX_STREAM_PROGRAMS, maxSize: MAX_STREAM_PROGRAM_BYTES })
}
