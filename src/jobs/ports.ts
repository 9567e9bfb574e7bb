/** What jobs see of the node: tasks that they submit, records, and a place to keep themselves. */
import type { TaskDefinition, TaskPolicy } from '../task/definition.ts'
import type { TaskEvent, TaskRecord } from '../task/state.ts'
import type { Value } from '../task/values.ts'

export interface ChildOptions {
  /** See task/task-id.ts. A task of this id that is known, open or finished, is not submitted again. */
  id: string
  policy?: Partial<TaskPolicy>
  /** Not journalled by itself: the job makes it again after a restart. Default false. */
  volatile?: boolean
  /** Tasks with the same value run on different peers. */
  apart?: string
  /** Run it even when its result is known. */
  noCache?: boolean
}

export interface JobTasks {
  readonly peerId: string
  /** Resolves when the task is accepted. Rejects as `Node.submit`. */
  submit (definition: TaskDefinition, inputs: Record<string, Value>, options: ChildOptions): Promise<void>
  /** The final record of a task that was submitted; also of one that had ended before. */
  done (id: string): Promise<TaskRecord>
  /** Open, or finished and kept. */
  find (id: string): Promise<TaskRecord | undefined>
  cancel (id: string, message: string): void
  /** `peer` has run a task of this group, as was known before a restart. */
  keepApart (group: string, peer: string): void
  /** Forgets a volatile task that has ended. */
  forget (id: string): void
  /** The definition with every module and file replaced by its CID; they are in the store and held until `release`. */
  pin (definition: TaskDefinition, options: { baseDir: string, signal?: AbortSignal }): Promise<{ definition: TaskDefinition, release: () => void }>
  /** Holds, as `pin` does, what a pinned definition names; of one that was kept over a restart. */
  hold (definition: TaskDefinition): () => void

  /** The record of the job itself, beside those of tasks; `createdAtMs` is now where it is absent; a volatile one is in no journal. Throws ERR_QUEUE_FULL. */
  add (id: string, name: string, createdAtMs?: number, volatile?: boolean): TaskRecord
  /** The same of one that was accepted before a restart, which is never too many. */
  addAgain (id: string, name: string, createdAtMs: number): void
  /**
   * Moves the job on, at once; but a final event is in the journal before it is seen and the promise resolves, and is tried again
   * until it is. Never rejects, and after `stop` it may never resolve: then the job goes on after the next start.
   */
  apply (id: string, event: TaskEvent): Promise<void>
  /** Tasks and jobs that have not ended. */
  openIds (): string[]
  /** Ends that could not be written are not tried again. */
  stop (): void
}
