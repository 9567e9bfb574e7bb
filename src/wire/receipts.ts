/**
 * Receipts on the wire: one signature for many results, each with what the submitter cannot know itself. The rest of a receipt
 * it has: its own task, and the result.
 *
 *   receipts = [7, signature: bstr .size 64, [+ entry]]
 *   entry    = [id, fence: uint, started: uint, ended: uint, leaf: bstr .size 32]    ; the worker's clock, Unix milliseconds
 *
 * The leaves in their order make the tree whose root is signed; see task/receipt-digests.ts and task/merkle.ts. The submitter
 * takes a receipt for its own when the leaf that it makes itself is the same.
 */
import { MAX_RECEIPTS_PER_MESSAGE } from '../limits.ts'
import { asArray, asBytes, asInteger, uint } from './shape.ts'
import { idFromWire, idToWire } from './task-id.ts'

export interface ReceiptEntry {
  taskId: string
  fence: number
  startedAtMs: number
  endedAtMs: number
  /** Hex. */
  leaf: string
}

export interface ReceiptBatch {
  /** Of the root. */
  signature: Uint8Array
  entries: ReceiptEntry[]
}

const SIGNATURE_BYTES = 64
const HASH_BYTES = 32

export function receiptsToWire ({ signature, entries }: ReceiptBatch): unknown[] {
  return [signature, entries.map(({ taskId, fence, startedAtMs, endedAtMs, leaf }) => (
    [idToWire(taskId), uint(fence), uint(startedAtMs), uint(endedAtMs), Buffer.from(leaf, 'hex')]))]
}

/** Throws ERR_PROTOCOL. */
export function receiptsFromWire (signature: unknown, entries: unknown): ReceiptBatch {
  return {
    signature: asBytes(signature, 'receipts.signature', SIGNATURE_BYTES, SIGNATURE_BYTES),
    entries: asArray(entries, 'receipts', 1, MAX_RECEIPTS_PER_MESSAGE).map((raw) => {
      const entry = asArray(raw, 'receipts.entry', 5)
      const whole = (i: number, what: string): number => asInteger(entry[i], what, 0, Number.MAX_SAFE_INTEGER)
      return {
        taskId: idFromWire(entry[0]),
        fence: whole(1, 'fence'),
        startedAtMs: whole(2, 'receipts.started'),
        endedAtMs: whole(3, 'receipts.ended'),
        leaf: Buffer.from(asBytes(entry[4], 'receipts.leaf', HASH_BYTES, HASH_BYTES)).toString('hex'),
      }
    }),
  }
}
