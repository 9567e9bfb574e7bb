/**
 * Receipts as plain values, in an export and on disk: read strictly, so that equal receipts have one form and nothing that was
 * changed goes unseen. Pure.
 */
import { CorebrumError, ERRORS } from '../errors.ts'
import { isPeerId } from './peer-signature.ts'
import { readCid } from './module-cid.ts'
import { splitTaskId } from './task-id.ts'
import type { PathStep } from './merkle.ts'
import type { Receipt, ReceiptBody } from './receipt.ts'
import type { Usage } from './usage.ts'

const MAX_FUNCTION_CHARS = 256
/** A tree over 2^32 leaves has no longer paths. */
const MAX_PATH_STEPS = 32
const SIGNATURE_BYTES = 64
const HASH = /^[0-9a-f]{64}$/

/** Throws ERR_RECEIPT, naming the field that is not of the agreed form. */
export function readReceipt (raw: unknown): Receipt {
  const fields = mapping(raw, 'the receipt', ['body', 'path', 'signature'])
  return { body: readReceiptBody(fields['body']), path: readPath(fields['path']), signature: readSignature(fields['signature']) }
}

/** Throws as `readReceipt`. */
function readReceiptBody (raw: unknown): ReceiptBody {
  const b = mapping(raw, 'body', BODY_FIELDS, ['functionName'])
  if (b['version'] !== 1) throw wrong('body.version', 'is of another version of receipts than 1')
  return {
    version: 1,
    taskId: text(b['taskId'], 'body.taskId', (id) => splitTaskId(id) !== undefined),
    fence: count(b['fence'], 'body.fence'),
    worker: text(b['worker'], 'body.worker', isPeerId),
    submitter: text(b['submitter'], 'body.submitter', isPeerId),
    module: text(b['module'], 'body.module', (cid) => { const reading = readCid(cid); return reading.ok && reading.cid === cid }),
    ...(b['functionName'] === undefined ? {} : { functionName: text(b['functionName'], 'body.functionName', (name) => name.length <= MAX_FUNCTION_CHARS) }),
    program: digest(b['program'], 'body.program'),
    inputs: digest(b['inputs'], 'body.inputs'),
    limits: readLimits(b['limits']),
    status: text(b['status'], 'body.status', (status) => status === 'ok' || Object.hasOwn(ERRORS, status)),
    outputs: digest(b['outputs'], 'body.outputs'),
    usage: readUsage(b['usage']),
    startedAtMs: count(b['startedAtMs'], 'body.startedAtMs'),
    endedAtMs: count(b['endedAtMs'], 'body.endedAtMs'),
  }
}

const BODY_FIELDS = ['version', 'taskId', 'fence', 'worker', 'submitter', 'module', 'program', 'inputs', 'limits', 'status', 'outputs', 'usage', 'startedAtMs', 'endedAtMs']

function readLimits (raw: unknown): ReceiptBody['limits'] {
  const { timeMs, memoryBytes, fuel } = mapping(raw, 'body.limits', ['timeMs'], ['memoryBytes', 'fuel'])
  return {
    timeMs: count(timeMs, 'body.limits.timeMs'),
    ...(memoryBytes === undefined ? {} : { memoryBytes: count(memoryBytes, 'body.limits.memoryBytes') }),
    ...(fuel === undefined ? {} : { fuel: count(fuel, 'body.limits.fuel') }),
  }
}

function readUsage (raw: unknown): Usage {
  const usage = mapping(raw, 'body.usage', ['wallMs', 'moduleBytes'], ['cpuMs', 'memoryBytes', 'fileBytes', 'fuel'])
  const { wallMs, moduleBytes, cpuMs, memoryBytes, fileBytes, fuel } = usage
  return {
    wallMs: amount(wallMs, 'body.usage.wallMs'),
    moduleBytes: amount(moduleBytes, 'body.usage.moduleBytes'),
    ...(cpuMs === undefined ? {} : { cpuMs: amount(cpuMs, 'body.usage.cpuMs') }),
    ...(memoryBytes === undefined ? {} : { memoryBytes: amount(memoryBytes, 'body.usage.memoryBytes') }),
    ...(fileBytes === undefined ? {} : { fileBytes: amount(fileBytes, 'body.usage.fileBytes') }),
    ...(fuel === undefined ? {} : { fuel: amount(fuel, 'body.usage.fuel') }),
  }
}

function readPath (raw: unknown): PathStep[] {
  if (!Array.isArray(raw) || raw.length > MAX_PATH_STEPS) throw wrong('path', `is not a list of at most ${MAX_PATH_STEPS} steps`)
  return raw.map((item: unknown, i) => {
    const { side, hash } = mapping(item, `path[${i}]`, ['side', 'hash'])
    if (side !== 'left' && side !== 'right') throw wrong(`path[${i}].side`, 'is neither left nor right')
    return { side, hash: digest(hash, `path[${i}].hash`) }
  })
}

function readSignature (raw: unknown): string {
  const written = text(raw, 'signature', (base64) => base64.length <= 2 * SIGNATURE_BYTES)
  const bytes = Buffer.from(written, 'base64')
  // Base64 has bits to spare at its end; only one way of writing counts.
  if (bytes.length !== SIGNATURE_BYTES || bytes.toString('base64') !== written) throw wrong('signature', `is not ${SIGNATURE_BYTES} bytes of base64`)
  return written
}

function mapping (raw: unknown, what: string, required: readonly string[], optional: readonly string[] = []): Record<string, unknown> {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw) || raw instanceof Uint8Array) throw wrong(what, 'is not a mapping of fields')
  const fields = { ...raw }
  const missing = required.find((name) => !Object.hasOwn(fields, name))
  if (missing !== undefined) throw wrong(what, `has no field ${missing}`)
  const unknown = Object.keys(fields).find((name) => !required.includes(name) && !optional.includes(name))
  if (unknown !== undefined) throw wrong(what, `has a field ${JSON.stringify(unknown.slice(0, 60))}, which no receipt has`)
  return fields
}

function text (raw: unknown, what: string, fits: (text: string) => boolean): string {
  if (typeof raw !== 'string' || !fits(raw)) throw wrong(what, 'is not of the agreed form')
  return raw
}

function digest (raw: unknown, what: string): string {
  return text(raw, what, (hex) => HASH.test(hex))
}

function count (raw: unknown, what: string): number {
  if (typeof raw !== 'number' || !Number.isSafeInteger(raw) || raw < 0) throw wrong(what, 'is not a whole number')
  return raw
}

function amount (raw: unknown, what: string): number {
  if (typeof raw !== 'number' || !Number.isFinite(raw) || raw < 0) throw wrong(what, 'is not an amount')
  return raw
}

function wrong (field: string, fault: string): CorebrumError {
  return new CorebrumError('ERR_RECEIPT', `${field} ${fault}: this is no receipt, or it was changed`)
}
