import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { CorebrumError } from '../../../src/errors.ts'
import { DECLINE_MS, FAULT_BACKOFF_MAX_MS, LEASE_GRACE_MS, LEASE_MS, MAX_LEASED_BLOB_BYTES, MAX_LEASED_INPUT_BYTES, RETURN_MS } from '../../../src/roles/submitter/limits.ts'
import { LEASE_RENEW_MS } from '../../../src/roles/worker/limits.ts'
import { MAX_ATTEMPTS, MAX_CLAIM_WINDOW, MAX_LOG_BYTES, MAX_STREAM_PROGRAMS, MAX_TRANSFER_MS } from '../../../src/limits.ts'
import type { Announcer } from '../../../src/roles/offers/announcer.ts'
import type { Batch } from '../../../src/roles/submitter/backlog.ts'
import type { NewTask } from '../../../src/roles/submitter/open-task.ts'
import { leasesEnd } from '../../../src/roles/submitter/leases-end.ts'
import { ResultCollector } from '../../../src/roles/submitter/result-collector.ts'
import { Submitter } from '../../../src/roles/submitter/submitter.ts'
import { createTaskTable, type TaskTable } from '../../../src/roles/tasks/task-table.ts'
import type { Program } from '../../../src/task/program.ts'
import type { TaskRecord } from '../../../src/task/state.ts'
import type { LeaseRef, Outcome } from '../../../src/wire/messages.ts'
import { FakeBlobs, FakeWorker, completed, program, turn, useClock } from '../../support/roles.ts'

const failed = (code: Extract<Outcome, { ok: false }>['code'], message = 'why'): Outcome => ({ ok: false, code, message, usage: { wallMs: 1, memoryBytes: 0, cpuMs: 0, moduleBytes: 0, fileBytes: 0 }, logs: 'log' })

describe('Submitter', () => {
  const clock = useClock()
  let tasks: TaskTable
  let submitter: Submitter
  let blobs: FakeBlobs
  /** What is offered now. */
  let announced: Batch[]

  function makeSubmitter ({ alone = false, ...init }: { maxOpen?: number, alone?: boolean } = {}): void {
    tasks = createTaskTable(init)
    announced = []
    blobs = new FakeBlobs()
    const announcer: Announcer = { update: (batches) => { announced = batches }, current: () => [], nextOfferAt: () => undefined, stop: () => { announced = [] } }
    submitter = new Submitter({ peerId: 'submitter', tasks, announcer, collector: new ResultCollector(blobs), alone, now: clock.now })
  }

  function submit (task: Program = program(), more: Partial<NewTask> = {}): string {
    const id = randomUUID()
    void submitter.submit({ id, program: task, values: [5], ...more })
    return id
  }

  const record = (id: string): TaskRecord => {
    const found = tasks.get(id)
    assert(found !== undefined)
    return found
  }

  const worker = async (peer: string, options: ConstructorParameters<typeof FakeWorker>[2] = {}): Promise<FakeWorker> => {
    const made = new FakeWorker(submitter, peer, options)
    await turn()
    return made
  }

  /** Acknowledgements wait a moment for company. */
  const acksOf = async (from: FakeWorker): Promise<LeaseRef[]> => {
    await turn()
    clock.tick(25)
    await turn()
    return from.refs('ack')
  }

  const leaseOf = (from: FakeWorker, taskId: string): { taskId: string, fence: number } => {
    const lease = from.leases.filter((one) => one.taskId === taskId).at(-1)
    assert(lease !== undefined, `${from.peer} has no lease of the task`)
    return { taskId, fence: lease.fence }
  }

  beforeEach(() => { makeSubmitter() })

  describe('leasing', () => {
    it('leases at once, without an offer, where a worker has room', async () => {
      const w = await worker('w1')
      const id = submit()
      assert.deepEqual([record(id).state, record(id).worker, announced.length], ['claimed', 'w1', 0])
      await turn()
      assert.deepEqual(w.received.map(({ kind }) => kind), ['program', 'lease'])
      assert.deepEqual(w.leases[0]?.values, [5])
    })

    it('offers what nobody has room for, until it is claimed', async () => {
      const id = submit()
      assert.deepEqual(announced.map(({ waiting }) => waiting), [1])
      await worker('w1')
      assert.equal(record(id).state, 'claimed')
      assert.deepEqual(announced, [])
    })

    it('leases no more than a worker claimed', async () => {
      const w = await worker('w1', { window: 2 })
      const task = program()
      for (let i = 0; i < 5; i++) submit(task)
      await turn()
      assert.equal(w.leases.length, 2)
      w.send({ kind: 'claim', slots: 4 })
      await turn()
      assert.equal(w.leases.length, 4)
      assert.equal(announced[0]?.waiting, 1)
    })

    it('gives nothing beyond its window to this node itself either', async () => {
      const own = await worker('self', { window: 0, local: true })
      const id = submit()
      await turn()
      assert.deepEqual([own.leases.length, record(id).state], [0, 'pending'])
    })

    it('leases nothing to a worker that did not introduce itself, or has no slots', async () => {
      const silent = await worker('w1', { silent: true })
      silent.send({ kind: 'claim', slots: 2048 })
      const empty = await worker('w2', { slots: 0, window: MAX_CLAIM_WINDOW })
      submit()
      await turn()
      assert.equal(silent.leases.length + empty.leases.length, 0)
    })

    it('never leases to a worker whose memory limit is too small', async () => {
      const small = await worker('w1', { memoryLimitBytes: 1_000 })
      const id = submit(program({ memoryLimitBytes: 1_001 }))
      assert.equal(record(id).state, 'pending')
      await worker('w2', { memoryLimitBytes: 1_001 })
      assert.equal(record(id).worker, 'w2')
      assert.equal(small.leases.length, 0)
    })

    it('spreads tasks by load, this node first among equals', async () => {
      const [own, big, small] = [await worker('self', { slots: 1, local: true }), await worker('w1', { slots: 4, window: 8 }), await worker('w2', { slots: 1 })]
      const task = program()
      for (let i = 0; i < 6; i++) submit(task)
      await turn()
      assert.deepEqual([own.leases.length, big.leases.length, small.leases.length], [1, 4, 1])
    })

    it('sends a program once, and again when the worker has forgotten it', async () => {
      const w = await worker('w1')
      w.onLease = (lease) => { w.result(lease) }
      const first = program()
      const sent = (): number => w.received.filter(({ kind }) => kind === 'program').length
      submit(first)
      await turn()
      submit(first)
      await turn()
      assert.equal(sent(), 1)
      for (let i = 0; i < MAX_STREAM_PROGRAMS; i++) {
        submit()
        await turn()
      }
      submit(first)
      await turn()
      assert.equal(sent(), MAX_STREAM_PROGRAMS + 2)
    })

    it('has only so many bytes of inputs out on lease to one worker', async () => {
      const w = await worker('w1', { slots: 32, window: 32 })
      const values = [new Uint8Array(MAX_LEASED_INPUT_BYTES / 8)]
      const task = program()
      for (let i = 0; i < 20; i++) submit(task, { values })
      await turn()
      assert.equal(w.leases.length, 8)
      w.result(leaseOf(w, w.leases[0]?.taskId ?? ''))
      await turn()
      assert.equal(w.leases.length, 9)
    })

    it('leases nothing to a worker that leaves much unread', async () => {
      const w = new FakeWorker({ attach: (link) => { submitter.attach(Object.assign(link, { bufferedBytes: 5 * 1024 * 1024 })) } }, 'w1')
      await turn()
      submit()
      await turn()
      assert.equal(w.leases.length, 0)
    })

    it('throws ERR_QUEUE_FULL beyond its number of open tasks', () => {
      makeSubmitter({ maxOpen: 2 })
      submit()
      submit()
      assert.throws(() => submit(), { code: 'ERR_QUEUE_FULL' })
    })
  })

  describe('results', () => {
    it('takes the first result and acknowledges it', async () => {
      const w = await worker('w1')
      const id = submit()
      await turn()
      w.result(leaseOf(w, id), completed(6))
      await turn()
      assert.deepEqual([record(id).state, record(id).outputs, record(id).worker], ['completed', { result: 6 }, 'w1'])
      assert.deepEqual(await acksOf(w), [{ taskId: id, fence: 1 }])
    })

    it('acknowledges duplicates and unknown tasks too, and changes nothing', async () => {
      const w = await worker('w1')
      const id = submit()
      await turn()
      w.result(leaseOf(w, id), completed(6))
      w.result(leaseOf(w, id), completed(7))
      const unknown = { taskId: randomUUID(), fence: 3 }
      w.result(unknown)
      await turn()
      assert.deepEqual(record(id).outputs, { result: 6 })
      assert.deepEqual(await acksOf(w), [{ taskId: id, fence: 1 }, { taskId: id, fence: 1 }, unknown])
    })

    it('names no more results in one acknowledgement than the protocol allows', async () => {
      const w = await worker('w1')
      for (let i = 0; i < MAX_CLAIM_WINDOW + 1; i++) w.result({ taskId: randomUUID(), fence: 1 })
      await acksOf(w)
      assert.deepEqual(w.received.flatMap((message) => message.kind === 'ack' ? [message.leases.length] : []), [MAX_CLAIM_WINDOW, 1])
    })

    it('ignores the result of a worker that was never granted that lease', async () => {
      const [w1, w2] = [await worker('w1'), await worker('w2', { window: 0 })]
      const id = submit()
      await turn()
      w2.result(leaseOf(w1, id), completed('forged'))
      w1.result({ taskId: id, fence: 0 }, completed('forged'))
      w1.result({ taskId: id, fence: 2 }, completed('forged'))
      await turn()
      assert.equal(record(id).state, 'claimed')
      assert.equal((await acksOf(w2)).length, 1)
      w1.result(leaseOf(w1, id), completed('true'))
      await turn()
      assert.deepEqual(record(id).outputs, { result: 'true' })
    })

    it('takes the late result of an old lease, and tells who holds the new one', async () => {
      const w1 = await worker('w1')
      const id = submit()
      await turn()
      clock.tick(LEASE_MS + 1_000)
      const w2 = await worker('w2')
      assert.equal(record(id).worker, 'w2')
      w1.result({ taskId: id, fence: 1 }, completed(1))
      await turn()
      assert.deepEqual([record(id).state, record(id).worker, record(id).fence], ['completed', 'w1', 2])
      assert.deepEqual(w2.refs('cancel'), [{ taskId: id, fence: 2 }])
    })

    it('takes it over a new stream as well, also while the task waits', async () => {
      const w1 = await worker('w1')
      const id = submit()
      await turn()
      await w1.link.close()
      assert.equal(record(id).state, 'pending')
      const again = await worker('w1', { window: 0 })
      again.result({ taskId: id, fence: 1 })
      await turn()
      assert.equal(record(id).state, 'completed')
      assert.deepEqual(announced, [])
    })

    it('fails a task whose outputs are not what was declared', async () => {
      const w = await worker('w1')
      const id = submit(program(), { check: { name: 'one', outputs: [{ name: 'result', type: 'integer' }] } })
      await turn()
      w.result(leaseOf(w, id), completed('x'))
      await turn()
      assert.deepEqual([record(id).state, record(id).failure?.code, record(id).failure?.by], ['failed', 'ERR_RESULT_TYPE', 'w1'])
    })

    it('leaves a task cancelled that is cancelled while its outputs are checked', async () => {
      const w = await worker('w1')
      const id = submit(program(), { check: { name: 'one', outputs: [{ name: 'result', type: 'integer' }] } })
      await turn()
      w.result(leaseOf(w, id))
      // The result has been heard and is being checked: a check takes a few turns of the microtask queue.
      await Promise.resolve().then(() => {})
      submitter.cancel(id)
      await turn()
      assert.equal(record(id).state, 'cancelled')
    })

    it('fails a task that failed by its own fault, at once', async () => {
      const w = await worker('w1')
      const [trap, late] = [submit(), submit()]
      await turn()
      w.result(leaseOf(w, trap), failed('ERR_TRAP'))
      w.result(leaseOf(w, late), failed('ERR_TIME_LIMIT'))
      await turn()
      assert.deepEqual([record(trap).state, record(trap).failure, record(trap).logs], ['failed', { code: 'ERR_TRAP', message: 'why', by: 'w1' }, 'log'])
      assert.equal(record(late).state, 'timeout')
    })

    for (const code of ['ERR_SANDBOX_CRASHED', 'ERR_EXECUTOR_STOPPED', 'ERR_INTERNAL', 'ERR_MODULE_NOT_FOUND', 'ERR_STORE', 'ERR_QUEUE_FULL'] as const) {
      it(`tries elsewhere after ${code}`, async () => {
        const [w1, w2] = [await worker('w1'), await worker('w2')]
        const id = submit()
        await turn()
        w1.result(leaseOf(w1, id), failed(code))
        await turn()
        assert.deepEqual([record(id).state, record(id).worker, record(id).attempts], ['claimed', 'w2', 1])
        assert.equal((await acksOf(w1)).length, 1)
        assert.equal(leaseOf(w2, id).fence, 2)
      })
    }
  })

  describe('large values', () => {
    const REF = { cid: 'bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy', size: 100_000, form: 'bytes' } as const
    let fetching: PromiseWithResolvers

    interface PromiseWithResolvers { promise: Promise<void>, resolve: () => void, reject: (error: Error) => void }

    function pending (): PromiseWithResolvers {
      let resolve = (): void => {}
      let reject: (error: Error) => void = () => {}
      const promise = new Promise<void>((onDone, onFail) => { [resolve, reject] = [onDone, onFail] })
      return { promise, resolve, reject }
    }

    beforeEach(() => {
      fetching = pending()
      blobs.beforeFetch = () => fetching.promise
    })

    /** A result that names an output which holds `bytes`. */
    async function named (bytes = new Uint8Array(100_000).fill(9)): Promise<Outcome> {
      const { cid, size } = await blobs.put(bytes)
      return { ...completed(), outputs: { small: 1 }, refs: [{ name: 'big', blob: { cid, size, form: 'bytes' } }] } as Outcome
    }

    it('stand as references in the lease, and are let go of when the task ends', async () => {
      const w = await worker('w1')
      let released = 0
      const id = submit(program(), { values: [undefined], refs: [{ index: 0, blob: REF }], release: () => { released++ } })
      await turn()
      assert.deepEqual([w.leases[0]?.values, w.leases[0]?.refs], [[undefined], [{ index: 0, blob: REF }]])
      assert.equal(released, 0)
      w.result(leaseOf(w, id))
      await turn()
      assert.deepEqual([record(id).state, released], ['completed', 1])
      const cancelled = submit(program(), { release: () => { released++ } })
      submitter.cancel(cancelled)
      submitter.cancel(cancelled)
      assert.equal(released, 2)
    })

    it('of many leases are not all put on one worker', async () => {
      const w = await worker('w1', { slots: 64, window: 64 })
      const task = program()
      const blob = { ...REF, size: MAX_LEASED_BLOB_BYTES / 2 }
      for (let i = 0; i < 4; i++) submit(task, { values: [undefined], refs: [{ index: 0, blob }] })
      await turn()
      assert.equal(w.leases.length, 2)
      w.result(w.leases[0] ?? { taskId: '', fence: 0 })
      await turn()
      assert.equal(w.leases.length, 3)
    })

    it('of a result are fetched from its worker before the task ends and the result is acknowledged', async () => {
      const w = await worker('w1')
      const id = submit()
      await turn()
      const result = await named()
      w.result(leaseOf(w, id), result)
      w.result(leaseOf(w, id), result)
      await turn()
      clock.tick(60_000)
      await turn()
      assert.deepEqual([record(id).state, w.refs('ack'), blobs.fetches.map(({ peer }) => peer)], ['claimed', [], ['w1']])
      fetching.resolve()
      await turn()
      clock.tick(25)
      await turn()
      assert.deepEqual([record(id).state, record(id).outputs], ['completed', { small: 1, big: new Uint8Array(100_000).fill(9) }])
      assert.deepEqual(w.refs('ack'), [{ taskId: id, fence: 1 }])
    })

    it('that cannot be fetched send the task elsewhere, charged, and are acknowledged', async () => {
      const [a, b] = [await worker('w1'), await worker('w2', { window: 0 })]
      const id = submit()
      await turn()
      a.result(leaseOf(a, id), await named())
      await turn()
      fetching.reject(new CorebrumError('ERR_BLOB_NOT_FOUND', 'nothing there'))
      await turn()
      clock.tick(25)
      await turn()
      assert.deepEqual([record(id).state, record(id).attempts, a.refs('ack').length, a.closed], ['pending', 1, 1, false])
      assert.deepEqual(record(id).declines.map(({ peer, code }) => [peer, code]), [['w1', 'ERR_BLOB_NOT_FOUND']])
      b.send({ kind: 'claim', slots: 1 })
      await turn()
      b.result(leaseOf(b, id))
      await turn()
      assert.deepEqual([record(id).state, record(id).worker], ['completed', 'w2'])
    })

    it('that are not what the worker said end its stream', async () => {
      const w = await worker('w1')
      const id = submit()
      await turn()
      w.result(leaseOf(w, id), await named())
      await turn()
      fetching.reject(new CorebrumError('ERR_PROTOCOL', 'other bytes'))
      await turn()
      assert.deepEqual([record(id).state, record(id).attempts, w.closed], ['pending', 1, true])
    })

    it('of a worker that leaves are given up at once, and taken when it comes back with them', async () => {
      const w = await worker('w1')
      const id = submit()
      await turn()
      const lease = leaseOf(w, id)
      const result = await named()
      w.result(lease, result)
      await turn()
      await w.link.close()
      await turn()
      assert.deepEqual([record(id).state, blobs.fetches[0]?.signal?.aborted], ['pending', true])
      const again = await worker('w1', { window: 0 })
      fetching.resolve()
      again.result(lease, result)
      await turn()
      assert.deepEqual([record(id).state, record(id).worker], ['completed', 'w1'])
    })

    it('that trickle in for too long send the task elsewhere', async () => {
      const w = await worker('w1')
      const id = submit()
      await turn()
      w.result(leaseOf(w, id), await named())
      await turn()
      clock.tick(MAX_TRANSFER_MS)
      await turn()
      assert.deepEqual([record(id).state, record(id).declines[0]?.code], ['pending', 'ERR_PEER_TIMEOUT'])
    })

    it('of a task that is cancelled are not fetched on', async () => {
      const w = await worker('w1')
      const id = submit()
      await turn()
      w.result(leaseOf(w, id), await named())
      await turn()
      submitter.cancel(id)
      await turn()
      assert.deepEqual([record(id).state, blobs.fetches[0]?.signal?.aborted], ['cancelled', true])
    })

    it('of an old lease do not take the task from the worker that has it now', async () => {
      const [a, b] = [await worker('w1'), await worker('w2', { window: 0 })]
      const id = submit()
      await turn()
      const old = leaseOf(a, id)
      a.send({ kind: 'refuse', ...old, code: 'ERR_DECLINED', reason: 'no room' })
      b.send({ kind: 'claim', slots: 1 })
      await turn()
      a.result(old, await named())
      await turn()
      fetching.reject(new CorebrumError('ERR_BLOB_NOT_FOUND', 'nothing there'))
      await turn()
      assert.deepEqual([record(id).state, record(id).worker, record(id).attempts], ['claimed', 'w2', 0])
      b.result(leaseOf(b, id))
      await turn()
      assert.equal(record(id).worker, 'w2')
    })
  })

  describe('logs', () => {
    it('grow while the task runs, and are replaced by those of the result', async () => {
      const w = await worker('w1')
      const id = submit()
      await turn()
      const lease = leaseOf(w, id)
      w.send({ kind: 'running', leases: [lease] })
      w.send({ kind: 'log', ...lease, text: 'a' })
      w.send({ kind: 'log', ...lease, text: 'b' })
      await turn()
      assert.deepEqual([record(id).state, record(id).logs], ['running', 'ab'])
      w.result(lease, failed('ERR_TRAP'))
      await turn()
      assert.equal(record(id).logs, 'log')
    })

    it('are taken from nobody but the worker that holds the lease', async () => {
      const [w1, w2] = [await worker('w1', { window: 1 }), await worker('w2', { window: 0 })]
      const id = submit()
      await turn()
      const lease = leaseOf(w1, id)
      w2.send({ kind: 'log', ...lease, text: 'stranger' })
      w1.send({ kind: 'log', taskId: id, fence: lease.fence + 1, text: 'future' })
      w1.send({ kind: 'log', taskId: randomUUID(), fence: 1, text: 'nothing' })
      await turn()
      assert.equal(record(id).logs, '')
      w2.send({ kind: 'claim', slots: 1 })
      w1.send({ kind: 'log', ...lease, text: 'own' })
      w1.send({ kind: 'refuse', ...lease, code: 'ERR_DECLINED', reason: 'why' })
      await turn()
      w1.send({ kind: 'log', ...lease, text: 'late' })
      await turn()
      assert.deepEqual([record(id).worker, record(id).logs], ['w2', ''])
    })

    it('of a worker that floods are capped, and end neither the stream nor the task', async () => {
      const w = await worker('w1')
      const id = submit()
      await turn()
      const lease = leaseOf(w, id)
      for (let n = 0; n < 200; n++) w.send({ kind: 'log', ...lease, text: 'x'.repeat(10_000) })
      await turn()
      assert.deepEqual([record(id).logs.length, w.closed], [MAX_LOG_BYTES, false])
      w.result(lease)
      await turn()
      assert.deepEqual([record(id).state, record(id).logs], ['completed', ''])
    })

    it('of the last attempt stay with a task that is given up', async () => {
      const w = await worker('w1')
      const id = submit()
      for (let n = 0; n < MAX_ATTEMPTS; n++) {
        await turn()
        const lease = leaseOf(w, id)
        w.send({ kind: 'log', ...lease, text: `attempt ${n}` })
        w.send({ kind: 'refuse', ...lease, code: 'ERR_INTERNAL', reason: 'why' })
        await turn()
        clock.tick(DECLINE_MS + 25)
        w.send({ kind: 'claim', slots: 2 })
      }
      assert.deepEqual([record(id).failure?.code, record(id).logs], ['ERR_ATTEMPTS', `attempt ${MAX_ATTEMPTS - 1}`])
    })
  })

  describe('leases that end', () => {
    it('puts the tasks of a worker that leaves elsewhere, and charges only what ran', async () => {
      const w1 = await worker('w1')
      const [ran, waited] = [submit(), submit()]
      await turn()
      w1.send({ kind: 'running', leases: [leaseOf(w1, ran)] })
      await turn()
      assert.equal(record(ran).state, 'running')
      const w2 = await worker('w2')
      await w1.link.close()
      assert.deepEqual([record(ran), record(waited)].map(({ worker, attempts }) => [worker, attempts]), [['w1', 0], ['w2', 0]])
      clock.tick(RETURN_MS)
      assert.deepEqual([record(ran), record(waited)].map(({ worker, attempts }) => [worker, attempts]), [['w2', 1], ['w2', 0]])
      assert.deepEqual(record(ran).declines.map(({ peer, code }) => [peer, code]), [['w1', 'ERR_STREAM_CLOSED']])
      await turn()
      assert.equal(w2.leases.length, 2)
    })

    it('ends a lease that is not renewed', async () => {
      const w1 = await worker('w1')
      const id = submit()
      await turn()
      const w2 = await worker('w2')
      clock.tick(LEASE_MS + 500)
      await turn()
      assert.deepEqual([record(id).worker, record(id).attempts], ['w2', 0])
      assert.deepEqual(w1.refs('cancel'), [{ taskId: id, fence: 1 }])
      assert.equal(w2.leases.length, 1)
    })

    it('keeps a lease that is renewed, but not beyond the time limit and its grace', async () => {
      const w = await worker('w1')
      const task = program({ timeLimitMs: 5_000 })
      const id = submit(task)
      await turn()
      for (let ms = 0; ms < 5_000 + LEASE_GRACE_MS - LEASE_RENEW_MS; ms += LEASE_RENEW_MS) {
        w.send({ kind: 'renew', leases: [leaseOf(w, id)] })
        await turn()
        clock.tick(LEASE_RENEW_MS)
      }
      assert.deepEqual([record(id).fence, record(id).attempts], [1, 0])
      w.send({ kind: 'renew', leases: [leaseOf(w, id)] })
      await turn()
      clock.tick(LEASE_RENEW_MS + 500)
      assert.deepEqual([record(id).state, record(id).declines.length], ['pending', 1])
    })

    it('charges a task for a lease that ends in silence only when it had begun', async () => {
      const w = await worker('w1')
      const id = submit(program())
      await turn()
      w.send({ kind: 'running', leases: [leaseOf(w, id)] })
      await turn()
      clock.tick(LEASE_MS + 500)
      assert.deepEqual([record(id).state, record(id).attempts], ['pending', 1])
    })

    it('tells a worker that renews what is not its own to stop', async () => {
      const w = await worker('w1')
      const other = { taskId: randomUUID(), fence: 9 }
      w.send({ kind: 'renew', leases: [other] })
      w.send({ kind: 'running', leases: [other] })
      await turn()
      assert.deepEqual(w.refs('cancel'), [other])
    })

    it('ends a task that is refused where there is no other worker to come', async () => {
      makeSubmitter({ alone: true })
      const only = await worker('only')
      const id = submit()
      await turn()
      only.send({ kind: 'refuse', ...leaseOf(only, id), code: 'ERR_DECLINED', reason: 'no room' })
      await turn()
      const { state, failure } = record(id)
      assert.deepEqual({ state, failure }, { state: 'failed', failure: { code: 'ERR_DECLINED', message: 'no room', by: 'only' } })
    })

    it('moves a task that is refused, and asks that worker again only after DECLINE_MS', async () => {
      const w1 = await worker('w1')
      const task = program()
      const id = submit(task)
      await turn()
      w1.send({ kind: 'refuse', ...leaseOf(w1, id), code: 'ERR_DECLINED', reason: 'no' })
      await turn()
      assert.deepEqual([record(id).state, record(id).attempts, announced.length], ['pending', 0, 1])
      const other = submit()
      assert.equal(record(other).worker, 'w1', 'other programs go on')
      clock.tick(DECLINE_MS - 500)
      assert.equal(record(id).state, 'pending')
      clock.tick(1_000)
      assert.deepEqual([record(id).state, record(id).fence], ['claimed', 2])
    })

    it('charges a refusal that is not a matter of taste', async () => {
      const w1 = await worker('w1')
      const id = submit()
      await turn()
      w1.send({ kind: 'refuse', ...leaseOf(w1, id), code: 'ERR_URL_FAILED', reason: 'no' })
      await turn()
      assert.equal(record(id).attempts, 1)
    })

    it('keeps only the beginning of a long reason', async () => {
      const w1 = await worker('w1')
      const id = submit()
      await turn()
      w1.send({ kind: 'refuse', ...leaseOf(w1, id), code: 'ERR_DECLINED', reason: 'x'.repeat(8_000) })
      await turn()
      assert.equal(record(id).declines[0]?.reason.length, 256)
    })

    it('gives up after MAX_ATTEMPTS and names the last reason', async () => {
      const id = submit()
      for (let i = 1; i <= MAX_ATTEMPTS; i++) {
        const w = await worker(`w${i}`)
        w.result(leaseOf(w, id), failed('ERR_INTERNAL', `defect ${i}`))
        await turn()
        clock.tick(FAULT_BACKOFF_MAX_MS)
        await w.link.close()
      }
      const { state, failure, attempts } = record(id)
      assert.deepEqual([state, failure?.code, failure?.by, attempts], ['failed', 'ERR_ATTEMPTS', 'submitter', MAX_ATTEMPTS])
      assert.match(failure?.message ?? '', /defect 5/)
    })

    it('does not let a worker hold tasks for ever that it never runs', async () => {
      const w = await worker('w1', { window: MAX_CLAIM_WINDOW, slots: 4096 })
      const task = program()
      const ids = Array.from({ length: 100 }, () => submit(task))
      await turn()
      assert.equal(w.leases.length, 100)
      clock.tick(LEASE_MS + 500)
      assert(ids.every((id) => record(id).state === 'pending' && record(id).attempts === 0))
      assert.equal(announced[0]?.waiting, 100)
    })
  })

  describe('streams', () => {
    it('replaces the stream of a worker by its second one, and takes its leases back at once', async () => {
      const first = await worker('w1')
      const id = submit()
      await turn()
      // A stream to a machine that is gone may take long to close.
      const slow = [...submitter.linked()][0]?.link
      assert(slow !== undefined)
      Object.assign(slow, { close: () => new Promise(() => {}) })
      const second = await worker('w1')
      assert.equal([...submitter.linked()].length, 1)
      assert.equal(leaseOf(second, id).fence, 2)
      first.send({ kind: 'claim', slots: 100 })
      await turn()
      const more = submit()
      await turn()
      assert.equal(leaseOf(second, more).fence, 1)
    })

    it('keeps this node\'s own link beside a stream of the same name', async () => {
      await worker('same', { local: true })
      await worker('same')
      assert.equal([...submitter.linked()].length, 2)
    })
  })

  describe('cancel', () => {
    it('ends a task that waits, and its offer', () => {
      const id = submit()
      assert.equal(submitter.cancel(id), true)
      assert.deepEqual([record(id).state, record(id).failure?.code, announced.length], ['cancelled', 'ERR_CANCELLED', 0])
    })

    for (const state of ['claimed', 'running'] as const) {
      it(`ends a ${state} task, tells the worker, and uses the room`, async () => {
        const w = await worker('w1', { window: 1 })
        const id = submit()
        await turn()
        if (state === 'running') w.send({ kind: 'running', leases: [leaseOf(w, id)] })
        const next = submit()
        await turn()
        assert.equal(record(id).state, state)
        assert.equal(submitter.cancel(id), true)
        assert.equal(record(next).state, 'claimed')
        await turn()
        assert.deepEqual(w.refs('cancel'), [{ taskId: id, fence: 1 }])
        w.result({ taskId: id, fence: 1 })
        await turn()
        assert.equal(record(id).state, 'cancelled')
      })
    }

    it('does nothing to a finished task, or an unknown one', async () => {
      const w = await worker('w1')
      const id = submit()
      await turn()
      w.result(leaseOf(w, id))
      await turn()
      assert.equal(submitter.cancel(id), false)
      assert.equal(submitter.cancel(randomUUID()), false)
      assert.equal(record(id).state, 'completed')
    })

    it('keeps nothing of cancelled tasks behind one that waits', () => {
      const task = program()
      submit(task)
      for (let i = 0; i < 1_000; i++) submitter.cancel(submit(task))
      assert.equal(announced[0]?.waiting, 1)
      assert((announced[0]?.queue.length ?? 0) < 100)
    })
  })

  describe('stop', () => {
    it('can wait for what others run, and not for what nobody has claimed', async () => {
      const w = await worker('w1', { window: 1 })
      const first = submit()
      submit()
      await turn()
      let ended = false
      const waiting = leasesEnd(() => submitter.linked(), { isIdle: true }, new AbortController().signal).then(() => { ended = true })
      clock.tick(25)
      await turn()
      assert.equal(ended, false)
      w.send({ kind: 'claim', slots: 0 })
      w.result(leaseOf(w, first))
      await turn()
      clock.tick(25)
      await waiting
      assert.equal(record(first).state, 'completed')
    })

    it('can wait for results whose outputs are on their way', async () => {
      const collector = new ResultCollector(blobs)
      let arrive = (): void => {}
      blobs.beforeFetch = () => new Promise((resolve) => { arrive = resolve })
      const { cid, size } = await blobs.put(new Uint8Array(10))
      const outcome = completed()
      assert(outcome.ok)
      const collected = collector.collect('w1', { taskId: 'a', fence: 1 }, { ...outcome, refs: [{ name: 'big', blob: { cid, size, form: 'bytes' } }] })
      assert.equal(collector.collect('w1', { taskId: 'a', fence: 1 }, outcome), undefined)
      let ended = false
      const waiting = leasesEnd(() => submitter.linked(), collector, new AbortController().signal).then(() => { ended = true })
      await turn()
      clock.tick(100)
      await turn()
      assert.equal(ended, false)
      arrive()
      await collected
      clock.tick(100)
      await waiting
    })

    it('waits no longer than its signal allows', async () => {
      await worker('w1')
      submit()
      await turn()
      await leasesEnd(() => submitter.linked(), { isIdle: true }, AbortSignal.abort())
    })

    it('ends what is open, closes the streams, and takes no more', async () => {
      const w = await worker('w1', { window: 1 })
      const done = submit()
      await turn()
      w.result(leaseOf(w, done))
      await turn()
      const ids = [submit(), submit()]
      w.result(leaseOf(w, done))
      await turn()
      void submitter.stop()
      assert.deepEqual(ids.map((id) => record(id).state), ['cancelled', 'cancelled'])
      assert(w.closed)
      assert.equal(record(done).state, 'completed')
      assert.throws(() => submit(), { code: 'ERR_CANCELLED' })
    })
  })

  it('completes 20,000 tasks, each once, over two workers within 2 s', async () => {
    for (const peer of ['w1', 'w2']) {
      const w = await worker(peer, { window: MAX_CLAIM_WINDOW })
      w.onLease = (lease) => { w.result(lease, completed(1, 0.01)) }
    }
    const task = program()
    let ended = 0
    const before = process.cpuUsage()
    for (let i = 0; i < 20_000; i++) tasks.listen(submit(task), ({ state }) => { if (state === 'completed') ended++ })
    while (tasks.open > 0) await turn()
    assert.equal(ended, 20_000)
    const { user, system } = process.cpuUsage(before)
    assert((user + system) / 1_000 < 2_000, `it took ${(user + system) / 1_000} ms of processor time`)
  })
})
