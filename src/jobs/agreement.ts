/**
 * Agreement: the task runs as `<id>-0` and so on, each on another peer, and ends with what a quorum of them has. What is kept of
 * it is the definition and the inputs: after a restart it counts the replicas that have ended, and goes on with the others.
 */
import { CorebrumError } from '../errors.ts'
import { bindInputs, declareInputs } from '../task/bind.ts'
import { isPipeline, type AgreementSpec, type TaskDefinition, type TaskPolicy } from '../task/definition.ts'
import type { TaskRecord } from '../task/state.ts'
import type { Value } from '../task/values.ts'
import { asBoolean, asRecord } from '../wire/shape.ts'
import type { AgreedResults } from '../roles/receipts/agreed-results.ts'
import type { Reputation } from '../roles/submitter/reputation.ts'
import { createBallots, declaredOf, type Ballots } from './ballots.ts'
import type { JobEnd, JobKind, JobOptions, PreparedJob, RunningJob } from './job-kind.ts'
import type { JobTasks } from './ports.ts'
import { policyFromSaved, taskFromSaved, taskToSaved, valuesFromSaved } from './saved-definition.ts'

export interface AgreementComponents {
  tasks: Pick<JobTasks, 'pin' | 'hold' | 'keepApart'>
  reputation: Pick<Reputation, 'note'>
  /** Absent: every task is run. */
  results?: AgreedResults
}

interface Plan {
  /** Pinned, without what makes a job of it. */
  readonly definition: TaskDefinition
  readonly inputs: Record<string, Value>
  readonly agreement: AgreementSpec
  readonly policy: Partial<TaskPolicy>
  readonly deadlineMs: number | undefined
  readonly noCache: boolean
}

export function createAgreementKind (components: AgreementComponents): JobKind {
  const { tasks } = components
  return {
    kind: 'agreement',
    prepare (definition, inputs, options) {
      if (isPipeline(definition) || definition.agreement === undefined || definition.agreement.replicas === 1) return undefined
      return prepare(definition, definition.agreement, inputs, options, components)
    },
    restore (saved) {
      const fields = asRecord(saved, 'an agreement')
      const whole = taskFromSaved(fields['task'])
      const { agreement } = whole
      if (agreement === undefined) throw new CorebrumError('ERR_PROTOCOL', 'an agreement without replicas')
      const plan = planOf(whole, agreement, valuesFromSaved(fields['inputs'], 'the inputs'), policyFromSaved(fields['policy']), asBoolean(fields['noCache'], 'noCache'))
      return jobOf(plan, tasks.hold(whole), components)
    },
  }
}

async function prepare (written: TaskDefinition, agreement: AgreementSpec, inputs: Record<string, Value>, { baseDir, signal, policy = {}, noCache = false }: JobOptions, components: AgreementComponents): Promise<PreparedJob> {
  const on = policy.on ?? written.on
  if (on !== undefined) throw new CorebrumError('ERR_DEFINITION', `found "on: ${on}" and ${agreement.replicas} replicas, allowed: one of them - replicas run on different peers`)
  await bindInputs(declareInputs(written, inputs), inputs)
  const { definition, release } = await components.tasks.pin(written, { baseDir, ...(signal === undefined ? {} : { signal }) })
  return jobOf(planOf(definition, agreement, inputs, policy, noCache), release, components)
}

/** The deadline is that of the whole: it ends the replicas too. */
function planOf ({ agreement: _agreement, schedule: _schedule, deadlineMs: definedMs, ...definition }: TaskDefinition, agreement: AgreementSpec, inputs: Record<string, Value>, given: Partial<TaskPolicy>, noCache: boolean): Plan {
  const { deadlineMs = definedMs, ...policy } = given
  return { definition, inputs, agreement, policy, deadlineMs, noCache }
}

function jobOf (plan: Plan, release: () => void, components: AgreementComponents): PreparedJob {
  const { definition, inputs, agreement, policy, deadlineMs, noCache } = plan
  const task = { ...definition, agreement, ...(deadlineMs === undefined ? {} : { deadlineMs }) }
  return {
    name: definition.name,
    deadlineMs,
    saved: () => ({ task: taskToSaved(task), inputs, policy, noCache }),
    run: (job) => runAgreement(job, plan, components),
    release,
  }
}

async function runAgreement (job: RunningJob, plan: Plan, components: AgreementComponents): Promise<JobEnd> {
  const { definition, inputs, agreement } = plan
  const results = await job.until(Promise.resolve(components.results?.look(definition, inputs)))
  if (results?.known !== undefined && !plan.noCache && !job.resumed) return reusedEnd(job, results.known)
  const ballots = createBallots(agreement, definition.outputs)
  const records = new Map<number, TaskRecord>()
  await startReplicas(job, plan, components)
  for await (const [number, record] of asTheyEnd(job, agreement.replicas)) {
    records.set(number, record)
    ballots.add(number, record)
    job.progress({ total: agreement.replicas, done: records.size, failed: [...records.values()].filter(({ state }) => state !== 'completed').length })
    const agreed = ballots.agreed()
    if (agreed !== undefined) {
      const end = agreedEnd(job, plan, { agreed, ballots, records }, components)
      if (end.ok) results?.keep(job.id)
      return end
    }
    if (!ballots.isOpen()) break
  }
  return { ok: false, code: 'ERR_NO_QUORUM', message: `${agreement.quorum} of ${agreement.replicas} had to have the same result; ${ballots.summary()}` }
}

/** Replicas that had ended before a restart first: whoever ran one of them runs no other. */
async function startReplicas (job: RunningJob, { definition, inputs, agreement, policy }: Plan, { tasks }: AgreementComponents): Promise<void> {
  const numbers = Array.from({ length: agreement.replicas }, (_, number) => number)
  if (job.resumed) {
    for (const number of numbers) {
      const worker = (await job.find(number))?.worker
      if (worker !== undefined) tasks.keepApart(job.id, worker)
    }
  }
  for (const number of numbers) await job.submit(number, definition, inputs, { policy, apart: job.id, noCache: true })
}

/** The final record of each replica, in the order in which they end. Rejects as `RunningJob.done`. */
async function * asTheyEnd (job: RunningJob, replicas: number): AsyncGenerator<[number, TaskRecord]> {
  const waiting = new Map(Array.from({ length: replicas }, (_, number) => [number, job.done(number).then((record): [number, TaskRecord] => [number, record])]))
  try {
    while (waiting.size > 0) {
      const next = await Promise.race(waiting.values())
      waiting.delete(next[0])
      yield next
    }
  } finally {
    for (const rest of waiting.values()) rest.catch(() => {})
  }
}

function agreedEnd (job: RunningJob, { agreement, definition }: Plan, { agreed, ballots, records }: { agreed: readonly number[], ballots: Ballots, records: ReadonlyMap<number, TaskRecord> }, { reputation }: AgreementComponents): JobEnd {
  const workersOf = (numbers: readonly number[]): string[] => numbers.flatMap((number) => records.get(number)?.worker ?? [])
  const differed = workersOf(ballots.differing(agreed))
  for (const peer of workersOf(agreed)) job.note({ kind: 'agreed', peer })
  for (const peer of differed) {
    job.note({ kind: 'differed', peer })
    reputation.note(peer, 'differed')
  }
  for (let number = 0; number < agreement.replicas; number++) {
    if (!records.has(number)) job.cancel(number, `${agreed.length} of ${agreement.replicas} replicas have agreed`)
  }
  const first = records.get(Math.min(...agreed))
  if (first === undefined) throw new CorebrumError('ERR_INTERNAL', 'the agreed replica has no record')
  const { worker, outputs, usage, logs, failure } = first
  const who = { ...(worker === undefined ? {} : { worker }), ...(usage === undefined ? {} : { usage }), logs }
  if (outputs === undefined) {
    return { ok: false, code: failure?.code ?? 'ERR_INTERNAL', message: `${agreed.length} of ${agreement.replicas} replicas failed alike: ${failure?.message ?? ''}`, by: worker ?? '', ...who }
  }
  // What else the first of them sent, nobody else was asked about.
  return { ok: true, outputs: declaredOf(outputs, definition.outputs), ...who, ...(differed.length === 0 ? {} : { more: { differed } }) }
}

/** A result that is known answers for all replicas. */
function reusedEnd (job: RunningJob, { id, worker, outputs = {}, usage, logs, receipt }: TaskRecord): JobEnd {
  job.note({ kind: 'reused', detail: id, ...(worker === undefined ? {} : { peer: worker }) })
  return { ok: true, outputs, logs, ...(worker === undefined ? {} : { worker }), ...(usage === undefined ? {} : { usage }), more: { reusedFrom: id, ...(receipt === undefined ? {} : { receipt }) } }
}
