/**
 * One map while this process has its folder: its inputs and results are open while it runs, and closed while it is paused, so that
 * going on is the same as after a restart.
 */
import { CorebrumError, toCorebrumError } from '../../errors.ts'
import { MAP_RETRY_MS, MAX_SPOOL_AHEAD_BYTES } from '../limits.ts'
import type { JobEnd, PreparedJob, RunningJob } from '../job-kind.ts'
import type { JobTasks } from '../ports.ts'
import { endOfState, stateOfEnd } from './map-end.ts'
import { openMapFiles, type MapFiles } from './map-files.ts'
import type { MapFolder, MapState } from './map-folder.ts'
import type { MapStatus } from './map-status.ts'
import { ResultsLog } from './results-log.ts'
import { readResults, type ReadOptions } from './results-reader.ts'
import type { SpoolMark } from './spool.ts'

export interface MapJobComponents {
  id: string
  folder: MapFolder
  tasks: JobTasks
  /** Lets go of what it holds. */
  release: () => void
  /** It was left, and goes on only when somebody asks. */
  paused?: boolean
  /** The node stops: what ends now goes on after the next start. */
  isStopping: () => boolean
}

export class MapJob implements PreparedJob {
  readonly id: string
  private readonly components: MapJobComponents
  private files: MapFiles | undefined
  /** Known while nothing is open. */
  private rest: MapState
  private job: RunningJob | undefined
  private ended: (end: JobEnd) => void = () => {}
  private adding = false
  private ticker: NodeJS.Timeout | undefined
  private waiting: Array<() => void> = []
  /** Opening, pausing and ending take turns. */
  private turn: Promise<unknown> = Promise.resolve()

  constructor (components: MapJobComponents) {
    this.id = components.id
    this.components = components
    const { folder: { state }, paused = false } = components
    this.rest = paused && state.state === 'open' ? { ...state, state: 'paused' } : state
  }

  get name (): string {
    return this.components.folder.settings.name
  }

  get isOver (): boolean {
    return this.files === undefined && this.rest.state !== 'open' && this.rest.state !== 'paused'
  }

  get status (): MapStatus {
    const { files, rest, id, name } = this
    const reduced = this.components.folder.settings.reduce !== undefined
    if (files === undefined) return { id, name, reduced, ...rest, state: rest.state === 'open' ? 'paused' : rest.state, done: rest.done ?? 0, failed: rest.failed ?? 0 }
    const { spool, log } = files
    return { id, name, reduced, state: 'running', items: spool.items, ...(spool.isSealed ? { total: spool.items } : {}), done: log.done, failed: log.failed }
  }

  saved (): unknown {
    return { id: this.id }
  }

  release (): void {
    this.components.release()
  }

  async run (job: RunningJob): Promise<JobEnd> {
    if (this.isOver) return endOfState(this.rest)
    this.job = job
    const ended = new Promise<JobEnd>((resolve) => { this.ended = resolve })
    job.signal.addEventListener('abort', () => { void this.aborted(toCorebrumError(job.signal.reason).message) }, { once: true })
    if (this.rest.state === 'open') await this.proceed().catch((error: unknown) => { this.restAs({ state: 'paused', message: toCorebrumError(error).message }) })
    else this.tell()
    return await ended
  }

  /** Goes on with a map that is paused. Rejects with ERR_JOURNAL, ERR_USAGE when it has ended; it is paused then. */
  proceed (): Promise<void> {
    return this.serially(async () => {
      if (this.files !== undefined) return
      if (this.isOver) throw new CorebrumError('ERR_USAGE', `the map ${this.id} has ended as ${this.rest.state}`)
      await this.components.folder.setState({ state: 'open' })
      this.files = await openMapFiles({ ...this.components, onEnd: (end) => { void this.conclude(end) }, onStuck: (error) => { void this.pause(error.message) } })
      this.ticker = setInterval(() => { this.tell() }, MAP_RETRY_MS)
      this.tell()
      this.files.window.pump()
    })
  }

  /** Ends what runs and keeps what is done. Never rejects. */
  pause (message?: string): Promise<void> {
    return this.serially(async () => {
      if (this.files === undefined) return
      await this.close('the map was paused', { state: 'paused', ...(message === undefined ? {} : { message }) })
    })
  }

  /** Lets go of the files as they are, and of the folder. Never rejects. */
  leave (): Promise<void> {
    return this.serially(async () => {
      if (this.files !== undefined) await this.close('this node stops', undefined)
      await this.components.folder.unlock()
    })
  }

  /** What of the inputs is there. Throws ERR_USAGE while it is paused. */
  inputs (): SpoolMark & { sealed: boolean } {
    const { spool } = this.running()
    return { ...spool.mark, sealed: spool.isSealed }
  }

  /**
   * Takes the inputs behind those that are there, to their end; slowly while too many wait. Resolves with the number of all.
   * Rejects with ERR_INPUT, ERR_JOURNAL, ERR_USAGE, or as `chunks`; what came before stays.
   */
  async addInputs (chunks: AsyncIterable<Uint8Array>, { bytes, crc }: SpoolMark): Promise<number> {
    const files = this.running()
    const { spool, cursor, closing: { signal: closing } } = files
    // From then on the beginning of a line is forgotten: its rest must not stand for a whole one.
    const requireOpen = (): void => { if (closing.aborted) throw new CorebrumError('ERR_CANCELLED', `the map ${this.id} was paused before it had all its inputs`) }
    if (spool.isSealed) throw new CorebrumError('ERR_USAGE', `the map ${this.id} has all its inputs`)
    if (this.adding) throw new CorebrumError('ERR_USAGE', `another command gives the map ${this.id} its inputs`)
    if (spool.mark.bytes !== bytes || spool.mark.crc !== crc) throw new CorebrumError('ERR_USAGE', `the inputs do not begin as those that the map ${this.id} has got; give it the same ones again`)
    this.adding = true
    try {
      for await (const chunk of chunks) {
        requireOpen()
        await spool.add(chunk)
        while (!closing.aborted && spool.size - cursor.consumed > MAX_SPOOL_AHEAD_BYTES) await this.changed()
      }
      requireOpen()
      await spool.seal()
      this.tell()
      return spool.items
    } finally {
      this.adding = false
      if (!closing.aborted && !spool.isSealed) await spool.pauseAdding().catch(() => {})
    }
  }

  /** Lines of results, NDJSON; while it runs it waits for more. Rejects with ERR_JOURNAL. */
  async * results ({ ordered, from, signal }: Omit<ReadOptions, 'more'>): AsyncGenerator<Buffer> {
    const own = this.files === undefined ? await ResultsLog.open(this.components.folder.resultsPath, { forReading: true }) : undefined
    const log = own ?? this.files?.log
    if (log === undefined) return
    const more: ReadOptions['more'] = () => this.files?.log === log ? 'yes' : this.isOver ? 'no' : 'paused'
    try {
      yield * readResults(log, { ordered, more, ...(from === undefined ? {} : { from }), ...(signal === undefined ? {} : { signal }) })
    } finally {
      await own?.close()
    }
  }

  /** How it stands, now and after each change or some time, to its pause or end. */
  async * follow (signal: AbortSignal): AsyncGenerator<MapStatus> {
    while (!signal.aborted) {
      const { status } = this
      yield status
      if (this.files === undefined) return
      await this.changed()
    }
  }

  private running (): MapFiles {
    if (this.files !== undefined) return this.files
    throw new CorebrumError('ERR_USAGE', this.isOver ? `the map ${this.id} has ended as ${this.rest.state}` : `the map ${this.id} is paused; go on with it by \`corebrum submit --resume ${this.id}\``)
  }

  /** With `state`, it is written down; it is how the map stands from now on in any case. */
  private async close (why: string, state: MapState | undefined): Promise<void> {
    const { files } = this
    if (files === undefined) return
    const { spool, log, window, closing } = files
    window.stop(why)
    closing.abort()
    clearInterval(this.ticker)
    let problem: string | undefined
    await spool.pauseAdding().catch((error: Error) => { problem = error.message })
    await log.flush().catch((error: Error) => { problem = error.message })
    const { total, done, failed } = this.status
    const next: MapState = { ...(state ?? { state: 'open' }), ...(total === undefined ? {} : { total }), done, failed }
    if (problem !== undefined && next.state === 'paused') next.message ??= problem
    if (state !== undefined) await this.components.folder.setState(next).catch(() => {})
    this.files = undefined
    this.restAs(next)
    await Promise.all([spool.close(), log.close()]).catch(() => {})
  }

  private restAs (state: MapState): void {
    this.rest = state
    this.tell()
  }

  /** The job was cancelled, or the node stops. */
  private async aborted (message: string): Promise<void> {
    if (this.components.isStopping()) return
    await this.serially(async () => {
      if (this.files !== undefined) await this.close(message, { state: 'cancelled', message })
      else if (!this.isOver) {
        await this.components.folder.setState({ ...this.rest, state: 'cancelled', message }).catch(() => {})
        this.restAs({ ...this.rest, state: 'cancelled', message })
      }
    })
  }

  /** Ends the map as `how` says; what cannot be kept pauses it. */
  private async conclude (how: Promise<JobEnd>): Promise<void> {
    const { files } = this
    try {
      const end = await how
      await files?.log.flush()
      await this.serially(async () => {
        if (this.files !== files) return
        await this.close(end.ok ? 'the map has ended' : end.message, stateOfEnd(end))
        this.ended(end)
      })
    } catch (error) {
      if (this.files === files) await this.pause(toCorebrumError(error).message)
    }
  }

  private changed (): Promise<void> {
    return new Promise((resolve) => { this.waiting.push(resolve) })
  }

  private tell (): void {
    const { total, done, failed, state } = this.status
    this.job?.progress({ done, failed, ...(total === undefined ? {} : { total }), ...(state === 'paused' ? { paused: true } : {}) })
    for (const resolve of this.waiting.splice(0)) resolve()
  }

  private serially (work: () => Promise<void>): Promise<void> {
    const turn = this.turn.then(work)
    this.turn = turn.catch(() => {})
    return turn
  }
}
