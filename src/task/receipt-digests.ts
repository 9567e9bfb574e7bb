/**
 * The digests that a receipt holds, and its own: a worker and a submitter make them each from what they have.
 *
 *   inputs digest  = sha2-256 of canonical CBOR of the list of values, `undefined` where none was given; with large values,
 *                    which travel by CID, of [the list without them, [* [index, cid, size, form]]]
 *   outputs digest = of the map of outputs by name, large ones in it too; of a failure, of its message
 *   call digest    = of the CBOR of [worker, submitter, module, function / null, program, [memory / null, time, fuel / null]]
 *   leaf           = of a byte 0 and the CBOR of [version, call digest, task, fence, inputs, status, outputs, [wall,
 *                    memory / null, cpu / null, module, files / null, fuel / null], started, ended]; texts and numbers as
 *                    in ReceiptBody
 *   signed         = the UTF-8 of RECEIPT_CONTEXT, then the 32 bytes of the root of the tree that the leaf is in
 */
import { hash } from 'node:crypto'
import { encode, encodeCanonical } from '../cbor.ts'
import type { BlobRef } from './blob.ts'
import { leafHash } from './merkle.ts'
import type { ReceiptBody } from './receipt.ts'
import type { Value } from './values.ts'

/** Nothing else that a node signs begins like this; `Network.sign` puts it before a root. */
export const RECEIPT_CONTEXT = 'corebrum receipt 1:'
const context = Buffer.from(RECEIPT_CONTEXT)
/** Of the message of a failure: as much as a result carries. */
export const MAX_DIGESTED_CHARS = 8192

/** Throws ERR_INPUT for values that are nested too deeply, which none of a task are. */
export function inputsDigest (values: ReadonlyArray<Value | undefined>, refs: ReadonlyArray<{ index: number, blob: BlobRef }> = []): string {
  return digestOf(refs.length === 0 ? values : [values, refs.map(({ index, blob: { cid, size, form } }) => [index, cid, size, form])])
}

/** Of a completed call its outputs, of a failed one its message, as far as that travels. Throws as `inputsDigest`. */
export function outputsDigest (result: Readonly<Record<string, Value>> | string): string {
  return digestOf(typeof result === 'string' ? result.slice(0, MAX_DIGESTED_CHARS) : result)
}

/** What equal calls have in common: a result of one is the result of all, where the program is deterministic. */
export function resultKey (program: string, inputs: string): string {
  return `${program}-${inputs}`
}

/** What the receipts of one program have in common that one worker runs for one submitter. */
export interface ReceiptCall {
  /** CBOR; see above. */
  readonly bytes: Uint8Array
  readonly digest: string
}

let lastCall: { of: ReceiptBody, call: ReceiptCall } | undefined

export function receiptCall (body: ReceiptBody): ReceiptCall {
  // Receipts come in numbers of one call, and this is the larger half of what is written of each.
  if (lastCall === undefined || !isSameCall(lastCall.of, body)) {
    const { worker, submitter, module, functionName = null, program, limits: { memoryBytes = null, timeMs, fuel = null } } = body
    const bytes = encode([worker, submitter, module, functionName, program, [memoryBytes, timeMs, fuel]])
    lastCall = { of: body, call: { bytes, digest: hash('sha256', bytes, 'hex') } }
  }
  return lastCall.call
}

function isSameCall (a: ReceiptBody, b: ReceiptBody): boolean {
  return a.program === b.program && a.worker === b.worker && a.submitter === b.submitter && a.module === b.module && a.functionName === b.functionName &&
    a.limits.timeMs === b.limits.timeMs && a.limits.memoryBytes === b.limits.memoryBytes && a.limits.fuel === b.limits.fuel
}

/** The hash of a receipt as a leaf of a tree. */
export function receiptLeaf (body: ReceiptBody): string {
  const { usage } = body
  return leafHash(encode([
    body.version, receiptCall(body).digest, body.taskId, body.fence, body.inputs, body.status, body.outputs,
    [usage.wallMs, usage.memoryBytes ?? null, usage.cpuMs ?? null, usage.moduleBytes, usage.fileBytes ?? null, usage.fuel ?? null],
    body.startedAtMs, body.endedAtMs,
  ]))
}

/** What the signature of all receipts under this root is over. */
export function signedBytes (root: string): Uint8Array {
  return Buffer.concat([context, Buffer.from(root, 'hex')])
}

function digestOf (value: unknown): string {
  return hash('sha256', encodeCanonical(value), 'hex')
}
