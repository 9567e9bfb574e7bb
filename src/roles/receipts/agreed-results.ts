/** Known results for tasks that run on several peers: looked up before they are run, and kept when a quorum has agreed. */
import type { TaskDefinition } from '../../task/definition.ts'
import type { TaskRecord } from '../../task/state.ts'
import type { Value } from '../../task/values.ts'
import type { Intake } from '../submitter/intake.ts'
import type { Reuse } from './reuse.ts'

export interface KnownResult {
  /** A finished task whose outputs are the answer. */
  known: TaskRecord | undefined
  /** A quorum agreed on the outputs of the job `id`. */
  keep (id: string): void
}

export interface AgreedResults {
  /** Undefined for a task that may have another result each time. Rejects as `Intake` and with ERR_JOURNAL. */
  look (definition: TaskDefinition, inputs: Record<string, Value>): Promise<KnownResult | undefined>
}

export function createAgreedResults ({ intake, reuse }: { intake: Intake, reuse: Reuse }): AgreedResults {
  return {
    async look (definition, inputs) {
      if (definition.deterministic !== true) return undefined
      const task = await intake(definition, inputs, { baseDir: '' })
      task.release?.()
      const key = reuse.keyOf(task)
      if (key === undefined) return undefined
      return {
        known: await reuse.find(key, task.check),
        keep (id) { reuse.note(key, { id, state: 'completed', job: { kind: 'agreement', done: 0, failed: 0 } }) },
      }
    },
  }
}
