/** Whether a worker takes a lease: it may know less of the program than its offer said, or have no room any more. */
import { CorebrumError } from '../../errors.ts'
import { MAX_CLAIM_WINDOW } from '../../limits.ts'
import { MAX_WORKER_BYTES } from './limits.ts'
import type { Placement } from '../../task/policy.ts'
import type { Program } from '../../task/program.ts'
import { admitProgram, demandOfLease, type Situation } from '../offers/admission.ts'

export interface LeaseRoom {
  /** Memory that the call of the lease takes more, about. */
  bytes: number
  /** What its submitter has here already: leases, and the memory of programs, inputs and results. */
  leases: number
  submitterBytes: number
  /** Such memory of all submitters. */
  workerBytes: number
}

/** True when a submitter would have more than it leaves free: one has half of the room at most, a second one a quarter, and there is always some for others. */
export function isTooMuch ({ bytes, submitterBytes, workerBytes }: Pick<LeaseRoom, 'bytes' | 'submitterBytes' | 'workerBytes'>): boolean {
  return submitterBytes + bytes > MAX_WORKER_BYTES - workerBytes - bytes
}

/** Why not; undefined when it does. */
export function refusalOfLease (program: Program, placement: Placement | undefined, room: LeaseRoom, situation: Situation): CorebrumError | undefined {
  const admission = admitProgram(demandOfLease(program, placement), situation)
  if (!admission.admitted) return new CorebrumError(admission.code, admission.reason)
  if (room.leases >= MAX_CLAIM_WINDOW) return new CorebrumError('ERR_DECLINED', 'this node holds as many of your tasks as it can')
  if (isTooMuch(room)) return new CorebrumError('ERR_DECLINED', 'this node holds as many inputs and results as it can, of yours or of all together')
  return undefined
}
