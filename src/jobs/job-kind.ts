/** What a kind of job is to `jobs.ts`, and what a job of it can do while it runs. */
import type { ErrorCode } from '../errors.ts'
import type { AnyDefinition, TaskPolicy } from '../task/definition.ts'
import type { HistoryEvent } from '../task/history.ts'
import type { JobProgress, TaskRecord } from '../task/state.ts'
import type { Usage } from '../task/usage.ts'
import type { Value } from '../task/values.ts'

export interface JobOptions {
  /** Folder that the definition's paths are taken from. */
  baseDir: string
  signal?: AbortSignal
  /** Of the command line; goes before what the definition says. */
  policy?: Partial<TaskPolicy>
  /** Its tasks run even when their results are known. */
  noCache?: boolean
}

export interface JobKind {
  readonly kind: JobProgress['kind']
  /**
   * The job that `definition` asks for, checked as far as that goes before anything runs; undefined, at once, where it asks for
   * none of this kind. Rejects as `Node.submit`.
   */
  prepare? (definition: AnyDefinition, inputs: Record<string, Value>, options: JobOptions): Promise<PreparedJob> | undefined
  /** The job from what `saved` gave. Throws or rejects, with any code, when that is damaged. */
  restore (saved: unknown): PreparedJob | Promise<PreparedJob>
}

/** A job that could run: made by its kind, and by it alone. */
export interface PreparedJob {
  readonly name: string
  /** From when it was submitted; then it ends as `timeout` with ERR_DEADLINE. */
  readonly deadlineMs?: number | undefined
  /** What `restore` makes it from: plain values that CBOR holds. Called again by `RunningJob.save`. */
  saved (): unknown
  /**
   * Runs to the end of the job; a rejection is a failure with the error's code. After a restart it is called once more, and finds
   * what it had submitted: a child that is known is not submitted again. It may be abandoned at any `await` of a RunningJob.
   */
  run (job: RunningJob): Promise<JobEnd>
  /** Lets go of what it holds; called once, when the job has ended. */
  release (): void
}

/** How a job ends; `worker` and `by` are this node where they are absent. */
export type JobEnd =
  | { ok: true, outputs: Record<string, Value>, worker?: string, usage?: Usage, logs?: string, more?: Pick<TaskRecord, 'reusedFrom' | 'receipt' | 'differed'> }
  | { ok: false, code: ErrorCode, message: string, by?: string, worker?: string, usage?: Usage, logs?: string }

export interface ChildJobOptions {
  policy?: Partial<TaskPolicy>
  volatile?: boolean
  apart?: string
  noCache?: boolean
}

/** A job while it runs. What waits rejects, and nothing more is submitted, once it was cancelled or the node stops. */
export interface RunningJob {
  readonly id: string
  /** Unix milliseconds, of the first submit. */
  readonly createdAtMs: number
  /** It was there before this start of the node. */
  readonly resumed: boolean
  readonly signal: AbortSignal
  /** The id of a child. */
  childId (number: number): string
  /** Starts child `number`, which may be a job itself; one that is known, open or finished, is left as it is. Rejects as `Node.submit`. */
  submit (number: number, definition: AnyDefinition, inputs: Record<string, Value>, options?: ChildJobOptions): Promise<void>
  /** The final record of a child that was submitted. */
  done (number: number): Promise<TaskRecord>
  /** A child as far as it is known. */
  find (number: number): Promise<TaskRecord | undefined>
  /** Ends a child that has not ended. */
  cancel (number: number, message: string): void
  /** A child that is not run has a record nevertheless, which says why: cancelled with ERR_CANCELLED, else failed. */
  refuse (number: number, name: string, why: { code: ErrorCode, message: string }): Promise<void>
  /** Rejects when the job is cancelled or the node stops first. */
  until<T> (promise: Promise<T>): Promise<T>
  /** Rejects so too; milliseconds. */
  sleep (ms: number): Promise<void>
  progress (progress: Omit<JobProgress, 'kind'>): void
  /** `atMs` is now where it is absent. */
  note (event: Omit<HistoryEvent, 'atMs'> & { atMs?: number | undefined }): void
  /** Keeps what `saved` gives now; resolves with how many bytes that are. */
  save (): Promise<number>
}
