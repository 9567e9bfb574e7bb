/**
 * What is in a letter, before it is sealed for its recipient: results of one worker, as that would say them over a work stream.
 *
 *   letter  = [content: bstr .cbor content, signature: bstr]     ; of the worker's key, for the purpose `letter`, over the content
 *   content = [1, worker: tstr, recipient: tstr, [+ message], [* blob: bstr]]
 *   message = result / receipts, of `/corebrum/work/1.0.0`
 *   blob: the bytes of a large output that a result names
 */
import { decode, encode } from '../cbor.ts'
import { CorebrumError } from '../errors.ts'
import { MAX_INPUTS, MAX_LETTER_BYTES, MAX_LETTER_RESULTS } from '../limits.ts'
import { MAX_PEER_CHARS } from './mailbox.ts'
import { workerMessageFromWire, workerMessageToWire, type WorkerMessage } from './messages.ts'
import { asArray, asBytes, asText, broken } from './shape.ts'

const VERSION = 1
const MAX_SIGNATURE_BYTES = 256

/** The messages of a worker that a letter may hold. */
export type LetterMessage = Extract<WorkerMessage, { kind: 'result' | 'receipts' }>

export interface Letter {
  /** PeerIds. */
  worker: string
  recipient: string
  messages: LetterMessage[]
  blobs: Uint8Array[]
}

/** What is signed. */
export function letterContent ({ worker, recipient, messages, blobs }: Letter): Uint8Array {
  return encode([VERSION, worker, recipient, messages.map(workerMessageToWire), blobs])
}

export function signedLetter (content: Uint8Array, signature: Uint8Array): Uint8Array {
  return encode([content, signature])
}

/** Throws ERR_PROTOCOL. Whether the signature is the worker's is not checked here. */
export function letterFromWire (bytes: Uint8Array): { letter: Letter, content: Uint8Array, signature: Uint8Array } {
  const outer = asArray(decode(bytes), 'letter', 2)
  const content = asBytes(outer[0], 'letter', 1, MAX_LETTER_BYTES)
  const signature = asBytes(outer[1], 'letter.signature', 1, MAX_SIGNATURE_BYTES)
  const fields = asArray(decode(content), 'letter', 5)
  if (fields[0] !== VERSION) throw new CorebrumError('ERR_PROTOCOL', `letter version ${String(fields[0])} is not supported, only ${VERSION}`)
  const letter = {
    worker: asText(fields[1], 'letter.worker', MAX_PEER_CHARS),
    recipient: asText(fields[2], 'letter.recipient', MAX_PEER_CHARS),
    messages: asArray(fields[3], 'letter.messages', 1, 2 * MAX_LETTER_RESULTS).map(messageFromWire),
    blobs: asArray(fields[4], 'letter.blobs', 0, MAX_LETTER_RESULTS * MAX_INPUTS).map((blob) => asBytes(blob, 'letter.blobs', 0, MAX_LETTER_BYTES)),
  }
  return { letter, content, signature }
}

function messageFromWire (raw: unknown): LetterMessage {
  const message = workerMessageFromWire(raw)
  if (message?.kind !== 'result' && message?.kind !== 'receipts') throw broken('letter.messages')
  return message
}
