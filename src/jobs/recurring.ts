/** Recurring tasks: a run every interval, `<id>-0` and so on, until its user cancels it or as many have ended as were asked for. */
import { toCorebrumError } from '../errors.ts'
import { MAX_INTERVAL_MS, MIN_INTERVAL_MS } from '../limits.ts'
import type { AnyDefinition, ScheduleSpec, TaskPolicy } from '../task/definition.ts'
import { formatJson } from '../task/json.ts'
import { isFinal } from '../task/state.ts'
import { MAX_CHILD_NUMBER } from '../task/task-id.ts'
import type { Mapping, Value } from '../task/values.ts'
import { asBoolean, asInteger, asRecord } from '../wire/shape.ts'
import type { JobEnd, JobKind, JobOptions, PreparedJob, RunningJob } from './job-kind.ts'
import { checkedInputs } from './pipeline.ts'
import { holdAny, pinAny } from './pin.ts'
import type { JobTasks } from './ports.ts'
import { optional, policyFromSaved, valuesFromSaved } from './saved-definition.ts'
import { definitionFromSaved, definitionToSaved } from './saved-pipeline.ts'

/** Up to so much is kept anew after each run, and more after every so many. */
const SMALL_BYTES = 64 * 1024
const RUNS_PER_SAVE = 16

interface Spec {
  definition: AnyDefinition
  schedule: ScheduleSpec
  inputs: Mapping
  policy: Partial<TaskPolicy>
  noCache: boolean
  /** Number of the run that is under way, or comes next. */
  next: number
  failed: number
}

export function createRecurringKind (tasks: Pick<JobTasks, 'pin' | 'hold'>): JobKind {
  return {
    kind: 'recurring',
    prepare (written, inputs, options) {
      // Before anything is copied: every task that is submitted passes here.
      if (written.schedule === undefined) return undefined
      const { schedule, ...definition } = written
      return prepare(definition, schedule, inputs, options)
    },
    restore (saved) {
      const { definition: kept, schedule, inputs, policy, noCache, next, failed } = asRecord(saved, 'recurring')
      const definition = definitionFromSaved(kept)
      return prepared({
        definition,
        schedule: scheduleFromSaved(schedule),
        inputs: valuesFromSaved(inputs, 'recurring.inputs'),
        policy: policyFromSaved(policy),
        noCache: asBoolean(noCache, 'recurring.noCache'),
        next: asInteger(next, 'recurring.next', 0, MAX_CHILD_NUMBER),
        failed: asInteger(failed, 'recurring.failed', 0, MAX_CHILD_NUMBER),
      }, holdAny(definition, tasks))
    },
  }

  async function prepare (written: AnyDefinition, schedule: ScheduleSpec, inputs: Record<string, Value>, { baseDir, signal, policy = {}, noCache = false }: JobOptions): Promise<PreparedJob> {
    await checkedInputs(written, inputs)
    const { definition, release } = await pinAny(written, tasks, { baseDir, ...(signal === undefined ? {} : { signal }) })
    return prepared({ definition, schedule, inputs, policy, noCache, next: 0, failed: 0 }, release)
  }
}

function scheduleFromSaved (raw: unknown): ScheduleSpec {
  const { intervalMs, maxRuns } = asRecord(raw, 'schedule')
  return { intervalMs: asInteger(intervalMs, 'schedule.interval', MIN_INTERVAL_MS, MAX_INTERVAL_MS), ...optional('maxRuns', maxRuns, (value) => asInteger(value, 'schedule.runs', 1, Number.MAX_SAFE_INTEGER)) }
}

function prepared (spec: Spec, release: () => void): PreparedJob {
  const { definition, schedule, inputs, policy, noCache } = spec
  return {
    name: definition.name,
    saved: () => ({ definition: definitionToSaved(definition), schedule: { ...schedule }, inputs, policy, noCache, next: spec.next, failed: spec.failed }),
    run: (job) => run(spec, job),
    release,
  }
}

async function run (spec: Spec, job: RunningJob): Promise<JobEnd> {
  const { definition, schedule: { intervalMs, maxRuns = Infinity }, inputs, policy, noCache } = spec
  let last: Mapping = {}
  let worker: string | undefined
  let keptBytes = 0
  if (job.resumed) {
    await passEnded(spec, job)
    const before = spec.next === 0 ? undefined : await job.find(spec.next - 1)
    if (before?.outputs !== undefined) [last, worker] = [before.outputs, before.worker]
  }
  const progress = (): void => { job.progress({ ...(maxRuns === Infinity ? {} : { total: maxRuns }), done: spec.next, failed: spec.failed }) }
  progress()
  while (spec.next < Math.min(maxRuns, MAX_CHILD_NUMBER)) {
    const begunMs = performance.now()
    const { outputs, by, problem } = await once(spec.next)
    if (outputs !== undefined) [last, worker] = [outputs, by]
    else spec.failed++
    job.note({ kind: 'step', detail: `run ${spec.next}: ${outputs === undefined ? problem : formatJson(outputs)}` })
    spec.next++
    // Where there is much to keep it is not written for every run: what has run since is found by its ids.
    if (keptBytes < SMALL_BYTES || spec.next % RUNS_PER_SAVE === 0) keptBytes = await saved()
    progress()
    // A run that took longer than the interval has delayed the next one; what it missed is not made up for.
    if (spec.next < maxRuns) await job.sleep(Math.max(0, intervalMs - (performance.now() - begunMs)))
  }
  return { ok: true, outputs: last, ...(worker === undefined ? {} : { worker }) }

  /** On a full disk it is written when there is room; that ends nothing. */
  async function saved (): Promise<number> {
    return await job.save().catch(() => {
      job.signal.throwIfAborted()
      return keptBytes
    })
  }

  /** A run that fails does not end the others. */
  async function once (number: number): Promise<{ outputs?: Mapping, by?: string, problem: string }> {
    try {
      await job.submit(number, definition, inputs, { policy, noCache })
    } catch (error) {
      job.signal.throwIfAborted()
      const { code, message } = toCorebrumError(error)
      await job.refuse(number, definition.name, { code, message })
      return { problem: `${code}: ${message}` }
    }
    const { state, outputs, worker: by, failure } = await job.done(number)
    if (state === 'completed' && outputs !== undefined) return { outputs, problem: '', ...(by === undefined ? {} : { by }) }
    return { problem: failure === undefined ? state : `${failure.code}: ${failure.message}` }
  }
}

/**
 * Goes past the runs that had ended, and were not kept as that, before the node was stopped. Only the newest of them is sure to
 * be there still: the others may have been deleted as too old or too much.
 */
async function passEnded (spec: Spec, job: RunningJob): Promise<void> {
  for (let number = spec.next + RUNS_PER_SAVE; number > spec.next; number--) {
    const run = await job.find(number - 1)
    if (run === undefined || !isFinal(run.state)) continue
    for (; spec.next < number; spec.next++) {
      const before = await job.find(spec.next)
      if (before !== undefined && before.state !== 'completed') spec.failed++
    }
  }
}
