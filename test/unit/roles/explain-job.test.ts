/** Why jobs are not over: which of their tasks are open, and what is said of each. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { MAX_PARTS_EXPLAINED } from '../../../src/limits.ts'
import { NO_JOURNAL } from '../../../src/roles/no-journal.ts'
import type { PeerAnswer } from '../../../src/roles/offers/explain.ts'
import type { Explanation } from '../../../src/roles/offers/explain-task.ts'
import { createExplanations } from '../../../src/roles/offers/explanations.ts'
import { ResultCollector } from '../../../src/roles/submitter/result-collector.ts'
import { Submitter } from '../../../src/roles/submitter/submitter.ts'
import { createKnownTasks } from '../../../src/roles/tasks/known-tasks.ts'
import { createTaskTable, type TaskTable } from '../../../src/roles/tasks/task-table.ts'
import type { JobProgress } from '../../../src/task/state.ts'
import { FakeBlobs, FakeWorker, completed, program, turn, useClock } from '../../support/roles.ts'

const NO_ANSWER: PeerAnswer = { peer: 'other', verdict: 'declines', reason: 'too small', load: 0, slots: 2 }

describe('explain of a job', () => {
  const clock = useClock()
  let tasks: TaskTable
  let submitter: Submitter
  let questions: number
  let explain: (id: string) => Promise<Explanation>

  beforeEach(() => {
    tasks = createTaskTable()
    questions = 0
    const announcer = { update: () => {}, current: () => [], nextOfferAt: () => undefined, stop: () => {} }
    submitter = new Submitter({ peerId: 'self', tasks, announcer, collector: new ResultCollector(new FakeBlobs()), now: clock.now })
    const { openParts } = createKnownTasks({ tasks, journal: NO_JOURNAL, cancel: () => {} })
    const network = { peers: () => [{ peer: 'other', addresses: [], direction: 'inbound' as const, connectedAtMs: 0 }] }
    const explanations = createExplanations({ submitter, announcer, network, openParts, explain: { ask: async () => { questions++; return [NO_ANSWER] } }, now: clock.now })
    explain = (id) => explanations.of(tasks.get(id) ?? assert.fail('no such task'))
  })

  function job (progress: JobProgress, id: string = randomUUID()): string {
    tasks.add(id, progress.kind)
    tasks.apply(id, { type: 'progressed', job: progress, atMs: 1 })
    return id
  }

  function child (of: string, number: number, name = 'step', more: Partial<Parameters<Submitter['submit']>[0]> = {}): string {
    const id = `${of}-${number}`
    void submitter.submit({ id, program: { ...program(), name }, values: [5], ...more })
    return id
  }

  const parts = ({ parts = [] }: Explanation): string[] => parts.map(({ id }) => id)

  it('shows the copies of an agreement that are open, and asks about all of them once', async () => {
    const w = new FakeWorker(submitter, 'w1')
    await turn()
    const id = job({ kind: 'agreement', total: 3, done: 1, failed: 0 })
    for (const number of [0, 1, 2]) child(id, number, 'step', { apart: id })
    await turn()
    w.result({ taskId: `${id}-0`, fence: 1 }, completed())
    await turn()
    const found = await explain(id)
    assert.deepEqual([found.state, parts(found), questions], ['running', [`${id}-1`, `${id}-2`], 1])
    assert.match(found.summary, /^1 of 3 copies has ended/)
    for (const { workers: [worker], peers, summary, state } of found.parts ?? []) {
      assert.equal(state, 'pending')
      assert.match(summary, /nobody takes it: not the one linked worker, and not the one connected peer/)
      assert.match(worker?.reason ?? '', /another copy of this task/)
      assert.deepEqual(peers, [NO_ANSWER])
    }
  })

  it('says at which steps a pipeline is', async () => {
    const id = job({ kind: 'pipeline', total: 5, done: 2, failed: 0 })
    assert.match((await explain(id)).summary, /^2 of 5 steps have ended; the next one is about to begin$/)
    child(id, 3, 'crop')
    assert.match((await explain(id)).summary, /^2 of 5 steps have ended; it is at step "crop"$/)
    child(id, 2, 'sort')
    const found = await explain(id)
    assert.match(found.summary, /it is at the steps "sort", "crop"$/)
    assert.deepEqual(found.parts?.map(({ id, name }) => [id, name]), [[`${id}-2`, 'sort'], [`${id}-3`, 'crop']])
  })

  it('goes down to the tasks of jobs inside of it', async () => {
    const id = job({ kind: 'recurring', done: 4, failed: 0 })
    const run = job({ kind: 'pipeline', total: 2, done: 0, failed: 0 }, `${id}-4`)
    const copies = job({ kind: 'agreement', total: 2, done: 0, failed: 0 }, `${run}-0`)
    child(copies, 1)
    const found = await explain(id)
    assert.match(found.summary, /^4 runs have ended; run 4 is under way$/)
    assert.deepEqual([parts(found), found.parts?.[0]?.parts?.[0]?.parts?.[0]?.peers], [[run], [NO_ANSWER]])
    const idle = job({ kind: 'recurring', done: 1, total: 9, failed: 0 })
    assert.match((await explain(idle)).summary, /^1 of 9 runs has ended; the next one begins/)
  })

  it('counts where the inputs of a map are, and explains the one that has waited longest', async () => {
    new FakeWorker(submitter, 'w1', { window: 2 })
    await turn()
    const id = job({ kind: 'map', total: 100, done: 10, failed: 0 })
    for (let number = 10; number < 15; number++) child(id, number, 'step', { volatile: true })
    await turn()
    const found = await explain(id)
    assert.match(found.summary, /^10 of 100 inputs have ended; 2 with workers, 3 waiting for one, 85 not begun; /)
    assert.deepEqual(parts(found), [`${id}-12`])
    assert.match(found.parts?.[0]?.summary ?? '', /1 linked worker can run it, and has no room now/)
    tasks.apply(id, { type: 'progressed', job: { kind: 'map', total: 100, done: 10, failed: 0, paused: true }, atMs: 1 })
    assert.match((await explain(id)).summary, new RegExp(`it is paused, and .*--resume ${id}`))
    tasks.apply(id, { type: 'progressed', job: { kind: 'map', done: 0, failed: 0, holder: 4711 }, atMs: 1 })
    assert.match((await explain(id)).summary, /^process 4711 of this machine goes on with it/)
  })

  it('looks at so many, however many are open', async () => {
    const id = job({ kind: 'pipeline', done: 0, failed: 0 })
    for (let number = 0; number < MAX_PARTS_EXPLAINED + 5; number++) child(id, number)
    const found = await explain(id)
    assert.equal(found.parts?.length, MAX_PARTS_EXPLAINED)
    assert.match(found.summary, /8 of the 13 open ones follow/)
  })

  it('says nothing of tasks when it has ended', async () => {
    const id = job({ kind: 'pipeline', total: 1, done: 1, failed: 0 })
    child(id, 0)
    tasks.apply(id, { type: 'cancelled', failure: { code: 'ERR_CANCELLED', message: 'enough', by: 'self' }, atMs: 2 })
    const { parts, summary } = await explain(id)
    assert.deepEqual([parts, questions], [undefined, 0])
    assert.match(summary, /ended as cancelled: enough/)
  })

  it('says how many a task is behind at its worker', async () => {
    new FakeWorker(submitter, 'w1', { slots: 1, window: 16 })
    await turn()
    const first = child(randomUUID(), 0)
    const second = child(randomUUID(), 0)
    const urgent = child(randomUUID(), 0, 'step', { policy: { priority: 5, retries: undefined, deadlineMs: undefined, require: undefined, on: undefined } })
    await turn()
    assert.match((await explain(first)).summary, /^w1 has it, behind 1 other of this node, and has not said yet/)
    assert.match((await explain(second)).summary, /^w1 has it, behind 2 others of this node, and/)
    assert.match((await explain(urgent)).summary, /^w1 has it and has not said yet that it runs$/)
  })
})
