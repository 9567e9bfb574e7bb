/** A lease as the worker that was granted it holds it. */
import type { Program } from '../../task/program.ts'
import { approximateBytes } from '../../task/size.ts'
import type { Value } from '../../task/values.ts'
import type { ValueRef } from '../../wire/blobs.ts'
import { refBytes } from '../large-values.ts'
import type { LeaseLog } from './lease-log.ts'
import { fileRefs } from '../program-files.ts'

export interface HeldLease {
  readonly taskId: string
  /** Grows when the submitter leases the task here again while it runs. */
  fence: number
  readonly digest: string
  readonly program: Program
  values: Array<Value | undefined>
  /** Digest of the inputs as they came; see task/receipt-digests.ts. */
  inputs?: string
  /** Inputs that are still to be fetched. */
  refs?: ValueRef[]
  /** Memory that its call takes here, about. */
  readonly bytes: number
  /** Higher runs first, among those of its submitter. */
  readonly priority: number
  readonly log: LeaseLog
  /** When it came, monotonic milliseconds. */
  readonly heldAt: number
  /** Ends what is done for it now: the fetch of what it needs, or its call, on request only one that has not begun. */
  stop?: (unlessBegun?: boolean) => void
  /** It was taken away: what comes of it is of no use. */
  taken: boolean
  /** The executor has it. */
  underWay: boolean
  /** It was handed to the executor ahead of time and is taken back: others go first. */
  recalled: boolean
  /** What it needs is on its way. */
  fetching: boolean
  /** What it needs was fetched for it; it is not fetched twice. */
  fetched: boolean
  /** Set when the sandbox began, monotonic milliseconds. */
  startedAt?: number
  /** The submitter knows that it runs. */
  reported: boolean
}

/** Memory that the call of a lease takes, about: its inputs, those to be fetched too, and the files of its program. */
export function bytesOfLease (program: Program, values: Array<Value | undefined>, refs?: readonly ValueRef[]): number {
  const inline = values.reduce<number>((sum, value) => sum + approximateBytes(value), 0)
  return fileRefs(program).reduce((sum, { size }) => sum + size, inline + refBytes(refs))
}
