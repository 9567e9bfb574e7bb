/** The executor: a fixed number of sandbox processes, a bounded queue before them, a spare one behind them. */
import { availableParallelism } from 'node:os'
import Denque from 'denque'
import { CorebrumError, toCorebrumError, type ErrorCode } from '../errors.ts'
import { DEFAULT_MEMORY_LIMIT_BYTES, MAX_EXECUTOR_QUEUE, MAX_MODULE_BYTES } from '../limits.ts'
import { MAX_SLOT_BACKLOG, MAX_SLOT_BACKLOG_MS, SLOW_CALL_MS } from './limits.ts'
import type { Program } from '../task/program.ts'
import { answerRequest } from './answer-request.ts'
import { CallError } from './call-error.ts'
import { Costs } from './cost.ts'
import type { Call, CallResult, Executor, ExecutorComponents, ExecutorInit, RunOptions } from './executor.ts'
import { Job } from './job.ts'
import { type Launcher, createLauncher } from './launch.ts'
import { PreparedProgram } from './programs.ts'
import type { Report } from './protocol.ts'
import type { Sandbox, SandboxOwner } from './sandbox.ts'
import { Slots } from './slots.ts'

/** Sandboxes that may die under one call before it fails. */
const MAX_CRASHES = 2

/** Makes an executor; nothing runs before `start`. `findLauncher` says how sandbox processes are started. */
export function createExecutor (components: ExecutorComponents, init: ExecutorInit = {}, findLauncher = createLauncher): Executor {
  return new Pool(components, init, findLauncher)
}

class Pool implements Executor, SandboxOwner {
  readonly slots: number
  private readonly components: ExecutorComponents
  private readonly memoryLimitBytes: number
  private readonly sandboxes: Slots
  private readonly queue = new Denque<Job>()
  /** Every call that has not settled. */
  private readonly jobs = new Set<Job>()
  private readonly prepared = new WeakMap<Program, PreparedProgram>()
  private readonly costs = new Costs()
  private running = false
  /** Keeps the process alive while calls are under way; the sandboxes themselves do not. */
  private keepAlive: NodeJS.Timeout | undefined

  constructor (components: ExecutorComponents, init: ExecutorInit, findLauncher: () => Promise<Launcher>) {
    this.components = components
    this.slots = init.slots ?? Math.max(1, availableParallelism() - 1)
    this.memoryLimitBytes = init.memoryLimitBytes ?? DEFAULT_MEMORY_LIMIT_BYTES
    this.sandboxes = new Slots(this.slots, this.memoryLimitBytes, this, findLauncher)
  }

  get load (): number {
    return this.jobs.size
  }

  async start (): Promise<void> {
    if (this.running) return
    this.running = true
    this.keepAlive = setInterval(() => {}, 2 ** 30).unref()
    try {
      await this.sandboxes.start()
    } catch (error) {
      await this.stop()
      throw error
    }
    this.pump()
  }

  async stop (): Promise<void> {
    if (!this.running) return
    this.running = false
    this.queue.clear()
    for (const job of [...this.jobs]) job.fail(new CorebrumError('ERR_EXECUTOR_STOPPED', 'the executor was stopped before the call ended'))
    this.keepAlive?.ref()
    await this.sandboxes.stop()
    clearInterval(this.keepAlive)
  }

  async run (call: Call, options: RunOptions = {}): Promise<CallResult> {
    if (!this.running) throw new CorebrumError('ERR_EXECUTOR_STOPPED', 'the executor is not running')
    if (options.signal?.aborted === true) throw cancelled()
    if (this.queue.length >= MAX_EXECUTOR_QUEUE) throw new CorebrumError('ERR_QUEUE_FULL', `the executor holds ${this.queue.length} waiting calls, as many as it may`)
    const job: Job = new Job(call, this.prepare(call.program), options, () => this.forget(job, options.signal, abort))
    const abort = (): void => this.cancel(job)
    options.signal?.addEventListener('abort', abort, { once: true })
    options.onCancellable?.((unlessBegun = false) => { if (!unlessBegun || job.isWaiting) this.cancel(job) })
    this.jobs.add(job)
    if (this.jobs.size === 1) this.keepAlive?.ref()
    this.sandboxes.fill()
    this.queue.push(job)
    this.pump()
    return job.done
  }

  onReady (): void {
    this.pump()
  }

  onReport (_sandbox: Sandbox, job: Job, report: Report, cold: boolean): void {
    if (!cold) this.costs.note(job.program.key, report.usage.wallMs)
    job.report(report)
  }

  onRequest (sandbox: Sandbox, job: Job, request: unknown): void {
    void answerRequest(this.components.request, job, request).then((response) => sandbox.respond(response))
  }

  onRoom (): void {
    this.pump()
  }

  onOverdue (sandbox: Sandbox, job: Job): void {
    const limit = job.program.timeLimitMs
    const running = this.retire(sandbox)
    running?.fail(killed(running, 'ERR_TIME_LIMIT', `the call did not end within its time limit of ${limit} ms and was killed`, limit))
    this.pump()
  }

  onSlow (sandbox: Sandbox): void {
    if (sandbox.running?.sandbox !== sandbox || sandbox.running.settled) {
      this.retire(sandbox)
    } else if (this.sandboxes.all.some((other) => isIdle(other))) {
      this.putBack(sandbox.takeBack())
    }
    this.pump()
  }

  onCrash (sandbox: Sandbox, why: string): void {
    const ranMs = sandbox.runningMs(performance.now())
    const running = this.retire(sandbox)
    if (!sandbox.ready) {
      if (running !== undefined) this.putBack([running])
    } else if (running !== undefined && /out of memory|heap limit|allocation failed/i.test(why)) {
      running.fail(killed(running, 'ERR_MEMORY_LIMIT', 'the sandbox ran out of memory under the call', ranMs))
    } else if (running !== undefined && ++running.crashes >= MAX_CRASHES) {
      running.fail(killed(running, 'ERR_SANDBOX_CRASHED', `the sandbox died ${MAX_CRASHES} times under the call: ${why}`, ranMs))
    } else if (running !== undefined) {
      running.again()
      this.putBack([running])
    }
    if (this.sandboxes.broken) {
      this.queue.clear()
      for (const job of [...this.jobs]) job.fail(new CorebrumError('ERR_SANDBOX_CRASHED', `sandbox processes do not start: ${why}`))
    }
    this.pump()
  }

  /** Ends a sandbox and puts another in its place; what it had not begun waits again, at the front. Returns what it ran. */
  private retire (sandbox: Sandbox): Job | undefined {
    const { running, waiting } = sandbox.kill()
    this.sandboxes.replace(sandbox)
    this.putBack(waiting)
    return running
  }

  private putBack (jobs: Job[]): void {
    for (const job of jobs.reverse()) this.queue.unshift(job)
  }

  private prepare (program: Program): PreparedProgram {
    const known = this.prepared.get(program)
    if (known !== undefined) return known
    const prepared = new PreparedProgram(program, this.memoryLimitBytes)
    this.prepared.set(program, prepared)
    return prepared
  }

  private forget (job: Job, signal: AbortSignal | undefined, abort: () => void): void {
    signal?.removeEventListener('abort', abort)
    this.jobs.delete(job)
    if (this.jobs.size === 0) this.keepAlive?.unref()
  }

  private cancel (job: Job): void {
    const { sandbox } = job
    job.fail(cancelled())
    if (sandbox === undefined) {
      for (let index = 0; index < this.queue.length; index++) if (this.queue.peekAt(index) === job) this.queue.removeOne(index)
    } else if (sandbox.running === job) {
      this.retire(sandbox)
      this.pump()
    }
  }

  /** Hands out what waits, in order, for as long as there is a sandbox for the first. */
  private pump (): void {
    for (let job = this.queue.peekFront(); job !== undefined && this.running; job = this.queue.peekFront()) {
      const estimateMs = this.costs.estimateMs(job.program.key)
      const sandbox = this.choose(job, estimateMs)
      if (sandbox === undefined) return
      this.queue.shift()
      if (sandbox.warm.useModule(job.program.moduleKey)) sandbox.hand(job, estimateMs, false)
      else this.fetchModule(job, sandbox, estimateMs)
    }
  }

  private choose (job: Job, estimateMs: number): Sandbox | undefined {
    let best: Sandbox | undefined
    let bestScore = Infinity
    const now = performance.now()
    for (const sandbox of this.sandboxes.all) {
      const score = this.score(sandbox, job, estimateMs, now)
      if (score < bestScore) [best, bestScore] = [sandbox, score]
    }
    return best
  }

  /** Smaller is better; Infinity: not now. Idle ones first, those with the module before others, then the shortest backlog. */
  private score (sandbox: Sandbox, job: Job, estimateMs: number, now: number): number {
    if (!sandbox.alive || sandbox.loading) return Infinity
    const warm = sandbox.warm.holdsModule(job.program.moduleKey)
    if (sandbox.backlog === 0) return (warm ? 0 : 1) + (sandbox.ready ? 0 : 2)
    const room = warm && sandbox.ready && this.costs.isFast(estimateMs) && sandbox.backlog < MAX_SLOT_BACKLOG &&
      sandbox.runningMs(now) < SLOW_CALL_MS && sandbox.backlogMs + estimateMs <= MAX_SLOT_BACKLOG_MS
    return room ? 4 + sandbox.backlog : Infinity
  }

  /** Gets the module for a sandbox that does not hold it; meanwhile the sandbox takes no other call. */
  private fetchModule (job: Job, sandbox: Sandbox, estimateMs: number): void {
    const { cid, moduleKey, maxPages } = job.program
    sandbox.loading = true
    job.sandbox = sandbox
    this.components.loadModule(cid).then((bytes) => {
      if (bytes.length > MAX_MODULE_BYTES) throw new CorebrumError('ERR_MODULE_TOO_LARGE', `the module has ${bytes.length} bytes; ${MAX_MODULE_BYTES} are allowed`)
      job.sandbox = undefined
      if (job.settled) return
      if (!sandbox.alive) {
        this.putBack([job])
        return
      }
      sandbox.addModule(moduleKey, maxPages, bytes)
      sandbox.hand(job, estimateMs, true)
    }).catch((error: unknown) => job.fail(toCorebrumError(error, 'ERR_MODULE_NOT_FOUND'))).finally(() => {
      sandbox.loading = false
      this.pump()
    })
  }
}

/** The error of a call that went with its sandbox: what it used besides time, nobody can tell. */
function killed (job: Job, code: ErrorCode, message: string, wallMs: number): CallError {
  return new CallError(code, message, { logs: job.logs, usage: { wallMs, moduleBytes: job.call.program.module.size } })
}

function isIdle (sandbox: Sandbox): boolean {
  return sandbox.alive && sandbox.backlog === 0 && !sandbox.loading
}

function cancelled (): CorebrumError {
  return new CorebrumError('ERR_CANCELLED', 'the call was cancelled')
}
