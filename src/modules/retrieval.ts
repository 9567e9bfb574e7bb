/**
 * One retrieval of one module: races the sources, lets the first write, goes on with the next where one breaks off, and
 * checks the whole. Bytes of several sources that do not verify together are dropped, and each source is tried alone.
 */
import { CorebrumError, toCorebrumError } from '../errors.ts'
import { PROVIDER_LOOKUP_MS } from './limits.ts'
import type { Network } from '../network/network.ts'
import type { ModuleStore, ModuleWriter } from './modules.ts'
import { abortError, unlessAborted } from './pace.ts'
import { Race, type Candidate, type Lead } from './race.ts'
import { findPeers, peerSource, type Source, type Wanted } from './sources.ts'

export interface RetrievalComponents {
  store: ModuleStore
  /** Absent: only the sources that `add` names. */
  network?: Network
}

export interface RetrievalInit {
  headStartMs: number
  neighboursAfterMs: number
}

export class Retrieval {
  readonly #components: RetrievalComponents
  readonly #wanted: Wanted
  readonly #init: RetrievalInit
  readonly #end = new AbortController()
  readonly #signal: AbortSignal
  readonly #race: Race
  readonly #problems: CorebrumError[] = []
  /** Who wrote to the partial file; undefined stands for an earlier retrieval. */
  readonly #writers = new Set<Candidate | undefined>()

  constructor (components: RetrievalComponents, wanted: Wanted, signal: AbortSignal, init: RetrievalInit) {
    this.#components = components
    this.#wanted = wanted
    this.#init = init
    this.#signal = AbortSignal.any([signal, this.#end.signal])
    this.#race = new Race(this.#signal, (source, error) => this.#failed(source, error))
  }

  add (source: Source): void {
    if (!this.#signal.aborted) this.#race.add(source)
  }

  /** Ends with the module in the store, or rejects as `Retriever.ensure` says. */
  async run (hasSubmitter: boolean): Promise<void> {
    const headStart = setTimeout(() => this.#openUp(), this.#init.headStartMs)
    if (!hasSubmitter) this.#openUp()
    let writer: ModuleWriter | undefined
    try {
      while (true) {
        writer ??= await this.#newWriter()
        const lead = await this.#race.run(writer.offset)
        if (this.#signal.aborted) throw abortError(this.#signal)
        if (lead === undefined) throw this.#notFound()
        const complete = await this.#drain(lead, writer)
        if (!complete && !this.#race.alone) continue
        const used = writer
        writer = undefined
        if (!complete) await used.discard()
        else if (await this.#commit(lead.candidate, used)) return
      }
    } catch (thrown) {
      const error = toCorebrumError(thrown)
      const suspect = [error, ...this.#problems].some(({ code }) => code === 'ERR_MODULE_HASH_MISMATCH' || code === 'ERR_MODULE_TOO_LARGE')
      await (suspect ? writer?.discard() : writer?.release())?.catch(() => {})
      throw error
    } finally {
      clearTimeout(headStart)
      this.#end.abort(new CorebrumError('ERR_CANCELLED', 'the retrieval has ended'))
    }
  }

  /** Asks everybody, no longer the submitter only. */
  #openUp (): void {
    if (this.#race.open) return
    this.#race.open = true
    if (this.#components.network !== undefined) void this.#lookUp(this.#components.network)
    this.#race.proceed()
  }

  async #lookUp (network: Network): Promise<void> {
    this.#race.expecting = true
    const signal = AbortSignal.any([this.#signal, AbortSignal.timeout(PROVIDER_LOOKUP_MS)])
    const { cid } = this.#wanted
    try {
      const found = (peer: string): void => this.add(peerSource(network, peer, 'peer', this.#wanted))
      await unlessAborted(findPeers(network, cid, found, { signal, neighboursAfterMs: this.#init.neighboursAfterMs }), signal)
    } catch (error) {
      this.#problems.push(new CorebrumError('ERR_MODULE_NOT_FOUND', `the search for providers: ${toCorebrumError(error).message}`))
    }
    this.#race.expecting = false
    this.#race.proceed()
  }

  async #newWriter (): Promise<ModuleWriter> {
    this.#writers.clear()
    let writer = await this.#components.store.writer(this.#wanted.cid)
    while (writer.offset > 0 && (this.#race.alone || this.#isTooLong(writer.offset))) {
      await writer.discard()
      writer = await this.#components.store.writer(this.#wanted.cid)
    }
    if (writer.offset > 0) this.#writers.add(undefined)
    return writer
  }

  #isTooLong (bytes: number): boolean {
    return bytes > (this.#wanted.size === 0 ? this.#wanted.maxBytes : this.#wanted.size)
  }

  /** Writes what the lead delivers; true when it came to its end. Throws only when the store fails or the signal aborts. */
  async #drain (lead: Lead, writer: ModuleWriter): Promise<boolean> {
    const { candidate, rest } = lead
    const before = writer.offset
    this.#writers.add(candidate)
    try {
      for (let item = lead.first; item.done !== true; item = await nextOf(rest)) {
        if (this.#isTooLong(writer.offset + item.value.length)) throw new SourceFailed(this.#wrongSize('more'))
        await writer.write(item.value)
      }
      if (this.#wanted.size !== 0 && writer.offset < this.#wanted.size) throw new SourceFailed(this.#wrongSize(`only ${writer.offset}`))
      return true
    } catch (thrown) {
      if (this.#signal.aborted) throw abortError(this.#signal)
      if (!(thrown instanceof SourceFailed)) throw thrown
      const mayReturn = writer.offset > before && isPassing(thrown.error)
      if (!mayReturn || !this.#race.giveBack(candidate)) this.#failed(candidate.source, thrown.error)
      this.#openUp()
      return false
    } finally {
      await rest.return?.()
      this.#race.finish(candidate)
    }
  }

  #wrongSize (found: string): CorebrumError {
    const { size, maxBytes } = this.#wanted
    if (size === 0) return new CorebrumError('ERR_MODULE_TOO_LARGE', `it sent ${found} than the ${maxBytes} bytes that a module may have`)
    return new CorebrumError('ERR_MODULE_HASH_MISMATCH', `it sent ${found} than the module's ${size} bytes`)
  }

  /** True when the module is in the store; false when what came was not the module, and others are to be tried. */
  async #commit (last: Candidate, writer: ModuleWriter): Promise<boolean> {
    try {
      await writer.commit()
      return true
    } catch (thrown) {
      const error = toCorebrumError(thrown, 'ERR_STORE')
      if (error.code !== 'ERR_MODULE_HASH_MISMATCH') throw error
      this.#openUp()
      const { peer } = last.source
      if (this.#writers.size === 1) {
        this.#failed(last.source, error)
        if (peer !== undefined) this.#components.network?.penalize(peer, error.message)
        this.#race.expel(last)
      } else {
        this.#race.alone = true
        for (const candidate of this.#writers) {
          if (candidate !== undefined && !this.#race.giveBack(candidate)) this.#failed(candidate.source, error)
        }
      }
      return false
    }
  }

  #failed (source: Source, error: CorebrumError): void {
    this.#problems.push(new CorebrumError(error.code, error.message.startsWith(source.name) ? error.message : `${source.name}: ${error.message}`))
    if (error.code === 'ERR_PROTOCOL' && source.peer !== undefined) this.#components.network?.penalize(source.peer, error.message)
    if (source.kind === 'submitter') this.#openUp()
  }

  #notFound (): CorebrumError {
    const { cid } = this.#wanted
    const problems = [...new Set(this.#problems.map(({ message }) => message))]
    const tooLarge = this.#problems.length > 0 && this.#problems.every(({ code }) => code === 'ERR_MODULE_TOO_LARGE')
    if (tooLarge) return new CorebrumError('ERR_MODULE_TOO_LARGE', `the module ${cid} is too large: ${problems.join('; ')}`, { problems })
    const said = problems.length === 0 ? 'no peer has it and the task names no URL' : problems.join('; ')
    return new CorebrumError('ERR_MODULE_NOT_FOUND', `no source gave the module ${cid}: ${said}`, { problems })
  }
}

/** What a source did wrong, told apart from what the store did. */
class SourceFailed extends Error {
  readonly error: CorebrumError

  constructor (error: CorebrumError) {
    super(error.message)
    this.error = error
  }
}

async function nextOf (rest: AsyncIterator<Uint8Array>): Promise<IteratorResult<Uint8Array>> {
  try {
    return await rest.next()
  } catch (error) {
    throw new SourceFailed(toCorebrumError(error))
  }
}

/** Faults of a connection, not of its other side: the same source may do better the next time. */
function isPassing ({ code }: CorebrumError): boolean {
  return code === 'ERR_STREAM_CLOSED' || code === 'ERR_PEER_TIMEOUT' || code === 'ERR_URL_FAILED'
}
