/** Serves modules and large values to peers: the server of `/corebrum/module/1.0.0`; the bytes are in `peer-protocol.ts`. */
import { CorebrumError, toCorebrumError } from '../errors.ts'
import { FIRST_FRAME_TIMEOUT_MS, MAX_MODULE_STREAMS_PER_PEER, MAX_TRANSFER_MS } from '../limits.ts'
import { MAX_MODULE_STREAMS, TRANSFER_STALL_MS } from './limits.ts'
import type { ByteStream, Network } from '../network/network.ts'
import type { ByteSource } from './modules.ts'
import { within } from './pace.ts'
import { decodeRequest, encodeResponse, MODULE_PROTOCOL, readFrame, STATUS, type ModuleRequest, type Status } from './peer-protocol.ts'

/** A slow client takes a piece of this size before the next sign of life is due. */
const SEND_PIECE_BYTES = 64 * 1024

export interface ModuleServerComponents {
  store: ByteSource
  /** Looked at for what the store lacks. */
  blobs?: ByteSource
  network: Network
}

export interface ModuleServerInit {
  /** Default MAX_MODULE_STREAMS_PER_PEER. */
  maxStreamsPerPeer?: number
  /** Default MAX_MODULE_STREAMS. */
  maxStreams?: number
  /** For the whole request to arrive, default FIRST_FRAME_TIMEOUT_MS. */
  requestTimeoutMs?: number
  /** A client that takes nothing for this long is cut off, default TRANSFER_STALL_MS. */
  stallMs?: number
}

/** Begins to serve; every stream ends by itself, within MAX_TRANSFER_MS. */
export async function serveModules (components: ModuleServerComponents, init: ModuleServerInit = {}): Promise<void> {
  const { network } = components
  const { maxStreamsPerPeer = MAX_MODULE_STREAMS_PER_PEER, maxStreams = MAX_MODULE_STREAMS } = init
  const open = new Map<string, number>()
  let total = 0

  await network.serveBytes(MODULE_PROTOCOL, async (stream) => {
    const ofPeer = open.get(stream.peer) ?? 0
    const busy = total >= maxStreams || ofPeer >= maxStreamsPerPeer
    total++
    open.set(stream.peer, ofPeer + 1)
    try {
      if (busy) await reply(stream, STATUS.busy, init)
      else await answer(stream, components, init)
    } catch (thrown) {
      const error = toCorebrumError(thrown, 'ERR_STREAM_CLOSED')
      if (error.code === 'ERR_PROTOCOL') network.penalize(stream.peer, error.message)
      stream.abort(error)
    } finally {
      total--
      const left = (open.get(stream.peer) ?? 1) - 1
      if (left === 0) open.delete(stream.peer)
      else open.set(stream.peer, left)
    }
  })
}

async function answer (stream: ByteStream, { store: modules, blobs, network }: ModuleServerComponents, init: ModuleServerInit): Promise<void> {
  const timeoutMs = init.requestTimeoutMs ?? FIRST_FRAME_TIMEOUT_MS
  const late = (): CorebrumError => new CorebrumError('ERR_PEER_TIMEOUT', `no request for ${timeoutMs} ms`)
  const { body } = await within(readFrame(stream.source[Symbol.asyncIterator]()), timeoutMs, undefined, late)
  let request: ModuleRequest
  try {
    request = decodeRequest(body)
  } catch (error) {
    network.penalize(stream.peer, toCorebrumError(error).message)
    return await reply(stream, STATUS.badRequest, init)
  }
  const { cid, offset } = request
  const store = await modules.find(cid) ? modules : await blobs?.find(cid) === true ? blobs : undefined
  if (store === undefined) return await reply(stream, STATUS.notFound, init)
  const release = store.hold(cid)
  try {
    const size = store.size(cid) ?? 0
    if (offset > size) await reply(stream, STATUS.badRequest, init)
    else await send(stream, moduleBytes(store, cid, size, offset), init)
  } finally {
    release()
  }
}

/** The response waits for the first chunk: a module that turns out to be damaged on disk is not found. */
async function * moduleBytes (store: ByteSource, cid: string, size: number, offset: number): AsyncGenerator<Uint8Array> {
  const chunks = store.stream(cid, offset)[Symbol.asyncIterator]()
  try {
    let item: IteratorResult<Uint8Array>
    try {
      item = await chunks.next()
    } catch {
      yield encodeResponse({ status: STATUS.notFound, size: 0 })
      return
    }
    yield encodeResponse({ status: STATUS.ok, size })
    for (; item.done !== true; item = await chunks.next()) yield item.value
  } finally {
    await chunks.return?.()
  }
}

async function reply (stream: ByteStream, status: Status, init: ModuleServerInit): Promise<void> {
  await send(stream, [encodeResponse({ status, size: 0 })], init)
}

/** Sends and closes; a client that stops taking bytes is cut off by the caller, which aborts the stream. */
async function send (stream: ByteStream, bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, init: ModuleServerInit): Promise<void> {
  const stallMs = init.stallMs ?? TRANSFER_STALL_MS
  const stop = new AbortController()
  const stall = setTimeout(() => stop.abort(new CorebrumError('ERR_PEER_TIMEOUT', `the client took nothing for ${stallMs} ms`)), stallMs)
  async function * watched (): AsyncGenerator<Uint8Array> {
    for await (const chunk of bytes) {
      for (let start = 0; start < chunk.length; start += SEND_PIECE_BYTES) {
        stop.signal.throwIfAborted()
        stall.refresh()
        yield chunk.subarray(start, start + SEND_PIECE_BYTES)
      }
    }
  }
  const tooLong = (): CorebrumError => new CorebrumError('ERR_PEER_TIMEOUT', `the transfer took longer than ${MAX_TRANSFER_MS} ms`)
  try {
    await within(stream.sink(watched()), MAX_TRANSFER_MS, stop.signal, tooLong)
    await within(stream.close(), stallMs, undefined, tooLong)
  } finally {
    clearTimeout(stall)
  }
}
