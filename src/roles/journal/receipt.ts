/** Receipts as the journal keeps them; the layout is in record.ts. */
import { MAX_LOG_BYTES } from '../../limits.ts'
import type { Receipt, ReceiptBody } from '../../task/receipt.ts'
import { asAmount, asArray, asBytes, asInteger, asText, broken, uint, uintOrNull } from '../../wire/shape.ts'
import { idFromWire, idToWire } from '../../wire/task-id.ts'
import { usageFromWire, usageToWire } from '../../wire/usage.ts'

const HASH_BYTES = 32
/** Of a tree that 32-bit numbers can count. */
const MAX_PATH = 32
const MAX_SIGNATURE_BYTES = 512
const MAX_TEXT = MAX_LOG_BYTES

export function receiptToCbor ({ body, path, signature }: Receipt): unknown[] {
  // One text for all hashes: a tenth of the time that a list of them takes.
  let hashes = ''
  let lefts = 0
  path.forEach(({ side, hash }, i) => {
    hashes += hash
    if (side === 'left') lefts += 2 ** i
  })
  return [receiptBodyToCbor(body), uint(lefts), Buffer.from(hashes, 'hex'), Buffer.from(signature, 'base64')]
}

export function receiptBodyToCbor (b: ReceiptBody): unknown[] {
  return [
    idToWire(b.taskId), uint(b.fence), b.worker, b.submitter, b.module, b.functionName ?? null, hashToCbor(b.program), hashToCbor(b.inputs),
    [uintOrNull(b.limits.memoryBytes), b.limits.timeMs, uintOrNull(b.limits.fuel)], b.status, hashToCbor(b.outputs), usageToWire(b.usage), b.startedAtMs, b.endedAtMs,
  ]
}

/** Throws ERR_PROTOCOL. */
export function receiptFromCbor (raw: unknown): Receipt {
  const f = asArray(raw, 'receipt', 4)
  return {
    body: receiptBodyFromCbor(f[0]),
    path: pathFromCbor(asInteger(f[1], 'receipt.sides', 0, 2 ** MAX_PATH - 1), asBytes(f[2], 'receipt.path', 0, MAX_PATH * HASH_BYTES)),
    signature: Buffer.from(asBytes(f[3], 'receipt.signature', 1, MAX_SIGNATURE_BYTES)).toString('base64'),
  }
}

function pathFromCbor (lefts: number, hashes: Uint8Array): Receipt['path'] {
  const steps = hashes.length / HASH_BYTES
  if (!Number.isInteger(steps) || lefts >= 2 ** steps) throw broken('receipt.path')
  return Array.from({ length: steps }, (_, i) => ({
    side: Math.floor(lefts / 2 ** i) % 2 === 1 ? 'left' : 'right', hash: hashFromCbor(hashes.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES)),
  }))
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
