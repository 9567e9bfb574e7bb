/** Receipts as the journal keeps them; the layout is in record.ts. */
import { decode } from '../../cbor.ts'
import { MAX_LOG_BYTES } from '../../limits.ts'
import { receiptCall } from '../../task/receipt-digests.ts'
import type { Receipt, ReceiptBody } from '../../task/receipt.ts'
import type { Outcome } from '../../wire/messages.ts'
import { asAmount, asArray, asBytes, asInteger, asText, broken, uint } from '../../wire/shape.ts'
import { idFromWire, idToWire } from '../../wire/task-id.ts'
import { usageFromWire, usageToWire } from '../../wire/usage.ts'

const HASH_BYTES = 32
/** Of a tree that 32-bit numbers can count. */
const MAX_PATH = 32
const MAX_SIGNATURE_BYTES = 512
const MAX_TEXT = MAX_LOG_BYTES
/** Five texts and three numbers. */
const MAX_CALL_BYTES = 5 * MAX_TEXT
const HASH = /^[0-9a-f]{64}$/

export function receiptToCbor ({ body, path, signature }: Receipt): unknown[] {
  let hashes = body.inputs + body.outputs
  let lefts = 0
  path.forEach(({ side, hash }, i) => {
    hashes += hash
    if (side === 'left') lefts += 2 ** i
  })
  const { taskId, fence, status, usage, startedAtMs, endedAtMs } = body
  return [
    receiptCall(body).bytes, hashesToCbor(hashes, 2 + path.length), idToWire(taskId), uint(fence), status, usageToWire(usage), startedAtMs, endedAtMs,
    uint(lefts), Buffer.from(signature, 'base64'),
  ]
}

/** Throws ERR_PROTOCOL. */
export function receiptFromCbor (raw: unknown): Receipt {
  const f = asArray(raw, 'receipt', 10)
  const hashes = asBytes(f[1], 'receipt.hashes', 2 * HASH_BYTES, (2 + MAX_PATH) * HASH_BYTES)
  return {
    body: {
      version: 1,
      taskId: idFromWire(f[2]),
      fence: whole(f[3]),
      ...callFromCbor(f[0]),
      inputs: hashAt(hashes, 0),
      status: text(f[4]),
      outputs: hashAt(hashes, 1),
      usage: usageFromWire(f[5]),
      startedAtMs: asAmount(f[6], 'receipt.started'),
      endedAtMs: asAmount(f[7], 'receipt.ended'),
    },
    path: pathFromCbor(asInteger(f[8], 'receipt.sides', 0, 2 ** MAX_PATH - 1), hashes),
    signature: Buffer.from(asBytes(f[9], 'receipt.signature', 1, MAX_SIGNATURE_BYTES)).toString('base64'),
  }
}

function pathFromCbor (lefts: number, hashes: Uint8Array): Receipt['path'] {
  const steps = hashes.length / HASH_BYTES - 2
  if (!Number.isInteger(steps) || lefts >= 2 ** steps) throw broken('receipt.path')
  return Array.from({ length: steps }, (_, i) => ({ side: Math.floor(lefts / 2 ** i) % 2 === 1 ? 'left' : 'right', hash: hashAt(hashes, i + 2) }))
}

/** What a receipt will say of a result, which stands beside it. */
export function promiseToCbor (body: ReceiptBody): unknown[] {
  return [receiptCall(body).bytes, hashesToCbor(body.inputs + body.outputs, 2), body.startedAtMs, body.endedAtMs]
}

/** Throws ERR_PROTOCOL. */
export function promiseFromCbor (raw: unknown, { taskId, fence, outcome }: { taskId: string, fence: number, outcome: Outcome }): ReceiptBody {
  const f = asArray(raw, 'receipt.body', 4)
  const hashes = asBytes(f[1], 'receipt.hashes', 2 * HASH_BYTES, 2 * HASH_BYTES)
  return {
    version: 1,
    taskId,
    fence,
    ...callFromCbor(f[0]),
    inputs: hashAt(hashes, 0),
    status: outcome.ok ? 'ok' : outcome.code,
    outputs: hashAt(hashes, 1),
    usage: outcome.usage,
    startedAtMs: asAmount(f[2], 'receipt.started'),
    endedAtMs: asAmount(f[3], 'receipt.ended'),
  }
}

/** Throws ERR_PROTOCOL. */
function callFromCbor (raw: unknown): Pick<ReceiptBody, 'worker' | 'submitter' | 'module' | 'functionName' | 'program' | 'limits'> {
  const f = asArray(decode(asBytes(raw, 'receipt.call', 1, MAX_CALL_BYTES)), 'receipt.call', 6)
  const limits = asArray(f[5], 'receipt.limits', 3)
  const program = text(f[4])
  if (!HASH.test(program)) throw broken('receipt.program')
  return {
    worker: text(f[0]),
    submitter: text(f[1]),
    module: text(f[2]),
    ...(f[3] === null ? {} : { functionName: text(f[3]) }),
    program,
    limits: {
      ...(limits[0] === null ? {} : { memoryBytes: whole(limits[0]) }),
      timeMs: asAmount(limits[1], 'receipt.limits'),
      ...(limits[2] === null ? {} : { fuel: whole(limits[2]) }),
    },
  }
}

/** Hex hashes, one behind the other. One text for all: a tenth of the time that a list of them takes. */
function hashesToCbor (hex: string, count: number): Uint8Array {
  const bytes = Buffer.from(hex, 'hex')
  if (bytes.length !== count * HASH_BYTES) throw broken('receipt.hashes')
  return bytes
}

function hashAt (hashes: Uint8Array, index: number): string {
  return Buffer.from(hashes.buffer, hashes.byteOffset + index * HASH_BYTES, HASH_BYTES).toString('hex')
}

function text (raw: unknown): string {
  return asText(raw, 'receipt', MAX_TEXT)
}

function whole (raw: unknown): number {
  return asInteger(raw, 'receipt', 0, Number.MAX_SAFE_INTEGER)
}
