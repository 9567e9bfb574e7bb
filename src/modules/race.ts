/** Races the sources of one module for the first bytes: starts them in order and within limits, and stops the losers. */
import { CorebrumError, toCorebrumError } from '../errors.ts'
import { MAX_PROVIDERS_RACED, MAX_TRIES_PER_SOURCE } from './limits.ts'
import type { Source } from './sources.ts'
import type { Transfer } from './transfer.ts'

/** How many sources of a kind run at the same time. */
const AT_ONCE = { submitter: 1, peer: MAX_PROVIDERS_RACED, url: 1 } as const

export interface Candidate {
  readonly source: Source
  tries: number
}

/** The source that was first, with what it delivered first. */
export interface Lead {
  candidate: Candidate
  transfer: Transfer
  rest: AsyncIterator<Uint8Array>
  first: IteratorResult<Uint8Array>
}

export class Race {
  readonly #signal: AbortSignal
  readonly #onFail: (source: Source, error: CorebrumError) => void
  readonly #known = new Set<string>()
  readonly #running = new Map<Candidate, AbortController>()
  #waiting: Candidate[] = []
  #offset = 0
  #settle?: (lead: Lead | undefined) => void

  /** Only the submitter is asked until this is true. */
  open = false
  /** One source at a time, so that it is plain who delivered what. */
  alone = false
  /** More sources may still be added: do not give up. */
  expecting = false

  constructor (signal: AbortSignal, onFail: (source: Source, error: CorebrumError) => void) {
    this.#signal = signal
    this.#onFail = onFail
    signal.addEventListener('abort', () => this.#settle?.(undefined), { once: true })
  }

  /** Adds a source unless it is known already. */
  add (source: Source): void {
    if (this.#known.has(source.name)) return
    this.#known.add(source.name)
    const candidate = { source, tries: 0 }
    if (source.kind === 'submitter') this.#waiting.unshift(candidate)
    else this.#waiting.push(candidate)
    this.proceed()
  }

  /** The source that delivers first from `offset`; undefined when none is left or the signal aborted. */
  async run (offset: number): Promise<Lead | undefined> {
    if (this.#signal.aborted) return undefined
    this.#offset = offset
    const lead = await new Promise<Lead | undefined>((resolve) => {
      this.#settle = (first) => {
        this.#settle = undefined
        resolve(first)
      }
      this.proceed()
    })
    for (const [candidate, stop] of this.#running) {
      if (candidate !== lead?.candidate) stop.abort(new CorebrumError('ERR_CANCELLED', 'another source was faster'))
    }
    return lead
  }

  /** Starts what may start now; to be called after a change of `open`, `alone` or `expecting`. */
  proceed (): void {
    if (this.#settle === undefined) return
    for (const candidate of [...this.#waiting]) {
      if (this.#mayStart(candidate.source)) void this.#start(candidate)
    }
    if (this.#running.size === 0 && this.#waiting.length === 0 && !this.expecting) this.#settle(undefined)
  }

  /** Lets a source that broke off be asked again; false when it had its tries. */
  giveBack (candidate: Candidate): boolean {
    if (candidate.tries >= MAX_TRIES_PER_SOURCE) return false
    if (!this.#waiting.includes(candidate)) this.#waiting.push(candidate)
    return true
  }

  /** Takes a source out for good. */
  expel (candidate: Candidate): void {
    this.#waiting = this.#waiting.filter((other) => other !== candidate)
  }

  /** Ends a lead's connection. */
  finish (candidate: Candidate): void {
    this.#running.get(candidate)?.abort(new CorebrumError('ERR_CANCELLED', 'the transfer is over'))
    this.#running.delete(candidate)
  }

  #mayStart (source: Source): boolean {
    if (this.alone) return this.#running.size === 0
    if (!this.open && source.kind !== 'submitter') return false
    let running = 0
    for (const other of this.#running.keys()) if (other.source.kind === source.kind) running++
    return running < AT_ONCE[source.kind]
  }

  async #start (candidate: Candidate): Promise<void> {
    const stop = new AbortController()
    this.#waiting = this.#waiting.filter((other) => other !== candidate)
    this.#running.set(candidate, stop)
    candidate.tries++
    try {
      const transfer = await candidate.source.open(this.#offset, AbortSignal.any([this.#signal, stop.signal]))
      const rest = transfer.body[Symbol.asyncIterator]()
      // Asked also when the race is over: that is what makes an aborted transfer close its connection.
      const first = await rest.next()
      if (this.#settle !== undefined && !stop.signal.aborted) return this.#settle({ candidate, transfer, rest, first })
      await rest.return?.()
      this.#lost(candidate)
    } catch (error) {
      if (this.#signal.aborted || stop.signal.aborted) this.#lost(candidate)
      else {
        this.#running.delete(candidate)
        this.#onFail(candidate.source, toCorebrumError(error))
        this.proceed()
      }
    }
  }

  /** Being slower is no failure. */
  #lost (candidate: Candidate): void {
    this.#running.delete(candidate)
    candidate.tries--
    this.#waiting.push(candidate)
    this.proceed()
  }
}
