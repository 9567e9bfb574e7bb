/** Fetches the large outputs of results from the workers that hold them, so many bytes at a time. */
import { CorebrumError, type ErrorCode } from '../../errors.ts'
import { MAX_COLLECTED_BYTES } from './limits.ts'
import { MAX_TRANSFER_MS } from '../../limits.ts'
import type { BlobFetcher } from '../../modules/blob-fetch.ts'
import { Gate } from '../../modules/gate.ts'
import type { LeaseRef, Outcome } from '../../wire/messages.ts'
import { refBytes, unpackOutputs } from '../large-values.ts'

type Completed = Extract<Outcome, { ok: true }>

/** One peer has one part in so many of what is fetched at the same time. */
const PARTS = 4

interface Collection {
  readonly peer: string
  readonly taskId: string
  readonly stop: AbortController
}

export class ResultCollector {
  private readonly fetcher: BlobFetcher
  /** By task and fence. */
  private readonly running = new Map<string, Collection>()
  private readonly gate: Gate
  /** Of each peer: one that stalls does not hold up the results of all. */
  private readonly gates = new Map<string, Gate>()
  private readonly maxBytesPerPeer: number
  private readonly timeoutMs: number

  /** `timeoutMs` is for all outputs of one result, the wait for their turn aside. */
  constructor (fetcher: BlobFetcher, { maxBytes = MAX_COLLECTED_BYTES, timeoutMs = MAX_TRANSFER_MS }: { maxBytes?: number, timeoutMs?: number } = {}) {
    this.fetcher = fetcher
    this.gate = new Gate(maxBytes)
    this.maxBytesPerPeer = maxBytes / PARTS
    this.timeoutMs = timeoutMs
  }

  get isIdle (): boolean {
    return this.running.size === 0
  }

  /**
   * The result with all its outputs; undefined when it is being collected already. Rejects with ERR_BLOB_NOT_FOUND, with
   * ERR_PROTOCOL when the bytes are not what the worker said, ERR_PEER_TIMEOUT when they take too long, ERR_STREAM_CLOSED
   * after `leave`, ERR_CANCELLED after `drop`.
   */
  collect (peer: string, { taskId, fence }: LeaseRef, outcome: Completed): Promise<Outcome> | undefined {
    const key = `${taskId} ${fence}`
    if (this.running.has(key)) return undefined
    const collection: Collection = { peer, taskId, stop: new AbortController() }
    this.running.set(key, collection)
    return this.fetch(peer, outcome, collection.stop).finally(() => { this.running.delete(key) })
  }

  /** A worker has gone. */
  leave (peer: string): void {
    this.stop((collection) => collection.peer === peer, 'ERR_STREAM_CLOSED', 'the worker left before all of its result was here')
  }

  /** A task has ended. */
  drop (taskId: string): void {
    this.stop((collection) => collection.taskId === taskId, 'ERR_CANCELLED', 'the result is no longer wanted')
  }

  /** An error is made only where there is something to stop: this is called for every task, and a stack costs more than the rest. */
  private stop (which: (collection: Collection) => boolean, code: ErrorCode, message: string): void {
    for (const collection of this.running.values()) if (which(collection)) collection.stop.abort(new CorebrumError(code, message))
  }

  private async fetch (peer: string, { refs = [], ...outcome }: Completed, stop: AbortController): Promise<Outcome> {
    const { signal } = stop
    const bytes = refBytes(refs)
    return await this.atPeer(peer, bytes, signal, () => this.gate.within(bytes, signal, async () => {
      const late = new CorebrumError('ERR_PEER_TIMEOUT', `the outputs did not arrive within ${this.timeoutMs} ms`)
      const timer = setTimeout(() => { stop.abort(late) }, this.timeoutMs)
      try {
        const outputs = await unpackOutputs(outcome.outputs, refs, (blob) => this.fetcher.fetch(peer, blob, { signal }))
        return { ...outcome, outputs }
      } finally {
        clearTimeout(timer)
      }
    }))
  }

  private async atPeer<T> (peer: string, bytes: number, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const gate = this.gates.get(peer) ?? new Gate(this.maxBytesPerPeer)
    this.gates.set(peer, gate)
    try {
      return await gate.within(bytes, signal, work)
    } finally {
      if (gate.isIdle) this.gates.delete(peer)
    }
  }
}
