import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { EventEmitter, once } from 'node:events'
import { cp } from 'node:fs/promises'
import type { CallResult, Executor } from '../../src/executor/executor.ts'
import { createExecutor } from '../../src/executor/pool.ts'
import { RETURN_MS } from '../../src/roles/submitter/limits.ts'
import type { Channel, Network } from '../../src/network/network.ts'
import type { DurableJournal } from '../../src/roles/journal/level.ts'
import { submitterLink, workerLink } from '../../src/roles/link.ts'
import { ResultCollector } from '../../src/roles/submitter/result-collector.ts'
import { Submitter } from '../../src/roles/submitter/submitter.ts'
import { createTaskHandle } from '../../src/roles/tasks/task-handle.ts'
import { createTaskTable, type TaskTable } from '../../src/roles/tasks/task-table.ts'
import { createWorkStreams, type WorkStreams } from '../../src/roles/worker/work-streams.ts'
import { Worker } from '../../src/roles/worker/worker.ts'
import type { Program } from '../../src/task/program.ts'
import type { TaskRecord } from '../../src/task/state.ts'
import { WORK_PROTOCOL } from '../../src/wire/messages.ts'
import { ModuleShelf } from '../support/executor-fixture.ts'
import { fairTime } from '../support/fair-time.ts'
import { useJournals } from '../support/journal-samples.ts'
import { useMesh } from '../support/mesh.ts'
import { watchChildren } from '../support/processes.ts'
import { FakeBlobs, FakeExecutor, capability, program, provisionsOf, type FakeCall } from '../support/roles.ts'
import { ensureSandboxBundle } from '../support/sandbox-bundle.ts'
import { useTempDirs } from '../support/temp-dir.ts'

/** Begins its calls at once; the test ends them. */
class ManualExecutor extends FakeExecutor {
  #waiting: Array<() => void> = []

  override run (...args: Parameters<FakeExecutor['run']>): Promise<CallResult> {
    const result = super.run(...args)
    this.calls.at(-1)?.start()
    for (const wake of this.#waiting.splice(0)) wake()
    return result
  }

  /** The call of this number, counted from 0, as soon as there is one. */
  async call (number: number): Promise<FakeCall> {
    while (true) {
      const call = this.calls[number]
      if (call !== undefined) return call
      await new Promise<void>((resolve) => { this.#waiting.push(resolve) })
    }
  }
}

interface Side<E extends Executor = Executor> { network: Network, worker: Worker, streams: WorkStreams, executor: E }

describe('durable tasks over a real network and a real journal', () => {
  const mesh = useMesh()
  const tempDir = useTempDirs()
  const journals = useJournals(tempDir)
  let network: Network
  let dataDir: string
  let journal: DurableJournal
  let tasks: TaskTable
  let submitter: Submitter
  let workers: Side[]
  /** Peers whose work streams are refused: cut off. */
  let cutOff: Set<string>
  /** Nobody is there who takes streams. */
  let isDead: boolean
  let channels: Channel[]
  /** Where the submitter's clock stands still, if it does. */
  let stillAt: number | undefined
  /** `taken` when a worker's result was acknowledged, `late` when something is recorded of a task that has ended. */
  let events: EventEmitter

  /** A submitter on what the one before left in `folder`. */
  async function start (folder: string): Promise<void> {
    dataDir = folder
    journal = await journals.start(folder)
    tasks = createTaskTable()
    const announcer = { update: () => {}, current: () => [], nextOfferAt: () => undefined, stop: () => {} }
    submitter = new Submitter({ peerId: network.peerId, tasks, announcer, journal, collector: new ResultCollector(new FakeBlobs()), now: () => stillAt ?? performance.now() })
    for await (const recovered of journal.recover()) submitter.recover(recovered)
  }

  /** As after kill -9: another submitter finds what was on disk at this moment. */
  async function crash (): Promise<void> {
    // A dead process hears nothing: else workers go on with it, under leases that the one after it knows nothing of.
    isDead = true
    const killed = channels.splice(0)
    for (const channel of killed) [channel.onMessages, channel.onClose] = [() => {}, () => {}]
    const image = await tempDir()
    await cp(dataDir, image, { recursive: true })
    for (const channel of killed) channel.abort(new Error('killed'))
    const before = submitter
    await start(image)
    await before.stop()
    isDead = false
  }

  const join = (): Promise<Side<ManualExecutor>> => joinWith(new ManualExecutor(1))

  async function joinWith<E extends Executor> (executor: E): Promise<Side<E>> {
    const made = await mesh.node({ peers: network.addresses() })
    const can = capability({ slots: 1 })
    const situation = (): ReturnType<ConstructorParameters<typeof Worker>[0]['situation']> => ({
      peerId: made.peerId, capability: can, load: worker.load, draining: false, hasModule: true, maxModuleBytes: 1_000, allowedHosts: [], streams: 0, maxStreams: 10,
    })
    const worker: Worker = new Worker({
      peerId: made.peerId, executor, provisions: provisionsOf(), blobs: new FakeBlobs(), capability: can, situation, onStranded: (peer) => { streams.reopen(peer) }, onTaken: () => { events.emit('taken') },
    })
    const streams = createWorkStreams({ network: made, worker, situation, log: () => {} })
    const side = { network: made, worker, streams, executor }
    workers.push(side)
    await dial(side)
    return side
  }

  async function dial ({ network: from, worker }: Side): Promise<void> {
    worker.attach(submitterLink(await from.open(network.peerId, WORK_PROTOCOL), () => {}))
  }

  function cut (side: Side): void {
    cutOff.add(side.network.peerId)
    for (const channel of channels) if (channel.peer === side.network.peerId) channel.abort(new Error('cut'))
  }

  async function submit (what: Program = program()): Promise<string> {
    const id = randomUUID()
    await submitter.submit({ id, program: what, values: [5] })
    return id
  }

  async function until (id: string, holds: (record: TaskRecord) => boolean): Promise<TaskRecord> {
    for await (const record of createTaskHandle(tasks, id, () => {}).events()) if (holds(record)) return record
    throw new Error(`the task ended as ${tasks.get(id)?.state}`)
  }
  const runsOn = (id: string, { network: { peerId } }: Side): Promise<TaskRecord> => until(id, ({ state, worker }) => state === 'running' && worker === peerId)

  /** All that the journal was told is on disk: it keeps the order, and answers when this has been written. */
  const written = (): Promise<void> => journal.saveJob(randomUUID(), Uint8Array.of(0))

  /** The submitter has all results of a worker. */
  async function delivered ({ worker }: Side): Promise<void> {
    while (worker.undeliveredFor(network.peerId) > 0) await once(events, 'taken')
  }

  const kinds = (id: string): string[] => (tasks.get(id)?.history ?? []).map(({ kind }) => kind)

  beforeEach(async () => {
    workers = []
    channels = []
    cutOff = new Set()
    isDead = false
    stillAt = undefined
    events = new EventEmitter()
    network = await mesh.make()
    await start(await tempDir())
    await network.serve(WORK_PROTOCOL, (channel) => {
      if (isDead || cutOff.has(channel.peer)) {
        channel.abort(new Error('cut'))
        return
      }
      channels.push(channel)
      submitter.attach(workerLink(channel, () => {}))
    })
    await network.start()
  })

  afterEach(async () => {
    for (const { streams, worker } of workers) {
      streams.stop()
      worker.stop()
    }
    await submitter.stop()
  })

  it('resumes a task whose stream broke where it runs, and does not run it again', async () => {
    const one = await join()
    const id = await submit()
    await runsOn(id, one)
    // A worker that is back within RETURN_MS goes on; on a busy machine it takes longer.
    stillAt = performance.now()
    for (const channel of channels.splice(0)) channel.abort(new Error('broken'))
    await until(id, ({ history }) => history.some(({ kind }) => kind === 'resumed'))
    stillAt = undefined
    const call = await one.executor.call(0)
    call.finish({ result: 7 })
    const { state, outputs, attempts, fence } = await until(id, ({ state }) => state === 'completed')
    assert.deepEqual([state, outputs, attempts, fence, one.executor.calls.length], ['completed', { result: 7 }, 0, 2, 1])
  })

  it('runs a task elsewhere within 1.5 s of a closed connection, and takes the late result for a duplicate', async () => {
    const one = await join()
    const id = await submit()
    await runsOn(id, one)
    const two = await join()
    const begun = performance.now()
    const time = fairTime()
    cut(one)
    await two.executor.call(0)
    const [ms, atLeast] = [time.end(), performance.now() - begun]
    assert(atLeast >= RETURN_MS - 5 && ms <= 1_500, `${ms} ms of ${atLeast} ms`)
    await runsOn(id, two)
    ;(await two.executor.call(0)).finish({ result: 2 })
    await until(id, ({ state }) => state === 'completed')
    const late = await one.executor.call(0)
    late.finish({ result: 1 })
    const unlisten = tasks.listen(id, () => { events.emit('late') })
    cutOff.clear()
    while (!kinds(id).includes('duplicate')) await once(events, 'late')
    unlisten()
    await delivered(one)
    assert.deepEqual([tasks.get(id)?.outputs, (await journal.find(id))?.outputs], [{ result: 2 }, { result: 2 }])
    assert.deepEqual(kinds(id).slice(-2), ['completed', 'duplicate'])
  })

  it('takes the result of a worker that was cut off while nobody else has one', async () => {
    const one = await join()
    const id = await submit()
    await runsOn(id, one)
    cut(one)
    await until(id, ({ state }) => state === 'pending')
    ;(await one.executor.call(0)).finish({ result: 1 })
    cutOff.clear()
    const { worker, outputs } = await until(id, ({ state }) => state === 'completed')
    assert.deepEqual([worker, outputs], [one.network.peerId, { result: 1 }])
  })

  it('tells a worker that was cut off when its task was cancelled, as soon as it is back', async () => {
    const one = await join()
    const id = await submit()
    await runsOn(id, one)
    cut(one)
    submitter.cancel(id)
    await until(id, ({ state }) => state === 'cancelled')
    const { signal } = await one.executor.call(0)
    assert.equal(signal.aborted, false)
    cutOff.clear()
    await once(signal, 'abort')
  })

  it('kills a running sandbox within 200 ms of a cancel', async () => {
    await ensureSandboxBundle()
    const shelf = new ModuleShelf()
    const { children, stop } = watchChildren()
    const executor = createExecutor({ loadModule: shelf.loadModule }, { slots: 1 })
    await executor.start()
    try {
      const one = await joinWith(executor)
      const id = await submit(await shelf.program('(module (func (export "main") (param i64) (loop $l (br $l))))', { takes: { n: 'integer' } }))
      await runsOn(id, one)
      const running = children.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null)
      assert(running.length > 0)
      const killed = Promise.race(running.map((sandbox) => once(sandbox, 'exit')))
      const time = fairTime()
      submitter.cancel(id)
      await killed
      const ms = time.end()
      assert(ms < 200, `${ms} ms`)
    } finally {
      stop()
      await executor.stop()
    }
  })

  it('goes on after kill -9 of the submitter: the worker resumes what it runs, and what waited is run', async () => {
    const one = await join()
    const id = await submit()
    await runsOn(id, one)
    const next = await submit()
    await runsOn(next, one)
    const waiting = [next, await submit()]
    await written()
    await crash()
    await until(id, ({ history }) => history.some(({ kind }) => kind === 'resumed'))
    for (let n = 0; n < 3; n++) (await one.executor.call(n)).finish({ result: n })
    for (const each of [id, ...waiting]) await until(each, ({ state }) => state === 'completed')
    assert.deepEqual([one.executor.calls.map(({ taskId }) => taskId), tasks.open], [[id, ...waiting], 0])
    assert.deepEqual(kinds(id).filter((kind) => kind === 'recovered' || kind === 'resumed'), ['recovered', 'resumed'])
  })

  it('takes the result that was ready while the submitter was dead', async () => {
    const one = await join()
    const id = await submit()
    await runsOn(id, one)
    await written()
    cut(one)
    await crash()
    ;(await one.executor.call(0)).finish({ result: 9 })
    cutOff.clear()
    const { outputs, fence } = await until(id, ({ state }) => state === 'completed')
    assert.deepEqual([outputs, fence, one.executor.calls.length], [{ result: 9 }, 1, 1])
    await delivered(one)
  })

  it('stops without ending anything, and goes on', async () => {
    const ids = await Promise.all([submit(), submit()])
    const folder = dataDir
    await submitter.stop()
    await journal.stop()
    await start(folder)
    const one = await join()
    for (let n = 0; n < 2; n++) (await one.executor.call(n)).finish()
    for (const id of ids) assert.equal((await until(id, ({ state }) => state === 'completed')).attempts, 0)
  })
})
