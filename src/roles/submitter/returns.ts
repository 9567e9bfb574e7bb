/** Tasks that wait for the worker that had them: its stream broke, or their submitter was not there. Others get them when it does not come. */
import type { ErrorCode } from '../../errors.ts'
import { endLease } from './roster.ts'
import type { OpenTask } from './open-task.ts'

/** A lease that ended without a result; `charged` counts it as an attempt, by default when its task had begun. */
export interface LeaseEnd {
  peer: string
  fence: number
  code: ErrorCode
  reason: string
  charged?: boolean
  /** The task failed, not its worker, and has retries left. */
  isOfTask?: boolean
}

/** What a lease ends with whose worker fell silent. */
export const NOT_RENEWED = { code: 'ERR_PEER_TIMEOUT', reason: 'the lease was not renewed' } as const
/** And one that its worker renewed to the end: nobody does that who runs the task, or gives back what waits too long for its turn. */
export const HELD_TO_THE_END = { code: 'ERR_PEER_TIMEOUT', reason: 'the worker held it to the end of its lease without a result', charged: true } as const

/** A lease whose worker is away. */
export interface Absence {
  readonly task: OpenTask
  readonly peer: string
  readonly fence: number
  /** Monotonic milliseconds. */
  readonly until: number
  /** When the lease ends whatever its worker says; absent where that was not kept. Monotonic milliseconds. */
  readonly endsAt?: number
  /** What the lease ends with when the worker does not come. */
  readonly end: { readonly code: ErrorCode, readonly reason: string, readonly charged: boolean }
}

export class Returns {
  private readonly absences = new Set<Absence>()

  /** Nobody else gets the task until then; its lease, if there is one, ends. */
  wait (task: OpenTask, absence: Omit<Absence, 'task'>): void {
    endLease(task)
    this.end(task)
    task.absence = { task, ...absence }
    this.absences.add(task.absence)
  }

  /** The worker is back, or nobody waits for it any more. */
  end (task: OpenTask): void {
    if (task.absence === undefined) return
    this.absences.delete(task.absence)
    task.absence = undefined
  }

  /** Those whose worker has not come in time. */
  overdue (now: number): Absence[] {
    return this.absences.size === 0 ? [] : [...this.absences].filter(({ until }) => until <= now)
  }
}
