import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import type { ErrorCode } from '../../../src/errors.ts'
import { DECLINE_MS, LEASE_GRACE_MS, LEASE_MS, MAX_PEERS_JUDGED } from '../../../src/roles/submitter/limits.ts'
import type { NewTask } from '../../../src/roles/submitter/open-task.ts'
import { ResultCollector } from '../../../src/roles/submitter/result-collector.ts'
import { Submitter } from '../../../src/roles/submitter/submitter.ts'
import { createTaskTable, type TaskTable } from '../../../src/roles/tasks/task-table.ts'
import type { TaskRecord } from '../../../src/task/state.ts'
import { NO_USAGE } from '../../../src/task/usage.ts'
import type { LeaseRef, Outcome } from '../../../src/wire/messages.ts'
import { FakeBlobs, FakeWorker, completed, program, turn, useClock } from '../../support/roles.ts'

const failed = (code: ErrorCode): Outcome => ({ ok: false, code, message: 'why', usage: { ...NO_USAGE, wallMs: 1 }, logs: '' })

describe('a worker that means harm', () => {
  const clock = useClock()
  let tasks: TaskTable
  let submitter: Submitter

  beforeEach(() => {
    tasks = createTaskTable()
    const announcer = { update: () => {}, current: () => [], nextOfferAt: () => undefined, stop: () => {} }
    submitter = new Submitter({ peerId: 'submitter', tasks, announcer, collector: new ResultCollector(new FakeBlobs()), now: clock.now, random: () => 1 })
  })

  function submit (more: Partial<NewTask> = {}): string {
    const id = randomUUID()
    void submitter.submit({ id, program: program(), values: [5], ...more })
    return id
  }

  async function worker (peer: string, window = 1): Promise<FakeWorker> {
    const made = new FakeWorker(submitter, peer, { slots: window, window })
    await turn()
    return made
  }

  const record = (id: string): TaskRecord => tasks.get(id) ?? assert.fail('the task is gone')
  const leaseOf = (of: FakeWorker, id: string): LeaseRef => {
    const { taskId, fence } = of.leases.findLast((lease) => lease.taskId === id) ?? assert.fail('no lease')
    return { taskId, fence }
  }

  async function say (from: FakeWorker, ...messages: Parameters<FakeWorker['send']>[0][]): Promise<void> {
    for (const message of messages) from.send(message)
    await turn()
    await turn()
  }

  describe('has one voice among tasks that run apart', () => {
    let liar: FakeWorker
    let first: string
    let second: string
    let old: LeaseRef

    /** It had the first task, left it, and has the second one now. */
    beforeEach(async () => {
      first = submit({ apart: 'g', program: program({ name: 'one' }) })
      liar = await worker('liar')
      old = leaseOf(liar, first)
      const other = await worker('other')
      await say(liar, { kind: 'claim', slots: 0 })
      liar.link.abort(new Error('gone'))
      await turn()
      assert.equal(record(first).worker, 'other')
      second = submit({ apart: 'g', program: program({ name: 'one' }) })
      liar = await worker('liar')
      assert.equal(record(second).worker, 'liar')
      await say(other, { kind: 'claim', slots: 0 })
      other.link.abort(new Error('gone'))
      await turn()
      assert.equal(record(first).state, 'pending')
    })

    it('also by the lease that it gave back', async () => {
      await say(liar, { kind: 'result', ...old, outcome: completed(666) })
      assert.equal(record(first).state, 'pending')
      clock.tick(20)
      await turn()
      assert.deepEqual(liar.refs('ack').map(({ taskId }) => taskId), [first])
      await say(liar, { kind: 'result', ...leaseOf(liar, second), outcome: completed(666) })
      await say(liar, { kind: 'result', ...old, outcome: completed(666) })
      assert.deepEqual([record(first).state, record(second).state], ['pending', 'completed'])
    })

    it('also when it says that it still runs the other', async () => {
      await say(liar, { kind: 'claim', slots: 5 }, { kind: 'renew', leases: [old] })
      assert.equal(record(first).state, 'pending')
      assert.deepEqual(liar.refs('cancel').map(({ taskId }) => taskId), [first])
    })

    it('and may end the first one late where it has no other', async () => {
      await say(liar, { kind: 'refuse', ...leaseOf(liar, second), code: 'ERR_DECLINED', reason: '' }, { kind: 'result', ...old, outcome: completed(1) })
      assert.deepEqual([record(first).state, record(second).state], ['completed', 'pending'])
    })
  })

  it('cannot have what it gave back again and again, whatever it says in one frame', async () => {
    const id = submit()
    const w = await worker('w')
    const { fence } = leaseOf(w, id)
    await say(w, ...Array.from({ length: 500 }, (_, i) => [
      { kind: 'refuse' as const, taskId: id, fence: fence + i, code: 'ERR_DECLINED' as const, reason: '' },
      { kind: 'renew' as const, leases: [{ taskId: id, fence: fence + i }] },
    ]).flat())
    assert.deepEqual([w.leases.length, record(id).fence, record(id).state], [1, fence, 'pending'])
  })

  it('cannot use up all attempts of a task before anybody else has tried', async () => {
    const id = submit()
    const w = await worker('w')
    const { fence } = leaseOf(w, id)
    await say(w, ...Array.from({ length: 10 }, (_, i) => [
      { kind: 'result' as const, taskId: id, fence: fence + i, outcome: failed('ERR_INTERNAL') },
      { kind: 'renew' as const, leases: [{ taskId: id, fence: fence + i }] },
    ]).flat())
    assert.deepEqual([record(id).state, record(id).attempts, w.leases.length], ['pending', 1, 1])
    await worker('good')
    assert.equal(record(id).worker, 'good')
  })

  it('has a lease no longer for breaking its stream again and again', async () => {
    const task = program({ timeLimitMs: 1_000 })
    const id = submit({ program: task })
    let w = await worker('w')
    const before = clock.now()
    let lost = false
    while (!lost && clock.now() - before < 2 * (1_000 + LEASE_GRACE_MS)) {
      const ref = leaseOf(w, id)
      await say(w, { kind: 'running', leases: [ref] })
      w.link.abort(new Error('gone'))
      await turn()
      w = new FakeWorker(submitter, 'w', { silent: true })
      w.send({ kind: 'hello', capability: { engine: 'v8', features: [], memoryLimitBytes: 2 ** 29, slots: 1 } })
      await say(w, { kind: 'renew', leases: [ref] })
      clock.tick(5_000)
      await turn()
      lost = record(id).worker === undefined
    }
    assert.ok(lost, 'the task waits for another worker')
    assert.ok(clock.now() - before <= 1_000 + LEASE_GRACE_MS + 10_000)
  })

  it('does not make a program look slow for ever by one number', async () => {
    const task = program()
    const ids = Array.from({ length: 200 }, () => submit({ program: task }))
    const w = await worker('w', 1)
    const first = ids[0] ?? assert.fail()
    await say(w, { kind: 'result', ...leaseOf(w, first), outcome: completed(1, 1e300) })
    for (let i = 1; i < 150; i++) await say(w, { kind: 'result', ...leaseOf(w, ids[i] ?? assert.fail()), outcome: completed(1, 1) })
    await say(w, { kind: 'claim', slots: 100 })
    assert.ok(w.leases.length - 150 > 10, `${w.leases.length - 150} leases under way`)
  })

  describe('that renews its leases and never runs them', () => {
    const HELD_MS = 1_000 + LEASE_GRACE_MS

    /** Renews all that it holds until their leases are over. */
    async function idle (w: FakeWorker, ms = HELD_MS + 1_000): Promise<void> {
      for (let left = ms; left > 0; left -= 2_500) {
        await say(w, { kind: 'renew', leases: w.leases.map(({ taskId, fence }) => ({ taskId, fence })) })
        clock.tick(2_500)
        await turn()
      }
    }

    it('uses up an attempt, and is avoided after a few of those', async () => {
      const id = submit({ program: program({ timeLimitMs: 1_000 }) })
      const w = await worker('w')
      await idle(w)
      assert.deepEqual([record(id).attempts, submitter.attempts.reputation.isAvoided('w')], [1, false])
      clock.tick(DECLINE_MS)
      await turn()
      assert.equal(w.leases.length, 2)
      await idle(w)
      assert.deepEqual([record(id).attempts, submitter.attempts.reputation.isAvoided('w')], [2, true])
    }).timeout(20_000)

    it('is noted once for all that it held at a time', async () => {
      const task = program({ timeLimitMs: 1_000 })
      const ids = Array.from({ length: 50 }, () => submit({ program: task }))
      const w = await worker('w', 50)
      await say(w, ...ids.map((id) => ({ kind: 'result' as const, ...leaseOf(w, id), outcome: completed(1, 1) })).slice(0, 1))
      await idle(w)
      assert.deepEqual([record(ids[40] ?? '').attempts, submitter.attempts.reputation.isAvoided('w')], [1, false])
    }).timeout(20_000)

    for (const [how, goAway] of [
      ['by going on with it', () => {}],
      ['by falling silent before', () => { clock.tick(LEASE_MS + 1_000) }],
      ['over a new stream', (w: FakeWorker) => { w.link.abort(new Error('gone')) }],
    ] as const) {
      it(`has no more time than one lease ${how}`, async () => {
        const id = submit({ program: program({ timeLimitMs: 1_000 }) })
        let w = await worker('w')
        const ref = leaseOf(w, id)
        await idle(w, HELD_MS / 2)
        goAway(w)
        await turn()
        if (w.closed) {
          w = new FakeWorker(submitter, 'w', { silent: true })
          w.send({ kind: 'hello', capability: { engine: 'v8', features: [], memoryLimitBytes: 2 ** 29, slots: 1 } })
        }
        await say(w, { kind: 'renew', leases: [ref] })
        await idle(w, HELD_MS / 2 + 5_000)
        await say(w, { kind: 'claim', slots: 0 }, { kind: 'renew', leases: [ref] }, { kind: 'renew', leases: w.leases.map(({ taskId, fence }) => ({ taskId, fence })) })
        assert.deepEqual([record(id).worker, record(id).state, record(id).attempts], [undefined, 'pending', 1])
      }).timeout(20_000)
    }

    it('may still bring its result late', async () => {
      const id = submit({ program: program({ timeLimitMs: 1_000 }) })
      const w = await worker('w')
      const ref = leaseOf(w, id)
      await idle(w)
      await say(w, { kind: 'result', ...ref, outcome: completed(7) })
      assert.equal(record(id).state, 'completed')
    }).timeout(20_000)
  })

  it('is avoided when its leases of one program run out again and again', async () => {
    submit()
    const w = await worker('w')
    for (let i = 0; i < 20 && !submitter.attempts.reputation.isAvoided('w'); i++) {
      await say(w)
      clock.tick(LEASE_MS + DECLINE_MS + 30_000)
      await turn()
    }
    assert.equal(submitter.attempts.reputation.isAvoided('w'), true)
  }).timeout(20_000)

  it('is avoided while its stream lasts, however many peers come and go', async () => {
    const w = await worker('w', 0)
    for (let i = 0; i < MAX_PEERS_JUDGED + 1; i++) {
      const other = new FakeWorker(submitter, `p${i}`, { silent: true })
      other.link.abort(new Error('gone'))
    }
    for (let i = 0; i < 3; i++) submitter.attempts.reputation.note('w', 'lied')
    const [linked] = submitter.linked()
    assert.equal(linked?.link.peer, w.peer)
    assert.ok((linked?.standing.avoidedUntil ?? 0) > clock.now())
  })
})
