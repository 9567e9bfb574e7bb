/** How long calls of a function took lately: what decides whether several are handed to a sandbox at once. */
import { LRUCache } from 'lru-cache'
import { FAST_CALL_MS, MAX_SLOT_BACKLOG_MS, MAX_WARM_PROGRAMS } from './limits.ts'

/** What a call costs a sandbox besides its own run time, milliseconds. */
const OVERHEAD_MS = 0.02
/** A slower run than expected counts at once, a faster one by and by. */
const WEIGHT_UP = 0.5
const WEIGHT_DOWN = 0.1

export class Costs {
  private readonly byProgram = new LRUCache<string, number>({ max: MAX_WARM_PROGRAMS })

  /** Expected run time; a function that was not seen yet may take any time, so it fills a backlog. */
  estimateMs (program: string): number {
    return (this.byProgram.get(program) ?? MAX_SLOT_BACKLOG_MS) + OVERHEAD_MS
  }

  isFast (estimateMs: number): boolean {
    return estimateMs < FAST_CALL_MS
  }

  note (program: string, wallMs: number): void {
    const before = this.byProgram.get(program)
    if (before === undefined) this.byProgram.set(program, wallMs)
    else this.byProgram.set(program, before + (wallMs - before) * (wallMs > before ? WEIGHT_UP : WEIGHT_DOWN))
  }
}
