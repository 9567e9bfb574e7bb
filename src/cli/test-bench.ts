/** Runs examples one after the other on a node without network. */
import { loadConfig, type ConfigSources } from '../config.ts'
import { toCorebrumError } from '../errors.ts'
import { createNode } from '../node.ts'
import type { ExampleSpec, TaskDefinition } from '../task/definition.ts'
import { differences } from '../task/examples.ts'
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
  run (definition: TaskDefinition, example: ExampleSpec, baseDir: string): Promise<ExampleOutcome>
  close (): Promise<void>
}

/** Rejects with ERR_CONFIG. */
export async function createTestBench (sources: ConfigSources): Promise<TestBench> {
  const { config, warnings } = await loadConfig(sources)
  for (const warning of warnings) say(`warning: ${warning}`)
  const node = await createNode({ ...config, workerCount: Math.max(1, config.workerCount), ephemeral: true }, { networked: false, worksForOthers: false })
  await startNode(node)

  async function attempt (definition: TaskDefinition, { inputs, outputs, error }: ExampleSpec, baseDir: string): Promise<string[]> {
    try {
      const found = await (await node.submit(definition, inputs, { baseDir })).result()
      return error === undefined ? differences(outputs ?? {}, found) : [`expected ${error}, but it completed`]
    } catch (thrown) {
      const { code, message } = toCorebrumError(thrown)
      return code === error ? [] : [`${error === undefined ? '' : `expected ${error}, got `}${code}: ${message}`]
    }
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
