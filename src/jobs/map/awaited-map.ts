/** A map of this node that another process has open: it is shown as such, and goes on here once that lets go of it, or ends as it did there. */
import { CorebrumError, toCorebrumError } from '../../errors.ts'
import { Bell } from '../bell.ts'
import { MAP_LOCK_MS } from '../limits.ts'
import type { JobEnd, PreparedJob, RunningJob } from '../job-kind.ts'
import { FolderBusyError } from './folder-lock.ts'
import { isPassing } from './job-error.ts'
import type { MapJob } from './map-job.ts'

export interface AwaitedMapComponents {
  id: string
  name: string
  /** Opens it. Rejects with FolderBusyError while another process has it. */
  open: () => Promise<MapJob>
  /** Lets go of one that nobody waits for any more. */
  drop: (map: MapJob) => void
  /** Nobody has to ask this for the map from now on. */
  release: () => void
}

export class AwaitedMap implements PreparedJob {
  readonly name: string
  private readonly components: AwaitedMapComponents
  private map: MapJob | undefined
  private taking: Promise<MapJob> | undefined
  private released = false
  /** Rung when the map is there. */
  private readonly bell = new Bell()

  constructor (components: AwaitedMapComponents) {
    this.components = components
    this.name = components.name
  }

  saved (): unknown {
    return { id: this.components.id }
  }

  release (): void {
    this.released = true
    this.components.release()
    this.map?.release()
  }

  async run (job: RunningJob): Promise<JobEnd> {
    let holder: number | undefined
    while (true) {
      try {
        return await (await job.until(this.take())).run(job)
      } catch (thrown) {
        const error = toCorebrumError(thrown)
        const pid = error instanceof FolderBusyError ? error.pid : undefined
        if (this.map !== undefined || (pid === undefined && !isPassing(error))) throw error
        if (pid !== undefined && pid !== holder) job.note({ kind: 'waiting', detail: `process ${pid} goes on with it` })
        holder = pid
        job.progress({ done: 0, failed: 0, ...(pid === undefined ? {} : { holder: pid }) })
      }
      await job.until(this.bell.within(MAP_LOCK_MS))
    }
  }

  /** The map itself, now. Rejects as `open`, and with ERR_CANCELLED when nobody waits for it any more. */
  take (): Promise<MapJob> {
    if (this.map !== undefined) return Promise.resolve(this.map)
    this.taking ??= this.open().finally(() => { this.taking = undefined })
    return this.taking
  }

  private async open (): Promise<MapJob> {
    const map = await this.components.open()
    if (this.released) {
      this.components.drop(map)
      throw new CorebrumError('ERR_CANCELLED', `the map ${this.components.id} was cancelled`)
    }
    this.map = map
    this.bell.ring()
    return map
  }
}
