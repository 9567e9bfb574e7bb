/** A job of before a restart that cannot be had for now, as when too many files are open: it is tried again until it goes on, or cannot. */
import { toCorebrumError, type CorebrumError } from '../errors.ts'
import { Bell } from './bell.ts'
import type { JobEnd, PreparedJob, RunningJob } from './job-kind.ts'
import { JOB_RETRY_MAX_MS, JOB_RETRY_MIN_MS } from './limits.ts'
import { isPassing } from './map/job-error.ts'

export interface AwaitedJobComponents {
  name: string
  /** What is kept of it, as it is. */
  saved: unknown
  /** Why it cannot be had. */
  error: CorebrumError
  /** The job itself. Rejects as that did, or with what it ends with. */
  restore: () => Promise<PreparedJob>
  log: (message: string) => void
  /** It can go on, and its deadline is known. */
  onReady: () => void
}

export class AwaitedJob implements PreparedJob {
  readonly name: string
  private readonly components: AwaitedJobComponents
  private job: PreparedJob | undefined
  private released = false
  /** Rung when the job is there. */
  private readonly bell = new Bell()

  constructor (components: AwaitedJobComponents) {
    this.components = components
    this.name = components.name
  }

  get deadlineMs (): number | undefined {
    return this.job?.deadlineMs
  }

  saved (): unknown {
    return this.job === undefined ? this.components.saved : this.job.saved()
  }

  release (): void {
    this.released = true
    this.job?.release()
  }

  /** Somebody has got it meanwhile; false when it has gone on already. */
  give (job: PreparedJob): boolean {
    if (this.job !== undefined || this.released) return false
    this.job = job
    this.bell.ring()
    return true
  }

  async run (job: RunningJob): Promise<JobEnd> {
    const { error, log, onReady } = this.components
    log(`job ${job.id} cannot go on yet, and is tried again: ${error.message}`)
    job.progress({ done: 0, failed: 0 })
    job.note({ kind: 'waiting', detail: error.message })
    for (let waitMs = JOB_RETRY_MIN_MS; this.job === undefined; waitMs = Math.min(JOB_RETRY_MAX_MS, 2 * waitMs)) {
      await job.until(this.bell.within(waitMs))
      if (this.job === undefined) await this.tryAgain()
    }
    log(`job ${job.id} goes on`)
    onReady()
    return await this.job.run(job)
  }

  private async tryAgain (): Promise<void> {
    try {
      const job = await this.components.restore()
      if (!this.give(job)) job.release()
    } catch (thrown) {
      const error = toCorebrumError(thrown)
      if (!isPassing(error)) throw error
    }
  }
}
