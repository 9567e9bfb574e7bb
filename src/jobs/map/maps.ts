/** All maps of a node: made, looked up, gone on with, and removed. Their records are those of jobs (`jobs.ts`). */
import { randomUUID } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { LRUCache } from 'lru-cache'
import { CorebrumError, toCorebrumError } from '../../errors.ts'
import { MAX_OPEN_MAPS } from '../limits.ts'
import { splitTaskId } from '../../task/task-id.ts'
import type { TaskDefinition } from '../../task/definition.ts'
import { asRecord, asText } from '../../wire/shape.ts'
import type { JobKind, PreparedJob } from '../job-kind.ts'
import type { Jobs } from '../jobs.ts'
import type { JobTasks } from '../ports.ts'
import { removeAbandoned } from './abandoned.ts'
import { AwaitedMap } from './awaited-map.ts'
import { FolderBusyError } from './folder-lock.ts'
import { conclude } from './map-end.ts'
import { makeMapFolder, mapDir, openMapFolder, readMapSettings, type MapFolder } from './map-folder.ts'
import { MapJob } from './map-job.ts'
import { listInput, requirePlain, type MapSettings } from './map-settings.ts'

export interface MapRequest extends Partial<Pick<MapSettings, 'common' | 'failFast' | 'policy' | 'noCache' | 'reduce'>> {
  definition: TaskDefinition
  /** Folder that the definition's paths are taken from. */
  baseDir: string
  /** That of the final task's definition. Default `baseDir`. */
  reduceBaseDir?: string
}

export interface Maps {
  readonly kind: JobKind
  /** Makes a map that waits for its inputs. Rejects as `Node.submit`, and with ERR_DEFINITION when the final task takes no list. */
  create (request: MapRequest, options?: { signal?: AbortSignal }): Promise<MapJob>
  /** A map of this node or data folder, as it stands. Rejects with ERR_TASK_UNKNOWN, ERR_USAGE when another process has it, ERR_JOURNAL. */
  find (id: string): Promise<MapJob>
  /** Goes on with a map that is paused, also one of another process that left it; one that has ended is left as it is. Rejects as `find`. */
  proceed (id: string): Promise<MapJob>
  /** Ends a map that has not ended, and keeps its results. Rejects as `find`. */
  cancel (id: string): Promise<void>
  /** Removes what is kept of a map that has ended, or that nobody has open. */
  remove (id: string): Promise<void>
  /** Removes so a map of this node that nobody asks for any more, unless a daemon has a record of it: then that completes it. */
  discard (id: string): Promise<void>
  /** Removes the maps that commands left and nobody went on with for `keepMs`; once the jobs are known. Never rejects. */
  clearAway (): Promise<void>
  /** Runs nothing more; what is done is on disk when it resolves, and unfinished maps go on after the next start. */
  stop (): Promise<void>
}

export interface MapsComponents {
  tasks: JobTasks
  jobs: () => Pick<Jobs, 'begin' | 'cancel'>
  /** Jobs that the journal has, also those that could not go on. Default: none. */
  savedJobs?: () => AsyncIterable<{ id: string }>
  dataDir: string
  /** False for a node that keeps no journal: its maps go on only when somebody asks. */
  durable: boolean
  /** How long maps stay that nobody goes on with. */
  keepMs: number
  log?: (message: string) => void
}

/** Ended maps that somebody asked for lately. */
const MAX_ENDED_OPEN = 16
const ID_CHARS = 36

export function createMaps ({ tasks, jobs, savedJobs, dataDir, durable, keepMs, log = () => {} }: MapsComponents): Maps {
  /** Those that have not ended. */
  const live = new Map<string, MapJob>()
  const ended = new LRUCache<string, MapJob>({ max: MAX_ENDED_OPEN, dispose: (job) => { void job.leave() } })
  const opening = new Map<string, Promise<MapJob>>()
  /** Those that another process has. */
  const awaited = new Map<string, AwaitedMap>()
  let stopping = false
  let clearing: Promise<void> | undefined

  function register (id: string, folder: MapFolder, { hold, paused }: { hold: () => void, paused: boolean }): MapJob {
    const job: MapJob = new MapJob({
      id,
      folder,
      tasks,
      paused,
      isStopping: () => stopping,
      release () {
        hold()
        live.delete(id)
        ended.set(id, job)
      },
    })
    live.set(id, job)
    return job
  }

  async function restore (id: string, { paused }: { paused: boolean }): Promise<MapJob> {
    if (id.length !== ID_CHARS || splitTaskId(id) === undefined) throw new CorebrumError('ERR_TASK_UNKNOWN', `"${id.slice(0, 100)}" is no id of a map: \`corebrum list\` shows those that are not done`)
    const folder = await openMapFolder(mapDir(dataDir, id))
    if (paused) await conclude(folder, tasks.find(id))
    return register(id, folder, { paused, hold: holdAll(folder.settings) })
  }

  function holdAll ({ definition, reduce }: Pick<MapSettings, 'definition' | 'reduce'>): () => void {
    const holds = [tasks.hold(definition), ...(reduce === undefined ? [] : [tasks.hold(reduce)])]
    return () => { for (const end of holds) end() }
  }

  /** One that the journal has. */
  async function recovered (id: string): Promise<PreparedJob> {
    const again = async (): Promise<MapJob> => {
      const job = await restore(id, { paused: false })
      // Of a folder of an earlier version; it is not needed to go on.
      await job.folder.keep().catch(() => {})
      return job
    }
    try {
      return await again()
    } catch (error) {
      if (!(error instanceof FolderBusyError)) throw error
    }
    const settings = await readMapSettings(mapDir(dataDir, id))
    const hold = holdAll(settings)
    const map = new AwaitedMap({
      id,
      name: settings.name,
      open: again,
      drop (job) {
        job.release()
        ended.delete(id)
      },
      release () {
        hold()
        awaited.delete(id)
      },
    })
    awaited.set(id, map)
    return map
  }

  async function find (id: string): Promise<MapJob> {
    const known = live.get(id) ?? ended.get(id) ?? awaited.get(id)?.take()
    if (known !== undefined) return await known
    const opened = opening.get(id) ?? open(id).finally(() => { opening.delete(id) })
    opening.set(id, opened)
    return await opened
  }

  /** One that no job of this node stands for. */
  async function open (id: string): Promise<MapJob> {
    const job = await restore(id, { paused: true })
    if (job.isOver) job.release()
    else await begin(job).catch((error: unknown) => {
      ended.delete(id)
      throw error
    })
    return job
  }

  async function remove (id: string): Promise<void> {
    // After a stop nothing is open.
    if (live.has(id) && !stopping) return
    ended.delete(id)
    await rm(mapDir(dataDir, id), { recursive: true, force: true })
  }

  async function clearAway (): Promise<void> {
    const saved = new Set<string>()
    for await (const { id } of savedJobs?.() ?? []) saved.add(id)
    const isKnown = async (id: string): Promise<boolean> => saved.has(id) || live.has(id) || ended.has(id) || opening.has(id) || await tasks.find(id) !== undefined
    const removed = await removeAbandoned({ dir: dirname(mapDir(dataDir, 'id')), keepMs, isKnown, isStopping: () => stopping })
    if (removed.length > 0) log(`removed ${removed.length} maps that were begun without a daemon and not gone on with: ${removed.slice(0, 3).join(', ')}${removed.length > 3 ? ', …' : ''}`)
  }

  async function begin (job: MapJob): Promise<void> {
    if (durable) {
      await job.folder.keep().catch((error: unknown) => {
        job.release()
        throw error
      })
    }
    await jobs().begin('map', job, { id: job.id, volatile: !durable })
  }

  return {
    kind: {
      kind: 'map',
      restore: (saved) => recovered(asText(asRecord(saved, 'a map').id, 'map.id', ID_CHARS)),
    },
    find,
    async create ({ definition, baseDir, reduceBaseDir = baseDir, reduce, common = {}, failFast = false, policy, noCache = false }, { signal } = {}) {
      if (live.size >= MAX_OPEN_MAPS) throw new CorebrumError('ERR_QUEUE_FULL', `this node has ${live.size} unfinished maps, as many as it may; end or cancel some`)
      requirePlain(definition)
      if (reduce !== undefined) {
        requirePlain(reduce)
        listInput(reduce)
      }
      const id = randomUUID()
      const dir = mapDir(dataDir, id)
      const holds: Array<() => void> = []
      const hold = (): void => { for (const end of holds) end() }
      let folder: MapFolder
      try {
        const options = signal === undefined ? {} : { signal }
        const pinned = await tasks.pin(definition, { baseDir, ...options })
        holds.push(pinned.release)
        const final = reduce === undefined ? undefined : await tasks.pin(reduce, { baseDir: reduceBaseDir, ...options })
        if (final !== undefined) holds.push(final.release)
        folder = await makeMapFolder(dir, {
          name: definition.name, createdAtMs: Date.now(), definition: pinned.definition, common, reduce: final?.definition, failFast, policy, noCache,
        }, { kept: durable })
      } catch (error) {
        hold()
        throw error
      }
      const job = register(id, folder, { hold, paused: false })
      try {
        await begin(job)
        await job.proceed()
      } catch (error) {
        // It may have begun, and cannot go on.
        jobs().cancel(id, 'the map could not begin')
        ended.delete(id)
        await rm(dir, { recursive: true, force: true, maxRetries: 3 })
        throw error
      }
      if (signal?.aborted === true) jobs().cancel(id, 'whoever submitted the map was gone before it was made')
      return job
    },
    async proceed (id) {
      const job = await find(id)
      await job.proceed()
      return job
    },
    async cancel (id) {
      await find(id)
      jobs().cancel(id, 'the map was cancelled')
    },
    remove,
    async discard (id) {
      const job = live.get(id) ?? ended.get(id)
      if (job !== undefined && !job.folder.kept) await remove(id)
    },
    clearAway () {
      clearing ??= clearAway().catch((error: unknown) => { log(`maps that nobody goes on with: ${toCorebrumError(error).message}`) })
      return clearing
    },
    async stop () {
      stopping = true
      await Promise.all([clearing, ...[...live.values(), ...ended.values()].map((job) => job.leave())])
    },
  }
}
