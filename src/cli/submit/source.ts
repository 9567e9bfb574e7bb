/** One submitted task, wherever it runs: what the waiting command needs of it. */
import type { SubmitEvent } from '../../control/submit-event.ts'

export interface TaskSource {
  /** `accepted`, then each state and the log as it grows; rejects when nothing was submitted, or when whoever owns the task is gone. */
  events (): AsyncIterable<SubmitEvent>
  /** Cancels the task, which then ends with its final state. */
  cancel (id: string): Promise<void>
  /** One output of the task, which has completed. */
  output (id: string, name: string): AsyncIterable<Uint8Array>
  /** How many of the tasks that this one is made of wait for a peer. */
  waiting (id: string): Promise<number>
  /** Gives up a submission that has no id yet. */
  abandon (): void
  /** True when the task goes on after this command has ended. */
  readonly outlivesCommand: boolean
  close (): Promise<void>
}
