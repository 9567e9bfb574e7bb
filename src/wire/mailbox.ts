/**
 * The messages of `/corebrum/mailbox/1.0.0`: letters on their way to a recipient that is away. Each is an array that begins
 * with its kind; items behind those named here are ignored. Frames are as on `/corebrum/work/1.0.0`.
 *
 *   depositor to holder, one letter a stream
 *     deposit = [0, version: 1, recipient: tstr, label, id, size: uint, ttl-s: uint]
 *   holder to recipient, as many letters one after the other as it has
 *     letter  = [1, version: 1, id, size: uint]
 *   who offers a letter, after `go`
 *     part    = [2, bstr]                       ; until `size` bytes are there
 *   who is offered one
 *     go      = [16]                            ; send it
 *     done    = [17]                            ; it is kept, or taken: also instead of `go`, when it was before
 *     refused = [18, status: uint, reason: tstr]  ; also instead of `done`; a holder keeps what its recipient refuses
 *
 *   id    = bstr .size 32: sha2-256 of the sealed bytes
 *   label = bstr .size 32: of what is in it, as the depositor tells it; a holder keeps one letter of each for a depositor
 */
import { CorebrumError, codeOfStatus, ERRORS, type ErrorCode } from '../errors.ts'
import { LETTER_PART_BYTES, MAX_LETTER_BYTES, MAX_LETTER_TTL_MS } from '../limits.ts'
import { asArray, asBytes, asInteger, asText } from './shape.ts'

export const MAILBOX_PROTOCOL = '/corebrum/mailbox/1.0.0'
const VERSION = 1
export const LETTER_ID_BYTES = 32
/** A PeerId of any key that fits into one. */
export const MAX_PEER_CHARS = 128
const MAX_REASON_CHARS = 1024

/** Hex. */
export interface LetterName { id: string, size: number }

export type MailboxMessage =
  | { kind: 'deposit', recipient: string, label: string, ttlMs: number } & LetterName
  | { kind: 'letter' } & LetterName
  | { kind: 'part', bytes: Uint8Array }
  | { kind: 'go' }
  | { kind: 'done' }
  | { kind: 'refused', code: ErrorCode, reason: string }

export function mailboxMessageToWire (m: MailboxMessage): unknown[] {
  switch (m.kind) {
    case 'deposit': return [0, VERSION, m.recipient, Buffer.from(m.label, 'hex'), Buffer.from(m.id, 'hex'), m.size, Math.ceil(m.ttlMs / 1000)]
    case 'letter': return [1, VERSION, Buffer.from(m.id, 'hex'), m.size]
    case 'part': return [2, m.bytes]
    case 'go': return [16]
    case 'done': return [17]
    case 'refused': return [18, ERRORS[m.code].status, m.reason.slice(0, MAX_REASON_CHARS)]
  }
}

/** Throws ERR_PROTOCOL, also for a kind that is not known: no later version may change what a letter waits for. */
export function mailboxMessageFromWire (raw: unknown): MailboxMessage {
  const f = asArray(raw, 'message', 1)
  switch (f[0]) {
    case 0:
      requireVersion(f[1])
      return {
        kind: 'deposit',
        recipient: asText(f[2], 'deposit.recipient', MAX_PEER_CHARS),
        label: hexFromWire(f[3], 'deposit.label'),
        id: hexFromWire(f[4], 'deposit.id'),
        size: sizeFromWire(f[5]),
        ttlMs: asInteger(f[6], 'deposit.ttl', 1, MAX_LETTER_TTL_MS / 1000) * 1000,
      }
    case 1:
      requireVersion(f[1])
      return { kind: 'letter', id: hexFromWire(f[2], 'letter.id'), size: sizeFromWire(f[3]) }
    case 2: return { kind: 'part', bytes: asBytes(f[1], 'part', 1, LETTER_PART_BYTES) }
    case 16: return { kind: 'go' }
    case 17: return { kind: 'done' }
    case 18: return { kind: 'refused', code: codeOfStatus(asInteger(f[1], 'refused.status', 1, 65535)), reason: asText(f[2], 'refused.reason', MAX_REASON_CHARS) }
    default: throw new CorebrumError('ERR_PROTOCOL', 'a message of a mailbox is of no known kind')
  }
}

function requireVersion (version: unknown): void {
  if (version !== VERSION) throw new CorebrumError('ERR_PROTOCOL', `mailbox protocol version ${String(version)} is not supported, only ${VERSION}`)
}

function hexFromWire (raw: unknown, what: string): string {
  return Buffer.from(asBytes(raw, what, LETTER_ID_BYTES, LETTER_ID_BYTES)).toString('hex')
}

function sizeFromWire (raw: unknown): number {
  return asInteger(raw, 'letter size', 1, MAX_LETTER_BYTES)
}
