import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { CorebrumError } from '../../../src/errors.ts'
import { ResultCollector } from '../../../src/roles/submitter/result-collector.ts'
import { Submitter } from '../../../src/roles/submitter/submitter.ts'
import { createTaskTable } from '../../../src/roles/tasks/task-table.ts'
import { Worker } from '../../../src/roles/worker/worker.ts'
import type { Executor } from '../../../src/executor/executor.ts'
import { FakeBlobs, capability, linkPair, program, provisionsOf, turn, useClock } from '../../support/roles.ts'

/** Runs every call in a few turns; some end by the worker's own fault. */
function executorOf (slots: number, isFaulty: () => boolean): Executor & { runs: number } {
  const executor = {
    slots,
    load: 0,
    runs: 0,
    async start () {},
    async stop () {},
    async run ({ values }: Parameters<Executor['run']>[0], { onCancellable, onStart }: Parameters<Executor['run']>[1] = {}) {
      let cancelled = false
      onCancellable?.(() => { cancelled = true })
      executor.runs++
      onStart?.()
      for (let turns = executor.runs % 3; turns > 0; turns--) await turn()
      if (cancelled) throw new CorebrumError('ERR_CANCELLED', 'the call was cancelled')
      if (isFaulty()) throw new CorebrumError('ERR_SANDBOX_CRASHED', 'the sandbox died')
      return { outputs: { result: Number(values[0]) * 2 }, logs: '', usage: { wallMs: 0.5, memoryBytes: 0, cpuMs: 0, moduleBytes: 0, fileBytes: 0 } }
    },
  }
  return executor
}

describe('submitters and workers together', () => {
  const clock = useClock()

  function mesh (submitters: number, workers: number, isFaulty: () => boolean = () => false): {
    submitters: Array<{ submitter: Submitter, tasks: ReturnType<typeof createTaskTable>, ended: Map<string, number> }>
    workers: Worker[]
    connect: (worker: number, submitter: number) => { cut: () => void }
  } {
    const made = Array.from({ length: submitters }, (_, i) => {
      const tasks = createTaskTable()
      const announcer = { update: () => {}, current: () => [], nextOfferAt: () => undefined, stop: () => {} }
      return { submitter: new Submitter({ peerId: `s${i}`, tasks, announcer, collector: new ResultCollector(new FakeBlobs()), now: clock.now }), tasks, ended: new Map<string, number>() }
    })
    const running = Array.from({ length: workers }, (_, i) => {
      const can = capability({ slots: 2 })
      const worker: Worker = new Worker({
        peerId: `w${i}`,
        executor: executorOf(2, isFaulty),
        provisions: provisionsOf(),
        blobs: new FakeBlobs(),
        capability: can,
        situation: () => ({ peerId: `w${i}`, capability: can, load: worker.load, draining: false, hasModule: true, maxModuleBytes: 1_000, allowedHosts: [], streams: 0, maxStreams: 10 }),
        onStranded: () => {},
        now: clock.now,
      })
      return worker
    })
    return {
      submitters: made,
      workers: running,
      connect (worker, submitter) {
        const { toWorker, toSubmitter } = linkPair(`w${worker}`, `s${submitter}`)
        made[submitter]?.submitter.attach(toWorker)
        running[worker]?.attach(toSubmitter)
        return { cut: () => { toWorker.abort(new Error('cut')) } }
      },
    }
  }

  it('complete 200 tasks of four submitters on four workers, each accepted once', async () => {
    const { submitters, connect } = mesh(4, 4)
    for (let w = 0; w < 4; w++) for (let s = 0; s < 4; s++) connect(w, s)
    await turn()
    const task = program()
    for (const { submitter, tasks, ended } of submitters) {
      for (let i = 0; i < 50; i++) {
        const id = randomUUID()
        void submitter.submit({ id, program: task, values: [i] })
        tasks.listen(id, ({ state }) => { if (state === 'completed') ended.set(id, (ended.get(id) ?? 0) + 1) })
      }
    }
    while (submitters.some(({ tasks }) => tasks.open > 0)) {
      clock.tick(25)
      await turn()
    }
    for (const { ended } of submitters) assert(ended.size === 50 && [...ended.values()].every((times) => times === 1))
    for (const { submitter, tasks } of submitters) {
      assert(tasks.list().every(({ attempts }) => attempts === 0))
      for (const { leases, leasedBytes } of submitter.linked()) assert.deepEqual([leases.size, leasedBytes], [0, 0])
    }
  })

  it('complete every task with the right result, whatever streams break and whatever fails', async () => {
    const cut = fc.record({ worker: fc.nat(2), after: fc.nat(5) })
    await fc.assert(fc.asyncProperty(fc.array(cut, { maxLength: 12 }), fc.integer({ min: 1, max: 120 }), fc.nat(3), async (cuts, count, faulty) => {
      let calls = 0
      const { submitters: [only], workers, connect } = mesh(1, 3, () => faulty > 0 && ++calls % (faulty * 40) === 0)
      assert(only !== undefined)
      const links = [0, 1, 2].map((worker) => connect(worker, 0))
      const task = program()
      const ids = Array.from({ length: count }, (_, i) => {
        const id = randomUUID()
        void only.submitter.submit({ id, program: task, values: [i] })
        return id
      })
      for (const { worker, after } of cuts) {
        for (let i = 0; i < after; i++) await turn()
        links[worker]?.cut()
        links[worker] = connect(worker, 0)
      }
      for (let turns = 0; only.tasks.open > 0; turns++) {
        assert(turns < 10_000, `${only.tasks.open} tasks never ended`)
        clock.tick(25)
        await turn()
      }
      const wrong = ids.map((id, i) => ({ i, record: only.tasks.get(id) })).filter(({ i, record }) =>
        record?.failure?.code !== 'ERR_ATTEMPTS' && (record?.state !== 'completed' || record.outputs?.result !== i * 2))
      assert.deepEqual(wrong, [])
      clock.tick(25)
      await turn()
      for (const { leases, leasedBytes } of only.submitter.linked()) assert.deepEqual([leases.size, leasedBytes], [0, 0])
      for (const worker of workers) {
        for (let turns = 0; worker.load > 0 || worker.undeliveredFor('s0') > 0; turns++) {
          assert(turns < 100, 'a worker holds on to what has ended')
          clock.tick(2_500)
          await turn()
        }
        worker.stop()
      }
    }), { numRuns: 60 })
  })
})
