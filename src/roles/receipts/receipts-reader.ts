/**
 * Takes the receipts of results that were accepted here: makes each itself from the task and the result, and compares. What is
 * held for one that is still to come is bounded; a worker that sends none costs nothing more.
 */
import { CorebrumError } from '../../errors.ts'
import { MAX_AWAITED_RECEIPT_BYTES, MAX_AWAITED_RECEIPTS } from '../../limits.ts'
import { merkleTree } from '../../task/merkle.ts'
import { isSignedBy } from '../../task/peer-signature.ts'
import { inputsDigest, receiptLeaf, signedBytes } from '../../task/receipt-digests.ts'
import type { Program } from '../../task/program.ts'
import type { Receipt, ReceiptBody } from '../../task/receipt.ts'
import { approximateBytes } from '../../task/size.ts'
import type { Value } from '../../task/values.ts'
import type { ValueRef } from '../../wire/blobs.ts'
import type { Outcome } from '../../wire/messages.ts'
import type { ReceiptBatch } from '../../wire/receipts.ts'
import type { Answer } from '../submitter/endings.ts'
import type { WorkerLink } from '../link.ts'
import type { OpenTask } from '../submitter/open-task.ts'
import { receiptBody } from './receipts-body.ts'

/** A result that was accepted, and the task that it is of. */
export interface AcceptedResult {
  readonly taskId: string
  readonly fence: number
  readonly worker: string
  readonly program: Program
  readonly values: ReadonlyArray<Value | undefined>
  readonly refs: readonly ValueRef[] | undefined
  /** Memory of the values and the outputs, about. */
  readonly bytes: number
  /** With all of its outputs. */
  readonly outcome: Outcome
}

/** The result of an answer that ended `task`. */
export function acceptedResult ({ id, values, refs, bytes, batch }: OpenTask, outcome: Outcome, { worker, ref }: Answer): AcceptedResult {
  return { taskId: id, fence: ref.fence, worker: worker.link.peer, program: batch.program, values, refs, bytes: bytes + (outcome.ok ? approximateBytes(outcome.outputs) : 0), outcome }
}

export interface ReceiptReaderComponents {
  /** This node's PeerId. */
  peerId: string
  /** A receipt that says what this node knows, and is signed by who gave the result. */
  onReceipt: (accepted: AcceptedResult, receipt: Receipt) => void
  log: (message: string) => void
  /** Whether `peer` signed the root. Default: by its PeerId alone. */
  isSigned?: (peer: string, root: string, signature: Uint8Array) => boolean
}

export class ReceiptReader {
  private readonly components: ReceiptReaderComponents
  /** By task, oldest first. */
  private readonly awaited = new Map<string, AcceptedResult>()
  private bytes = 0

  constructor (components: ReceiptReaderComponents) {
    this.components = components
  }

  /** To be called for each result that ends its task. */
  expect (accepted: AcceptedResult): void {
    // Its worker gave outputs, which this node found to be other ones than the definition declares: their receipt is not that of the failure.
    if (!accepted.outcome.ok && 'outputs' in accepted.outcome) return
    this.drop(accepted.taskId)
    this.awaited.set(accepted.taskId, accepted)
    this.bytes += accepted.bytes
    if (!this.isOver) return
    for (const taskId of this.awaited.keys()) {
      if (!this.isOver || taskId === accepted.taskId) break
      this.drop(taskId)
    }
  }

  private get isOver (): boolean {
    return this.awaited.size > MAX_AWAITED_RECEIPTS || this.bytes > MAX_AWAITED_RECEIPT_BYTES
  }

  /** Checks the receipts that a worker sent; ends its link where the signature is not over them. */
  receive (link: Pick<WorkerLink, 'peer' | 'abort'>, { signature, entries }: ReceiptBatch): void {
    const worker = link.peer
    const wanted: Array<{ accepted: AcceptedResult, i: number }> = []
    entries.forEach(({ taskId, fence }, i) => {
      const accepted = this.awaited.get(taskId)
      if (accepted?.worker !== worker || accepted.fence !== fence) return
      // What costs something is done only for results that were accepted, once for each, however often one is named.
      this.drop(taskId)
      wanted.push({ accepted, i })
    })
    if (wanted.length === 0) return
    const tree = merkleTree(entries.map(({ leaf }) => leaf))
    const { isSigned = isSignedRoot } = this.components
    if (!isSigned(worker, tree.root, signature)) {
      link.abort(new CorebrumError('ERR_PROTOCOL', 'receipts whose signature is not over them'))
      return
    }
    const text = Buffer.from(signature).toString('base64')
    for (const { accepted, i } of wanted) {
      const entry = entries[i]
      if (entry === undefined) continue
      const body = this.bodyOf(accepted, entry)
      if (receiptLeaf(body) === entry.leaf) this.components.onReceipt(accepted, { body, path: tree.path(i), signature: text })
      else this.components.log(`the receipt of ${worker} for task ${accepted.taskId} says something else than its result`)
    }
  }

  private bodyOf ({ taskId, fence, worker, program, values, refs, outcome }: AcceptedResult, { startedAtMs, endedAtMs }: { startedAtMs: number, endedAtMs: number }): ReceiptBody {
    return receiptBody({ taskId, fence, worker, submitter: this.components.peerId, program, inputs: inputsDigest(values, refs), startedAtMs, endedAtMs, outcome })
  }

  /** Nobody wants the receipt of this task any more. */
  forget (taskId: string): void {
    this.drop(taskId)
  }

  private drop (taskId: string): void {
    const accepted = this.awaited.get(taskId)
    if (accepted === undefined) return
    this.awaited.delete(taskId)
    this.bytes -= accepted.bytes
  }
}

function isSignedRoot (peer: string, root: string, signature: Uint8Array): boolean {
  return isSignedBy(peer, signedBytes(root), signature)
}
