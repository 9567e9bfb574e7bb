import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { mock } from 'node:test'
import { CorebrumError } from '../../../src/errors.ts'
import { FENCE_GAP, JOURNAL_RETRY_MIN_MS, LEASE_MS, MAX_UNWRITTEN_ENDS, RETURN_MS } from '../../../src/roles/submitter/limits.ts'
import type { Batch } from '../../../src/roles/submitter/backlog.ts'
import type { NewTask } from '../../../src/roles/submitter/open-task.ts'
import { ResultCollector } from '../../../src/roles/submitter/result-collector.ts'
import { Submitter } from '../../../src/roles/submitter/submitter.ts'
import { createTaskHandle, type TaskHandle } from '../../../src/roles/tasks/task-handle.ts'
import { createTaskTable, type TaskTable } from '../../../src/roles/tasks/task-table.ts'
import type { HistoryKind } from '../../../src/task/history.ts'
import { isFinal, type TaskRecord } from '../../../src/task/state.ts'
import type { LeaseRef } from '../../../src/wire/messages.ts'
import { FakeJournal } from '../../support/fake-journal.ts'
import { rejectsWith } from '../../support/rejects.ts'
import { FakeBlobs, FakeWorker, completed, program, turn, useClock } from '../../support/roles.ts'

describe('Submitter with a journal', () => {
  const clock = useClock()
  let journal: FakeJournal
  let tasks: TaskTable
  let submitter: Submitter
  let announced: Batch[]
  let logged: string[]

  /** As a node does when it starts; the journal is what the one before left. */
  async function start (): Promise<void> {
    tasks = createTaskTable()
    announced = []
    const announcer = { update: (batches: Batch[]) => { announced = batches }, current: () => [], nextOfferAt: () => undefined, stop: () => {} }
    submitter = new Submitter({
      peerId: 'submitter', tasks, announcer, journal, collector: new ResultCollector(new FakeBlobs()), now: clock.now, log: (level, message) => { logged.push(`${level} ${message}`) },
    })
    for await (const recovered of journal.recover()) submitter.recover(recovered)
    await turn()
  }

  beforeEach(async () => {
    logged = []
    journal = new FakeJournal()
    await start()
  })

  function submit (more: Partial<NewTask> = {}): { id: string, accepted: Promise<void> } {
    const id = randomUUID()
    const accepted = Promise.resolve(submitter.submit({ id, program: program(), values: [5], ...more }))
    accepted.catch(() => {})
    return { id, accepted }
  }

  const worker = async (peer: string, options: ConstructorParameters<typeof FakeWorker>[2] = {}): Promise<FakeWorker> => {
    const made = new FakeWorker(submitter, peer, options)
    await turn()
    return made
  }

  /** As a worker that was cut off comes back with leases that it still runs. */
  const comeBack = async (peer: string, ...leases: LeaseRef[]): Promise<FakeWorker> => {
    const back = new FakeWorker(submitter, peer, { window: 0 })
    back.send({ kind: 'renew', leases })
    await turn()
    return back
  }

  const record = (id: string): TaskRecord => {
    const found = tasks.get(id)
    assert(found !== undefined)
    return found
  }
  const history = (id: string): HistoryKind[] => record(id).history.map(({ kind }) => kind)
  const handle = (id: string): TaskHandle => createTaskHandle(tasks, id, (which) => { submitter.cancel(which) })

  const leaseOf = (from: FakeWorker, taskId: string): LeaseRef => {
    const lease = from.leases.filter((one) => one.taskId === taskId).at(-1)
    assert(lease !== undefined, `${from.peer} has no lease of the task`)
    return { taskId, fence: lease.fence }
  }

  const acksOf = async (from: FakeWorker): Promise<LeaseRef[]> => {
    await turn()
    clock.tick(25)
    await turn()
    return from.refs('ack')
  }

  /** Whether a promise has ended by now. */
  async function hasEnded (promise: Promise<unknown>): Promise<boolean> {
    let ended = false
    promise.then(() => { ended = true }, () => { ended = true })
    await turn()
    return ended
  }

  async function running (from: FakeWorker, more: Partial<NewTask> = {}): Promise<{ id: string, lease: LeaseRef }> {
    const { id } = submit(more)
    await turn()
    const lease = leaseOf(from, id)
    from.send({ kind: 'running', leases: [lease] })
    await turn()
    return { id, lease }
  }

  describe('submit', () => {
    it('is answered when the task is on disk, and the task may be leased before', async () => {
      journal.writesAtOnce = false
      const w = await worker('w1')
      const { id, accepted } = submit()
      await turn()
      assert.deepEqual([await hasEnded(accepted), record(id).state, w.leases.length], [false, 'claimed', 1])
      journal.write()
      await accepted
      assert(journal.tasks.has(id))
    })

    it('leaves nothing of a task that cannot be written, and tells its worker', async () => {
      journal.writesAtOnce = false
      const w = await worker('w1', { window: 1 })
      let released = 0
      const [leased, waiting] = [submit({ release: () => { released++ } }), submit()]
      await turn()
      journal.fail()
      await rejectsWith('ERR_JOURNAL', leased.accepted)
      await rejectsWith('ERR_JOURNAL', waiting.accepted)
      await turn()
      assert.deepEqual([tasks.list(), tasks.open, announced], [[], 0, []])
      assert.deepEqual(w.refs('cancel'), w.leases.map(({ taskId, fence }) => ({ taskId, fence })))
      assert.equal(released, 0, 'whoever submitted it lets go')
      w.result(leaseOf(w, leased.id))
      assert.equal((await acksOf(w)).length, 1)
    })

    it('is answered by the end of the task when that is written and the task by itself could not be', async () => {
      journal.writesAtOnce = false
      const w = await worker('w1')
      const { id, accepted } = submit()
      await turn()
      w.result(leaseOf(w, id))
      await turn()
      journal.fail()
      assert.equal(await hasEnded(accepted), false)
      clock.tick(JOURNAL_RETRY_MIN_MS)
      journal.write()
      await accepted
      assert.deepEqual([record(id).state, journal.finished.has(id)], ['completed', true])
    })

    it('does not wait for the disk when the task is volatile, and writes nothing of it', async () => {
      journal.writesAtOnce = false
      const w = await worker('w1')
      const id = randomUUID()
      assert.equal(submitter.submit({ id, program: program(), values: [1], volatile: true }), undefined)
      await turn()
      w.send({ kind: 'running', leases: [leaseOf(w, id)] })
      w.result(leaseOf(w, id))
      await turn()
      assert.deepEqual([record(id).state, journal.changes, journal.tasks.size, journal.finished.size], ['completed', [], 0, 0])
    })

    it('writes down leases, starts and releases, each with its peer', async () => {
      const w = await worker('w1')
      const { id } = await running(w)
      w.send({ kind: 'refuse', ...leaseOf(w, id), code: 'ERR_DECLINED', reason: 'no room' })
      await turn()
      assert.deepEqual(journal.changes, [[id, 'leased'], [id, 'started'], [id, 'failed-attempt']])
      assert.deepEqual(journal.open.get(id)?.history.map(({ kind, peer }) => [kind, peer]), [['submitted', undefined], ['leased', 'w1'], ['started', 'w1'], ['failed-attempt', 'w1']])
    })
  })

  describe('results', () => {
    it('are on disk before they are seen, and seen before they are acknowledged', async () => {
      const w = await worker('w1')
      const { id } = submit()
      await turn()
      journal.writesAtOnce = false
      w.result(leaseOf(w, id), completed(6))
      assert.deepEqual(await acksOf(w), [])
      assert.deepEqual([record(id).state, await hasEnded(handle(id).done())], ['claimed', false])
      journal.write()
      assert.deepEqual((await handle(id).done()).outputs, { result: 6 })
      assert.deepEqual([journal.finished.get(id), await acksOf(w)], [record(id), [{ taskId: id, fence: 1 }]])
    })

    it('settle the task while they are written: nothing else ends it, and nobody else gets it', async () => {
      const [w1, w2] = [await worker('w1'), await worker('w2')]
      const { id } = submit()
      await turn()
      journal.writesAtOnce = false
      w1.result(leaseOf(w1, id), completed(1))
      await turn()
      assert.equal(submitter.cancel(id), false)
      await w1.link.close()
      clock.tick(LEASE_MS + 1_000)
      const again = await worker('w1')
      again.result({ taskId: id, fence: 1 }, completed(2))
      assert.deepEqual([w2.leases.length, await acksOf(again)], [0, []])
      journal.write()
      await turn()
      assert.deepEqual([record(id).outputs, await acksOf(again), tasks.open], [{ result: 1 }, [{ taskId: id, fence: 1 }], 0])
    })

    it('let go of what the task holds only when they are written', async () => {
      const w = await worker('w1')
      let released = 0
      const { id } = submit({ release: () => { released++ } })
      await turn()
      journal.writesAtOnce = false
      w.result(leaseOf(w, id))
      await turn()
      assert.equal(released, 0)
      journal.write()
      await turn()
      assert.equal(released, 1)
    })

    it('that cannot be written are tried again with back-off, not acknowledged, and said once', async () => {
      const w = await worker('w1')
      const ids = [submit().id, submit().id]
      await turn()
      journal.writesAtOnce = false
      for (const id of ids) w.result(leaseOf(w, id))
      await turn()
      for (const wait of [JOURNAL_RETRY_MIN_MS, 2 * JOURNAL_RETRY_MIN_MS]) {
        journal.fail()
        await turn()
        assert.deepEqual([record(ids[0] ?? '').state, await acksOf(w)], ['claimed', []])
        clock.tick(wait)
        await turn()
      }
      journal.write()
      await turn()
      assert.deepEqual(ids.map((id) => [record(id).state, journal.finished.has(id)]), [['completed', true], ['completed', true]])
      assert.equal((await acksOf(w)).length, 2)
      assert.deepEqual(logged.map((line) => line.split(' ')[0]), ['error', 'info'])
    })

    it('end once, also when others cannot be written while they are on their way again', async () => {
      const w = await worker('w1')
      const released: string[] = []
      const ids = ['first', 'second'].map((name) => submit({ release: () => { released.push(name) } }).id)
      await turn()
      const writes: Array<{ id: string, resolve: () => void, reject: (error: Error) => void }> = []
      journal.ended = ({ id }) => new Promise((resolve, reject) => { writes.push({ id, resolve, reject }) })
      for (const id of ids) {
        w.result(leaseOf(w, id))
        await turn()
        writes.at(-1)?.reject(new CorebrumError('ERR_JOURNAL', 'the disk is full'))
        await turn()
        clock.tick(2 * JOURNAL_RETRY_MIN_MS)
        await turn()
      }
      assert.deepEqual(writes.map(({ id }) => ids.indexOf(id)), [0, 0, 1, 1])
      for (const { resolve } of writes) resolve()
      await turn()
      assert.deepEqual(released, ['first', 'second'])
    })

    it('that pile up unwritten stop leases, until they are written', async () => {
      journal.writesAtOnce = false
      const w = await worker('w1', { slots: 4096, window: 2048 })
      const task = program()
      w.onLease = (lease) => { w.result(lease, completed(1, 0.01)) }
      for (let n = 0; n < MAX_UNWRITTEN_ENDS + 3_000; n++) submit({ program: task })
      for (let n = 0; n < 50; n++) await turn()
      const held = w.leases.length
      assert(held >= MAX_UNWRITTEN_ENDS && held <= MAX_UNWRITTEN_ENDS + 2048, `${held} leases`)
      journal.writesAtOnce = true
      journal.write()
      for (let n = 0; n < 50 && tasks.open > 0; n++) await turn()
      assert.equal(tasks.open, 0)
    }).timeout(20_000)

    it('of an old lease are recorded as duplicates when one is in, once each', async () => {
      const w1 = await worker('w1')
      const { id, lease } = await running(w1)
      clock.tick(LEASE_MS + 1_000)
      const w2 = await worker('w2')
      w2.result(leaseOf(w2, id), completed(2))
      await turn()
      for (let n = 0; n < 2; n++) {
        w1.result(lease, completed(1))
        await turn()
      }
      assert.deepEqual(record(id).outputs, { result: 2 })
      assert.deepEqual(record(id).history.filter(({ kind }) => kind === 'duplicate').map(({ peer, fence }) => [peer, fence]), [['w1', 1]])
      assert.deepEqual([journal.finished.get(id), (await acksOf(w1)).length], [record(id), 2])
    })

    it('are recorded as duplicates while the first one is being written too', async () => {
      const w1 = await worker('w1')
      const { id, lease } = await running(w1)
      clock.tick(LEASE_MS + 1_000)
      const w2 = await worker('w2')
      journal.writesAtOnce = false
      w2.result(leaseOf(w2, id), completed(2))
      await turn()
      w1.result(lease, completed(1))
      w1.result(lease, completed(1))
      assert.deepEqual(await acksOf(w1), [])
      journal.write()
      await turn()
      assert.deepEqual(history(id), ['submitted', 'leased', 'started', 'failed-attempt', 'leased', 'duplicate', 'completed'])
      assert.deepEqual([journal.finished.get(id), (await acksOf(w1)).length], [record(id), 2])
    })

    it('are recorded with tasks that only the journal knows, and a stranger\'s are not', async () => {
      const [w1, w2] = [await worker('w1'), await worker('w2', { window: 0 })]
      const { id } = await running(w1)
      w2.send({ kind: 'claim', slots: 1 })
      clock.tick(LEASE_MS + 1_000)
      await turn()
      w2.result(leaseOf(w2, id))
      await turn()
      await start()
      assert.equal(tasks.get(id), undefined)
      const [late, stranger] = [await worker('w1'), await worker('w3')]
      late.result({ taskId: id, fence: 1 })
      stranger.result({ taskId: id, fence: 1 })
      assert.deepEqual([(await acksOf(late)).length, (await acksOf(stranger)).length], [1, 1])
      assert.deepEqual(journal.finished.get(id)?.history.filter(({ kind }) => kind === 'duplicate').map(({ peer }) => peer), ['w1'])
    })
  })

  describe('after a restart', () => {
    it('leaves nothing more for the next start to read when starts follow each other', async () => {
      const { id } = submit()
      for (let i = 0; i < 3; i++) await start()
      assert.deepEqual(history(id), ['submitted', 'recovered'])
    })

    it('offers at once what waited, under fences that nobody can have', async () => {
      const { id } = submit()
      await start()
      assert.deepEqual([announced[0]?.waiting, history(id)], [1, ['submitted', 'recovered']])
      const w = await worker('w1')
      assert.equal(leaseOf(w, id).fence, FENCE_GAP + 1)
      w.result(leaseOf(w, id))
      await turn()
      assert.equal(record(id).state, 'completed')
    })

    it('takes the result of a worker that had the lease before', async () => {
      const { id, lease } = await running(await worker('w1'))
      await start()
      assert.equal(record(id).state, 'running')
      const back = await worker('w1', { window: 0 })
      back.result(lease, completed(6))
      await turn()
      assert.deepEqual([record(id).state, record(id).outputs, (await acksOf(back)).length], ['completed', { result: 6 }, 1])
    })

    it('leaves what was leased to its worker for a while, then gives it to others', async () => {
      const { id } = await running(await worker('w1'))
      await start()
      const other = await worker('w2')
      clock.tick(LEASE_MS - 500)
      await turn()
      assert.deepEqual([other.leases.length, announced.length], [0, 0])
      clock.tick(1_000)
      await turn()
      assert.deepEqual([leaseOf(other, id).fence, record(id).attempts], [FENCE_GAP + 2, 0])
    })

    it('does not wait for this node\'s own worker, which was restarted too', async () => {
      const { id } = await running(await worker('submitter', { local: true }))
      await start()
      assert.deepEqual([record(id).state, history(id).slice(-2)], ['pending', ['recovered', 'released']])
      const own = await worker('submitter', { local: true })
      assert.equal(own.leases.length, 1)
    })

    it('leases anew to a worker that still runs it', async () => {
      const { id, lease } = await running(await worker('w1'))
      await start()
      const other = await worker('w2')
      const back = await comeBack('w1', lease)
      assert.deepEqual([leaseOf(back, id).fence, other.leases.length, record(id).worker, record(id).attempts], [FENCE_GAP + 2, 0, 'w1', 0])
      assert.deepEqual(history(id), ['submitted', 'leased', 'started', 'recovered', 'released', 'resumed', 'leased'])
      back.result(leaseOf(back, id))
      await turn()
      assert.equal(record(id).state, 'completed')
    })

    it('leases anew to that worker also when its newest lease was not written any more', async () => {
      const { id, lease: { fence } } = await running(await worker('w1'))
      await start()
      const unwritten = { taskId: id, fence: fence + 1 }
      const back = await comeBack('w1', unwritten)
      assert.deepEqual([back.refs('cancel'), leaseOf(back, id).fence, history(id).includes('resumed')], [[], FENCE_GAP + 2, true])
      back.result(unwritten, completed(6))
      await turn()
      assert.deepEqual([record(id).state, record(id).outputs, record(id).attempts], ['completed', { result: 6 }, 0])
    })

    it('takes the result of such a lease', async () => {
      const { id, lease: { fence } } = await running(await worker('w1'))
      await start()
      ;(await worker('w1', { window: 0 })).result({ taskId: id, fence: fence + 1 }, completed(6))
      await turn()
      assert.deepEqual([record(id).state, record(id).outputs], ['completed', { result: 6 }])
    })

    it('takes nobody\'s word for a lease of which nothing was written: whoever knows its id could say so', async () => {
      const { id } = submit()
      await start()
      const back = await comeBack('w1', { taskId: id, fence: 1 })
      back.result({ taskId: id, fence: 1 }, completed(6))
      await turn()
      assert.deepEqual([back.refs('cancel'), back.leases.length, record(id).state], [[{ taskId: id, fence: 1 }], 0, 'pending'])
    })

    it('takes the word of nobody else for it, nor for fences that were never given', async () => {
      const { id, lease } = await running(await worker('w1'))
      await start()
      const wrong = { taskId: id, fence: FENCE_GAP + 2 }
      const unwritten = { taskId: id, fence: lease.fence + 1 }
      const [thief, liar] = [await comeBack('w2', unwritten), await comeBack('w1', wrong)]
      thief.result(unwritten)
      liar.result(wrong)
      await turn()
      assert.deepEqual([thief.refs('cancel'), liar.refs('cancel'), thief.leases.length + liar.leases.length, record(id).state], [[unwritten], [wrong], 0, 'running'])
    })

    it('does not lease it to a worker that never had it', async () => {
      const { id, lease } = await running(await worker('w1'))
      await start()
      const thief = await comeBack('w2', lease)
      assert.deepEqual([thief.leases.length, thief.refs('cancel'), record(id).worker], [0, [lease], 'w1'])
    })

    it('tells a worker that was cut off when its task was cancelled', async () => {
      const w = await worker('w1')
      const { id, lease } = await running(w)
      await w.link.close()
      submitter.cancel(id)
      await start()
      const back = await comeBack('w1', lease)
      assert.deepEqual([back.refs('cancel'), journal.finished.get(id)?.state], [[lease], 'cancelled'])
    })

    it('goes on over several restarts, each with higher fences', async () => {
      const { id } = submit()
      let before = 0
      for (let n = 0; n < 3; n++) {
        await start()
        const w = await worker('w1')
        clock.tick(LEASE_MS + 1_000)
        await turn()
        const { fence } = leaseOf(w, id)
        assert(fence >= before + FENCE_GAP)
        before = fence
      }
    })
  })

  describe('a broken stream', () => {
    it('leaves a running task to its worker for a moment, which resumes it', async () => {
      const [w1, w2] = [await worker('w1'), await worker('w2', { window: 0 })]
      const { id, lease } = await running(w1)
      w2.send({ kind: 'claim', slots: 1 })
      await w1.link.close()
      clock.tick(RETURN_MS - 25)
      const back = await comeBack('w1', lease)
      assert.deepEqual([leaseOf(back, id).fence, w2.leases.length, record(id).attempts, history(id).at(-2)], [2, 0, 0, 'resumed'])
    })

    it('gives it to others after that, and charges it', async () => {
      const [w1, w2] = [await worker('w1'), await worker('w2', { window: 0 })]
      const { id, lease } = await running(w1)
      w2.send({ kind: 'claim', slots: 1 })
      await w1.link.close()
      clock.tick(RETURN_MS + 25)
      await turn()
      assert.deepEqual([leaseOf(w2, id).fence, record(id).attempts], [2, 1])
      const back = await comeBack('w1', lease)
      assert.deepEqual(back.refs('cancel'), [lease])
    })

    it('tells a worker that was cut off when its task was cancelled', async () => {
      const w = await worker('w1')
      const { id, lease } = await running(w)
      await w.link.close()
      assert.equal(submitter.cancel(id), true)
      await turn()
      assert.equal(record(id).state, 'cancelled')
      assert.deepEqual((await comeBack('w1', lease)).refs('cancel'), [lease])
    })

    it('and a worker\'s own failure that comes over the next one is charged once', async () => {
      const w = await worker('w1')
      const { id, lease } = await running(w)
      await w.link.close()
      const back = await worker('w1', { window: 0 })
      back.result(lease, { ok: false, code: 'ERR_SANDBOX_CRASHED', message: 'it crashed', usage: { wallMs: 1, memoryBytes: 0, cpuMs: 0, moduleBytes: 0, fileBytes: 0 }, logs: '' })
      await turn()
      clock.tick(RETURN_MS + 500)
      await turn()
      assert.deepEqual([record(id).state, record(id).attempts], ['pending', 1])
    })
  })

  describe('stop', () => {
    it('leaves open tasks open, closes the streams, and tells who waits', async () => {
      const w = await worker('w1', { window: 1 })
      const { id } = await running(w)
      const waiting = submit()
      const waits = [id, waiting.id].map((which) => rejectsWith('ERR_CANCELLED', handle(which).done()))
      const events = (async () => { for await (const { state } of handle(id).events()) assert(!isFinal(state)) })()
      const stopped = submitter.stop()
      await Promise.all([...waits, rejectsWith('ERR_CANCELLED', events), stopped])
      await rejectsWith('ERR_CANCELLED', handle(id).done())
      await turn()
      assert.deepEqual([w.closed, w.refs('cancel'), journal.finished.size, journal.open.size], [true, [], 0, 2])
      assert.throws(() => submitter.submit({ id: randomUUID(), program: program(), values: [] }), { code: 'ERR_CANCELLED' })
      assert.equal(submitter.cancel(id), false)
    })

    it('waits for results that are being written, and their workers are acknowledged', async () => {
      const w = await worker('w1')
      const { id } = submit()
      await turn()
      journal.writesAtOnce = false
      w.result(leaseOf(w, id))
      await turn()
      const done = handle(id).done()
      const sent: string[] = []
      for (const { link } of submitter.linked()) mock.method(link, 'send', ({ kind }: { kind: string }) => { sent.push(kind) })
      const stopped = submitter.stop()
      assert.equal(await hasEnded(stopped), false)
      journal.write()
      await stopped
      assert.deepEqual([(await done).state, sent, w.closed], ['completed', ['ack'], true])
    })

    it('takes no result any more, which its worker then keeps', async () => {
      const w = await worker('w1')
      const { id } = submit()
      await turn()
      const ref = leaseOf(w, id)
      w.result(ref)
      await submitter.stop()
      assert.deepEqual([record(id).state, await acksOf(w), journal.open.has(id)], ['claimed', [], true])
    })

    it('takes volatile tasks back from their workers', async () => {
      const w = await worker('w1')
      const { id, lease } = await running(w, { volatile: true })
      const gone = rejectsWith('ERR_CANCELLED', handle(id).done())
      await submitter.stop()
      await gone
      assert.deepEqual([w.refs('cancel'), record(id).state], [[lease], 'running'])
    })
  })

  it('measures leases by its monotonic clock alone', async () => {
    const w = await worker('w1')
    const { id, lease } = await running(w)
    for (const jump of [10 * 24 * 3_600_000, -20 * 24 * 3_600_000]) {
      const real = Date.now
      mock.method(Date, 'now', () => real() + jump)
      clock.tick(LEASE_MS / 2)
      w.send({ kind: 'renew', leases: [lease] })
      await turn()
      assert.deepEqual([record(id).state, record(id).fence], ['running', 1])
      mock.restoreAll()
    }
    clock.tick(LEASE_MS + 500)
    await turn()
    assert.equal(record(id).attempts, 1)
  })
})
