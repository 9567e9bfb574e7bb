/** One job while it runs: its children, what it waits for, and what it tells its record. */
import type { CorebrumError, ErrorCode } from '../errors.ts'
import type { AnyDefinition } from '../task/definition.ts'
import type { HistoryEvent } from '../task/history.ts'
import type { JobProgress, TaskRecord } from '../task/state.ts'
import { childId } from '../task/task-id.ts'
import type { Value } from '../task/values.ts'
import type { ChildJobOptions, PreparedJob, RunningJob } from './job-kind.ts'
import type { JobTasks } from './ports.ts'

export interface LiveJobComponents {
  tasks: JobTasks
  /** Starts a task or a job of this id. */
  child: (id: string, definition: AnyDefinition, inputs: Record<string, Value>, options: ChildJobOptions) => Promise<void>
  cancelChild: (id: string, message: string) => void
  save: (job: LiveJob) => Promise<number>
}

export class LiveJob implements RunningJob {
  readonly id: string
  readonly kind: JobProgress['kind']
  readonly prepared: PreparedJob
  readonly createdAtMs: number
  readonly resumed: boolean
  readonly volatile: boolean
  /** Children that were submitted, now or before a restart, and have not ended as far as the job has asked. */
  readonly open = new Set<number>()
  private readonly components: LiveJobComponents
  private ended = false
  private readonly abort = new AbortController()
  private readonly waits = new Set<(error: Error) => void>()

  constructor (id: string, kind: JobProgress['kind'], prepared: PreparedJob, init: { createdAtMs: number, resumed: boolean, volatile: boolean }, components: LiveJobComponents) {
    this.id = id
    this.kind = kind
    this.prepared = prepared
    this.createdAtMs = init.createdAtMs
    this.resumed = init.resumed
    this.volatile = init.volatile
    this.components = components
  }

  get signal (): AbortSignal {
    return this.abort.signal
  }

  childId (number: number): string {
    return childId(this.id, number)
  }

  async submit (number: number, definition: AnyDefinition, inputs: Record<string, Value>, options: ChildJobOptions = {}): Promise<void> {
    this.signal.throwIfAborted()
    this.open.add(number)
    try {
      await this.components.child(this.childId(number), definition, inputs, options)
    } catch (error) {
      this.open.delete(number)
      throw error
    }
    // The job has ended meanwhile, when there was nothing to cancel yet.
    if (this.ended) this.components.cancelChild(this.childId(number), 'the job that it belongs to has ended')
    this.signal.throwIfAborted()
  }

  async done (number: number): Promise<TaskRecord> {
    const record = await this.until(this.components.tasks.done(this.childId(number)))
    this.open.delete(number)
    return record
  }

  async find (number: number): Promise<TaskRecord | undefined> {
    return await this.until(this.components.tasks.find(this.childId(number)))
  }

  cancel (number: number, message: string): void {
    this.components.cancelChild(this.childId(number), message)
  }

  async refuse (number: number, name: string, { code, message }: { code: ErrorCode, message: string }): Promise<void> {
    const { tasks } = this.components
    const id = this.childId(number)
    if (await this.find(number) !== undefined) return
    tasks.add(id, name)
    await this.until(tasks.apply(id, { type: code === 'ERR_CANCELLED' ? 'cancelled' : 'failed', failure: { code, message, by: tasks.peerId }, atMs: Date.now() }))
  }

  until<T> (promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.signal.aborted) reject(this.signal.reason)
      this.waits.add(reject)
      promise.then(resolve, reject).finally(() => { this.waits.delete(reject) })
    })
  }

  sleep (ms: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    return this.until(new Promise<void>((resolve) => { timer = setTimeout(resolve, ms) })).finally(() => { clearTimeout(timer) })
  }

  /** It runs from when it was submitted, whatever restarts there were. */
  progress (progress: Omit<JobProgress, 'kind'>): void {
    if (!this.signal.aborted) void this.components.tasks.apply(this.id, { type: 'progressed', job: { kind: this.kind, ...progress }, atMs: this.createdAtMs })
  }

  note ({ atMs = Date.now(), ...event }: Omit<HistoryEvent, 'atMs'> & { atMs?: number | undefined }): void {
    if (!this.signal.aborted) void this.components.tasks.apply(this.id, { type: 'noted', event: { atMs, ...event } })
  }

  async save (): Promise<number> {
    return await this.until(this.components.save(this))
  }

  /** Nothing goes on after it; with `ended` it has, and else it will after a restart. */
  close (reason: CorebrumError, { ended }: { ended: boolean }): void {
    this.ended = ended
    this.abort.abort(reason)
    for (const reject of this.waits) reject(reason)
  }
}
