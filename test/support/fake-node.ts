/** A Node without network and sandbox: tasks end as the test says. */
import { randomUUID } from 'node:crypto'
import { defaultConfig } from '../../src/config.ts'
import { CorebrumError } from '../../src/errors.ts'
import type { StoredModule } from '../../src/modules/modules.ts'
import type { Node, SubmitOptions, TaskHandle } from '../../src/node.ts'
import type { AnyDefinition } from '../../src/task/definition.ts'
import { isFinal, type TaskRecord, type TaskState } from '../../src/task/state.ts'
import { parentId } from '../../src/task/task-id.ts'
import type { Value } from '../../src/task/values.ts'
import { FakeBlobs } from './fake-blobs.ts'

export interface FakeSubmission {
  definition: AnyDefinition
  inputs: Record<string, Value>
  options: SubmitOptions
}

export interface FakeNode extends Node {
  readonly submissions: FakeSubmission[]
  /** Called for each submission, before it is accepted; default: completes with `{ result: 120 }`. */
  onSubmit: (submission: FakeSubmission, task: FakeTask) => void | Promise<void>
  add (task: FakeTask): FakeTask
}

/** A task that the test moves along. */
export class FakeTask implements TaskHandle {
  #record: TaskRecord
  readonly #past: TaskRecord[]
  #wake: Array<() => void> = []

  constructor (overrides: Partial<TaskRecord> = {}) {
    const id = overrides.id ?? randomUUID()
    this.#record = { id, name: 'fake', state: 'pending', fence: 0, attempts: 0, createdAtMs: 1_700_000_000_000, logs: '', declines: [], history: [], ...overrides }
    this.#past = [this.#record]
  }

  get id (): string {
    return this.#record.id
  }

  record (): TaskRecord {
    return this.#record
  }

  set (changes: Partial<TaskRecord>): this {
    this.#record = { ...this.#record, ...changes }
    this.#past.push(this.#record)
    for (const wake of this.#wake.splice(0)) wake()
    return this
  }

  complete (outputs: Record<string, Value> = { result: 120 }): this {
    return this.set({ state: 'completed', worker: '12D3KooWFakeWorker', endedAtMs: this.#record.createdAtMs + 12, usage: { wallMs: 1.5, memoryBytes: 65536, cpuMs: 0, moduleBytes: 0, fileBytes: 0 }, outputs })
  }

  fail (code: 'ERR_TRAP' | 'ERR_TIME_LIMIT' = 'ERR_TRAP'): this {
    return this.set({ state: 'failed', endedAtMs: this.#record.createdAtMs + 12, failure: { code, message: 'unreachable was executed', by: '12D3KooWFakeWorker' } })
  }

  cancel (): void {
    if (isFinal(this.#record.state)) return
    this.set({ state: 'cancelled', endedAtMs: this.#record.createdAtMs + 12, failure: { code: 'ERR_CANCELLED', message: 'the task was cancelled', by: 'self' } })
  }

  async done (): Promise<TaskRecord> {
    for await (const record of this.events()) if (isFinal(record.state)) return record
    return this.#record
  }

  async result (): Promise<Record<string, Value>> {
    const { failure, outputs = {} } = await this.done()
    if (failure !== undefined) throw new CorebrumError(failure.code, failure.message)
    return outputs
  }

  async * events (): AsyncGenerator<TaskRecord> {
    for (let seen = 0; ; seen++) {
      while (seen >= this.#past.length) await new Promise<void>((resolve) => this.#wake.push(resolve))
      const record = this.#past[seen]
      if (record === undefined) return
      yield record
      if (isFinal(record.state)) return
    }
  }
}

const noMap = async (): Promise<never> => { throw new CorebrumError('ERR_TASK_UNKNOWN', 'a fake node has no maps') }
const NO_MAPS: Node['maps'] = { kind: { kind: 'map', restore: noMap }, create: noMap, find: noMap, proceed: noMap, cancel: noMap, async remove () {}, async discard () {}, async clearAway () {}, async stop () {} }

export function createFakeNode ({ dataDir }: { dataDir: string }): FakeNode {
  const tasks = new Map<string, FakeTask>()
  const submissions: FakeSubmission[] = []
  const stored = new Map<string, StoredModule>()
  const node: FakeNode = {
    peerId: '12D3KooWFakeNode',
    config: { ...defaultConfig(dataDir), workerCount: 2 },
    submissions,
    onSubmit: (_submission, task) => { task.complete() },
    add (task) {
      tasks.set(task.id, task)
      return task
    },
    async submit (definition, inputs = {}, options = {}) {
      const task = new FakeTask({ name: definition.name })
      const submission = { definition, inputs, options }
      submissions.push(submission)
      await node.onSubmit(submission, task)
      return node.add(task)
    },
    find: async (id) => tasks.get(id),
    idsWith: async (prefix, limit) => [...tasks.keys()].filter((id) => id.startsWith(prefix)).slice(0, limit),
    tasks: async ({ state, limit } = {}) => [...tasks.values()].map((task) => task.record()).filter((record) => state === undefined || record.state === state).reverse().slice(0, limit),
    children: async (id, { from = 0, limit } = {}) => [...tasks.values()].map((task) => task.record()).filter((record) => parentId(record.id) === id).slice(from).slice(0, limit),
    taskCounts () {
      const counts: Partial<Record<TaskState, number>> = {}
      for (const task of tasks.values()) counts[task.record().state] = (counts[task.record().state] ?? 0) + 1
      return counts
    },
    keptForOthers: () => ({ owedResults: 0, letters: 0, letterBytes: 0 }),
    async receipts (id) {
      const record = tasks.get(id)?.record()
      if (record?.receipt === undefined) throw new CorebrumError('ERR_RECEIPT', `task ${id} has no receipt`)
      return [{ receipt: record.receipt, record }]
    },
    addresses: () => ['/ip4/127.0.0.1/tcp/4001/p2p/12D3KooWFakeNode'],
    peers: () => [{ peer: '12D3KooWFakePeer', addresses: ['/ip4/10.0.0.2/tcp/4001'], direction: 'outbound', connectedAtMs: 1_700_000_000_000, latencyMs: 1.25 }],
    async workers () {
      return [{ peer: '12D3KooWFakeWorker', connected: true, slots: 4, leases: 1, memoryLimitBytes: 512 * 1024 ** 2, engine: 'v8', features: ['simd'] }]
    },
    async explain (id) {
      const record = tasks.get(id)?.record()
      if (record === undefined) throw new CorebrumError('ERR_TASK_UNKNOWN', `there is no task ${id}`)
      return { id, name: record.name, state: record.state, summary: 'nobody takes it', workers: [{ peer: '12D3KooWFakeWorker', verdict: 'no', reason: 'it runs no tasks' }], peers: [], declines: record.declines, nextOfferAtMs: 1_700_000_001_000 }
    },
    async waitForPeer () { return true },
    workForItself () {},
    async start () {},
    async stop () {},
    blobs: new FakeBlobs(),
    maps: NO_MAPS,
    modules: {
      async start () {},
      async stop () {},
      has: (cid) => stored.has(cid),
      find: async (cid) => stored.has(cid),
      hold: () => () => {},
      size: (cid) => stored.get(cid)?.size,
      async read () { throw new CorebrumError('ERR_MODULE_NOT_FOUND', 'a fake store holds no bytes') },
      async * stream () { yield new Uint8Array() },
      async put (bytes) {
        const cid = `bafkreifake${bytes.length}`
        stored.set(cid, { cid, size: bytes.length, usedAtMs: 1_700_000_000_000 })
        return cid
      },
      async writer () { throw new CorebrumError('ERR_STORE', 'a fake store has no writers') },
      list: () => [...stored.values()],
      async remove (cid) { return stored.delete(cid) },
    },
  }
  return node
}
