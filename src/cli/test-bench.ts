/** Runs examples one after the other on a node without network. */
import { loadConfig, type ConfigSources } from '../config.ts'
import { CorebrumError, toCorebrumError } from '../errors.ts'
import { createBallots } from '../jobs/ballots.ts'
import { createNode } from '../node.ts'
import { isPipeline, type AnyDefinition, type ExampleSpec, type TaskDefinition } from '../task/definition.ts'
import { differences } from '../task/examples.ts'
import type { TaskRecord } from '../task/state.ts'
import { say } from './output.ts'
import { startNode } from './start-node.ts'

export type ExampleOutcome = {
  name: string
  passed: boolean
  /** With finding the module, milliseconds. */
  tookMs: number
  /** Why it failed; empty when it passed. */
  problems: string[]
}

export interface TestBench {
  /** Never rejects: what goes wrong is the outcome. */
  run (definition: AnyDefinition, example: ExampleSpec, baseDir: string): Promise<ExampleOutcome>
  close (): Promise<void>
}

/** What runs on this machine, once, however often, where and on how many peers it would on the mesh. */
function here<T extends AnyDefinition> (definition: T): T {
  const placed = { ...definition, schedule: undefined }
  return isPipeline(placed) ? { ...placed, steps: placed.steps.map((step) => ({ ...step, task: here(step.task) })) } : { ...placed, agreement: undefined, require: undefined, on: undefined }
}

/** Rejects with ERR_CONFIG. */
export async function createTestBench (sources: ConfigSources): Promise<TestBench> {
  const { config, warnings } = await loadConfig(sources)
  for (const warning of warnings) say(`warning: ${warning}`)
  const node = await createNode({ ...config, workerCount: Math.max(1, config.workerCount), ephemeral: true }, { networked: false, worksForOthers: false })
  await startNode(node)

  const submit = async (definition: AnyDefinition, { inputs }: ExampleSpec, baseDir: string): Promise<TaskRecord> =>
    await (await node.submit(here(definition), inputs, { baseDir, noCache: true })).done()

  async function attempt (definition: AnyDefinition, example: ExampleSpec, baseDir: string): Promise<string[]> {
    const { outputs, error } = example
    try {
      const record = await submit(definition, example, baseDir)
      if (record.failure !== undefined) throw new CorebrumError(record.failure.code, record.failure.message)
      if (error !== undefined) return [`expected ${error}, but it completed`]
      const problems = differences(outputs ?? {}, record.outputs ?? {})
      return problems.length > 0 || isPipeline(definition) || definition.agreement === undefined ? problems : await disagreement(definition, example, baseDir, record)
    } catch (thrown) {
      const { code, message } = toCorebrumError(thrown)
      return code === error ? [] : [`${error === undefined ? '' : `expected ${error}, got `}${code}: ${message}`]
    }
  }

  /** What replicas would differ in, as far as a second run here shows it. */
  async function disagreement (definition: TaskDefinition, example: ExampleSpec, baseDir: string, first: TaskRecord): Promise<string[]> {
    const ballots = createBallots({ replicas: 2, quorum: 2, ignore: definition.agreement?.ignore ?? [] }, definition.outputs)
    const second = await submit(definition, example, baseDir)
    ballots.add(0, first)
    ballots.add(1, second)
    if (ballots.agreed() !== undefined) return []
    return ['two runs differ, so that replicas could not agree; name in "ignore" what may differ', ...differences(first.outputs ?? {}, second.outputs ?? {})]
  }

  return {
    async run (definition, example, baseDir) {
      const begun = performance.now()
      const problems = await attempt(definition, example, baseDir)
      return { name: example.name, passed: problems.length === 0, tookMs: Math.round(performance.now() - begun), problems }
    },
    close: () => node.stop(),
  }
}
