/** A task from when it is submitted until it has ended, as the submitter holds it. */
import type { OutputSpec, TaskPolicy } from '../../task/definition.ts'
import type { Program } from '../../task/program.ts'
import { approximateBytes } from '../../task/size.ts'
import type { Value } from '../../task/values.ts'
import type { ValueRef } from '../../wire/blobs.ts'
import type { Batch } from './backlog.ts'
import type { Ending } from './endings.ts'
import { refBytes } from '../large-values.ts'
import { fileRefs } from '../program-files.ts'
import type { Absence } from './returns.ts'
import type { Trouble } from './retry-policy.ts'
import type { Lease } from './roster.ts'
import type { Alarm } from './timetable.ts'

/** What the outputs of a task must be: data, so that it survives a restart. */
export interface OutputCheck {
  /** Name of the definition, for messages. */
  name: string
  outputs: OutputSpec[]
  outputSchema?: Record<string, unknown>
}

export interface NewTask {
  id: string
  program: Program
  /** One for each of the program's inputs; undefined also where `refs` names it. */
  values: Array<Value | undefined>
  /** Large inputs, which workers fetch from here. */
  refs?: ValueRef[]
  /** Lets go of what is kept for it; called once when the task ends, or by whoever did not submit it. */
  release?: () => void
  /** Absent: whatever the worker returns is taken. */
  check?: OutputCheck
  policy?: TaskPolicy
  /** It is not in the journal: somebody else makes it again after a restart. Default false. */
  volatile?: boolean
  /** Tasks with the same value run on different peers; see apart.ts. */
  apart?: string
  /** It is run even when its result is known; see roles/receipts/reuse.ts. Default false. */
  noCache?: boolean
}

/** Of a task of which nothing was said. */
const NO_POLICY: TaskPolicy = { priority: 0, retries: undefined, deadlineMs: undefined, require: undefined, on: undefined }

/** All tasks have the same fields, written one by one and never deleted: the engine is twice as fast with such objects. */
export interface OpenTask {
  readonly id: string
  readonly values: NewTask['values']
  readonly refs: NewTask['refs']
  readonly release: NewTask['release']
  readonly check: NewTask['check']
  readonly policy: TaskPolicy
  readonly volatile: boolean
  readonly apart: NewTask['apart']
  readonly batch: Batch
  /** Memory of the values, about. */
  readonly bytes: number
  /** Values and files that its worker fetches. */
  readonly blobBytes: number
  /** Who was granted a lease, by fence: only they may deliver a result. */
  readonly granted: Map<number, string>
  /** Until when those that went away may hold the task again, by peer, monotonic milliseconds; see grants.ts. */
  lapsed: Map<string, number> | undefined
  /** True while it stands in its batch's queue. */
  waiting: boolean
  /** The lease that stands now. */
  lease: Lease | undefined
  /** The newest fence that was given; after a restart well above those of the journal, where leases are written behind. */
  fence: number
  /** Up to this fence leases may have been given before a restart that were not written any more; 0 when none can have been. */
  unwritten: number
  /** A lease whose worker went away and may come back. */
  absence: Absence | undefined
  /** How it ended, on the way to the journal: nothing else can happen to it. */
  ending: Ending | undefined
  /** Attempts that failed. */
  trouble: Trouble | undefined
  /** Rings when its back-off is over: until then it neither waits nor has a lease. */
  backoff: Alarm | undefined
  /** Rings when it must have ended. */
  deadline: Alarm | undefined
  readonly createdAtMs: number
}

export function openTask ({ id, program, values, refs, release, check, policy = NO_POLICY, volatile = false, apart }: NewTask, batch: Batch, createdAtMs: number): OpenTask {
  let bytes = 0
  for (const value of values) bytes += approximateBytes(value)
  const fileBytes = program.setup === undefined ? 0 : fileRefs(program).reduce((sum, { size }) => sum + size, 0)
  const blobBytes = (refs === undefined ? 0 : refBytes(refs)) + fileBytes
  return { id, values, refs, release, check, policy, volatile, apart, batch, bytes, blobBytes, granted: new Map(), lapsed: undefined, waiting: false, lease: undefined, fence: 0, unwritten: 0, absence: undefined, ending: undefined, trouble: undefined, backoff: undefined, deadline: undefined, createdAtMs }
}
