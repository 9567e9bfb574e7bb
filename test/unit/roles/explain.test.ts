import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { EXPLAIN_ANSWER_MS, MAX_PEERS_ASKED } from '../../../src/limits.ts'
import type { Situation } from '../../../src/roles/offers/admission.ts'
import { createAnnouncer } from '../../../src/roles/offers/announcer.ts'
import { createExplain, type Explain, type PeerAnswer } from '../../../src/roles/offers/explain.ts'
import type { Explanation } from '../../../src/roles/offers/explain-task.ts'
import { createExplanations } from '../../../src/roles/offers/explanations.ts'
import { createReputation } from '../../../src/roles/submitter/reputation.ts'
import { ResultCollector } from '../../../src/roles/submitter/result-collector.ts'
import { Submitter } from '../../../src/roles/submitter/submitter.ts'
import { createTaskTable, type TaskTable } from '../../../src/roles/tasks/task-table.ts'
import { NO_USAGE } from '../../../src/task/usage.ts'
import { EXPLAIN_PROTOCOL, answerFromWire, questionFromWire, questionToWire } from '../../../src/wire/explain.ts'
import { FakeBlobs, FakeChannel, FakeWorker, RoleNetwork, capability, completed, offerOf, program, turn, useClock } from '../../support/roles.ts'

const situation = (more: Partial<Situation> = {}): Situation => ({
  peerId: 'self', capability: capability({ slots: 2, memoryLimitBytes: 1_000 }), load: 0, draining: false, hasModule: true, maxModuleBytes: 500, allowedHosts: [], streams: 0, maxStreams: 10, ...more,
})

describe('explain', () => {
  describe('a peer that is asked', () => {
    let network: RoleNetwork
    let now: Situation
    let penalized: string[]

    beforeEach(async () => {
      network = new RoleNetwork()
      penalized = []
      network.penalize = (peer?: string) => { penalized.push(peer ?? '') }
      now = situation()
      await createExplain({ network, situation: () => now }).start()
    })

    function ask (...messages: unknown[]): FakeChannel {
      const channel = new FakeChannel('asker')
      network.served.get(EXPLAIN_PROTOCOL)?.(channel)
      channel.onMessages?.(messages)
      return channel
    }

    for (const [what, more, offer, verdict, reason] of [
      ['would take it', {}, {}, 'admits', /^$/],
      ['is busy', { load: 4 }, {}, 'busy', /all 2 slots are busy and 2 calls wait/],
      ['has too little memory', {}, { memoryLimitBytes: 1_001 }, 'declines', /1001 bytes of memory/],
      ['lacks a label', {}, { placement: { priority: 0, require: { gpu: 'yes' } } }, 'declines', /requires gpu=yes; this node has no labels/],
      ['has another label', { capability: capability({ labels: { gpu: 'no' } }) }, { placement: { priority: 0, require: { gpu: 'yes' } } }, 'declines', /this node has gpu=no/],
      ['is not meant', {}, { placement: { priority: 0, on: 'other' } }, 'declines', /the task is for other, this node is self/],
      ['allows no requests', {}, { networking: true }, 'declines', /allows none/],
    ] as Array<[string, Partial<Situation>, Parameters<typeof offerOf>[0], string, RegExp]>) {
      it(`says that it ${what}`, () => {
        now = situation(more)
        const channel = ask(questionToWire(offerOf(offer)))
        const answer = answerFromWire(channel.sent[0])
        assert.deepEqual([answer.verdict, answer.load, answer.slots, channel.sent.length, channel.closed], [verdict, now.load, 2, 1, true])
        assert.match(answer.reason, reason)
      })
    }

    for (const [what, messages] of [
      ['no question', ['hello']], ['a damaged offer', [[1, [1, 2]]]], ['two questions', [questionToWire(offerOf()), questionToWire(offerOf())]], ['nothing', []],
    ] as Array<[string, unknown[]]>) {
      it(`ends the stream of who sends ${what}, and marks it`, () => {
        const channel = ask(...messages)
        assert.deepEqual([channel.sent.length, penalized, channel.aborted !== undefined], [0, ['asker'], true])
      })
    }

    it('says what it can run when it is asked without an offer, and whether it takes tasks', () => {
      for (const [more, verdict] of [[{}, 'admits'], [{ load: 9 }, 'busy'], [{ draining: true }, 'declines']] as const) {
        now = situation({ ...more, capability: capability({ slots: 2, labels: { gpu: 'yes' } }) })
        const answer = answerFromWire(ask(questionToWire(undefined)).sent[0])
        assert.deepEqual([answer.verdict, answer.capability], [verdict, now.capability])
      }
    })

    it('answers once on a stream', () => {
      const channel = ask(questionToWire(offerOf()))
      channel.onMessages?.([questionToWire(offerOf())])
      assert.deepEqual([channel.sent.length, penalized], [1, ['asker']])
    })
  })

  describe('asking', () => {
    let network: RoleNetwork
    let explain: Explain

    beforeEach(() => {
      network = new RoleNetwork()
      explain = createExplain({ network, situation: () => situation() })
    })

    async function answers (asked: Promise<PeerAnswer[]>, act: (channel: FakeChannel) => void): Promise<PeerAnswer[]> {
      await turn()
      for (const dial of network.dials) act(dial.open())
      return await asked
    }

    it('hears what a peer says of the offer', async () => {
      const offer = offerOf({ memoryLimitBytes: 7 })
      const [answer] = await answers(explain.ask(['p'], offer), (channel) => {
        setImmediate(() => {
          assert.deepEqual(questionFromWire(channel.sent[0]), offer)
          channel.onMessages?.([[1, 1, 'full', 9, 4]])
        })
      })
      assert.deepEqual(answer, { peer: 'p', verdict: 'busy', reason: 'full', load: 9, slots: 4 })
    })

    it('takes no answer, a broken one, and a peer that cannot be reached for silence', async () => {
      const asked = explain.ask(['closes', 'lies', 'gone'], offerOf())
      await turn()
      const [closes, lies, gone] = network.dials
      const [first, second] = [closes?.open(), lies?.open()]
      gone?.fail()
      await turn()
      void first?.close()
      second?.onMessages?.([['nonsense']])
      const verdicts = await asked
      assert.deepEqual(verdicts.map(({ peer, verdict }) => [peer, verdict]), [['closes', 'silent'], ['lies', 'silent'], ['gone', 'silent']])
      assert(verdicts.every(({ reason }) => reason !== '') && second?.aborted !== undefined)
    })

    it('asks only so many', async () => {
      void explain.ask(Array.from({ length: MAX_PEERS_ASKED + 20 }, (_, i) => `p${i}`), offerOf())
      await turn()
      assert.equal(network.dials.length, MAX_PEERS_ASKED)
    })

    it('waits for nobody who stalls once its caller has gone', async () => {
      const gone = new AbortController()
      const [answer] = await answers(explain.ask(['p'], offerOf(), gone.signal), () => { setImmediate(() => { gone.abort() }) })
      assert.deepEqual([answer?.verdict, EXPLAIN_ANSWER_MS < 10_000], ['silent', true])
    })
  })

  describe('of a task', () => {
    const clock = useClock()
    let tasks: TaskTable
    let submitter: Submitter
    let peers: string[]
    let said: PeerAnswer[]
    let asked: string[]
    let explain: (id: string) => Promise<Explanation>
    const reputation = createReputation({ now: clock.now })

    beforeEach(() => {
      tasks = createTaskTable()
      peers = []
      said = []
      asked = []
      const announcer = createAnnouncer({ publish: async () => {}, audience: () => 1, addresses: () => [], searchWorkers: async () => {}, now: clock.now })
      submitter = new Submitter({ peerId: 'self', tasks, announcer, reputation, collector: new ResultCollector(new FakeBlobs()), now: clock.now, random: () => 1 })
      const network = { peers: () => peers.map((peer) => ({ peer, addresses: [], direction: 'inbound' as const, connectedAtMs: 0 })) }
      const explanations = createExplanations({ submitter, announcer, network, explain: { ask: async (others) => { asked = [...others]; return said } }, openParts: () => [], now: clock.now })
      explain = (id) => explanations.of(tasks.get(id) ?? assert.fail('no such task'))
    })

    function submit (more: Parameters<typeof program>[0] = {}, options: Partial<Parameters<Submitter['submit']>[0]> = {}): string {
      const id = randomUUID()
      void submitter.submit({ id, program: program(more), values: [5], ...options })
      return id
    }

    it('says that nobody is there, and when the next offer goes out', async () => {
      const { state, summary, nextOfferAtMs = 0, workers, peers: others } = await explain(submit())
      assert.deepEqual([state, workers, others, nextOfferAtMs - Date.now()], ['pending', [], [], 500])
      assert.match(summary, /no worker is linked .* no peer is connected/)
    })

    it('names what keeps each linked worker from it', async () => {
      const worker = async (peer: string, can: Parameters<typeof capability>[0], window = 2): Promise<FakeWorker> => {
        const made = new FakeWorker(submitter, peer, { silent: true })
        made.send({ kind: 'hello', capability: capability(can) })
        made.send({ kind: 'claim', slots: window })
        await turn()
        return made
      }
      new FakeWorker(submitter, 'silent', { silent: true })
      await worker('idle', { slots: 0 })
      await worker('small', { memoryLimitBytes: 5, labels: { gpu: 'yes' } })
      await worker('plain', {})
      await worker('closed', { labels: { gpu: 'yes' } }, 0)
      const id = submit({ memoryLimitBytes: 10 }, { policy: { priority: 0, require: { gpu: 'yes' } } })
      const { workers, summary } = await explain(id)
      const of = Object.fromEntries(workers.map(({ peer, verdict, reason }) => [peer, `${verdict}: ${reason}`]))
      assert.match(of['silent'] ?? '', /^no: it has not said/)
      assert.match(of['idle'] ?? '', /^no: it runs no tasks/)
      assert.match(of['small'] ?? '', /^no: the task may use 10 bytes of memory, it allows 5/)
      assert.match(of['plain'] ?? '', /^no: the task requires gpu=yes; it has no labels/)
      assert.match(of['closed'] ?? '', /^busy: it takes no tasks of this node now/)
      assert.match(summary, /^1 linked worker can run it, and has no room now/)
    })

    it('tells of declines, of who failed it, of copies, and of back-offs', async () => {
      const w = new FakeWorker(submitter, 'w1')
      await turn()
      const declined = submit()
      await turn()
      w.send({ kind: 'refuse', taskId: declined, fence: 1, code: 'ERR_DECLINED', reason: 'the module has 7 bytes' })
      await turn()
      const after = await explain(declined)
      assert.match(after.workers[0]?.reason ?? '', /gave a task of this program back, and is asked again in 30 s/)
      assert.deepEqual(after.declines.map(({ peer, reason }) => [peer, reason]), [['w1', 'the module has 7 bytes']])

      const [failedThere, retried] = [submit(), submit({}, { policy: { priority: 0, retries: 1, deadlineMs: 60_000 } })]
      await turn()
      w.result({ taskId: failedThere, fence: 1 }, { ok: false, code: 'ERR_INTERNAL', message: 'x', usage: NO_USAGE, logs: '' })
      w.result({ taskId: retried, fence: 1 }, { ok: false, code: 'ERR_TRAP', message: 'x', usage: NO_USAGE, logs: '' })
      await turn()
      assert.match((await explain(failedThere)).workers[0]?.reason ?? '', /has failed this task/)
      const waiting = await explain(retried)
      assert.match(waiting.summary, /it failed and is tried again in 1 s/)
      assert.deepEqual([(waiting.backoffUntilMs ?? 0) - Date.now(), (waiting.deadlineAtMs ?? 0) - Date.now(), waiting.nextOfferAtMs], [1_000, 60_000, undefined])

      submit({}, { apart: 'g' })
      const copy = await explain(submit({}, { apart: 'g' }))
      assert.match(copy.workers[0]?.reason ?? '', /another copy of this task/)
    })

    it('asks only peers that hold no stream, and believes what they say', async () => {
      new FakeWorker(submitter, 'linked', { window: 0, memoryLimitBytes: 1 })
      await turn()
      peers = ['linked', 'other']
      said = [{ peer: 'other', verdict: 'admits', reason: '', load: 0, slots: 2 }]
      const { summary, peers: answered } = await explain(submit({ memoryLimitBytes: 2 }))
      assert.deepEqual([asked, answered], [['other'], said])
      assert.match(summary, /a peer would take it when it hears the next offer/)
      said = [{ peer: 'other', verdict: 'declines', reason: 'no', load: 0, slots: 2 }]
      assert.match((await explain(submit({ memoryLimitBytes: 2 }))).summary, /nobody takes it: not the one linked worker, and not the one connected peer without a work stream$/)
    })

    it('says what a task does that does not wait, and asks nobody', async () => {
      const w = new FakeWorker(submitter, 'w1')
      await turn()
      peers = ['other']
      const id = submit()
      assert.match((await explain(id)).summary, /w1 has it/)
      await turn()
      w.send({ kind: 'running', leases: [{ taskId: id, fence: 1 }] })
      await turn()
      assert.match((await explain(id)).summary, /it runs on w1/)
      w.result({ taskId: id, fence: 1 }, completed())
      await turn()
      const { summary, workers, state } = await explain(id)
      assert.deepEqual([summary, workers, state, asked], ['it has completed on w1', [], 'completed', []])
      const cancelled = submit()
      submitter.cancel(cancelled, 'enough')
      assert.match((await explain(cancelled)).summary, /ended as cancelled: enough \(ERR_CANCELLED, said by self\)/)
    })
  })
})
