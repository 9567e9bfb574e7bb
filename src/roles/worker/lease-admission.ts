/** Whether a worker takes a lease: it may know less of the program than its offer said, or have no room any more. */
import { CorebrumError } from '../../errors.ts'
import { MAX_CLAIM_WINDOW } from '../../limits.ts'
import { MAX_HELD_INPUT_BYTES, MAX_WORKER_BYTES } from './limits.ts'
import type { Placement } from '../../task/policy.ts'
import type { Program } from '../../task/program.ts'
import { admitProgram, demandOfLease, type Situation } from '../offers/admission.ts'

export interface LeaseRoom {
  /** Memory that the call of the lease takes, about. */
  bytes: number
  /** What its submitter has here already: leases, and the memory of their calls. */
  leases: number
  heldBytes: number
  /** Inputs and results of all submitters. */
  workerBytes: number
}

/** Why not; undefined when it does. */
export function refusalOfLease (program: Program, placement: Placement | undefined, { bytes, leases, heldBytes, workerBytes }: LeaseRoom, situation: Situation): CorebrumError | undefined {
  const admission = admitProgram(demandOfLease(program, placement), situation)
  if (!admission.admitted) return new CorebrumError(admission.code, admission.reason)
  if (heldBytes + bytes > MAX_HELD_INPUT_BYTES || leases >= MAX_CLAIM_WINDOW) return new CorebrumError('ERR_DECLINED', 'this node holds as many of your tasks as it can')
  if (workerBytes + bytes > MAX_WORKER_BYTES) return new CorebrumError('ERR_DECLINED', 'this node holds as many inputs and results as it can')
  return undefined
}
