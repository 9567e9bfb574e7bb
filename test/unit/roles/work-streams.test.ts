import assert from 'node:assert/strict'
import { REDELIVER_MS, RETURN_DIAL_MS } from '../../../src/roles/worker/limits.ts'
import { REDIAL_MAX_MS, REDIAL_MIN_MS } from '../../../src/limits.ts'
import type { Situation } from '../../../src/roles/offers/admission.ts'
import { Worker } from '../../../src/roles/worker/worker.ts'
import { createWorkStreams, type WorkStreams } from '../../../src/roles/worker/work-streams.ts'
import { FakeBlobs, FakeExecutor, FakeSubmitter, RoleNetwork, capability, offerOf, program, provisionsOf, turn, useClock } from '../../support/roles.ts'

describe('work streams', () => {
  const clock = useClock()
  let network: RoleNetwork
  let worker: Worker
  let executor: FakeExecutor
  let streams: WorkStreams
  let log: string[]
  let chance: number
  let overrides: Partial<Situation>

  beforeEach(() => {
    network = new RoleNetwork()
    executor = new FakeExecutor()
    log = []
    chance = 0
    overrides = {}
    const situation = (): Situation => ({
      peerId: 'self', capability: capability(), load: worker.load, draining: false, hasModule: true, maxModuleBytes: 1_000, allowedHosts: [], streams: worker.streams, maxStreams: 10, ...overrides,
    })
    worker = new Worker({
      peerId: 'self', executor, provisions: provisionsOf(), blobs: new FakeBlobs(), capability: capability(), situation, onStranded: (peer) => { streams.reopen(peer) }, log: (message) => { log.push(message) }, now: clock.now,
    })
    streams = createWorkStreams({ network, worker, situation, log: (message) => { log.push(message) }, random: () => chance, now: clock.now })
  })
  afterEach(() => {
    streams.stop()
    worker.stop()
  })

  const dialled = (): string[] => network.dials.map(({ peer }) => peer)

  async function pass (ms: number): Promise<void> {
    clock.tick(ms)
    await turn()
  }

  describe('offers', () => {
    it('are answered after a wait, over a new stream that says what this node can run', async () => {
      chance = 0.5
      streams.heard('s1', offerOf(), false)
      assert.deepEqual([dialled(), network.learned], [[], ['s1']])
      await pass(25)
      assert.deepEqual(dialled(), ['s1'])
      const channel = network.dials[0]?.open()
      await turn()
      assert(worker.linkedTo('s1'))
      assert.deepEqual(channel?.sent.slice(0, 2).map((message) => Array.isArray(message) && message[0]), [0, 1])
    })

    it('are left to others by chance, unless the submitter told this node itself', async () => {
      chance = 0.5
      streams.heard('s1', offerOf({ chance: 0.5 }), false)
      streams.heard('s2', offerOf({ chance: 0.6 }), false)
      streams.heard('s3', offerOf({ chance: 0.1 }), true)
      await pass(1_000)
      assert.deepEqual(dialled(), ['s2', 's3'])
    })

    it('of this node itself and those that are known are not looked at', async () => {
      streams.heard('self', offerOf(), false)
      streams.heard('s1', offerOf({ issuedAtMs: 2, chance: 0 }), false)
      streams.heard('s1', offerOf({ issuedAtMs: 2 }), false)
      streams.heard('s1', offerOf({ issuedAtMs: 1 }), false)
      await pass(1_000)
      assert.deepEqual(dialled(), [])
    })

    it('lead to one dial at a time for each submitter', async () => {
      streams.heard('s1', offerOf({ issuedAtMs: 1 }), false)
      streams.heard('s1', offerOf({ issuedAtMs: 2 }), false)
      await pass(25)
      streams.heard('s1', offerOf({ issuedAtMs: 3 }), false)
      await pass(1_000)
      assert.deepEqual(dialled(), ['s1'])
      network.dials[0]?.fail()
      await turn()
      assert.match(log.at(-1) ?? '', /no work stream to s1/)
      streams.heard('s1', offerOf({ issuedAtMs: 4 }), false)
      await pass(1_000)
      assert.deepEqual(dialled(), ['s1', 's1'])
    })

    it('that are declined are logged with the reason', async () => {
      streams.heard('s1', offerOf({ memoryLimitBytes: 2 ** 32 }), false)
      overrides = { draining: true }
      streams.heard('s2', offerOf(), false)
      overrides = {}
      streams.heard('s3', offerOf({ placement: { priority: 0, on: 'other' } }), false)
      streams.heard('s4', offerOf({ placement: { priority: 0, require: { gpu: 'yes' } } }), true)
      await pass(1_000)
      assert.equal(log.filter((line) => line.startsWith('declined an offer')).length, 4)
      assert.deepEqual(dialled(), [])
    })

    it('of a submitter that is linked open its window, however busy this node is', async () => {
      const [a, b] = [new FakeSubmitter(worker, 'a'), new FakeSubmitter(worker, 'b')]
      const task = program()
      for (let i = 0; i < 20; i++) a.lease(task)
      await turn()
      clock.tick(200)
      await turn()
      assert.equal(b.window, 0)
      streams.heard('b', offerOf({ chance: 0.01 }), false)
      await turn()
      assert((b.window ?? 0) > 0)
      assert.deepEqual(dialled(), [])
    })

    it('are answered by a busy node too once nobody else seems to', async () => {
      overrides = { load: 100 }
      streams.heard('s1', offerOf({ chance: 0.9, issuedAtMs: 1 }), false)
      await pass(2_000)
      assert.deepEqual(dialled(), [])
      streams.heard('s1', offerOf({ chance: 1, issuedAtMs: 2 }), false)
      await pass(2_000)
      assert.deepEqual(dialled(), ['s1'])
    })
  })

  describe('results that were left behind', () => {
    async function strand (): Promise<void> {
      const s = new FakeSubmitter(worker, 's1')
      s.acknowledges = false
      const task = program()
      s.lease(task)
      s.lease(task)
      await turn()
      for (const call of executor.calls) call.start()
      await s.link.close()
      for (const call of executor.calls) call.finish()
      await turn()
      assert.equal(worker.undeliveredFor('s1'), 2)
    }

    it('make the worker dial with back-off, once at a time, until they are given up', async () => {
      await strand()
      const at: number[] = []
      const start = clock.now()
      for (let ms = 0; ms < REDELIVER_MS + 60_000; ms += 100) {
        await pass(100)
        if (network.dials.length > at.length) {
          at.push(clock.now() - start)
          network.dials.at(-1)?.fail()
          await turn()
        }
      }
      const gaps = at.map((ms, i) => ms - (at[i - 1] ?? 0))
      // Two calls ran when the stream broke: their submitter is looked for at once.
      assert((gaps[0] ?? 0) <= 2 * RETURN_DIAL_MS)
      assert.deepEqual(gaps.slice(1, 3), [2 * REDIAL_MIN_MS, 4 * REDIAL_MIN_MS])
      assert.equal(Math.max(...gaps), REDIAL_MAX_MS)
      assert((at.at(-1) ?? 0) <= REDELIVER_MS + REDIAL_MAX_MS)
      assert.equal(worker.undeliveredFor('s1'), 0)
      assert(log.some((message) => message.includes('gave up 2 results')))
    })

    it('are brought, and the dialling ends', async () => {
      await strand()
      await pass(REDIAL_MIN_MS)
      const channel = network.dials[0]?.open()
      await turn()
      assert.equal(channel?.sent.filter((message) => Array.isArray(message) && message[0] === 3).length, 2)
      await pass(60_000)
      assert.equal(network.dials.length, 1)
    })

    it('do not make a storm of streams that end at once', async () => {
      await strand()
      for (let ms = 0; ms < 60_000; ms += 250) {
        await pass(250)
        const dial = network.dials.at(-1)
        const channel = dial?.open()
        await turn()
        channel?.abort(new Error('full'))
        await turn()
      }
      assert(network.dials.length < 10, `${network.dials.length} dials in a minute`)
      assert.equal(worker.undeliveredFor('s1'), 2)
    })

    it('share a dial with an offer', async () => {
      await strand()
      await pass(REDIAL_MIN_MS)
      streams.heard('s1', offerOf(), true)
      await pass(1_000)
      assert.equal(network.dials.length, 1)
    })
  })

  it('opens nothing after stop, and closes what opens then', async () => {
    streams.heard('s1', offerOf(), false)
    await pass(25)
    streams.heard('s2', offerOf(), false)
    streams.stop()
    const channel = network.dials[0]?.open()
    await pass(60_000)
    assert.deepEqual([dialled(), channel?.closed, worker.linkedTo('s1')], [['s1'], true, false])
  })
})
