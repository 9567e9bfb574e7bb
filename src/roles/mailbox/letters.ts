/** Writes letters: results that are owed to a submitter, signed by this node and sealed for that one. Reads those of others. */
import { createHash } from 'node:crypto'
import { CorebrumError } from '../../errors.ts'
import { MAX_LETTER_BYTES } from '../../limits.ts'
import { cidOf } from '../../modules/cid.ts'
import type { Blobs } from '../../modules/blobs.ts'
import type { Network } from '../../network/network.ts'
import type { BlobRef } from '../../task/blob.ts'
import { letterContent, letterFromWire, signedLetter, type LetterMessage } from '../../wire/letter.ts'
import { unpackOutputs, valueReader, type ValueReader } from '../large-values.ts'

/** Around the content: its signature, the seal, and the heads of both. */
const ENVELOPE_BYTES = 512

export interface LettersComponents {
  network: Pick<Network, 'peerId' | 'sign' | 'verify' | 'seal' | 'unseal'>
  blobs: Pick<Blobs, 'read'>
}

export interface SealedLetter {
  /** Hex sha2-256 of the bytes. */
  id: string
  bytes: Uint8Array
}

export interface OpenedLetter {
  /** Who signed it. */
  worker: string
  /** Its results have all of their outputs. */
  messages: LetterMessage[]
}

export function letterId (sealed: Uint8Array): string {
  return createHash('sha256').update(sealed).digest('hex')
}

/** Rejects with ERR_OUTPUT_LIMIT when it is too large, ERR_BLOB_NOT_FOUND when an output is not here any more, and as `Network.seal`. */
export async function sealLetter (recipient: string, messages: LetterMessage[], { network, blobs }: LettersComponents): Promise<SealedLetter> {
  const refs = messages.flatMap(blobsOf)
  const size = refs.reduce((sum, { size }) => sum + size, 0)
  if (size > MAX_LETTER_BYTES) throw tooLarge(size)
  const values: Uint8Array[] = []
  for (const { cid } of refs) values.push(await blobs.read(cid))
  const content = letterContent({ worker: network.peerId, recipient, messages, blobs: values })
  if (content.length > MAX_LETTER_BYTES - ENVELOPE_BYTES) throw tooLarge(content.length)
  const bytes = await network.seal(recipient, signedLetter(content, await network.sign('letter', content)))
  return { id: letterId(bytes), bytes }
}

/** Rejects with ERR_PROTOCOL unless the letter is for this node, whole, and signed by the worker that it names. */
export async function openLetter (sealed: Uint8Array, network: LettersComponents['network']): Promise<OpenedLetter> {
  const { letter: { worker, recipient, messages, blobs }, content, signature } = letterFromWire(await network.unseal(sealed))
  // Sealed again for somebody else, it would still carry the worker's signature.
  if (recipient !== network.peerId) throw new CorebrumError('ERR_PROTOCOL', 'the letter was written to another node')
  if (!await network.verify(worker, 'letter', content, signature)) throw new CorebrumError('ERR_PROTOCOL', `the letter is not signed by ${worker}`)
  // Each output has bytes of its own: those that were read again for each of many results would become any amount of memory.
  const left = blobs.values()
  const next = async ({ cid, size }: BlobRef): Promise<Uint8Array> => {
    const { value: bytes } = left.next()
    if (bytes?.length !== size || cidOf(bytes) !== cid) throw new CorebrumError('ERR_PROTOCOL', 'the letter lacks an output that it names')
    return bytes
  }
  const read = valueReader()
  const whole: LetterMessage[] = []
  for (const message of messages) whole.push(await withOutputs(message, next, read))
  return { worker, messages: whole }
}

async function withOutputs (message: LetterMessage, bytesOf: (blob: BlobRef) => Promise<Uint8Array>, read: ValueReader): Promise<LetterMessage> {
  if (message.kind !== 'result' || !message.outcome.ok || message.outcome.refs === undefined) return message
  const { refs, ...outcome } = message.outcome
  return { ...message, outcome: { ...outcome, outputs: await unpackOutputs(outcome.outputs, refs, bytesOf, read) } }
}

function blobsOf (message: LetterMessage): BlobRef[] {
  return message.kind === 'result' && message.outcome.ok ? (message.outcome.refs ?? []).map(({ blob }) => blob) : []
}

function tooLarge (bytes: number): CorebrumError {
  return new CorebrumError('ERR_OUTPUT_LIMIT', `a letter of ${bytes} bytes is too large; ${MAX_LETTER_BYTES} are allowed`)
}
