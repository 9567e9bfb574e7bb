/** When the journal looks for what it keeps no longer: every now and then, and sooner when it holds far more than it should. */
import { toCorebrumError } from '../../errors.ts'
import type { JournalLog } from '../../journal/database.ts'
import { RETENTION_EARLY_MS, RETENTION_SLACK, RETENTION_SWEEP_MS } from '../../limits.ts'
import type { Keep } from './retention.ts'

export interface SweeperInit {
  sweep: () => Promise<number>
  keep: Keep
  /** Finished tasks, and bytes of what is kept of them. */
  usage: () => { tasks: number, bytes: number }
  log: JournalLog | undefined
  /** Default RETENTION_SWEEP_MS. */
  everyMs: number | undefined
  /** An early sweep begins at least so long after the one before. Default RETENTION_EARLY_MS. */
  earlyMs: number | undefined
}

export class Sweeper {
  private readonly init: SweeperInit
  private timer?: NodeJS.Timeout
  private early?: NodeJS.Timeout
  private sweeping: Promise<number> | undefined
  /** Monotonic milliseconds. */
  private lastAt = 0

  constructor (init: SweeperInit) {
    this.init = init
  }

  start (): void {
    this.lastAt = performance.now()
    this.timer = setInterval(() => { this.sweepQuietly() }, this.init.everyMs ?? RETENTION_SWEEP_MS).unref()
  }

  /** Begins no more sweeps; resolves when one that is under way has ended. */
  async stop (): Promise<void> {
    clearInterval(this.timer)
    clearTimeout(this.early)
    await this.sweeping?.catch(() => {})
  }

  /** How many tasks were deleted. Rejects with ERR_JOURNAL. */
  sweep (): Promise<number> {
    this.lastAt = performance.now()
    this.sweeping ??= this.init.sweep().finally(() => { this.sweeping = undefined })
    return this.sweeping
  }

  /** More is kept than before. */
  grown (): void {
    if (this.early !== undefined || this.timer === undefined) return
    const { keep, usage, earlyMs = RETENTION_EARLY_MS } = this.init
    const { tasks, bytes } = usage()
    if (tasks <= keep.tasks * RETENTION_SLACK && bytes <= keep.bytes * RETENTION_SLACK) return
    this.early = setTimeout(() => {
      this.early = undefined
      this.sweepQuietly()
    }, Math.max(0, this.lastAt + earlyMs - performance.now())).unref()
  }

  private sweepQuietly (): void {
    this.sweep().catch((error: unknown) => { this.init.log?.('warn', toCorebrumError(error).message) })
  }
}
