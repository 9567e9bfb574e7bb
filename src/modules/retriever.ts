/** Gets modules that the store lacks; calls for the same module share one retrieval, which ends when nobody waits for it. */
import { CorebrumError, toCorebrumError } from '../errors.ts'
import { MAX_MODULE_BYTES, MAX_MODULE_URLS, MAX_TRANSFER_MS, PROVIDE_AFTER_MS } from '../limits.ts'
import { NEIGHBOURS_AFTER_MS, PROVIDE_TIMEOUT_MS, SUBMITTER_HEAD_START_MS, TRANSFER_STALL_MS } from './limits.ts'
import type { Network } from '../network/network.ts'
import type { ModuleRef } from '../task/program.ts'
import { parseCid } from './cid.ts'
import type { ModuleStore, RetrieveOptions, Retriever } from './modules.ts'
import { abortError, unlessAborted } from './pace.ts'
import { Retrieval } from './retrieval.ts'
import { peerSource, urlSource, type Wanted } from './sources.ts'
import type { Resolve } from '../web/url-policy.ts'

export interface RetrieverComponents {
  store: ModuleStore
  /** Absent: modules come from URLs only. */
  network?: Network
  /** Told what goes wrong beside a retrieval. */
  debug?: (message: string) => void
}

export interface RetrieverInit {
  /** Allows URLs that lead to loopback, private and link-local addresses. Default false. */
  allowPrivateUrls?: boolean
  /** Default MAX_MODULE_BYTES. */
  maxModuleBytes?: number
  /** The submitter is asked alone for this long, default SUBMITTER_HEAD_START_MS. */
  headStartMs?: number
  /** Default TRANSFER_STALL_MS. */
  stallMs?: number
  /** Connected peers are asked after this long without the DHT's answer, default NEIGHBOURS_AFTER_MS. */
  neighboursAfterMs?: number
  /** For the whole of one retrieval, default MAX_TRANSFER_MS. */
  timeoutMs?: number
  /** The DHT is told of a module that came this much later, default PROVIDE_AFTER_MS. */
  provideAfterMs?: number
  /** Resolves the host names of URLs; default node:dns. */
  resolve?: Resolve
}

interface Shared {
  retrieval: Retrieval
  done: Promise<void>
  stop: AbortController
  waiting: number
}

/** Makes a retriever; it has nothing to start or stop beyond the calls themselves. */
export function createRetriever (components: RetrieverComponents, init: RetrieverInit = {}): Retriever {
  return new SharedRetriever(components, init)
}

class SharedRetriever implements Retriever {
  readonly #components: RetrieverComponents
  readonly #init: RetrieverInit
  readonly #running = new Map<string, Shared>()

  constructor (components: RetrieverComponents, init: RetrieverInit) {
    this.#components = components
    this.#init = init
  }

  async ensure (module: ModuleRef, options: RetrieveOptions = {}): Promise<void> {
    const { signal } = options
    const { network } = this.#components
    const submitter = network === undefined || options.submitter === network.peerId ? undefined : options.submitter
    if (signal?.aborted === true) throw abortError(signal)
    const cid = parseCid(module.cid)
    if (await this.#components.store.find(cid)) return
    const { maxModuleBytes: maxBytes = MAX_MODULE_BYTES, stallMs = TRANSFER_STALL_MS } = this.#init
    if (module.size > maxBytes) throw new CorebrumError('ERR_MODULE_TOO_LARGE', `the module ${cid} has ${module.size} bytes; this node takes at most ${maxBytes}`)

    const wanted: Wanted = { cid, size: module.size, maxBytes, stallMs }
    // A wrong size in one task must not spoil the retrieval for another.
    const key = `${cid} ${module.size}`
    const shared = this.#running.get(key) ?? this.#begin(key, wanted, submitter !== undefined)
    this.#addSources(shared.retrieval, wanted, module.urls, submitter)
    shared.waiting++
    try {
      await unlessAborted(shared.done, signal)
    } finally {
      if (--shared.waiting === 0) {
        this.#forget(key, shared)
        shared.stop.abort(new CorebrumError('ERR_CANCELLED', 'nobody waits for the module any more'))
      }
    }
  }

  #begin (key: string, wanted: Wanted, hasSubmitter: boolean): Shared {
    const { headStartMs = SUBMITTER_HEAD_START_MS, neighboursAfterMs = NEIGHBOURS_AFTER_MS, timeoutMs = MAX_TRANSFER_MS } = this.#init
    const stop = new AbortController()
    const retrieval = new Retrieval(this.#components, wanted, stop.signal, { headStartMs, neighboursAfterMs })
    const deadline = setTimeout(() => {
      stop.abort(new CorebrumError('ERR_MODULE_NOT_FOUND', `the module ${wanted.cid} did not arrive within ${timeoutMs} ms`))
    }, timeoutMs)
    // The sources are added in this turn of the event loop, before the retrieval first looks at them.
    const done = Promise.resolve().then(async () => await retrieval.run(hasSubmitter)).finally(() => {
      clearTimeout(deadline)
      this.#forget(key, shared)
    })
    const shared: Shared = { retrieval, stop, done, waiting: 0 }
    this.#running.set(key, shared)
    // All who wait may have gone.
    done.then(() => this.#provideSoon(wanted.cid), () => {})
    return shared
  }

  #addSources (retrieval: Retrieval, wanted: Wanted, urls: string[], submitter: string | undefined): void {
    const { network } = this.#components
    if (network !== undefined && submitter !== undefined) retrieval.add(peerSource(network, submitter, 'submitter', wanted))
    const policy = { policy: 'worker', allowPrivate: this.#init.allowPrivateUrls, resolve: this.#init.resolve } as const
    for (const url of urls.slice(0, MAX_MODULE_URLS)) retrieval.add(urlSource(url, wanted, policy))
  }

  #forget (key: string, shared: Shared): void {
    if (this.#running.get(key) === shared) this.#running.delete(key)
  }

  /** In the background, and not at once: the task that waits for the module goes first. */
  #provideSoon (cid: string): void {
    const { provideAfterMs = PROVIDE_AFTER_MS } = this.#init
    if (provideAfterMs === 0) this.#provide(cid)
    else setTimeout(() => this.#provide(cid), provideAfterMs).unref()
  }

  #provide (cid: string): void {
    const { network, debug } = this.#components
    network?.provide(cid, { signal: AbortSignal.timeout(PROVIDE_TIMEOUT_MS) }).catch((error: unknown) => {
      debug?.(`could not tell the DHT of ${cid}: ${toCorebrumError(error).message}`)
    })
  }
}
