/** A lease as the worker that was granted it holds it. */
import type { Program } from '../task/program.ts'
import type { Value } from '../task/values.ts'

export interface HeldLease {
  readonly taskId: string
  /** Grows when the submitter leases the task here again while it runs. */
  fence: number
  readonly digest: string
  readonly program: Program
  readonly values: Array<Value | undefined>
  readonly bytes: number
  /** Ends what is done for it now: the fetch of its module, or its call. */
  stop?: () => void
  /** It was taken away: what comes of it is of no use. */
  taken: boolean
  /** The executor has it. */
  underWay: boolean
  /** Its module was fetched for it; it is not fetched twice. */
  fetched: boolean
  /** Set when the sandbox began, monotonic milliseconds. */
  startedAt?: number
  /** The submitter knows that it runs. */
  reported: boolean
}
