import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { CorebrumError } from '../../../src/errors.ts'
import { CallError } from '../../../src/executor/call-error.ts'
import {
  IDLE_STREAM_MS, LEASE_RENEW_MS, MAX_FETCHING_LEASES, MAX_RESULTS_IN_FLIGHT, MAX_RESULT_BYTES_IN_FLIGHT, MAX_UNACKED_RESULTS, MAX_WORKER_BYTES, ORPHAN_MS, REDELIVER_MS,
} from '../../../src/roles/worker/limits.ts'
import { MAX_CLAIM_WINDOW, MAX_EXECUTOR_QUEUE, MAX_LOG_BYTES, MAX_STREAM_PROGRAMS } from '../../../src/limits.ts'
import { LEASE_GRACE_MS, LEASE_MS } from '../../../src/roles/submitter/limits.ts'
import { Worker } from '../../../src/roles/worker/worker.ts'
import type { Situation } from '../../../src/roles/offers/admission.ts'
import { programDigest, type Program } from '../../../src/task/program.ts'
import type { LeaseRef } from '../../../src/wire/messages.ts'
import { FakeBlobs, FakeExecutor, FakeRetriever, FakeSubmitter, capability, program, provisionsOf, turn, useClock } from '../../support/roles.ts'

describe('Worker', () => {
  const clock = useClock()
  let executor: FakeExecutor
  let retriever: FakeRetriever
  let blobs: FakeBlobs
  let worker: Worker
  let stranded: string[]
  /** Modules that are here; everything, unless a test says otherwise. */
  let modules: Set<string> | undefined
  let overrides: Partial<Situation>

  function makeWorker (slots = 2): void {
    executor = new FakeExecutor(slots)
    retriever = new FakeRetriever()
    blobs = new FakeBlobs()
    const can = capability({ slots })
    worker = new Worker({
      peerId: 'worker',
      executor,
      provisions: provisionsOf({ retriever, blobs, has: (cid) => modules?.has(cid) ?? true }),
      blobs,
      capability: can,
      situation: (cid) => ({
        peerId: 'worker',
        capability: can,
        load: worker.load,
        draining: worker.isDraining,
        hasModule: modules?.has(cid) ?? true,
        maxModuleBytes: 1_000, allowedHosts: [],
        streams: worker.streams,
        maxStreams: 10,
        ...overrides,
      }),
      onStranded: (peer) => { stranded.push(peer) },
      now: clock.now,
    })
  }

  const submitter = async (peer: string): Promise<FakeSubmitter> => {
    const made = new FakeSubmitter(worker, peer)
    await turn()
    return made
  }

  const refOf = ({ taskId, fence }: LeaseRef): LeaseRef => ({ taskId, fence })

  beforeEach(() => {
    stranded = []
    modules = undefined
    overrides = {}
    makeWorker()
  })

  describe('a lease', () => {
    it('is run, its result sent, and forgotten when that is acknowledged', async () => {
      const s = await submitter('s1')
      assert.deepEqual(s.received.map(({ kind }) => kind), ['hello', 'claim'])
      const task = program()
      const lease = s.lease(task, { values: [7] })
      await turn()
      const call = executor.calls[0]
      assert.deepEqual([call?.values, call?.taskId, call?.workerId], [[7], lease.taskId, 'worker'])
      call?.start()
      call?.finish({ result: 5040 })
      await turn()
      const [result] = s.of('result')
      assert.deepEqual(result?.outcome, { ok: true, outputs: { result: 5040 }, logs: '', usage: { wallMs: 1_000, memoryBytes: 0, cpuMs: 0, moduleBytes: 0, fileBytes: 0 } })
      assert.deepEqual([worker.undeliveredFor('s1'), worker.load], [0, 0])
    })

    it('that fails is answered with the code, what it used and what it wrote', async () => {
      const s = await submitter('s1')
      s.lease(program())
      s.lease(program())
      await turn()
      executor.calls[0]?.fail(new CallError('ERR_TRAP', 'unreachable', { logs: 'oops', usage: { wallMs: 3, memoryBytes: 9, cpuMs: 0, moduleBytes: 0, fileBytes: 0 } }))
      executor.calls[1]?.fail(new TypeError('a defect'))
      await turn()
      assert.deepEqual(s.of('result').map(({ outcome }) => outcome), [
        { ok: false, code: 'ERR_TRAP', message: 'unreachable', logs: 'oops', usage: { wallMs: 3, memoryBytes: 9, cpuMs: 0, moduleBytes: 0, fileBytes: 0 } },
        { ok: false, code: 'ERR_INTERNAL', message: 'a defect', logs: '', usage: { wallMs: 0, memoryBytes: 0, cpuMs: 0, moduleBytes: 0, fileBytes: 0 } },
      ])
    })

    it('of a program that was not sent ends the stream, and what came behind it is void', async () => {
      const s = await submitter('s1')
      s.link.send({ kind: 'lease', taskId: randomUUID(), fence: 1, digest: '00'.repeat(32), leaseMs: 1, values: [] })
      s.lease(program())
      await turn()
      assert.deepEqual(s.aborted.map((error) => error instanceof CorebrumError && error.code), ['ERR_PROTOCOL'])
      assert.deepEqual([executor.calls.length, worker.load, worker.linkedTo('s1')], [0, 0, false])
    })

    it('with another number of values than the program has inputs ends the stream', async () => {
      const s = await submitter('s1')
      s.lease(program(), { values: [1, 2] })
      await turn()
      assert.equal(s.aborted.length, 1)
    })

    it('may name any of the programs that a submitter believes are remembered', async () => {
      const s = await submitter('s1')
      const all = Array.from({ length: MAX_STREAM_PROGRAMS }, () => program())
      for (const task of [...all, ...all]) s.lease(task)
      await turn()
      assert.equal(s.aborted.length, 0)
      assert.equal(worker.load, 2 * MAX_STREAM_PROGRAMS)
    })

    const refusals: Array<[string, Partial<Situation>, Partial<Program>]> = [
      ['a node that is draining', { draining: true }, {}],
      ['too large a module', {}, { module: { cid: 'x', size: 1_001, urls: [] } }],
      ['too much memory', {}, { memoryLimitBytes: 2 ** 32 }],
    ]
    for (const [what, change, task] of refusals) {
      it(`is refused: ${what}`, async () => {
        const s = await submitter('s1')
        overrides = change
        const lease = s.lease(program(task))
        await turn()
        assert.deepEqual(s.of('refuse').map(({ taskId, code }) => [taskId, code]), [[lease.taskId, 'ERR_DECLINED']])
        assert.equal(executor.calls.length, 0)
      })
    }

    it('is refused when it is placed elsewhere', async () => {
      const s = await submitter('s1')
      const task = program()
      const first = s.lease(task)
      for (const [fence, placement] of [[2, { priority: 0, on: 'other' }], [3, { priority: 0, require: { gpu: 'yes' } }]] as const) {
        s.link.send({ kind: 'lease', taskId: randomUUID(), fence, digest: programDigest(task), leaseMs: 10_000, values: [5], placement })
      }
      await turn()
      assert.deepEqual(s.of('refuse').map(({ fence, code }) => [fence, code]), [[2, 'ERR_DECLINED'], [3, 'ERR_DECLINED']])
      assert.deepEqual(executor.calls.map(({ taskId }) => taskId), [first.taskId])
    })

    it('is refused beyond the inputs that are held for one submitter, however often a task is leased anew', async () => {
      const s = await submitter('s1')
      const task = program()
      const taskId = randomUUID()
      const values = [new Uint8Array(MAX_WORKER_BYTES / 7)]
      for (let fence = 1; fence <= 20; fence++) s.lease(task, { taskId, fence, values })
      await turn()
      assert.equal(s.of('refuse').length, 0)
      for (let i = 0; i < 4; i++) s.lease(task, { values })
      await turn()
      assert.deepEqual(s.of('refuse').map(({ code }) => code), ['ERR_DECLINED', 'ERR_DECLINED'])
    })

    it('is refused beyond MAX_CLAIM_WINDOW leases', async () => {
      const s = await submitter('s1')
      const task = program()
      for (let i = 0; i <= MAX_CLAIM_WINDOW; i++) s.lease(task)
      await turn()
      assert.deepEqual([worker.load, s.of('refuse').length], [MAX_CLAIM_WINDOW, 1])
    })
  })

  describe('many leases', () => {
    it('are shared fairly between submitters', async () => {
      const [a, b] = [await submitter('a'), await submitter('b')]
      const task = program()
      for (let i = 0; i < 50; i++) a.lease(task)
      await turn()
      for (let i = 0; i < 50; i++) b.lease(task)
      await turn()
      for (let next = 0; next < 40; next++) {
        executor.calls[next]?.finish()
        await turn()
      }
      const done = a.of('result').length - b.of('result').length
      assert(Math.abs(done) <= executor.slots * 2, `one got ${done} more than the other`)
    })

    it('never overfill the executor, however short calls are', async () => {
      makeWorker(64)
      const all = [await submitter('a'), await submitter('b'), await submitter('c'), await submitter('d')]
      const task = program()
      all[0]?.lease(task)
      await turn()
      executor.calls[0]?.finish({}, 0.01)
      await turn()
      for (const s of all) for (let i = 0; i < MAX_CLAIM_WINDOW; i++) s.lease(task)
      await turn()
      assert.equal(executor.calls.length, 1 + MAX_EXECUTOR_QUEUE)
    })

    it('get windows by who wants to, not by who was first', async () => {
      const [a, b] = [await submitter('a'), await submitter('b')]
      assert.deepEqual([a.window, b.window], [2, 2])
      const task = program()
      for (let i = 0; i < 10; i++) a.lease(task)
      await turn()
      clock.tick(200)
      await turn()
      assert.equal(b.window, 0, 'who does not use its window gives it up to who does')
      worker.noteWanting('b')
      await turn()
      assert.equal(b.window, a.window)
    })

    it('cost no claim messages when calls are short', async () => {
      const s = await submitter('s1')
      const task = program()
      for (let i = 0; i < 300; i++) {
        s.lease(task)
        await turn()
        executor.calls[i]?.finish({}, 0.05)
        await turn()
        clock.tick(1)
      }
      assert.equal(s.of('result').length, 300)
      assert(s.of('claim').length < 30, `${s.of('claim').length} claims`)
      assert.equal(s.of('running').length, 0)
    })
  })

  describe('modules', () => {
    it('are fetched, from the submitter first, before the call', async () => {
      modules = new Set()
      const s = await submitter('s1')
      const task = program()
      s.lease(task)
      await turn()
      assert.equal(executor.calls.length, 0)
      assert.deepEqual(retriever.fetches.map(({ module, options }) => [module.cid, options.submitter]), [[task.module.cid, 's1']])
      retriever.fetches[0]?.done()
      await turn()
      assert.equal(executor.calls.length, 1)
    })

    it('that cannot be had make the worker give back all leases that need them', async () => {
      modules = new Set(['other'])
      const s = await submitter('s1')
      const task = program()
      const leases = Array.from({ length: 20 }, () => s.lease(task))
      s.lease(program({ module: { cid: 'other', size: 1, urls: [] } }))
      await turn()
      retriever.fetches[0]?.fail(new CorebrumError('ERR_MODULE_NOT_FOUND', 'nobody has it'))
      await turn()
      assert.deepEqual(s.of('refuse').map(refOf).sort((a, b) => a.taskId < b.taskId ? -1 : 1), leases.sort((a, b) => a.taskId < b.taskId ? -1 : 1))
      assert(s.of('refuse').every(({ code }) => code === 'ERR_MODULE_NOT_FOUND'))
      assert.equal(worker.load, 1)
    })

    it('that are slow to come hold up nobody else', async () => {
      modules = new Set(['here'])
      const [slow, fast] = [await submitter('slow'), await submitter('fast')]
      for (let i = 0; i < 100; i++) slow.lease(program())
      const task = program({ module: { cid: 'here', size: 1, urls: [] } })
      for (let i = 0; i < 20; i++) fast.lease(task)
      await turn()
      assert.equal(retriever.fetches.length, MAX_FETCHING_LEASES)
      for (let i = 0; i < 20; i++) {
        executor.calls[i]?.finish()
        await turn()
      }
      assert.equal(fast.of('result').length, 20)
      assert.equal(slow.of('result').length, 0)
    })

    it('are no longer fetched for a lease that was cancelled, and nothing is said of it', async () => {
      modules = new Set()
      const s = await submitter('s1')
      const lease = s.lease(program())
      await turn()
      s.link.send({ kind: 'cancel', ...lease })
      await turn()
      assert.equal(retriever.fetches[0]?.options.signal?.aborted, true)
      assert.deepEqual([s.of('refuse').length, s.of('result').length, worker.load], [0, 0, 0])
    })
  })

  describe('large values', () => {
    const BIG = new Uint8Array(100_000).fill(5)
    const outcomes = (s: FakeSubmitter): Array<Record<string, unknown>> => s.of('result').map(({ outcome }) => ({ ...outcome }))

    function leaseNamed (s: FakeSubmitter, blob: { cid: string, size: number }, task = program()): LeaseRef {
      return s.lease(task, { values: [undefined], refs: [{ index: 0, blob: { ...blob, form: 'bytes' } }] })
    }

    it('are fetched from the submitter before the call, and stand among its values', async () => {
      const s = await submitter('s1')
      let arrive = (): void => {}
      blobs.beforeFetch = () => new Promise((resolve) => { arrive = resolve })
      leaseNamed(s, await blobs.put(BIG))
      await turn()
      retriever.fetches[0]?.done()
      await turn()
      assert.deepEqual([executor.calls.length, blobs.fetches.map(({ peer }) => peer)], [0, ['s1']])
      s.lease(program())
      await turn()
      assert.equal(executor.calls.length, 1, 'another lease does not wait for them')
      arrive()
      await turn()
      assert.deepEqual(executor.calls[1]?.values, [BIG])
    })

    it('that cannot be had give back this lease alone', async () => {
      const s = await submitter('s1')
      blobs.beforeFetch = () => Promise.reject(new CorebrumError('ERR_BLOB_NOT_FOUND', 'nothing there'))
      const task = program()
      const lost = leaseNamed(s, { cid: 'bafkrei', size: 1 }, task)
      s.lease(task)
      await turn()
      retriever.fetches[0]?.done()
      await turn()
      assert.deepEqual(s.of('refuse').map(({ taskId, code }) => [taskId, code]), [[lost.taskId, 'ERR_BLOB_NOT_FOUND']])
      assert.deepEqual([executor.calls.length, s.aborted.length], [1, 0])
    })

    it('that are not what the submitter said end its stream', async () => {
      const s = await submitter('s1')
      const { cid, size } = await blobs.put(Uint8Array.of(0xff))
      s.lease(program(), { values: [undefined], refs: [{ index: 0, blob: { cid, size, form: 'text' } }] })
      await turn()
      retriever.fetches[0]?.done()
      await turn()
      assert.deepEqual([s.aborted.map((error) => error instanceof CorebrumError && error.code), executor.calls.length], [['ERR_PROTOCOL'], 0])
    })

    it('are no longer fetched when the lease is taken away', async () => {
      const s = await submitter('s1')
      blobs.beforeFetch = () => new Promise(() => {})
      const lease = leaseNamed(s, await blobs.put(BIG))
      await turn()
      retriever.fetches[0]?.done()
      await turn()
      s.link.send({ kind: 'cancel', ...lease })
      await turn()
      assert.deepEqual([blobs.fetches[0]?.signal?.aborted, worker.load, s.of('refuse').length], [true, 0, 0])
    })

    it('count before they are here', async () => {
      const s = await submitter('s1')
      blobs.beforeFetch = () => new Promise(() => {})
      const task = program()
      for (let i = 0; i < 5; i++) leaseNamed(s, { cid: `bafkrei${i}`, size: MAX_WORKER_BYTES / 7 }, task)
      await turn()
      assert.deepEqual(s.of('refuse').map(({ code }) => code), ['ERR_DECLINED', 'ERR_DECLINED'])
    })

    it('of a result stay here, named in it, until it is acknowledged', async () => {
      const s = await submitter('s1')
      s.acknowledges = false
      const lease = s.lease(program())
      await turn()
      executor.calls[0]?.finish({ image: BIG, small: 1 })
      await turn()
      const [{ outputs, refs } = {}] = outcomes(s)
      const [cid = ''] = [...blobs.bytes.keys()]
      assert.deepEqual([outputs, refs], [{ small: 1 }, [{ name: 'image', blob: { cid, size: BIG.length, form: 'bytes' } }]])
      assert.deepEqual(blobs.bytes.get(cid), BIG)
      s.link.send({ kind: 'ack', leases: [refOf(lease)] })
      await turn()
      assert.deepEqual([worker.undeliveredFor('s1'), blobs.bytes.size], [0, 0])
    })

    it('of a result that nobody wants any more are let go of', async () => {
      const s = await submitter('s1')
      const lease = s.lease(program())
      await turn()
      const put = blobs.put.bind(blobs)
      blobs.put = async (bytes) => {
        const kept = await put(bytes)
        s.link.send({ kind: 'cancel', ...lease })
        await turn()
        return kept
      }
      executor.calls[0]?.finish({ image: BIG })
      for (let i = 0; i < 5; i++) await turn()
      assert.deepEqual([s.of('result').length, blobs.bytes.size], [0, 0])
    })

    it('of a result that cannot be kept make it a failure of this worker', async () => {
      const s = await submitter('s1')
      s.lease(program())
      await turn()
      blobs.failPut = new CorebrumError('ERR_QUEUE_FULL', 'no room')
      executor.calls[0]?.finish({ image: BIG })
      await turn()
      assert.deepEqual(outcomes(s).map(({ ok, code }) => [ok, code]), [[false, 'ERR_QUEUE_FULL']])
    })

    it('of a result for this node itself are handed over as they are', async () => {
      const s = await submitter('worker')
      s.lease(program())
      await turn()
      executor.calls[0]?.finish({ image: BIG })
      await turn()
      assert.deepEqual([outcomes(s)[0]?.outputs, blobs.bytes.size], [{ image: BIG }, 0])
    })
  })

  describe('files of a program', () => {
    const CID = 'bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy'
    const withFile = (size = 10): Program => program({
      setup: { args: [], env: {}, stdin: { from: 'inputs' }, files: [{ path: 'data/in.txt', cid: CID, size }, { path: 'own.txt', bytes: new Uint8Array(1) }], outputFiles: [] },
    })

    it('that are here are read for each call', async () => {
      const s = await submitter('s1')
      s.lease(withFile())
      await turn()
      assert.deepEqual([executor.calls[0]?.files, retriever.fetches.length], [[{ path: 'data/in.txt', bytes: new TextEncoder().encode(CID) }], 0])
      s.lease(program())
      await turn()
      assert.equal(executor.calls[1]?.files, undefined)
    })

    it('that are not here are got as modules are, before the call', async () => {
      modules = new Set(['bafkreifake'])
      const s = await submitter('s1')
      s.lease(withFile())
      await turn()
      retriever.fetches[0]?.done()
      await turn()
      assert.deepEqual(retriever.fetches.map(({ module: { cid, size }, options }) => [cid, size, options.submitter]).slice(1), [[CID, 10, 's1']])
      assert.equal(executor.calls.length, 0)
      retriever.fetches[1]?.done()
      await turn()
      assert.equal(executor.calls.length, 1)
    })

    it('that cannot be had give back all leases of the program, and count among what is held', async () => {
      modules = new Set(['bafkreifake'])
      const s = await submitter('s1')
      const task = withFile(MAX_WORKER_BYTES / 3)
      for (let i = 0; i < 3; i++) s.lease(task)
      await turn()
      assert.equal(s.of('refuse').length, 2)
      retriever.fetches[0]?.fail(new CorebrumError('ERR_MODULE_NOT_FOUND', 'nobody has it'))
      await turn()
      assert.deepEqual(s.of('refuse').map(({ code }) => code), ['ERR_DECLINED', 'ERR_DECLINED', 'ERR_MODULE_NOT_FOUND'])
    })
  })

  describe('cancel', () => {
    it('aborts the call and sends nothing more of it', async () => {
      const s = await submitter('s1')
      const lease = s.lease(program())
      await turn()
      executor.calls[0]?.start()
      s.link.send({ kind: 'cancel', ...lease })
      await turn()
      assert.equal(executor.calls[0]?.signal?.aborted, true)
      assert.deepEqual([s.of('refuse').length, s.of('result').length, worker.load], [0, 0, 0])
    })

    it('of another fence, or another submitter\'s task, does nothing', async () => {
      const [s, other] = [await submitter('s1'), await submitter('s2')]
      const lease = s.lease(program(), { fence: 3 })
      await turn()
      s.link.send({ kind: 'cancel', taskId: lease.taskId, fence: 2 })
      other.link.send({ kind: 'cancel', ...lease })
      other.lease(program(), { taskId: lease.taskId, fence: 9 })
      await turn()
      assert.deepEqual(executor.calls.map(({ signal }) => signal?.aborted), [false, false])
    })
  })

  describe('a submitter that goes away', () => {
    it('loses what waits; what runs goes on, and its result is brought when it is back', async () => {
      const s = await submitter('s1')
      const task = program()
      const leases = Array.from({ length: 10 }, () => s.lease(task))
      await turn()
      executor.calls[0]?.start()
      await s.link.close()
      await turn()
      assert.equal(worker.load, 1)
      assert.deepEqual(executor.calls.map(({ signal }) => signal?.aborted), [false, true, true, true])
      executor.calls[0]?.finish()
      await turn()
      assert.deepEqual([stranded, worker.undeliveredFor('s1')], [['s1', 's1'], 1])
      const back = await submitter('s1')
      assert.deepEqual(back.of('result').map(refOf), [leases[0]])
      assert.equal(worker.undeliveredFor('s1'), 0)
    })

    it('is looked for while something runs for it, and hears of that before any claim', async () => {
      const s = await submitter('s1')
      const running = s.lease(program())
      await turn()
      executor.calls[0]?.start()
      await s.link.close()
      assert.deepEqual([stranded, worker.leasesOf('s1')], [['s1'], 1])
      const back = await submitter('s1')
      assert.deepEqual(back.received.slice(0, 3).map(({ kind }) => kind), ['hello', 'renew', 'claim'])
      assert.deepEqual(back.of('renew')[0]?.leases, [running])
    })

    it('gets what it did not acknowledge again', async () => {
      const s = await submitter('s1')
      s.acknowledges = false
      const lease = s.lease(program())
      await turn()
      executor.calls[0]?.finish()
      await turn()
      assert.equal(s.of('result').length, 1)
      await s.link.close()
      assert.deepEqual(stranded, ['s1'])
      const back = await submitter('s1')
      assert.deepEqual(back.of('result').map(refOf), [lease])
      await back.link.close()
      assert.deepEqual(stranded, ['s1'])
    })

    it('has its running calls ended after ORPHAN_MS, and is forgotten', async () => {
      const s = await submitter('s1')
      s.lease(program())
      await turn()
      executor.calls[0]?.start()
      await s.link.close()
      clock.tick(ORPHAN_MS - 25)
      assert.equal(executor.calls[0]?.signal?.aborted, false)
      clock.tick(50)
      await turn()
      assert.equal(executor.calls[0]?.signal?.aborted, true)
      assert.deepEqual([worker.load, worker.undeliveredFor('s1'), stranded], [0, 0, ['s1']])
    })

    it('and comes back is not forgotten by what it left running before', async () => {
      const s = await submitter('s1')
      await s.link.close()
      const back = await submitter('s1')
      clock.tick(ORPHAN_MS * 2)
      assert(worker.linkedTo('s1'))
      back.lease(program())
      await turn()
      assert.equal(worker.load, 1)
    })

    it('and leases the same task again gets the call that runs already', async () => {
      const s = await submitter('s1')
      const task = program()
      const { taskId } = s.lease(task)
      await turn()
      executor.calls[0]?.start()
      await s.link.close()
      const back = await submitter('s1')
      back.lease(task, { taskId, fence: 2 })
      await turn()
      assert.equal(executor.calls[0]?.signal?.aborted, false)
      executor.calls[0]?.finish()
      await turn()
      assert.deepEqual(back.of('result').map(refOf), [{ taskId, fence: 2 }])
      assert.equal(executor.calls.length, 1)
    })

    it('leaves nothing on the stream that replaces its old one', async () => {
      const s = await submitter('s1')
      s.lease(program())
      const again = new FakeSubmitter(worker, 's1')
      await turn()
      assert.deepEqual([worker.load, s.closed, again.aborted.length, worker.streams], [0, true, 0, 1])
    })

    it('loses its results when they are given up', async () => {
      const s = await submitter('s1')
      s.acknowledges = false
      s.lease(program())
      await turn()
      executor.calls[0]?.finish()
      await turn()
      await s.link.close()
      clock.tick(REDELIVER_MS - 1_000)
      worker.expire('s1')
      assert.equal(worker.undeliveredFor('s1'), 1)
      clock.tick(2_000)
      worker.expire('s1')
      assert.equal(worker.undeliveredFor('s1'), 0)
      assert.equal((await submitter('s1')).of('result').length, 0)
    })
  })

  describe('results', () => {
    it('leave only so many at a time as are acknowledged, and are kept up to a number', async () => {
      const s = await submitter('s1')
      s.acknowledges = false
      const task = program()
      let ran = 0
      for (let round = 0; round < 8; round++) {
        for (let i = 0; i < MAX_CLAIM_WINDOW; i++) s.lease(task)
        await turn()
        for (; ran < executor.calls.length; ran++) {
          executor.calls[ran]?.finish({}, 0.01)
          if (ran % 500 === 0) await turn()
        }
        await turn()
      }
      assert.equal(s.of('result').length, MAX_RESULTS_IN_FLIGHT)
      assert(worker.undeliveredFor('s1') <= MAX_UNACKED_RESULTS)
      s.link.send({ kind: 'ack', leases: s.of('result').slice(0, 10).map(refOf) })
      await turn()
      assert.equal(s.of('result').length, MAX_RESULTS_IN_FLIGHT + 10)
    })
  })

  describe('reports', () => {
    it('say once that a call runs when it is not short, and renew leases', async () => {
      const s = await submitter('s1')
      const task = program()
      const [first, second] = [s.lease(task), s.lease(task)]
      await turn()
      executor.calls[0]?.start()
      clock.tick(25)
      clock.tick(25)
      await turn()
      assert.deepEqual(s.of('running').map(({ leases }) => leases), [[first]])
      clock.tick(LEASE_RENEW_MS)
      await turn()
      assert.deepEqual(s.of('renew').map(({ leases }) => leases), [[first, second]])
      assert.equal(s.of('running').length, 1)
    })

    it('end with the work', async () => {
      const s = await submitter('s1')
      s.lease(program())
      await turn()
      executor.calls[0]?.finish()
      await turn()
      clock.tick(60_000)
      await turn()
      assert.deepEqual([s.of('running').length, s.of('renew').length], [0, 0])
    })

    it('renew the leases of results that wait to be taken', async () => {
      const s = await submitter('s1')
      s.acknowledges = false
      const task = program()
      // Each just small enough to travel inside its message.
      const values = Object.fromEntries(Array.from({ length: 7 }, (_, i) => [`part${i}`, new Uint8Array(60 * 1024)]))
      const inFlight = Math.ceil(MAX_RESULT_BYTES_IN_FLIGHT / (7 * (60 * 1024 + 16 + 10) + 16))
      const leases = Array.from({ length: inFlight + 1 }, () => s.lease(task))
      await turn()
      for (const lease of leases) {
        executor.calls.find(({ taskId }) => taskId === lease.taskId)?.finish(values)
        await turn()
      }
      assert.equal(s.of('result').length, inFlight)
      clock.tick(LEASE_RENEW_MS + 25)
      await turn()
      const last = leases.at(-1) ?? { taskId: '', fence: 0 }
      assert.deepEqual(s.of('renew').map(({ leases: refs }) => refs), [[last]])
      s.link.send({ kind: 'cancel', ...last })
      await turn()
      assert.equal(worker.undeliveredFor('s1'), inFlight)
    })
  })

  describe('logs', () => {
    const textsOf = (s: FakeSubmitter): string[] => s.of('log').map(({ text }) => text)
    const wait = async (ms = 50): Promise<void> => {
      clock.tick(ms)
      await turn()
    }

    it('are sent while the call runs, once it is known to run, with its lease', async () => {
      const s = await submitter('s1')
      const [first, second] = [s.lease(program()), s.lease(program())]
      await turn()
      for (const call of executor.calls) call.start()
      executor.calls[0]?.log('a')
      executor.calls[0]?.log('b')
      await turn()
      assert.deepEqual(textsOf(s), [])
      await wait()
      executor.calls[1]?.log('c')
      await wait(25)
      executor.calls[0]?.log('d')
      await wait(25)
      assert.deepEqual(s.of('log').map(({ text, ...lease }) => [text, refOf(lease)]), [['ab', first], ['c', second], ['d', first]])
      const kinds = s.received.map(({ kind }) => kind)
      assert(kinds.indexOf('running') < kinds.indexOf('log'))
    })

    it('of a call that is short leave with its result alone', async () => {
      const s = await submitter('s1')
      s.lease(program())
      await turn()
      executor.calls[0]?.start()
      executor.calls[0]?.log('a')
      executor.calls[0]?.finish()
      await turn()
      await wait(1_000)
      assert.deepEqual([textsOf(s), s.of('result').length], [[], 1])
    })

    it('wait for a submitter that does not read, and are not sent twice', async () => {
      const s = await submitter('s1')
      s.lease(program())
      await turn()
      executor.calls[0]?.start()
      await wait()
      s.unread = 300_000
      for (let n = 0; n < 1_000; n++) {
        executor.calls[0]?.log('x'.repeat(1_000))
        clock.tick(25)
      }
      await turn()
      assert.deepEqual(textsOf(s), [])
      s.unread = 0
      await wait()
      await wait()
      assert.deepEqual(textsOf(s).map(({ length }) => length), [MAX_LOG_BYTES])
    })

    it('begin again when the task is leased again while it runs', async () => {
      const s = await submitter('s1')
      const task = program()
      const lease = s.lease(task)
      await turn()
      executor.calls[0]?.start()
      executor.calls[0]?.log('a')
      await wait()
      await s.link.close()
      executor.calls[0]?.log('b')
      await wait()
      const back = await submitter('s1')
      const anew = back.lease(task, { ...lease, fence: 2 })
      await turn()
      await wait()
      assert.deepEqual([textsOf(s), back.of('log')], [['a'], [{ kind: 'log', ...anew, text: 'ab' }]])
      assert.equal(executor.calls.length, 1)
    })

    it('of a lease that was taken away are not sent', async () => {
      const s = await submitter('s1')
      const lease = s.lease(program())
      await turn()
      executor.calls[0]?.start()
      await wait()
      s.link.send({ kind: 'cancel', ...lease })
      await turn()
      executor.calls[0]?.log('late')
      await wait()
      assert.deepEqual(textsOf(s), [])
    })
  })

  describe('a lease that waits for its turn', () => {
    it('is given back before its submitter takes this node for idle, also when the executor has it already', async () => {
      const s = await submitter('s1')
      const task = program()
      const leases = Array.from({ length: 6 }, () => s.lease(task))
      await turn()
      for (const call of executor.calls.slice(0, 2)) call.start()
      clock.tick(LEASE_GRACE_MS - LEASE_MS)
      await turn()
      assert.deepEqual(s.of('refuse').map(({ taskId, code }) => [taskId, code]), leases.slice(2).map(({ taskId }) => [taskId, 'ERR_DECLINED']))
      assert.deepEqual([worker.load, executor.calls.map(({ signal }) => signal.aborted)], [2, [false, false, true, true]])
    }).timeout(20_000)

    it('is not given back while what it needs is on its way', async () => {
      modules = new Set()
      const s = await submitter('s1')
      s.lease(program())
      await turn()
      clock.tick(LEASE_GRACE_MS)
      await turn()
      assert.deepEqual([s.of('refuse'), worker.load], [[], 1])
    }).timeout(20_000)
  })

  describe('a lease of higher priority', () => {
    const lease = (s: FakeSubmitter, task: Program, priority: number): string => {
      const taskId = randomUUID()
      s.link.send({ kind: 'lease', taskId, fence: 1, digest: programDigest(task), leaseMs: 10_000, values: [5], placement: { priority } })
      return taskId
    }

    it('takes the place of one that the executor has and has not begun', async () => {
      makeWorker(1)
      const s = await submitter('s1')
      const task = program()
      const first = s.lease(task).taskId
      const [second, third] = [s.lease(task).taskId, s.lease(task).taskId]
      await turn()
      executor.calls[0]?.start()
      assert.deepEqual(executor.calls.map(({ taskId }) => taskId), [first, second])
      const high = lease(s, task, 5)
      await turn()
      clock.tick(100)
      await turn()
      assert.deepEqual(executor.calls.map(({ taskId, signal }) => [taskId, signal.aborted]), [[first, false], [second, true], [high, false]])
      for (const n of [0, 2]) executor.calls[n]?.finish({ result: n }, 1_000)
      await turn()
      executor.calls[3]?.finish({ result: 3 }, 1_000)
      await turn()
      executor.calls[4]?.finish({ result: 4 }, 1_000)
      await turn()
      assert.deepEqual(executor.calls.map(({ taskId }) => taskId), [first, second, high, second, third])
      assert.deepEqual(s.of('result').map(({ taskId, outcome }) => [taskId, outcome.ok]), [[first, true], [high, true], [second, true], [third, true]])
      assert.deepEqual([worker.load, s.of('refuse')], [0, []])
    })

    it('leaves alone what has begun, what is as high, and what is run soon', async () => {
      makeWorker(1)
      const s = await submitter('s1')
      const task = program()
      s.lease(task)
      lease(s, task, 5)
      await turn()
      for (const call of executor.calls) call.start()
      lease(s, task, 9)
      await turn()
      clock.tick(100)
      await turn()
      assert.deepEqual(executor.calls.map(({ signal }) => signal.aborted), [false, false])
    })
  })

  describe('idle streams', () => {
    it('are closed after IDLE_STREAM_MS, and not before', async () => {
      const [idle, used] = [await submitter('idle'), await submitter('used')]
      clock.tick(IDLE_STREAM_MS / 2)
      used.lease(program())
      await turn()
      executor.calls[0]?.finish()
      await turn()
      clock.tick(IDLE_STREAM_MS * 0.7)
      await turn()
      assert.deepEqual([idle.closed, used.closed], [true, false])
    })
  })

  describe('drain', () => {
    it('claims nothing, gives back what waits, and ends when the results are taken', async () => {
      modules = new Set(['bafkreifake'])
      const s = await submitter('s1')
      s.acknowledges = false
      const task = program()
      const leases = Array.from({ length: 10 }, () => s.lease(task))
      const fetched = s.lease(program({ module: { cid: 'missing', size: 1, urls: [] } }))
      await turn()
      let drained = false
      void worker.drain(new AbortController().signal).then(() => { drained = true })
      await turn()
      assert.equal(s.window, 0)
      assert.deepEqual(new Set(s.of('refuse').map(({ taskId }) => taskId)), new Set([...leases.slice(4), fetched].map(({ taskId }) => taskId)))
      for (const call of executor.calls) call.finish()
      await turn()
      clock.tick(25)
      await turn()
      assert.equal(drained, false)
      s.link.send({ kind: 'ack', leases: s.of('result').map(refOf) })
      await turn()
      clock.tick(25)
      await turn()
      assert.equal(drained, true)
    })

    it('ends when its signal aborts', async () => {
      const s = await submitter('s1')
      s.lease(program())
      await turn()
      const abort = new AbortController()
      const drained = worker.drain(abort.signal)
      abort.abort()
      clock.tick(25)
      await drained
    })
  })

  it('stops: calls are ended and streams closed', async () => {
    const s = await submitter('s1')
    s.lease(program())
    await turn()
    worker.stop()
    await turn()
    assert.deepEqual([executor.calls[0]?.signal?.aborted, s.closed, worker.load], [true, true, 0])
  })
})
