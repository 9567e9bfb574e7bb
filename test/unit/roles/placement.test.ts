import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import type { ErrorCode } from '../../../src/errors.ts'
import { AVOID_WORKER_MIN_MS, MAX_PARTICULAR_LOOKS, MAX_SANDBOX_CRASHES, RETRY_BACKOFF_MIN_MS } from '../../../src/roles/submitter/limits.ts'
import type { NewTask } from '../../../src/roles/submitter/open-task.ts'
import { createReputation, type Reputation } from '../../../src/roles/submitter/reputation.ts'
import { ResultCollector } from '../../../src/roles/submitter/result-collector.ts'
import { Submitter } from '../../../src/roles/submitter/submitter.ts'
import { createTaskTable, type TaskTable } from '../../../src/roles/tasks/task-table.ts'
import type { TaskPolicy } from '../../../src/task/definition.ts'
import type { Labels } from '../../../src/task/labels.ts'
import type { Program } from '../../../src/task/program.ts'
import { newTask, reduceTask, type TaskRecord } from '../../../src/task/state.ts'
import { NO_USAGE } from '../../../src/task/usage.ts'
import type { Outcome } from '../../../src/wire/messages.ts'
import { FakeBlobs, FakeWorker, capability, completed, program, turn, useClock } from '../../support/roles.ts'

const failed = (code: ErrorCode): Outcome => ({ ok: false, code, message: 'why', usage: { ...NO_USAGE, wallMs: 1 }, logs: '' })

describe('placement', () => {
  const clock = useClock()
  let tasks: TaskTable
  let submitter: Submitter
  let reputation: Reputation
  let offered: number

  beforeEach(() => {
    tasks = createTaskTable()
    reputation = createReputation({ now: clock.now })
    offered = 0
    const announcer = { update: (batches: unknown[]) => { offered = batches.length }, current: () => [], nextOfferAt: () => undefined, stop: () => {} }
    submitter = new Submitter({ peerId: 'submitter', tasks, announcer, reputation, collector: new ResultCollector(new FakeBlobs()), now: clock.now, random: () => 1 })
  })

  function submit (policy: Partial<TaskPolicy> = {}, more: Partial<NewTask> & { program?: Program } = {}): string {
    const id = randomUUID()
    void submitter.submit({ id, program: program(), values: [5], policy: { priority: 0, ...policy }, ...more })
    return id
  }

  async function worker (peer: string, { labels, slots = 2, window = slots }: { labels?: Labels, slots?: number, window?: number } = {}): Promise<FakeWorker> {
    const made = new FakeWorker(submitter, peer, { silent: true })
    made.send({ kind: 'hello', capability: capability({ slots, labels }) })
    made.send({ kind: 'claim', slots: window })
    await turn()
    return made
  }

  const record = (id: string): TaskRecord => tasks.get(id) ?? assert.fail('the task is gone')
  const heldBy = (id: string): string | undefined => record(id).state === 'pending' ? undefined : record(id).worker

  async function answer (from: FakeWorker, id: string, outcome: Outcome = completed()): Promise<void> {
    await turn()
    from.result({ taskId: id, fence: record(id).fence }, outcome)
    await turn()
  }

  describe('by priority', () => {
    it('gives a task of higher priority the next room, whatever waits', async () => {
      const task = program()
      const low = Array.from({ length: 10_000 }, () => submit({ priority: 0 }, { program: task }))
      const w = await worker('w1', { slots: 2, window: 4 })
      assert.equal(low.filter((id) => heldBy(id) !== undefined).length, 4)
      const high = submit({ priority: 5 }, { program: task })
      // It does not wait for what is leased already: the worker runs it before those that have not begun.
      assert.equal(heldBy(high), 'w1')
      await turn()
      assert.deepEqual(w.leases.at(-1)?.placement?.priority, 5)
      assert.equal(w.leases.at(0)?.placement, undefined)
    })

    it('lets no number of tasks of one priority fill a worker more than its window', async () => {
      const w = await worker('w1', { slots: 2, window: 4 })
      const task = program()
      for (const priority of [1, 2, 2, 1, 3]) for (let i = 0; i < 20; i++) submit({ priority }, { program: task })
      await turn()
      const counts = [1, 2, 3].map((priority) => w.leases.filter(({ placement }) => placement?.priority === priority).length)
      assert.deepEqual(counts, [4, 4, 4])
    })

    it('gives what is free to the higher one first', async () => {
      const ids = [-1, 0, 7, 3].map((priority) => submit({ priority }))
      await worker('w1', { slots: 1, window: 1 })
      assert.deepEqual(ids.map(heldBy), [undefined, undefined, 'w1', undefined])
    })

    it('prefers a slot that is free to one that lower tasks have', async () => {
      await worker('full', { slots: 1 })
      submit()
      await worker('free', { slots: 1 })
      assert.equal(heldBy(submit({ priority: 1 })), 'free')
    })
  })

  describe('by label and name', () => {
    it('takes only workers that have all labels', async () => {
      await worker('none')
      await worker('other', { labels: { gpu: 'no', site: 'roof' } })
      const id = submit({ require: { gpu: 'yes', site: 'roof' } })
      assert.deepEqual([heldBy(id), offered], [undefined, 1])
      await worker('right', { labels: { gpu: 'yes', site: 'roof', more: '1' } })
      assert.equal(heldBy(id), 'right')
    })

    it('takes only the worker that is named', async () => {
      await worker('w1')
      const id = submit({ on: 'w2' })
      const [free] = [submit()]
      assert.deepEqual([heldBy(id), heldBy(free)], [undefined, 'w1'])
      const w2 = await worker('w2')
      assert.equal(heldBy(id), 'w2')
      await turn()
      assert.deepEqual(w2.leases[0]?.placement, { priority: 0, require: undefined, on: 'w2' })
    })

    it('does not let a worker that declined for its labels miss other tasks of the program', async () => {
      const w = await worker('w1', { labels: { gpu: 'yes' } })
      const task = program()
      const id = submit({ require: { gpu: 'yes' } }, { program: task })
      await turn()
      w.send({ kind: 'refuse', taskId: id, fence: 1, code: 'ERR_DECLINED', reason: 'labels' })
      await turn()
      assert.equal(heldBy(id), undefined)
      assert.equal(heldBy(submit({}, { program: task })), 'w1')
    })
  })

  it('ends at once what no worker can ever run, on a node without a network', async () => {
    const announcer = { update: () => {}, current: () => [], nextOfferAt: () => undefined, stop: () => {} }
    submitter = new Submitter({ peerId: 'submitter', tasks, announcer, collector: new ResultCollector(new FakeBlobs()), alone: true, now: clock.now })
    const early = submit({ require: { gpu: 'yes' } })
    assert.equal(record(early).state, 'pending')
    await worker('self', { labels: { site: 'roof' } })
    const late = submit({ on: 'other' })
    assert.deepEqual([early, late].map((id) => [record(id).state, record(id).failure?.code, record(id).failure?.by]), [['failed', 'ERR_DECLINED', 'self'], ['failed', 'ERR_DECLINED', 'self']])
    assert.match(record(early).failure?.message ?? '', /requires gpu=yes; it has site=roof/)
    assert.equal(heldBy(submit({ require: { site: 'roof' } })), 'self')
  })

  describe('after a failure', () => {
    it('avoids the worker that failed the task, not for other tasks', async () => {
      const [w1] = [await worker('w1')]
      const task = program()
      const id = submit({}, { program: task })
      await answer(w1, id, failed('ERR_INTERNAL'))
      assert.deepEqual([heldBy(id), record(id).attempts], [undefined, 1])
      assert.equal(heldBy(submit({}, { program: task })), 'w1')
      clock.tick(AVOID_WORKER_MIN_MS - 200)
      assert.equal(heldBy(id), undefined)
      clock.tick(1_000)
      assert.equal(heldBy(id), 'w1')
    })

    it('takes another worker at once', async () => {
      const w1 = await worker('w1')
      const id = submit()
      await worker('w2')
      await answer(w1, id, failed('ERR_INTERNAL'))
      assert.equal(heldBy(id), 'w2')
    })

    it('does not let tasks that avoid all workers hold up others', async () => {
      const w1 = await worker('w1', { slots: 1, window: 1 })
      const task = program()
      const bad: string[] = []
      for (let i = 0; i < MAX_PARTICULAR_LOOKS + 10; i++) {
        bad.push(submit({}, { program: task }))
        await answer(w1, bad.at(-1) ?? '', failed('ERR_INTERNAL'))
      }
      assert(bad.every((id) => heldBy(id) === undefined))
      assert.equal(heldBy(submit({}, { program: task })), 'w1')
    })

    it('fails a task that kills its sandbox again and again, and says so', async () => {
      const id = submit()
      for (let i = 1; i <= MAX_SANDBOX_CRASHES; i++) {
        const w = await worker(`w${i}`)
        await answer(w, id, failed('ERR_SANDBOX_CRASHED'))
        clock.tick(500)
        await w.link.close()
      }
      assert.deepEqual([record(id).state, record(id).failure?.code, record(id).failure?.by], ['failed', 'ERR_SANDBOX_CRASHED', 'w3'])
      assert.match(record(id).failure?.message ?? '', /3 times/)
    })

    it('runs a task that failed itself again as often as its policy says, with back-off, and says so', async () => {
      const w = await worker('w1')
      const id = submit({ retries: 2 })
      await answer(w, id, failed('ERR_TRAP'))
      assert.deepEqual([record(id).state, heldBy(id), offered], ['pending', undefined, 0])
      assert.match(record(id).history.at(-1)?.detail ?? '', /^retry 1 of 2 in 1000 ms$/)
      clock.tick(RETRY_BACKOFF_MIN_MS - 50)
      assert.equal(heldBy(id), undefined)
      clock.tick(100)
      assert.equal(heldBy(id), 'w1')
      await answer(w, id, failed('ERR_EXIT_CODE'))
      clock.tick(2 * RETRY_BACKOFF_MIN_MS + 50)
      await answer(w, id, failed('ERR_TRAP'))
      assert.deepEqual([record(id).state, record(id).failure?.code, record(id).attempts], ['failed', 'ERR_TRAP', 2])
    })

    it('takes a good result that comes during the back-off', async () => {
      const w1 = await worker('w1')
      const id = submit({ retries: 1 })
      await turn()
      clock.tick(11_000) // The lease ends, and the next one fails.
      const w2 = await worker('w2')
      assert.equal(heldBy(id), 'w2')
      await answer(w2, id, failed('ERR_TRAP'))
      assert.equal(heldBy(id), undefined)
      w1.result({ taskId: id, fence: 1 }, completed(7))
      await turn()
      assert.deepEqual([record(id).state, record(id).outputs], ['completed', { result: 7 }])
      clock.tick(60_000)
      assert.equal(record(id).fence, 2)
    })

    it('counts a failure that comes when the task waits again, and so ends', async () => {
      const id = submit({ retries: 1 })
      for (let fence = 1; fence <= 2; fence++) {
        const w = await worker('w1')
        assert.equal(heldBy(id), 'w1')
        await w.link.close()
        await turn()
        assert.equal(record(id).state, 'pending')
        // The result comes over the next stream, which does not claim.
        const again = new FakeWorker(submitter, 'w1', { silent: true })
        for (let i = 0; i < 2; i++) again.result({ taskId: id, fence }, failed('ERR_TRAP'))
        await turn()
        if (fence === 1) assert.match(record(id).history.at(-1)?.detail ?? '', /^retry 1 of 1 in 0 ms$/)
        await again.link.close()
      }
      assert.deepEqual([record(id).state, record(id).failure?.code], ['failed', 'ERR_TRAP'])
    })

    it('counts a result that is repeated once', async () => {
      const w = await worker('w1')
      const id = submit({ retries: 5 })
      await turn()
      for (let i = 0; i < 3; i++) w.result({ taskId: id, fence: 1 }, failed('ERR_TRAP'))
      await turn()
      assert.equal(record(id).attempts, 1)
    })
  })

  describe('with a deadline', () => {
    for (const [what, prepare] of [
      ['waits', async () => {}],
      ['is leased', async () => { await worker('w1') }],
    ] as const) {
      it(`ends a task that ${what}`, async () => {
        await prepare()
        const id = submit({ deadlineMs: 5_000 })
        clock.tick(4_900)
        assert.notEqual(record(id).state, 'timeout')
        clock.tick(200)
        assert.deepEqual([record(id).state, record(id).failure?.code, record(id).failure?.by], ['timeout', 'ERR_DEADLINE', 'submitter'])
      })
    }

    it('tells the worker, and takes nothing more of it', async () => {
      const w = await worker('w1')
      const id = submit({ deadlineMs: 1_000 })
      await turn()
      clock.tick(1_050)
      await turn()
      assert.deepEqual(w.refs('cancel'), [{ taskId: id, fence: 1 }])
      w.result({ taskId: id, fence: 1 })
      await turn()
      assert.equal(record(id).state, 'timeout')
    })

    it('ends a task in its back-off, and leaves one alone that has ended', async () => {
      const w = await worker('w1')
      const [waits, done] = [submit({ retries: 3, deadlineMs: 1_500 }), submit({ deadlineMs: 1_500 })]
      await answer(w, waits, failed('ERR_TRAP'))
      await answer(w, done)
      clock.tick(300_000)
      assert.deepEqual([record(waits).state, record(done).state, record(waits).fence], ['timeout', 'completed', 2])
    })

    it('counts from when the task was submitted, also over a restart, and knows its back-off again', async () => {
      const before = newTask(randomUUID(), 'old', Date.now() - 4_000)
      const wall = Date.now()
      const history = [
        { type: 'leased', worker: 'w0', fence: 1, atMs: wall - 300 },
        { type: 'released', fence: 1, charged: true, decline: { peer: 'w0', code: 'ERR_TRAP', reason: 'x', atMs: wall - 200 }, atMs: wall - 200 },
        { type: 'noted', event: { atMs: wall - 200, kind: 'waiting', detail: 'retry 1 of 3 in 700 ms' } },
      ] as const
      const old = history.reduce<TaskRecord>((state, event) => reduceTask(state, event), before)
      const task = { id: old.id, program: program(), values: [5], policy: { priority: 0, retries: 3, deadlineMs: 5_000 } }
      submitter.recover({ task, record: old, granted: new Map([[1, 'w0']]), recoveries: 0 })
      await worker('w1')
      assert.equal(heldBy(old.id), undefined)
      clock.tick(550)
      assert.equal(heldBy(old.id), 'w1')
      clock.tick(300)
      assert.equal(record(old.id).state, 'claimed')
      clock.tick(300)
      assert.equal(record(old.id).state, 'timeout')
    })
  })

  describe('by trust', () => {
    it('leaves workers out that are avoided, as long as there are others', async () => {
      const bad = await worker('bad', { slots: 4 })
      for (let i = 0; i < 3; i++) reputation.note('bad', 'crashed', `p${i}`)
      assert.equal(heldBy(submit()), 'bad')
      await worker('good', { slots: 1, window: 1 })
      const [first, second] = [submit(), submit()]
      assert.deepEqual([heldBy(first), heldBy(second)], ['good', undefined])
      await bad.link.close()
      await worker('bad', { slots: 4 })
      assert.equal(heldBy(second), undefined)
      clock.tick(31_000)
      assert.equal(heldBy(second), 'bad')
    })

    it('learns from what goes wrong with different programs', async () => {
      const w = await worker('w1')
      for (let i = 0; i < 3; i++) await answer(w, submit(), failed('ERR_SANDBOX_CRASHED'))
      assert(reputation.isAvoided('w1'))
    })

    it('learns nothing from a worker that only leaves, or declines', async () => {
      for (let i = 0; i < 5; i++) {
        const w = await worker('w1')
        const id = submit()
        await turn()
        w.send({ kind: 'refuse', taskId: id, fence: 1, code: 'ERR_DECLINED', reason: 'busy' })
        await turn()
        await w.link.close()
      }
      assert.equal(reputation.trust('w1'), 1)
    })
  })

  describe('apart', () => {
    it('runs the tasks of a group on different peers, one after the other too', async () => {
      const [w1, w2] = [await worker('w1', { slots: 4 }), await worker('w2', { slots: 4 })]
      const task = program()
      const ids = [1, 2, 3].map(() => submit({}, { program: task, apart: 'g' }))
      assert.deepEqual(ids.map(heldBy).sort(), ['w1', 'w2', undefined])
      const held = ids.filter((id) => heldBy(id) !== undefined)
      await answer(heldBy(held[0] ?? '') === 'w1' ? w1 : w2, held[0] ?? '')
      assert.equal(ids.map(heldBy).filter((peer) => peer === undefined).length, 1)
      await worker('w3')
      assert.deepEqual(new Set(ids.map((id) => record(id).worker)), new Set(['w1', 'w2', 'w3']))
    })

    it('lets a peer have another one after it gave the first back', async () => {
      const w1 = await worker('w1')
      const [first, second] = [submit({}, { apart: 'g' }), submit({}, { apart: 'g' })]
      assert.deepEqual([heldBy(first), heldBy(second)], ['w1', undefined])
      submitter.cancel(first)
      await turn()
      assert.equal(heldBy(second), 'w1')
      assert.equal(w1.closed, false)
    })

    it('knows what was so before a restart', async () => {
      submitter.keepApart('g', 'w1')
      await worker('w1')
      const id = submit({}, { apart: 'g' })
      assert.equal(heldBy(id), undefined)
      await worker('w2')
      assert.equal(heldBy(id), 'w2')
    })
  })
})
