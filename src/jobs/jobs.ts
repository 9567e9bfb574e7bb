/**
 * Jobs: tasks that are made of others, `<id>-0` and so on. This starts them, keeps in the journal what each kind needs to go on,
 * starts them again after a restart, and ends them; what they do in between is their kind's (`job-kind.ts`).
 */
import { randomUUID } from 'node:crypto'
import { decode, encode } from '../cbor.ts'
import { CorebrumError, toCorebrumError } from '../errors.ts'
import { MAX_JOB_BYTES, MAX_NAME_CHARS } from '../limits.ts'
import type { TaskJournal } from '../roles/journal.ts'
import { isPipeline, type AnyDefinition } from '../task/definition.ts'
import { isFinal, JOB_KINDS, type JobProgress, type TaskEvent } from '../task/state.ts'
import { MAX_ID_LEVELS, splitTaskId } from '../task/task-id.ts'
import { NO_USAGE } from '../task/usage.ts'
import type { Value } from '../task/values.ts'
import { asInteger, asRecord, asText, broken, uint } from '../wire/shape.ts'
import type { ChildJobOptions, JobEnd, JobKind, JobOptions, PreparedJob } from './job-kind.ts'
import type { JobTasks } from './ports.ts'
import { LiveJob } from './live-job.ts'

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

/** Of what is saved; another one is of a later program. */
const SAVED_VERSION = 1
/** Timers of Node hold 31 bits. */
const MAX_TIMER_MS = 0x7fffffff

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
    const bytes = encode({ v: SAVED_VERSION, kind, name: prepared.name, at: uint(createdAtMs), job: prepared.saved() })
    if (bytes.length > MAX_JOB_BYTES) throw new CorebrumError('ERR_INPUT', `the definition and the inputs of ${JSON.stringify(prepared.name)} take ${bytes.length} bytes, allowed: ${MAX_JOB_BYTES} - name large files instead of embedding them, or split the job`)
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
    void job.until(job.prepared.run(job)).then((how) => end(job, how), (thrown: unknown) => {
      const { code, message } = toCorebrumError(thrown)
      return end(job, { ok: false, code, message })
    })
  }

  /** The first end counts; what it has left running is cancelled. Never rejects: what is not on disk goes on after a restart. */
  async function end (job: LiveJob, how: JobEnd): Promise<void> {
    if (live.get(job.id) !== job) return
    live.delete(job.id)
    job.close(new CorebrumError('ERR_CANCELLED', how.ok ? 'the job has ended' : how.message), { ended: true })
    for (const number of job.open) cancelChild(job.childId(number), how.ok ? `${job.id}, which it belongs to, has ended` : `${job.id}, which it belongs to, ended: ${how.message}`)
    try {
      await tasks.apply(job.id, eventOf(how, tasks.peerId))
      if (!job.volatile) journal.dropJob(job.id)
    } catch (error) {
      log(`the end of job ${job.id} is not on disk: ${toCorebrumError(error).message}`)
    } finally {
      job.prepared.release()
    }
  }

  function watchDeadline (job: LiveJob): void {
    const { deadlineMs } = job.prepared
    if (deadlineMs === undefined) return
    const left = job.createdAtMs + deadlineMs - Date.now()
    job.timer = setTimeout(() => {
      if (left > MAX_TIMER_MS) watchDeadline(job)
      else void end(job, { ok: false, code: 'ERR_DEADLINE', message: `it had not ended ${deadlineMs} ms after it was submitted` })
    }, Math.max(0, Math.min(left, MAX_TIMER_MS))).unref()
  }

  async function restored (id: string, bytes: Uint8Array): Promise<LiveJob | undefined> {
    const known = await tasks.find(id)
    if (known !== undefined && isFinal(known.state)) {
      journal.dropJob(id)
      return undefined
    }
    try {
      const { kind, name, createdAtMs, saved } = readSaved(bytes)
      const maker = kinds.find((one) => one.kind === kind)
      if (maker === undefined) throw broken(`a job of the kind ${kind}`)
      const job = new LiveJob(id, kind, await maker.restore(saved), { createdAtMs, resumed: true, volatile: false }, { tasks, child, cancelChild, save })
      if (known === undefined) tasks.add(id, name, createdAtMs)
      return job
    } catch (thrown) {
      const error = toCorebrumError(thrown)
      if (error.code === 'ERR_USAGE') {
        // Another process goes on with it just now; it is no reason to give the job up.
        log(`job ${id}: ${error.message}; this node goes on with it at its next start`)
        return undefined
      }
      const message = `what was kept of this job cannot be read, and it does not go on: ${error.message}`
      log(`job ${id}: ${message}`)
      if (known === undefined) tasks.add(id, 'unknown')
      await tasks.apply(id, eventOf({ ok: false, code: 'ERR_JOURNAL', message }, tasks.peerId))
      journal.dropJob(id)
      return undefined
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
      for (const job of jobs) {
        job.note({ kind: 'recovered', peer: tasks.peerId })
        run(job)
      }
    },
    cancel,
    stop (options) {
      stopped = true
      if (options.end) for (const id of [...live.keys()]) cancel(id, 'the node that submitted the task was stopped')
      for (const job of live.values()) {
        job.close(new CorebrumError('ERR_CANCELLED', 'this node stops'), { ended: false })
        job.prepared.release()
      }
      live.clear()
    },
  }
}

function readSaved (bytes: Uint8Array): { kind: JobProgress['kind'], name: string, createdAtMs: number, saved: unknown } {
  const { v, kind: named, name, at, job } = asRecord(decode(bytes), 'a saved job')
  const kind = JOB_KINDS.find((one) => one === named)
  if (v !== SAVED_VERSION || kind === undefined) throw broken('a saved job')
  return { kind, name: asText(name, 'the name of a job', MAX_NAME_CHARS), createdAtMs: asInteger(at, 'the time of a job', 0, Number.MAX_SAFE_INTEGER), saved: job }
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
