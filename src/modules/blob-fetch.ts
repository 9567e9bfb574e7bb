/** Gets large values from the node that has them, into memory: who named the value is the one to ask, and answers for it. */
import { CorebrumError, toCorebrumError } from '../errors.ts'
import { BUSY_RETRY_MAX_MS, BUSY_RETRY_MIN_MS, MAX_BLOB_STREAMS_PER_PEER, MAX_TRIES_PER_SOURCE, TRANSFER_STALL_MS } from './limits.ts'
import { MAX_TRANSFER_MS } from '../limits.ts'
import type { Network } from '../network/network.ts'
import type { Blobs } from './blobs.ts'
import { cidOf } from './cid.ts'
import { Gate } from './gate.ts'
import { abortError, unlessAborted } from './pace.ts'
import { openPeer } from './peer-source.ts'

export interface BlobFetcher {
  /**
   * The bytes of `blob`, which `peer` named. Rejects with ERR_PROTOCOL when they have not the size or the hash that it
   * said, else with ERR_BLOB_NOT_FOUND, or as `signal` says.
   */
  fetch (peer: string, blob: { cid: string, size: number }, options?: { signal?: AbortSignal }): Promise<Uint8Array>
}

export interface BlobFetcherComponents {
  network: Network
  /** Asked for what this node named itself. */
  blobs: Pick<Blobs, 'read'>
}

export interface BlobFetcherInit {
  /** Default MAX_BLOB_STREAMS_PER_PEER. */
  maxStreamsPerPeer?: number
  /** Default TRANSFER_STALL_MS. */
  stallMs?: number
  /** For one value, the wait for its turn aside; default MAX_TRANSFER_MS. */
  timeoutMs?: number
  /** First wait before a busy peer is asked again, default BUSY_RETRY_MIN_MS. */
  busyMs?: number
}

/** A value while it arrives: what is there survives a broken stream. */
interface Arriving {
  bytes?: Uint8Array
  filled: number
}

export function createBlobFetcher ({ network, blobs }: BlobFetcherComponents, init: BlobFetcherInit = {}): BlobFetcher {
  const { maxStreamsPerPeer = MAX_BLOB_STREAMS_PER_PEER, stallMs = TRANSFER_STALL_MS, timeoutMs = MAX_TRANSFER_MS, busyMs = BUSY_RETRY_MIN_MS } = init
  const gates = new Map<string, Gate>()

  async function atPeer<T> (peer: string, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    const gate = gates.get(peer) ?? new Gate(maxStreamsPerPeer)
    gates.set(peer, gate)
    try {
      return await gate.within(1, signal, work)
    } finally {
      if (gate.isIdle) gates.delete(peer)
    }
  }

  async function receive (peer: string, { cid, size }: { cid: string, size: number }, arriving: Arriving, signal: AbortSignal): Promise<Uint8Array> {
    const { body } = await openPeer(network, peer, cid, { offset: arriving.filled, size, maxBytes: size, stallMs, signal })
    // Only now: a peer that does not have so many bytes does not make this node reserve them.
    const bytes = arriving.bytes ??= new Uint8Array(size)
    for await (const chunk of body) {
      bytes.set(chunk, arriving.filled)
      arriving.filled += chunk.length
    }
    const found = cidOf(bytes)
    if (found === cid) return bytes
    throw new CorebrumError('ERR_MODULE_HASH_MISMATCH', `the peer sent ${size} bytes of the CID ${found} as those of ${cid}`)
  }

  async function persist (peer: string, blob: { cid: string, size: number }, signal: AbortSignal): Promise<Uint8Array> {
    const arriving: Arriving = { filled: 0 }
    let waitMs = busyMs
    for (let tries = 1; ;) {
      const before = arriving.filled
      try {
        return await receive(peer, blob, arriving, signal)
      } catch (thrown) {
        const error = toCorebrumError(thrown)
        if (signal.aborted) throw abortError(signal)
        if (error.code === 'ERR_QUEUE_FULL') {
          await pause(waitMs, signal)
          waitMs = Math.min(BUSY_RETRY_MAX_MS, waitMs * 2)
        } else if (!PASSING.has(error.code) || (arriving.filled === before && tries++ >= MAX_TRIES_PER_SOURCE)) {
          throw error
        }
      }
    }
  }

  return {
    async fetch (peer, blob, { signal } = {}) {
      if (peer === network.peerId) return await blobs.read(blob.cid)
      return await atPeer(peer, signal, async () => {
        const late = new AbortController()
        const timer = setTimeout(() => { late.abort(new CorebrumError('ERR_PEER_TIMEOUT', `it did not arrive within ${timeoutMs} ms`)) }, timeoutMs)
        try {
          return await persist(peer, blob, signal === undefined ? late.signal : AbortSignal.any([signal, late.signal]))
        } catch (thrown) {
          if (signal?.aborted === true) throw abortError(signal)
          const { code, message } = toCorebrumError(thrown)
          throw new CorebrumError(BROKEN.has(code) ? 'ERR_PROTOCOL' : 'ERR_BLOB_NOT_FOUND', `the ${blob.size} bytes of ${blob.cid} could not be had from peer ${peer}: ${message}`, { cause: thrown })
        } finally {
          clearTimeout(timer)
        }
      })
    },
  }
}

/** Faults of a connection: the same peer may do better the next time. */
const PASSING: ReadonlySet<string> = new Set(['ERR_STREAM_CLOSED', 'ERR_PEER_TIMEOUT', 'ERR_DIAL'])
/** Bytes that are not what was named. */
const BROKEN: ReadonlySet<string> = new Set(['ERR_MODULE_HASH_MISMATCH', 'ERR_MODULE_TOO_LARGE', 'ERR_PROTOCOL'])

async function pause (ms: number, signal: AbortSignal): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  try {
    await unlessAborted(new Promise<void>((resolve) => { timer = setTimeout(resolve, ms) }), signal)
  } finally {
    clearTimeout(timer)
  }
}
