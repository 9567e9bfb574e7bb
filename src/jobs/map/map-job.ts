/**
 * One map while this process has its folder: its inputs and results are open while it runs, and closed while it is paused, so that
 * going on is the same as after a restart.
 */
import { CorebrumError, toCorebrumError } from '../../errors.ts'
import { atTime } from '../at-time.ts'
import { Bell } from '../bell.ts'
import { MAP_RETRY_MS } from '../limits.ts'
import { createSerially } from '../../modules/serially.ts'
import type { JobEnd, PreparedJob, RunningJob } from '../job-kind.ts'
import type { JobTasks } from '../ports.ts'
import { feed } from './feed.ts'
import { endOfState, lateEnd, stateOfEnd } from './map-end.ts'
import { openMapFiles, type MapFiles } from './map-files.ts'
import type { MapFolder, MapState } from './map-folder.ts'
import { deadlineAtMs } from './map-settings.ts'
import { statusAtRest, statusRunning, type MapStatus } from './map-status.ts'
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
  private readonly bell = new Bell()
  /** Opening, pausing and ending take turns. */
  private readonly serially = createSerially()

  constructor (components: MapJobComponents) {
    this.id = components.id
    this.components = components
    const { folder: { state }, paused = false } = components
    this.rest = paused && state.state === 'open' ? { ...state, state: 'paused' } : state
  }

  get name (): string {
    return this.folder.settings.name
  }

  get folder (): MapFolder {
    return this.components.folder
  }

  get isOver (): boolean {
    return this.files === undefined && this.rest.state !== 'open' && this.rest.state !== 'paused'
  }

  get status (): MapStatus {
    const { files, rest, id, name } = this
    const what = { id, name, reduced: this.folder.settings.reduce !== undefined }
    return files === undefined ? statusAtRest(what, rest) : statusRunning(what, files)
  }

  saved (): unknown {
    return { id: this.id }
  }

  release (): void {
    this.components.release()
  }

  async run (job: RunningJob): Promise<JobEnd> {
    this.job = job
    if (this.isOver) {
      this.tell()
      return endOfState(this.rest)
    }
    const ended = new Promise<JobEnd>((resolve) => { this.ended = resolve })
    job.signal.addEventListener('abort', () => { void this.aborted(toCorebrumError(job.signal.reason).message) }, { once: true })
    this.watchDeadline(job.signal)
    if (this.rest.state === 'open') await this.proceed().catch((error: unknown) => { this.restAs({ state: 'paused', message: toCorebrumError(error).message }) })
    else this.tell()
    return await ended
  }

  /** Goes on with a map that is paused; one that has ended is left as it is. Rejects with ERR_JOURNAL; it is paused then. */
  proceed (): Promise<void> {
    return this.serially(async () => {
      if (this.files !== undefined || this.isOver) return
      await this.folder.setState({ state: 'open' })
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
      await this.folder.unlock()
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
  async addInputs (chunks: AsyncIterable<Uint8Array>, mark: SpoolMark): Promise<number> {
    const files = this.running()
    if (this.adding) throw new CorebrumError('ERR_USAGE', `another command gives the map ${this.id} its inputs`)
    this.adding = true
    try {
      const items = await feed(files, chunks, mark, { id: this.id, changed: () => this.bell.next() })
      this.tell()
      return items
    } finally {
      this.adding = false
    }
  }

  /** Lines of results, NDJSON; while it runs it waits for more. Rejects with ERR_JOURNAL. */
  async * results ({ ordered, from, signal }: Omit<ReadOptions, 'more'>): AsyncGenerator<Buffer> {
    const own = this.files === undefined ? await ResultsLog.open(this.folder.resultsPath, { forReading: true }) : undefined
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
      await this.bell.next()
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
    if (state !== undefined) await this.folder.setState(next).catch(() => {})
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
    await this.serially(() => this.endAs({ state: 'cancelled', message }))
  }

  /** That of the whole, from when the map was submitted, running or paused; `signal` aborts when it has ended. */
  private watchDeadline (signal: AbortSignal): void {
    const atMs = deadlineAtMs(this.folder.settings)
    if (atMs === undefined) return
    const stop = atTime(atMs, () => {
      void this.serially(async () => {
        if (this.isOver || this.components.isStopping()) return
        const end = lateEnd(this.folder.settings)
        await this.endAs(stateOfEnd(end))
        this.ended(end)
      })
    })
    signal.addEventListener('abort', stop, { once: true })
  }

  /** Of a map that ends at once, with whatever is done of it; one that has ended stays as it is. */
  private async endAs (state: MapState): Promise<void> {
    if (this.files !== undefined) return await this.close(state.message ?? '', state)
    if (this.isOver) return
    const next = { ...this.rest, ...state }
    await this.folder.setState(next).catch(() => {})
    this.restAs(next)
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

  private tell (): void {
    const { total, done, failed, state } = this.status
    this.job?.progress({ done, failed, ...(total === undefined ? {} : { total }), ...(state === 'paused' ? { paused: true } : {}) })
    this.bell.ring()
  }
}
