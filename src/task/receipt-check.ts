/** Whether a receipt says what its worker signed, and whether what it says fits what is known of the task. Pure. */
import { CorebrumError } from '../errors.ts'
import { rootOf } from './merkle.ts'
import { isSignedBy } from './peer-signature.ts'
import { outputsDigest, receiptLeaf, signedBytes } from './receipt-digests.ts'
import type { Receipt } from './receipt.ts'
import type { TaskRecord } from './state.ts'
import { parentId } from './task-id.ts'

/** Throws ERR_RECEIPT when the signature is not that of the worker named, over this body and path. */
export function checkSignature ({ body, path, signature }: Receipt): void {
  const bytes = Buffer.from(signature, 'base64')
  if (isSignedBy(body.worker, signedBytes(rootOf(receiptLeaf(body), path)), bytes)) return
  throw new CorebrumError('ERR_RECEIPT', `the signature is not that of ${body.worker} over this receipt: the receipt, its path or its signature was changed`)
}

/** One thing that a receipt says, and what came of looking at it; `fits` is undefined where there was nothing to hold it against. */
export interface ReceiptFinding {
  readonly part: 'signature' | 'task' | 'worker' | 'program' | 'inputs' | 'status' | 'outputs'
  readonly fits?: boolean
  readonly detail: string
}

/** What is known of the task besides its record. */
export interface KnownCall {
  /** Digests; see receipt-digests.ts. */
  readonly program?: string
  readonly inputs?: string
}

/** Looks at a receipt by itself, and at what of its task is known here. Never throws. */
export function receiptFindings (receipt: Receipt, record?: TaskRecord, { program, inputs }: KnownCall = {}): ReceiptFinding[] {
  const findings: ReceiptFinding[] = [signatureFinding(receipt)]
  const { body } = receipt
  if (record === undefined) return findings
  findings.push(compared('task', body.taskId, taskOf(record, body.taskId)), compared('worker', body.worker, record.worker))
  findings.push(compared('program', body.program, program), compared('inputs', body.inputs, inputs))
  const status = record.state === 'completed' ? 'ok' : record.failure?.code
  findings.push(compared('status', body.status, status))
  const result = record.outputs ?? record.failure?.message
  findings.push(compared('outputs', body.outputs, result === undefined ? undefined : outputsDigest(result)))
  return findings
}

/** The task that a receipt of this record must name: another one, where its result was reused; one of its replicas, where they agreed. */
function taskOf ({ id, reusedFrom = id, job }: TaskRecord, said: string): string {
  return (job?.kind === 'agreement' || reusedFrom !== id) && parentId(said) === reusedFrom ? said : reusedFrom
}

function signatureFinding (receipt: Receipt): ReceiptFinding {
  try {
    checkSignature(receipt)
    return { part: 'signature', fits: true, detail: `of ${receipt.body.worker}` }
  } catch (error) {
    return { part: 'signature', fits: false, detail: (error as Error).message }
  }
}

function compared (part: ReceiptFinding['part'], said: string, known: string | undefined): ReceiptFinding {
  if (known === undefined) return { part, detail: `this node does not have it any more; the receipt says ${said}` }
  return said === known ? { part, fits: true, detail: said } : { part, fits: false, detail: `the receipt says ${said}, the task ${known}` }
}
