/** Modules from peers: the client of `/corebrum/module/1.0.0`; the bytes are described in `peer-protocol.ts`. */
import { CorebrumError, toCorebrumError } from '../errors.ts'
import { MAX_MODULE_BYTES } from '../limits.ts'
import { TRANSFER_STALL_MS } from './limits.ts'
import type { ByteStream, Network } from '../network/network.ts'
import { paced } from './pace.ts'
import { decodeResponse, encodeRequest, MODULE_PROTOCOL, readFrame, STATUS } from './peer-protocol.ts'
import type { Transfer } from './transfer.ts'

export interface PeerOptions {
  /** Bytes that are there already. Default 0. */
  offset?: number
  /** Size that the module must have; 0 or absent: unknown. */
  size?: number
  /** Largest module, default MAX_MODULE_BYTES. */
  maxBytes?: number
  /** Default TRANSFER_STALL_MS. */
  stallMs?: number
  signal?: AbortSignal
}

/**
 * Asks a peer for a module; leaving the body's loop, or the signal, ends the stream.
 * Rejects with ERR_MODULE_NOT_FOUND, ERR_QUEUE_FULL (busy: it may do better later), ERR_MODULE_TOO_LARGE, ERR_MODULE_HASH_MISMATCH (another size),
 * ERR_PROTOCOL, ERR_PEER_TIMEOUT, ERR_DIAL, ERR_STREAM_CLOSED, ERR_CANCELLED; the body throws the same.
 */
export async function openPeer (network: Network, peer: string, cid: string, options: PeerOptions = {}): Promise<Transfer & { size: number }> {
  const { offset = 0, stallMs = TRANSFER_STALL_MS, signal } = options
  const stream = await network.openBytes(peer, MODULE_PROTOCOL, { signal })
  const stalled = (): CorebrumError => new CorebrumError('ERR_PEER_TIMEOUT', `the peer sent next to nothing for ${stallMs} ms`)
  let complete = false
  const chunks = paced(stream.source, { stallMs, signal, onAbandon: (error) => { if (!complete) stream.abort(error) }, stalled })
  try {
    // Not awaited: a peer may refuse without reading. What fails here ends the source too.
    stream.sink([encodeRequest({ cid, offset })]).catch((error: unknown) => stream.abort(toCorebrumError(error, 'ERR_STREAM_CLOSED')))
    const { body, rest } = await readFrame(chunks)
    const { status, size } = decodeResponse(body)
    if (status !== STATUS.ok) throw refusal(status, offset)
    checkSize(size, { ...options, offset })
    return { size, body: bodyOf(stream, chunks, rest, size - offset, () => { complete = true }) }
  } catch (thrown) {
    const error = toCorebrumError(thrown, 'ERR_STREAM_CLOSED')
    stream.abort(error)
    void chunks.return(undefined)
    throw error
  }
}

function refusal (status: number, offset: number): CorebrumError {
  if (status === STATUS.badRequest && offset > 0) return new CorebrumError('ERR_MODULE_HASH_MISMATCH', `the peer's module has fewer than the ${offset} bytes that are there already`)
  if (status === STATUS.busy) return new CorebrumError('ERR_QUEUE_FULL', 'the peer serves as many transfers as it will')
  const why = status === STATUS.notFound ? 'does not have it' : 'did not understand the request'
  return new CorebrumError('ERR_MODULE_NOT_FOUND', `the peer ${why}`)
}

function checkSize (size: number, { offset, size: expected = 0, maxBytes = MAX_MODULE_BYTES }: PeerOptions & { offset: number }): void {
  if (size > maxBytes) throw new CorebrumError('ERR_MODULE_TOO_LARGE', `the peer's module has ${size} bytes; this node takes at most ${maxBytes}`)
  if (expected !== 0 && size !== expected) throw new CorebrumError('ERR_MODULE_HASH_MISMATCH', `the peer's module has ${size} bytes, not the ${expected} of the task`)
  if (offset > size) throw new CorebrumError('ERR_MODULE_HASH_MISMATCH', `the peer's module has ${size} bytes, but ${offset} are there already`)
}

async function * bodyOf (stream: ByteStream, chunks: AsyncGenerator<Uint8Array>, rest: Uint8Array, bytes: number, onComplete: () => void): AsyncGenerator<Uint8Array> {
  let left = bytes
  const counted = (chunk: Uint8Array): Uint8Array => {
    left -= chunk.length
    if (left < 0) throw new CorebrumError('ERR_PROTOCOL', `the peer sent more than the ${bytes} bytes it announced`)
    return chunk
  }
  try {
    if (rest.length > 0) yield counted(rest)
    while (left > 0) {
      const item = await chunks.next()
      if (item.done === true) throw new CorebrumError('ERR_STREAM_CLOSED', `the peer ended the stream ${left} bytes before the module's end`)
      yield counted(item.value)
    }
    onComplete()
    stream.close().catch(() => {})
  } catch (thrown) {
    throw toCorebrumError(thrown, 'ERR_STREAM_CLOSED')
  } finally {
    if (left !== 0) stream.abort(new CorebrumError('ERR_CANCELLED', 'the rest of the module is not wanted'))
    // The last byte is not the stream's end: without this, the watch over the stream would go on for ever.
    await chunks.return(undefined)
  }
}
