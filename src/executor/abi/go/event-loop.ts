/** What happens while a Go program waits: callbacks in the order in which they were asked for, and timers. All within one blocking call. */
import { CorebrumError } from '../../../errors.ts'
import { MAX_GO_TIMERS } from '../../limits.ts'
import type { Ambient } from '../ambient.ts'

const NS_PER_MS = 1_000_000

interface Timer {
  dueNs: bigint
  job: () => void
  /** Milliseconds after which it fires again, until it is cancelled; absent: it fires once. */
  again?: number
}

export class EventLoop {
  private readonly ambient: Ambient
  private readonly timers = new Map<number, Timer>()
  private jobs: Array<() => void> = []
  private nextTimer = 1

  constructor (ambient: Ambient) {
    this.ambient = ambient
  }

  /** Runs `job` when the program waits again. */
  soon (job: () => void): void {
    this.jobs.push(job)
  }

  /**
   * Runs `job` no earlier than after `milliseconds`: once, or also every `again` milliseconds after that until it is cancelled.
   * Throws ERR_MEMORY_LIMIT when too many timers wait.
   */
  after (milliseconds: number, job: () => void, again?: number): number {
    if (this.timers.size >= MAX_GO_TIMERS) throw new CorebrumError('ERR_MEMORY_LIMIT', `the program set more than ${MAX_GO_TIMERS} timers`)
    const id = this.nextTimer++
    this.timers.set(id, { dueNs: this.due(milliseconds), job, ...(again === undefined ? {} : { again }) })
    return id
  }

  cancel (id: number): void {
    this.timers.delete(id)
  }

  /** Lets time pass until `done`; false when nothing can happen any more before that. */
  run (done: () => boolean): boolean {
    while (!done()) {
      if (this.jobs.length > 0) this.runJobs(done)
      else if (!this.runTimer()) return false
    }
    return true
  }

  private runJobs (done: () => boolean): void {
    const jobs = this.jobs
    this.jobs = []
    for (const [index, job] of jobs.entries()) {
      if (done()) {
        this.jobs = [...jobs.slice(index), ...this.jobs]
        return
      }
      job()
    }
  }

  private runTimer (): boolean {
    let first: [number, Timer] | undefined
    for (const entry of this.timers) {
      if (first === undefined || entry[1].dueNs < first[1].dueNs) first = entry
    }
    if (first === undefined) return false
    const [id, timer] = first
    // A sleep may end early.
    for (let now = this.ambient.monotonicNs(); now < timer.dueNs; now = this.ambient.monotonicNs()) this.ambient.sleep(timer.dueNs - now)
    if (timer.again === undefined) this.timers.delete(id)
    else timer.dueNs = this.due(timer.again)
    timer.job()
    return true
  }

  private due (milliseconds: number): bigint {
    // NaN is no delay, as in JavaScript.
    const delayNs = milliseconds > 0 ? Math.min(milliseconds * NS_PER_MS, Number.MAX_SAFE_INTEGER) : 0
    return this.ambient.monotonicNs() + BigInt(Math.round(delayNs))
  }
}
