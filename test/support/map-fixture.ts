/** Maps without a node: tasks end as the test says, and a record of every job is kept. */
import { CorebrumError, toCorebrumError } from '../../src/errors.ts'
import { createJobs, type Jobs } from '../../src/jobs/jobs.ts'
import { createMaps, type MapRequest, type Maps } from '../../src/jobs/map/maps.ts'
import type { MapJob } from '../../src/jobs/map/map-job.ts'
import type { JobTasks } from '../../src/jobs/ports.ts'
import type { TaskJournal } from '../../src/roles/journal.ts'
import { NO_JOURNAL } from '../../src/roles/no-journal.ts'
import type { TaskDefinition, TaskPolicy } from '../../src/task/definition.ts'
import { newTask, reduceTask, type TaskRecord } from '../../src/task/state.ts'
import { NO_USAGE } from '../../src/task/usage.ts'
import type { Value } from '../../src/task/values.ts'

export interface MapTask { id: string, index: number, inputs: Record<string, Value> }

export type MapAnswer = (task: MapTask) => Record<string, Value> | CorebrumError | Promise<Record<string, Value> | CorebrumError>

export interface MapBench {
  maps: Maps
  jobs: Jobs
  /** Ids in the order in which they were submitted. */
  submitted: string[]
  /** Open at the same time, at most. */
  mostOpen: number
  record (id: string): TaskRecord | undefined
  /** The first record of the job for which `is` holds. */
  recorded (id: string, is: (record: TaskRecord) => boolean): Promise<TaskRecord>
  /** Policies of the tasks that were submitted. */
  policies: Array<Partial<TaskPolicy> | undefined>
  /** A new node on the same folder. */
  restarted (answer?: MapAnswer): MapBench
}

export const DEFINITION: TaskDefinition = {
  name: 'double',
  module: { kind: 'cid', cid: 'bafkreifake' },
  inputs: [{ name: 'number', type: 'integer', required: true }],
  outputs: [{ name: 'result', type: 'integer' }],
  validation: [],
  timeLimitMs: 1000,
  grants: { networking: false, fileSystem: false },
  priority: 0,
  tags: [],
  metadata: {},
}

/** `{result: 2 * number}`. */
export const double: MapAnswer = ({ inputs }) => ({ result: Number(inputs.number) * 2 })

export interface MapBenchOptions {
  /** What a daemon's journal has of its jobs. Default: it is a command, which has none. */
  rows?: Map<string, Uint8Array>
  keepMs?: number
}

/** Throwing in `answer` makes the submit fail. */
export function mapBench (dataDir: string, answer: MapAnswer = double, { rows, keepMs = 1_000 }: MapBenchOptions = {}): MapBench {
  const records = new Map<string, TaskRecord>()
  const ends = new Map<string, Promise<TaskRecord>>()
  const cancels = new Map<string, (record: TaskRecord) => void>()
  let open = 0
  const bench: Pick<MapBench, 'submitted' | 'mostOpen' | 'policies'> = { submitted: [], mostOpen: 0, policies: [] }
  const waiting = new Set<() => void>()
  const ended = (id: string, result: Record<string, Value> | CorebrumError): TaskRecord => reduceTask(newTask(id, 'item', 0), result instanceof CorebrumError
    ? { type: 'failed', failure: { code: result.code, message: result.message, by: 'worker' }, atMs: 1 }
    : { type: 'completed', worker: 'worker', outputs: result, usage: NO_USAGE, logs: '', atMs: 1 })
  const tasks: JobTasks = {
    peerId: 'self',
    async submit (_definition, inputs, { id, policy }) {
      if (ends.has(id)) return
      bench.submitted.push(id)
      bench.policies.push(policy)
      const result = answer({ id, index: Number(id.slice(37)), inputs })
      open++
      bench.mostOpen = Math.max(bench.mostOpen, open)
      const cancelled = new Promise<TaskRecord>((resolve) => { cancels.set(id, resolve) })
      ends.set(id, Promise.race([Promise.resolve(result).then((one) => ended(id, one), (error: unknown) => ended(id, toCorebrumError(error))), cancelled]).finally(() => { open-- }))
    },
    done: async (id) => await (ends.get(id) ?? Promise.reject(new CorebrumError('ERR_TASK_UNKNOWN', id))),
    find: async (id) => records.get(id),
    cancel (id, message) { cancels.get(id)?.(ended(id, new CorebrumError('ERR_CANCELLED', message))) },
    keepApart () {},
    forget (id) { ends.delete(id) },
    pin: async (definition) => ({ definition, release: () => {} }),
    hold: () => () => {},
    openIds: () => [],
    stop () {},
    add (id, name) {
      const record = newTask(id, name, 0)
      records.set(id, record)
      return record
    },
    async apply (id, event) {
      const record = records.get(id)
      if (record !== undefined) records.set(id, reduceTask(record, event))
      for (const look of waiting) look()
    },
    addAgain (id, name, createdAtMs) { records.set(id, newTask(id, name, createdAtMs)) },
  }
  const maps = createMaps({ tasks, jobs: () => jobs, dataDir, durable: rows !== undefined, keepMs, savedJobs: () => journal.jobs() })
  const journal = rows === undefined ? NO_JOURNAL : journalOf(rows)
  const jobs: Jobs = createJobs({ tasks, journal, kinds: [maps.kind] })
  const recorded: MapBench['recorded'] = (id, is) => new Promise((resolve) => {
    const look = (): void => {
      const record = records.get(id)
      if (record === undefined || !is(record)) return
      waiting.delete(look)
      resolve(record)
    }
    waiting.add(look)
    look()
  })
  return Object.assign(bench, { maps, jobs, recorded, record: (id: string) => records.get(id), restarted: (next: MapAnswer = answer) => mapBench(dataDir, next, { keepMs, ...(rows === undefined ? {} : { rows }) }) })
}

function journalOf (rows: Map<string, Uint8Array>): Pick<TaskJournal, 'saveJob' | 'dropJob' | 'jobs'> {
  return {
    async saveJob (id, bytes) { rows.set(id, bytes) },
    dropJob (id) { rows.delete(id) },
    async * jobs () { for (const [id, bytes] of [...rows]) yield { id, bytes } },
  }
}

export async function * chunks (...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text)
}

export function numbers (count: number, from = 0): string {
  return Array.from({ length: count }, (_, i) => `{"number":${from + i}}\n`).join('')
}

export async function linesOf (pieces: AsyncIterable<Uint8Array>): Promise<Array<Record<string, unknown>>> {
  let text = ''
  for await (const piece of pieces) text += Buffer.from(piece).toString()
  return text.split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as Record<string, unknown>)
}

/** A map of these lines, made and fed. */
export async function mapOf (bench: MapBench, text: string, request: Partial<MapRequest> = {}): Promise<MapJob> {
  const job = await bench.maps.create({ definition: DEFINITION, baseDir: '/', ...request })
  await job.addInputs(chunks(text), { bytes: 0, crc: 0 })
  return job
}

/** How a map stands when it is paused or at its end. */
export async function ending (job: MapJob): Promise<MapJob['status']> {
  let { status } = job
  for await (const next of job.follow(new AbortController().signal)) status = next
  return status
}
