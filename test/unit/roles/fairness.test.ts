import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { ResultCollector } from '../../../src/roles/submitter/result-collector.ts'
import { Submitter } from '../../../src/roles/submitter/submitter.ts'
import { createTaskTable } from '../../../src/roles/tasks/task-table.ts'
import { Worker } from '../../../src/roles/worker/worker.ts'
import { FakeBlobs, FakeExecutor, capability, linkPair, program, provisionsOf, turn, useClock } from '../../support/roles.ts'

/** Submitters and one worker, all real; the calls are the test's. */
describe('one worker', () => {
  const clock = useClock()
  let executor: FakeExecutor
  let worker: Worker

  function makeWorker (slots: number): void {
    executor = new FakeExecutor(slots)
    const can = capability({ slots })
    worker = new Worker({
      peerId: 'w',
      executor,
      provisions: provisionsOf(),
      blobs: new FakeBlobs(),
      capability: can,
      situation: () => ({ peerId: 'w', capability: can, load: worker.load, draining: false, hasModule: true, maxModuleBytes: 1_000, allowedHosts: [], streams: 0, maxStreams: 10 }),
      onStranded: () => {},
      now: clock.now,
    })
  }

  function submitter (peer: string): (count: number, options?: { priority?: number, of?: ReturnType<typeof program> }) => string[] {
    const announcer = { update: () => { worker.noteWanting(peer) }, current: () => [], nextOfferAt: () => undefined, stop: () => {} }
    const made = new Submitter({ peerId: peer, tasks: createTaskTable(), announcer, collector: new ResultCollector(new FakeBlobs()), now: clock.now })
    const { toWorker, toSubmitter } = linkPair('w', peer)
    made.attach(toWorker)
    worker.attach(toSubmitter)
    return (count, { priority = 0, of = program() } = {}) => Array.from({ length: count }, () => {
      const id = randomUUID()
      void made.submit({ id, program: of, values: [1], policy: { priority } })
      return id
    })
  }

  async function turns (count = 4): Promise<void> {
    for (let i = 0; i < count; i++) await turn()
  }

  /** Ends the oldest call that runs, as many times; which tasks have been begun, in order. */
  async function run (calls: number, wallMs: number, done: { count: number }): Promise<string[]> {
    for (let i = 0; i < calls; i++) {
      executor.calls[done.count++]?.finish({ result: 1 }, wallMs)
      await turns()
      // Acknowledgements, and windows, go out after a moment.
      clock.tick(25)
      await turns()
    }
    return executor.calls.map(({ taskId }) => taskId)
  }

  it('runs a task of high priority soon behind 10,000 low ones, however long calls take', async () => {
    for (const wallMs of [1, 20, 10_000]) {
      makeWorker(2)
      const submit = submitter('s')
      await turns()
      const of = program()
      submit(10_000, { of })
      await turns()
      const done = { count: 0 }
      await run(5, wallMs, done)
      const before = executor.calls.length
      const [high = ''] = submit(1, { of, priority: 5 })
      await turns()
      const begun = await run(2 * before, wallMs, done)
      const waited = begun.indexOf(high) - before
      // Only what the executor has in hand already runs before it: 10 ms of work, and one call for a hand-over.
      assert(begun.includes(high) && waited <= 2, `${waited} tasks began before it when calls take ${wallMs} ms`)
      worker.stop()
    }
  })

  it('runs the few tasks of one submitter soon beside the flood of another', async () => {
    makeWorker(2)
    const [flood, few] = [submitter('flood'), submitter('few')]
    await turns()
    flood(2_000)
    await turns()
    const done = { count: 0 }
    await run(10, 20, done)
    const before = executor.calls.length
    const mine = few(5)
    await turns()
    const begun = await run(20, 20, done)
    const places = mine.map((id) => begun.indexOf(id) - before)
    assert(places.every((place) => place >= 0 && place <= 14), `they began as the ${places.join(', ')}`)
  })

  it('shares its time between short and long calls', async () => {
    makeWorker(1)
    const [long, short] = [submitter('long'), submitter('short')]
    await turns()
    const longs = new Set(long(200))
    short(2_000)
    await turns()
    let longMs = 0
    let shortMs = 0
    for (let i = 0; i < 400; i++) {
      const call = executor.calls[i]
      if (call === undefined) break
      const isLong = longs.has(call.taskId)
      if (isLong) longMs += 100
      else shortMs += 5
      call.finish({ result: 1 }, isLong ? 100 : 5)
      await turns()
      clock.tick(25)
      await turns()
    }
    assert(longMs > 0 && shortMs > 0 && longMs / shortMs < 2 && shortMs / longMs < 2, `${longMs} ms of long calls, ${shortMs} ms of short ones`)
  })
})
