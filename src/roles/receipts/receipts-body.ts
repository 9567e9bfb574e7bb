/** What a receipt says of one call, as its worker and its submitter make it each from what they have. */
import { hash } from 'node:crypto'
import { inputsDigest, outputsDigest, resultKey } from '../../task/receipt-digests.ts'
import { programDigest, type Program } from '../../task/program.ts'
import type { ReceiptBody } from '../../task/receipt.ts'
import type { Outcome } from '../../wire/messages.ts'
import type { HeldLease } from '../worker/held-lease.ts'

/** A call that has ended. */
export interface EndedCall {
  taskId: string
  fence: number
  /** PeerIds. */
  worker: string
  submitter: string
  program: Program
  /** Digest; see task/receipt-digests.ts. */
  inputs: string
  /** The worker's clock, Unix milliseconds. */
  startedAtMs: number
  endedAtMs: number
  /** With all of its outputs. */
  outcome: Outcome
}

export function receiptBody ({ taskId, fence, worker, submitter, program, inputs, startedAtMs, endedAtMs, outcome }: EndedCall): ReceiptBody {
  const { memoryLimitBytes: memoryBytes, timeLimitMs: timeMs, fuel, functionName, module } = program
  return {
    version: 1,
    taskId,
    fence,
    worker,
    submitter,
    module: module.cid,
    ...(functionName === undefined ? {} : { functionName }),
    program: programDigest(program),
    inputs,
    limits: { timeMs, ...(memoryBytes === undefined ? {} : { memoryBytes }), ...(fuel === undefined ? {} : { fuel }) },
    status: outcome.ok ? 'ok' : outcome.code,
    outputs: outputsDigest(outcome.ok ? outcome.outputs : outcome.message),
    usage: outcome.usage,
    startedAtMs,
    endedAtMs,
  }
}

/** What the receipt of a lease says that has ended with `outcome`, all of whose outputs are there; `now` is monotonic milliseconds. */
export function bodyOfLease (lease: HeldLease, outcome: Outcome, { worker, submitter, now }: { worker: string, submitter: string, now: number }): ReceiptBody {
  const { taskId, fence, program, startedAt = now } = lease
  const endedAtMs = Date.now()
  return receiptBody({ taskId, fence, worker, submitter, program, inputs: inputsOf(lease), startedAtMs: Math.round(endedAtMs - (now - startedAt)), endedAtMs, outcome })
}

/**
 * How a program hears its task called. A deterministic one must not know more than what makes its result: it gets a name that is
 * made of program and inputs, so that every run of them is the same.
 */
export function nameOfCall (lease: HeldLease): string {
  if (lease.program.deterministic !== true) return lease.taskId
  const hex = hash('sha256', resultKey(programDigest(lease.program), inputsOf(lease)), 'hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-')
}

function inputsOf (lease: HeldLease): string {
  lease.inputs ??= inputsDigest(lease.values, lease.refs)
  return lease.inputs
}
