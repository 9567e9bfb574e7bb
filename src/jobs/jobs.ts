/**
 * Jobs: tasks that are made of others, `<id>-0` and so on. This starts them, keeps in the journal what each kind needs to go on,
 * starts them again after a restart, and ends them; what they do in between is their kind's (`job-kind.ts`).
 */
import { randomUUID } from 'node:crypto'
import { CorebrumError, toCorebrumError } from '../errors.ts'
import type { TaskJournal } from '../roles/journal.ts'
import { isPipeline, type AnyDefinition } from '../task/definition.ts'
import { durationText } from '../task/duration.ts'
import { isFinal, type JobProgress, type TaskEvent } from '../task/state.ts'
import { MAX_ID_LEVELS, parentId, splitTaskId } from '../task/task-id.ts'
import { NO_USAGE } from '../task/usage.ts'
import type { Value } from '../task/values.ts'
import { broken } from '../wire/shape.ts'
import { atTime } from './at-time.ts'
import { AwaitedJob } from './awaited-job.ts'
import type { ChildJobOptions, JobEnd, JobKind, JobOptions, PreparedJob } from './job-kind.ts'
import { LiveJob } from './live-job.ts'
import { isPassing } from './map/job-error.ts'
import type { JobTasks } from './ports.ts'
import { savedJobFromBytes, savedJobToBytes } from './saved-job.ts'

export interface Jobs {
  /** Starts the job that `definition` asks for, and resolves with its id once it is kept; undefined, at once, for a plain task. Rejects as `Node.submit`. */
  start (definition: AnyDefinition, inputs: Record<string, Value>, options: JobOptions): Promise<string> | undefined
  /** Starts a job that was made otherwise. Rejects with ERR_QUEUE_FULL, ERR_JOURNAL, ERR_CANCELLED; it is then released. */
  begin (kind: JobProgress['kind'], job: PreparedJob, options?: { id?: string, volatile?: boolean, signal?: AbortSignal }): Promise<string>
  /** Goes on with every job that the journal has. Called once, when its tasks are known again. Rejects with ERR_JOURNAL. */
  resume (): Promise<void>
  /** False when there is no such job, or it has ended. */
  cancel (id: string, message?: string): boolean
  /** Runs nothing more. With `end`, because nothing of it would be there after a restart, jobs end as cancelled. */
  stop (options: { end: boolean }): void
}

export interface JobsComponents {
  tasks: JobTasks
  journal: Pick<TaskJournal, 'saveJob' | 'dropJob' | 'jobs'>
  /** Where several would do, the first one takes a definition. */
  kinds: readonly JobKind[]
  log?: (message: string) => void
}

export function createJobs ({ tasks, journal, kinds, log = () => {} }: JobsComponents): Jobs {
  const live = new Map<string, LiveJob>()
  let stopped = false

  function start (definition: AnyDefinition, inputs: Record<string, Value>, options: JobOptions): Promise<string> | undefined {
    return asked(definition, inputs, options, {})
  }

  /** The job that the definition asks for, begun; undefined where it asks for none. */
  function asked (definition: AnyDefinition, inputs: Record<string, Value>, options: JobOptions, how: { id?: string, volatile?: boolean }): Promise<string> | undefined {
    for (const { kind, prepare } of kinds) {
      const prepared = prepare?.(definition, inputs, options)
      if (prepared !== undefined) return prepared.then((job) => begin(kind, job, { ...how, ...(options.signal === undefined ? {} : { signal: options.signal }) }))
    }
    return undefined
  }

  async function begin (kind: JobProgress['kind'], prepared: PreparedJob, { id = randomUUID(), volatile = false, signal }: { id?: string, volatile?: boolean, signal?: AbortSignal } = {}): Promise<string> {
    const awaited = live.get(id)?.prepared
    if (awaited instanceof AwaitedJob && awaited.give(prepared)) return id
    if (awaited !== undefined) throw new CorebrumError('ERR_USAGE', `job ${id} goes on already`)
    const createdAtMs = Date.now()
    const job = new LiveJob(id, kind, prepared, { createdAtMs, resumed: false, volatile }, { tasks, child, cancelChild, save })
    try {
      await save(job)
      if (stopped || signal?.aborted === true) throw new CorebrumError('ERR_CANCELLED', stopped ? 'this node is stopping and takes no more tasks' : 'the submit was cancelled')
      tasks.add(id, prepared.name, createdAtMs, volatile)
    } catch (error) {
      if (!volatile) journal.dropJob(id)
      prepared.release()
      throw error
    }
    run(job)
    return id
  }

  async function save ({ id, kind, createdAtMs, volatile, prepared }: LiveJob): Promise<number> {
    if (volatile) return 0
    const bytes = savedJobToBytes({ kind, name: prepared.name, createdAtMs, saved: prepared.saved() })
    await journal.saveJob(id, bytes)
    return bytes.length
  }

  async function child (id: string, definition: AnyDefinition, inputs: Record<string, Value>, options: ChildJobOptions): Promise<void> {
    if (live.has(id)) return
    const known = await tasks.find(id)
    if (known !== undefined && isFinal(known.state)) return
    const { policy, noCache, volatile } = options
    // Its files are in the store already: there is no folder that it could name others in.
    const nested = asked(definition, inputs, { baseDir: '', ...(policy === undefined ? {} : { policy }), ...(noCache === undefined ? {} : { noCache }) }, { id, ...(volatile === undefined ? {} : { volatile }) })
    if (nested !== undefined) {
      if ((splitTaskId(id)?.numbers.length ?? 0) >= MAX_ID_LEVELS) throw new CorebrumError('ERR_DEFINITION', `jobs stand inside of jobs more than ${MAX_ID_LEVELS} levels deep`)
      await nested
    } else if (isPipeline(definition)) throw new CorebrumError('ERR_INTERNAL', 'no kind of job takes a pipeline')
    else await tasks.submit(definition, inputs, { ...options, id })
  }

  function cancelChild (id: string, message: string): void {
    if (!cancel(id, message)) tasks.cancel(id, message)
  }

  function cancel (id: string, message = 'the task was cancelled'): boolean {
    const job = live.get(id)
    if (job === undefined) return false
    void end(job, { ok: false, code: 'ERR_CANCELLED', message })
    return true
  }

  function run (job: LiveJob): void {
    live.set(job.id, job)
    watchDeadline(job)
    if (live.get(job.id) !== job) return
    void job.until(job.prepared.run(job)).then((how) => end(job, how), (thrown: unknown) => {
      const { code, message } = toCorebrumError(thrown)
      return end(job, { ok: false, code, message })
    })
  }

  /** The first end counts; what it has left running is cancelled. Never rejects; a job goes on after a restart until its end is on disk. */
  async function end (job: LiveJob, how: JobEnd): Promise<void> {
    if (live.get(job.id) !== job) return
    live.delete(job.id)
    job.close(new CorebrumError('ERR_CANCELLED', how.ok ? 'the job has ended' : how.message), { ended: true })
    for (const number of job.open) cancelChild(job.childId(number), how.ok ? `${job.id}, which it belongs to, has ended` : `${job.id}, which it belongs to, ended: ${how.message}`)
    job.prepared.release()
    await finish(job.id, how)
    if (!job.volatile) journal.dropJob(job.id)
  }

  async function finish (id: string, how: JobEnd): Promise<void> {
    await tasks.apply(id, eventOf(how, tasks.peerId))
  }

  function watchDeadline (job: LiveJob): void {
    const { deadlineMs } = job.prepared
    if (deadlineMs === undefined) return
    job.signal.addEventListener('abort', atTime(job.createdAtMs + deadlineMs, () => {
      void end(job, { ok: false, code: 'ERR_DEADLINE', message: `it had not ended ${durationText(deadlineMs)} after it was submitted` })
    }), { once: true })
  }

  /** A job of before the restart; undefined when it has ended, or ends because what was kept of it is damaged. */
  async function restored (id: string, bytes: Uint8Array): Promise<LiveJob | undefined> {
    let kind: JobProgress['kind'] | undefined
    let shown = false
    try {
      const { name, createdAtMs, saved, kind: named } = savedJobFromBytes(bytes)
      kind = named
      const maker = kinds.find((one) => one.kind === named)
      if (maker === undefined) throw broken(`a job of the kind ${named}`)
      const restore = async (): Promise<PreparedJob> => {
        if (!shown && await hasEnded(id)) throw new CorebrumError('ERR_CANCELLED', 'it had ended before')
        if (!shown) tasks.addAgain(id, name, createdAtMs)
        shown = true
        return await maker.restore(saved)
      }
      const prepared = await restore().catch((thrown: unknown): PreparedJob => {
        const error = toCorebrumError(thrown)
        if (!isPassing(error)) throw error
        return new AwaitedJob({ name, saved, error, restore, log, onReady: () => { watchDeadline(job) } })
      })
      const job = new LiveJob(id, named, prepared, { createdAtMs, resumed: true, volatile: false }, { tasks, child, cancelChild, save })
      return job
    } catch (thrown) {
      if (!shown && await hasEnded(id).catch((error: unknown) => !isPassing(toCorebrumError(error)))) journal.dropJob(id)
      else {
        if (!shown) tasks.addAgain(id, 'unknown', Date.now())
        giveUp(id, kind, toCorebrumError(thrown).message)
      }
      return undefined
    }
  }

  /** Its end is in the journal, and what it would go on from is not needed. Rejects with ERR_JOURNAL, also when its outputs are gone. */
  async function hasEnded (id: string): Promise<boolean> {
    const known = await tasks.find(id)
    return known !== undefined && isFinal(known.state)
  }

  /** With its kind, which says what else of it is to be removed one day. */
  function giveUp (id: string, kind: JobProgress['kind'] | undefined, reason: string): void {
    const message = `what was kept of this job cannot be read, and it does not go on: ${reason}`
    log(`job ${id}: ${message}`)
    if (kind !== undefined) void tasks.apply(id, { type: 'progressed', job: { kind, done: 0, failed: 0 }, atMs: Date.now() })
    void finish(id, { ok: false, code: 'ERR_JOURNAL', message }).then(() => { journal.dropJob(id) })
  }

  /**
   * Tasks and jobs of before the restart go with their job, which may end before it has asked for them; those whose job ended right
   * before the node was killed, and took them not along any more, end now.
   */
  function sortParts (): void {
    const parts = tasks.openIds().filter((id) => parentId(id) !== undefined)
    // A job before the jobs among its tasks.
    for (const id of parts.sort((a, b) => a.length - b.length)) {
      const parent = parentId(id) ?? ''
      const number = splitTaskId(id)?.numbers.at(-1)
      const job = live.get(parent)
      if (job === undefined) cancelChild(id, `${parent}, which it belongs to, has ended`)
      else if (number !== undefined) job.open.add(number)
    }
  }

  return {
    start,
    begin,
    async resume () {
      const jobs: LiveJob[] = []
      for await (const { id, bytes } of journal.jobs()) {
        const job = await restored(id, bytes)
        if (job !== undefined) jobs.push(job)
      }
      // All are known before one goes on: a job finds the jobs among its children.
      for (const job of jobs) live.set(job.id, job)
      sortParts()
      for (const job of jobs) {
        if (live.get(job.id) !== job) continue
        job.note({ kind: 'recovered', peer: tasks.peerId })
        run(job)
      }
    },
    cancel,
    stop (options) {
      stopped = true
      tasks.stop()
      if (options.end) for (const id of [...live.keys()]) cancel(id, 'the node that submitted the task was stopped')
      for (const job of live.values()) {
        job.close(new CorebrumError('ERR_CANCELLED', 'this node stops'), { ended: false })
        job.prepared.release()
      }
      live.clear()
    },
  }
}

function eventOf (end: JobEnd, self: string): TaskEvent {
  const atMs = Date.now()
  if (end.ok) {
    const { outputs, worker = self, usage = NO_USAGE, logs = '', more } = end
    return { type: 'completed', worker, outputs, usage, logs, atMs, ...(more === undefined ? {} : { more }) }
  }
  const { code, message, by = self, worker, usage, logs } = end
  const failure = { code, message, by }
  if (code === 'ERR_CANCELLED') return { type: 'cancelled', failure, atMs }
  return { type: 'failed', failure, atMs, ...(worker === undefined ? {} : { worker }), ...(usage === undefined ? {} : { usage }), ...(logs === undefined ? {} : { logs }) }
}
