/** Receipts as the journal keeps them; the layout is in record.ts. */
import { MAX_LOG_BYTES } from '../../limits.ts'
import type { Receipt, ReceiptBody } from '../../task/receipt.ts'
import { asAmount, asArray, asBytes, asInteger, asText, broken, uint } from '../../wire/shape.ts'
import { idFromWire, idToWire } from '../../wire/task-id.ts'
import { usageFromWire, usageToWire } from '../../wire/usage.ts'

const HASH_BYTES = 32
/** Of a tree that 32-bit numbers can count. */
const MAX_PATH = 32
const MAX_SIGNATURE_BYTES = 512
const MAX_TEXT = MAX_LOG_BYTES

export function receiptToCbor ({ body, path, signature }: Receipt): unknown[] {
  return [receiptBodyToCbor(body), path.map(({ side, hash }) => [side === 'left' ? 0 : 1, hashToCbor(hash)]), Buffer.from(signature, 'base64')]
}

export function receiptBodyToCbor (b: ReceiptBody): unknown[] {
  return [
    idToWire(b.taskId), uint(b.fence), b.worker, b.submitter, b.module, b.functionName ?? null, hashToCbor(b.program), hashToCbor(b.inputs),
    [known(b.limits.memoryBytes), b.limits.timeMs, known(b.limits.fuel)], b.status, hashToCbor(b.outputs), usageToWire(b.usage), b.startedAtMs, b.endedAtMs,
  ]
}

/** Throws ERR_PROTOCOL. */
export function receiptFromCbor (raw: unknown): Receipt {
  const f = asArray(raw, 'receipt', 3)
  return {
    body: receiptBodyFromCbor(f[0]),
    path: asArray(f[1], 'receipt.path', 0, MAX_PATH).map((raw) => {
      const step = asArray(raw, 'receipt.path', 2)
      return { side: asInteger(step[0], 'receipt.path', 0, 1) === 0 ? 'left' : 'right', hash: hashFromCbor(step[1]) }
    }),
    signature: Buffer.from(asBytes(f[2], 'receipt.signature', 1, MAX_SIGNATURE_BYTES)).toString('base64'),
  }
}

/** Throws ERR_PROTOCOL. */
export function receiptBodyFromCbor (raw: unknown): ReceiptBody {
  const f = asArray(raw, 'receipt.body', 14)
  const limits = asArray(f[8], 'receipt.limits', 3)
  return {
    version: 1,
    taskId: idFromWire(f[0]),
    fence: whole(f[1]),
    worker: text(f[2]),
    submitter: text(f[3]),
    module: text(f[4]),
    ...(f[5] === null ? {} : { functionName: text(f[5]) }),
    program: hashFromCbor(f[6]),
    inputs: hashFromCbor(f[7]),
    limits: {
      ...(limits[0] === null ? {} : { memoryBytes: whole(limits[0]) }),
      timeMs: asAmount(limits[1], 'receipt.limits'),
      ...(limits[2] === null ? {} : { fuel: whole(limits[2]) }),
    },
    status: text(f[9]),
    outputs: hashFromCbor(f[10]),
    usage: usageFromWire(f[11]),
    startedAtMs: asAmount(f[12], 'receipt.started'),
    endedAtMs: asAmount(f[13], 'receipt.ended'),
  }
}

function known (count: number | undefined): number | bigint | null {
  return count === undefined ? null : uint(count)
}

function hashToCbor (hex: string): Uint8Array {
  const bytes = Buffer.from(hex, 'hex')
  if (bytes.length !== HASH_BYTES) throw broken('receipt.hash')
  return bytes
}

function hashFromCbor (raw: unknown): string {
  return Buffer.from(asBytes(raw, 'receipt.hash', HASH_BYTES, HASH_BYTES)).toString('hex')
}

function text (raw: unknown): string {
  return asText(raw, 'receipt', MAX_TEXT)
}

function whole (raw: unknown): number {
  return asInteger(raw, 'receipt', 0, Number.MAX_SAFE_INTEGER)
}
