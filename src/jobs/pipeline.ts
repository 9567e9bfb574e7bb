/** Pipelines: each step begins when what it takes is there, on any worker; the first failure ends the whole. */
import { CorebrumError, toCorebrumError, type ErrorCode } from '../errors.ts'
import { bindInputs, declareInputs } from '../task/bind.ts'
import { planFlow, type DataFlow } from '../task/data-flow.ts'
import { isPipeline, type AnyDefinition, type PipelineDefinition, type StepSpec, type TaskPolicy } from '../task/definition.ts'
import { conditionHolds, inputsOf, type FlowState } from '../task/flow-values.ts'
import type { TaskRecord } from '../task/state.ts'
import { addUsage, NO_USAGE, type Usage } from '../task/usage.ts'
import { quoted, type Mapping, type Value } from '../task/values.ts'
import { asBoolean, asRecord, broken } from '../wire/shape.ts'
import type { JobEnd, JobKind, JobOptions, PreparedJob, RunningJob } from './job-kind.ts'
import { holdAny, pinAny } from './pin.ts'
import type { JobTasks } from './ports.ts'
import { policyFromSaved, valuesFromSaved } from './saved-definition.ts'
import { definitionFromSaved, definitionToSaved } from './saved-pipeline.ts'

export function createPipelineKind (tasks: Pick<JobTasks, 'pin' | 'hold'>): JobKind {
  return {
    kind: 'pipeline',
    prepare: (definition, inputs, options) => isPipeline(definition) && definition.schedule === undefined ? prepare(definition, inputs, options) : undefined,
    restore (saved) {
      const { definition: kept, inputs, policy, noCache } = asRecord(saved, 'pipeline')
      const definition = definitionFromSaved(kept)
      if (!isPipeline(definition)) throw broken('pipeline')
      return prepared({ definition, inputs: valuesFromSaved(inputs, 'pipeline.inputs'), policy: policyFromSaved(policy), noCache: asBoolean(noCache, 'pipeline.noCache') }, holdAny(definition, tasks))
    },
  }

  async function prepare (written: PipelineDefinition, inputs: Record<string, Value>, { baseDir, signal, policy = {}, noCache = false }: JobOptions): Promise<PreparedJob> {
    const bound = await checkedInputs(written, inputs)
    const { definition, release } = await pinAny(written, tasks, { baseDir, ...(signal === undefined ? {} : { signal }) })
    if (!isPipeline(definition)) throw new CorebrumError('ERR_INTERNAL', 'a pipeline was pinned as a task')
    return prepared({ definition, inputs: bound, policy, noCache }, release)
  }
}

interface Spec {
  definition: PipelineDefinition
  inputs: Mapping
  policy: Partial<TaskPolicy>
  noCache: boolean
}

/** The inputs of a pipeline with its defaults. Rejects with ERR_INPUT. */
export async function checkedInputs (definition: Pick<AnyDefinition, 'name' | 'inputs'>, given: Record<string, Value>): Promise<Mapping> {
  const known = declareInputs(definition, given)
  const values = await bindInputs(known, given)
  return Object.fromEntries(known.inputs.flatMap(({ name }, index) => {
    const value = values[index]
    return value === undefined ? [] : [[name, value]]
  }))
}

function prepared (spec: Spec, release: () => void): PreparedJob {
  const { definition, inputs, policy, noCache } = spec
  return {
    name: definition.name,
    deadlineMs: policy.deadlineMs ?? definition.deadlineMs,
    saved: () => ({ definition: definitionToSaved(definition), inputs, policy, noCache }),
    run: (job) => new PipelineRun(spec, job).run(),
    release,
  }
}

class PipelineRun {
  private readonly spec: Spec
  private readonly job: RunningJob
  private readonly flow: DataFlow
  private readonly state: FlowState
  /** Outputs by index; undefined of a step that was skipped. */
  private readonly ended = new Map<number, Mapping | undefined>()
  private readonly records = new Map<number, TaskRecord>()

  constructor (spec: Spec, job: RunningJob) {
    const { steps, inputs } = spec.definition
    this.spec = spec
    this.job = job
    this.flow = planFlow(steps, inputs.length === 0 ? undefined : inputs)
    this.state = { inputs: spec.inputs, outputs: (step) => this.ended.get(step) }
  }

  run (): Promise<JobEnd> {
    const { steps } = this.spec.definition
    this.progress()
    return new Promise((resolve, reject) => {
      const begun = new Set<number>()
      const beginReady = (): void => {
        if (this.ended.size === steps.length) resolve(this.completed())
        steps.forEach((step, index) => {
          const waits = this.flow.steps[index]?.waits ?? []
          if (begun.has(index) || !waits.every((at) => this.ended.has(at))) return
          begun.add(index)
          this.step(step, index).then((failure) => {
            if (failure !== undefined) resolve(failure)
            else beginReady()
          }, reject)
        })
      }
      beginReady()
    })
  }

  /** Runs one step to its end; a failure is that of the whole. */
  private async step (step: StepSpec, index: number): Promise<JobEnd | undefined> {
    const flow = this.flow.steps[index]
    if (flow === undefined) throw new CorebrumError('ERR_INTERNAL', `there is no step ${index}`)
    try {
      if (!conditionHolds(flow, this.state)) return await this.skip(step, index, `its condition ${quoted(step.condition ?? '')} does not hold`)
    } catch (thrown) {
      return await this.refuse(step, index, { code: 'ERR_INPUT', message: `its condition ${quoted(step.condition ?? '')}: ${toCorebrumError(thrown).message}` })
    }
    const found = inputsOf(flow, this.state)
    if ('missing' in found) return await this.skip(step, index, `its input ${quoted(found.missing)} would come of a step that was skipped`)
    try {
      await this.job.submit(index, step.task, found.inputs, this.options())
    } catch (thrown) {
      if (this.job.signal.aborted) throw thrown
      return await this.refuse(step, index, toCorebrumError(thrown))
    }
    const record = await this.job.done(index)
    if (record.state !== 'completed') return this.failed(step, index, record.failure ?? { code: 'ERR_INTERNAL', message: `it ended as ${record.state}` })
    this.records.set(index, record)
    this.end(index, step, record.outputs ?? {}, 'completed', record)
    return undefined
  }

  private async skip (step: StepSpec, index: number, reason: string): Promise<undefined> {
    await this.job.refuse(index, step.task.name, { code: 'ERR_CANCELLED', message: `skipped: ${reason}` })
    this.end(index, step, undefined, `skipped: ${reason}`)
    return undefined
  }

  /** The step could not begin. */
  private async refuse (step: StepSpec, index: number, why: { code: ErrorCode, message: string }): Promise<JobEnd> {
    await this.job.refuse(index, step.task.name, why)
    return this.failed(step, index, why)
  }

  private end (index: number, { name }: StepSpec, outputs: Mapping | undefined, how: string, record?: TaskRecord): void {
    this.ended.set(index, outputs)
    this.job.note({ kind: 'step', detail: `${name}: ${how}`, atMs: record?.endedAtMs, ...(record?.worker === undefined ? {} : { peer: record.worker }) })
    this.progress()
  }

  private progress (failed = 0): void {
    this.job.progress({ total: this.spec.definition.steps.length, done: this.ended.size + failed, failed })
  }

  private failed ({ name }: StepSpec, index: number, { code, message, by }: { code: ErrorCode, message: string, by?: string }): JobEnd {
    this.progress(1)
    return { ok: false, code: 'ERR_STEP', message: `step ${quoted(name)}, ${this.job.childId(index)}: ${code}: ${message}`, ...(by === undefined ? {} : { by }) }
  }

  /** Its outputs are those of the last step that ran. */
  private completed (): JobEnd {
    const last = this.records.get(Math.max(...this.records.keys()))
    const usage = [...this.records.values()].reduce<Usage>((sum, record) => addUsage(sum, record.usage ?? NO_USAGE), NO_USAGE)
    return { ok: true, outputs: last?.outputs ?? {}, usage, ...(last?.worker === undefined ? {} : { worker: last.worker }) }
  }

  /** The deadline is that of the whole. */
  private options (): { policy: Partial<TaskPolicy>, noCache: boolean } {
    return { policy: { ...this.spec.policy, deadlineMs: undefined }, noCache: this.spec.noCache }
  }
}
