import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { OWED_KEPT_MS, OWED_SYNC_MS } from '../../../src/roles/worker/limits.ts'
import { Debts } from '../../../src/roles/worker/debts.ts'
import type { OwedResult } from '../../../src/roles/journal.ts'
import { Outbox } from '../../../src/roles/worker/outbox.ts'
import { Worker } from '../../../src/roles/worker/worker.ts'
import { NO_USAGE } from '../../../src/task/usage.ts'
import { FakeJournal } from '../../support/fake-journal.ts'
import { FakeBlobs, FakeExecutor, FakeSubmitter, capability, completed, program, provisionsOf, turn, useClock } from '../../support/roles.ts'

describe('Worker with a journal', () => {
  const clock = useClock()
  let journal: FakeJournal
  let executor: FakeExecutor
  let blobs: FakeBlobs
  let worker: Worker
  let stranded: string[]
  let serving: Array<[string, boolean]>
  let logged: string[]

  /** As a node does when it starts; the journal is what the one before left. */
  async function start (): Promise<void> {
    executor = new FakeExecutor()
    blobs = new FakeBlobs()
    stranded = []
    serving = []
    logged = []
    const can = capability()
    worker = new Worker({
      peerId: 'worker',
      executor,
      provisions: provisionsOf({ blobs }),
      blobs,
      capability: can,
      situation: () => ({ peerId: 'worker', capability: can, load: worker.load, draining: worker.isDraining, hasModule: true, maxModuleBytes: 1_000, allowedHosts: [], streams: worker.streams, maxStreams: 10 }),
      journal,
      log: (message) => { logged.push(message) },
      onStranded: (peer) => { stranded.push(peer) },
      onServing: (peer, is) => { serving.push([peer, is]) },
      now: clock.now,
    })
    await worker.recover()
  }

  beforeEach(async () => {
    journal = new FakeJournal()
    await start()
  })
  afterEach(() => { worker.stop() })

  const submitter = async (peer: string, acknowledges = true): Promise<FakeSubmitter> => {
    const made = new FakeSubmitter(worker, peer)
    made.acknowledges = acknowledges
    await turn()
    return made
  }

  async function finish (call: number, wallMs = 1): Promise<void> {
    executor.calls[call]?.start()
    executor.calls[call]?.finish({ result: call }, wallMs)
    await turn()
  }

  describe('a result', () => {
    it('is on disk before it is sent, and until it is acknowledged', async () => {
      journal.writesAtOnce = false
      const s = await submitter('s1')
      const lease = s.lease(program())
      await turn()
      await finish(0)
      assert.deepEqual([s.of('result').length, worker.undeliveredFor('s1')], [0, 1])
      clock.tick(5_000)
      await turn()
      assert.deepEqual(s.of('renew').at(-1)?.leases, [lease])
      s.acknowledges = false
      journal.write()
      await turn()
      assert.deepEqual([s.of('result').length, journal.debts.size], [1, 1])
      s.link.send({ kind: 'ack', leases: [lease] })
      await turn()
      assert.deepEqual([worker.undeliveredFor('s1'), journal.debts.size], [0, 0])
    })

    it('is written with an fsync when its call took long', async () => {
      const s = await submitter('s1')
      const [, long] = [s.lease(program()), s.lease(program())]
      await turn()
      await finish(0, OWED_SYNC_MS)
      await finish(1, OWED_SYNC_MS + 1)
      assert.deepEqual([...journal.synced], [long.taskId])
    })

    it('is sent also when it cannot be written', async () => {
      journal.writesAtOnce = false
      const s = await submitter('s1')
      s.lease(program())
      await turn()
      await finish(0)
      journal.fail()
      await turn()
      assert.deepEqual([s.of('result').length, logged.length, worker.undeliveredFor('s1')], [1, 1, 0])
    })

    it('that cannot be written is said once for as long as that lasts, and when it is over', async () => {
      const s = await submitter('s1')
      const task = program()
      let fails = true
      const owe = journal.owe.bind(journal)
      journal.owe = (...args) => {
        if (fails) throw new Error('the disk is full')
        return owe(...args)
      }
      for (let i = 0; i < 20; i++) {
        fails = i < 10
        s.lease(task)
        await turn()
        await finish(i)
      }
      assert.deepEqual([s.of('result').length, logged.length, worker.undeliveredFor('s1')], [20, 2, 0])
    })

    it('for a submitter that is away has its submitter looked for when it is written down, not before', async () => {
      const s = await submitter('s1')
      s.lease(program())
      await turn()
      executor.calls[0]?.start()
      await s.link.close()
      await turn()
      journal.writesAtOnce = false
      const before = stranded.length
      await finish(0)
      assert.deepEqual([stranded.length, [...worker.owedTo('s1')].length], [before, 0])
      journal.write()
      await turn()
      assert.deepEqual([stranded.length, [...worker.owedTo('s1')].length], [before + 1, 1])
    })

    it('for this node itself is not written', async () => {
      const s = await submitter('worker')
      journal.writesAtOnce = false
      s.lease(program())
      await turn()
      await finish(0)
      assert.equal(s.of('result').length, 1)
    })

    it('of a task that was cancelled meanwhile is written no more', async () => {
      journal.writesAtOnce = false
      const s = await submitter('s1')
      const lease = s.lease(program())
      await turn()
      await finish(0)
      s.link.send({ kind: 'cancel', ...lease })
      await turn()
      journal.write()
      await turn()
      assert.deepEqual([s.of('result').length, worker.undeliveredFor('s1'), journal.debts.size], [0, 0, 0])
    })

    it('whose stream ends while it is written is sent over the next one', async () => {
      journal.writesAtOnce = false
      const s = await submitter('s1')
      s.lease(program())
      await turn()
      await finish(0)
      await s.link.close()
      const back = await submitter('s1', false)
      assert.equal(back.of('result').length, 0)
      journal.write()
      await turn()
      assert.equal(back.of('result').length, 1)
    })

    it('that answers for a new lease is not written a second time', async () => {
      const s = await submitter('s1', false)
      const task = program()
      const lease = s.lease(task)
      await turn()
      await finish(0)
      await s.link.close()
      const back = await submitter('s1', false)
      const again = back.lease(task, { taskId: lease.taskId, fence: 2 })
      await turn()
      assert.deepEqual(back.of('result').map(({ fence }) => fence), [1, 2])
      assert.deepEqual([...journal.debts.values()].map(({ fence }) => fence), [1])
      back.link.send({ kind: 'ack', leases: [again] })
      await turn()
      assert.deepEqual([worker.undelivered, journal.debts.size], [0, 0])
    })
  })

  describe('after a restart', () => {
    async function owe (count: number): Promise<string[]> {
      const s = await submitter('s1', false)
      const ids = Array.from({ length: count }, () => s.lease(program()).taskId)
      await turn()
      for (let i = 0; i < count; i++) await finish(i)
      worker.stop()
      return ids
    }

    it('what was owed is brought, its submitters are looked for, and their addresses kept until then', async () => {
      const ids = await owe(2)
      assert.equal(journal.debts.size, 2)
      await start()
      assert.deepEqual([stranded, serving, worker.undelivered], [['s1'], [['s1', true]], 2])
      const s = await submitter('s1')
      assert.deepEqual(s.of('result').map(({ taskId }) => taskId), ids)
      assert.deepEqual([journal.debts.size, worker.undelivered], [0, 0])
      await s.link.close()
      clock.tick(60_000)
      assert.deepEqual(serving, [['s1', true], ['s1', false]])
    })

    it('what was running is not: the submitter leases it anew', async () => {
      const s = await submitter('s1')
      const task = program()
      const { taskId } = s.lease(task)
      await turn()
      executor.calls[0]?.start()
      worker.stop()
      await start()
      assert.deepEqual([worker.load, journal.debts.size], [0, 0])
      const back = await submitter('s1')
      back.lease(task, { taskId, fence: 2 })
      await turn()
      await finish(0)
      assert.deepEqual(back.of('result').map(({ fence }) => fence), [2])
    })

    it('lets go of the large outputs of what is acknowledged', async () => {
      let released = 0
      const owed: OwedResult = { submitter: 's1', taskId: randomUUID(), fence: 1, outcome: completed(), atMs: Date.now(), release: () => { released++ } }
      await journal.owe(owed, { sync: false })
      await start()
      const s = await submitter('s1', false)
      assert.equal(released, 0)
      s.link.send({ kind: 'ack', leases: [owed] })
      await turn()
      assert.equal(released, 1)
    })

    it('what is too old is given up, and so it is later on', async () => {
      let released = 0
      const [old, young] = [Date.now() - OWED_KEPT_MS - 1, Date.now() - OWED_KEPT_MS + 1_000]
      for (const atMs of [old, young]) await journal.owe({ submitter: 's1', taskId: randomUUID(), fence: 1, outcome: completed(), atMs, release: () => { released++ } }, { sync: false })
      await start()
      assert.deepEqual([worker.undelivered, released, journal.debts.size], [1, 1, 1])
      clock.tick(2_000)
      worker.expire('s1')
      assert.deepEqual([worker.undelivered, released, journal.debts.size, serving.at(-1)], [0, 2, 0, ['s1', false]])
    })
  })

  it('stops without forgetting what it owes', async () => {
    const s = await submitter('s1', false)
    s.lease(program())
    await turn()
    await finish(0)
    worker.stop()
    await turn()
    assert.equal(journal.debts.size, 1)
  })

  it('drains when the submitters that are there have their results, whoever is away', async () => {
    const s1 = await submitter('s1', false)
    s1.lease(program())
    await turn()
    await finish(0)
    await s1.link.close()
    await worker.drain(AbortSignal.abort())
    let drained = false
    void worker.drain(new AbortController().signal).then(() => { drained = true })
    await turn()
    assert.equal(drained, true)
  })

  describe('bounds what it owes to submitters that are away', () => {
    const debtor = (peer: string, results: number, bytes = 0): { peer: string, outbox: Outbox } => {
      const outbox = new Outbox()
      for (let i = 0; i < results; i++) outbox.add({ kind: 'result', taskId: `${peer}-${i}`, fence: 1, outcome: completed(new Uint8Array(bytes)) })
      return { peer, outbox }
    }
    const left = (...debtors: Array<{ outbox: Outbox }>): number[] => debtors.map(({ outbox }) => outbox.size)

    it('by number: who is owed most loses the oldest', () => {
      const debts = new Debts({ peerId: 'worker', journal, log: () => {} }, { maxResults: 10 })
      const [much, little] = [debtor('a', 20), debtor('b', 3)]
      debts.bound([much, little])
      assert.deepEqual(left(much, little), [7, 3])
      assert.equal([...much.outbox.results()][0]?.message.taskId, 'a-13')
    })

    it('and says so once for each absence, with how many it cost', () => {
      const lines: string[] = []
      const debts = new Debts({ peerId: 'worker', journal, log: (line) => { lines.push(line) } }, { maxResults: 10 })
      const much = debtor('a', 100)
      debts.bound([much])
      for (let i = 0; i < 50; i++) {
        much.outbox.add({ kind: 'result', taskId: `new-${i}`, fence: 1, outcome: completed(1) })
        debts.bound([much])
      }
      assert.equal(lines.length, 1)
      debts.bound([debtor('b', 3)])
      assert.equal(lines.length, 2)
      assert.match(lines[1] ?? '', /140/)
    })

    it('by memory', () => {
      const debts = new Debts({ peerId: 'worker', journal, log: () => {} }, { maxBytes: 100_000 })
      const [large, many] = [debtor('a', 5, 40_000), debtor('b', 20)]
      debts.bound([large, many])
      assert.deepEqual(left(large, many), [2, 20])
    })

    it('by large outputs: results without any stay', () => {
      const debts = new Debts({ peerId: 'worker', journal, log: () => {} }, { maxBlobBytes: 10 })
      const peer = debtor('a', 3)
      for (const cid of ['old', 'new']) peer.outbox.add({ kind: 'result', taskId: cid, fence: 1, outcome: { ok: true, outputs: {}, usage: NO_USAGE, logs: '', refs: [{ name: 'big', blob: { cid, size: 6, form: 'bytes' } }] } })
      debts.bound([peer])
      assert.deepEqual([...peer.outbox.results()].map(({ message: { taskId } }) => taskId), ['a-0', 'a-1', 'a-2', 'new'])
    })
  })
})
