/** What the history of a task says of its result: which lease gave it, and who kept it while this node was away. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { deliverLetter } from '../../../src/roles/mailbox/letter-delivery.ts'
import { ResultCollector } from '../../../src/roles/submitter/result-collector.ts'
import { Submitter } from '../../../src/roles/submitter/submitter.ts'
import { createTaskTable, type TaskTable } from '../../../src/roles/tasks/task-table.ts'
import type { HistoryEvent } from '../../../src/task/history.ts'
import type { Outcome } from '../../../src/wire/messages.ts'
import { FakeBlobs, FakeWorker, completed, program, turn, useClock } from '../../support/roles.ts'

const FAILED: Outcome = { ok: false, code: 'ERR_TRAP', message: 'why', usage: { wallMs: 1, memoryBytes: 0, cpuMs: 0, moduleBytes: 0, fileBytes: 0 }, logs: '' }

describe('history of a result', () => {
  const clock = useClock()
  let tasks: TaskTable
  let submitter: Submitter
  let worker: FakeWorker

  beforeEach(async () => {
    tasks = createTaskTable()
    const announcer = { update: () => {}, current: () => [], nextOfferAt: () => undefined, stop: () => {} }
    submitter = new Submitter({ peerId: 'self', tasks, announcer, collector: new ResultCollector(new FakeBlobs()), now: clock.now })
    worker = new FakeWorker(submitter, 'w1')
    await turn()
  })

  async function leased (): Promise<{ taskId: string, fence: number }> {
    const id = randomUUID()
    void submitter.submit({ id, program: program(), values: [5] })
    await turn()
    const lease = worker.leases.find(({ taskId }) => taskId === id) ?? assert.fail('no lease')
    return { taskId: id, fence: lease.fence }
  }

  const last = (id: string, count: number): Array<Omit<HistoryEvent, 'atMs'>> => (tasks.get(id)?.history ?? []).slice(-count).map(({ atMs: _at, ...event }) => event)

  it('names the lease that gave it', async () => {
    const [good, bad] = [await leased(), await leased()]
    worker.result(good, completed())
    worker.result(bad, FAILED)
    await turn()
    assert.deepEqual(last(good.taskId, 1), [{ kind: 'completed', peer: 'w1', fence: good.fence }])
    assert.deepEqual(last(bad.taskId, 1), [{ kind: 'failed', peer: 'w1', fence: bad.fence, detail: 'ERR_TRAP: why' }])
  })

  it('names an old lease, when that gave it', async () => {
    const first = await leased()
    void worker.link.close()
    const second = new FakeWorker(submitter, 'w2')
    await turn()
    clock.tick(60_000)
    await turn()
    const again = second.leases.find(({ taskId }) => taskId === first.taskId) ?? assert.fail('it was not leased again')
    assert.notEqual(again.fence, first.fence)
    const back = new FakeWorker(submitter, 'w1')
    back.result(first, completed())
    await turn()
    assert.deepEqual(last(first.taskId, 1), [{ kind: 'completed', peer: 'w1', fence: first.fence }])
  })

  it('names who kept it in a mailbox, and no lease where none gave the end', async () => {
    const ref = await leased()
    const delivered = deliverLetter(submitter, { worker: 'w1', messages: [{ kind: 'result', ...ref, outcome: completed() }] }, 'holder', 60_000)
    await turn()
    clock.tick(25)
    await delivered
    assert.deepEqual(last(ref.taskId, 2), [{ kind: 'collected', peer: 'holder', fence: ref.fence }, { kind: 'completed', peer: 'w1', fence: ref.fence }])
    const cancelled = await leased()
    submitter.cancel(cancelled.taskId, 'enough')
    assert.deepEqual(last(cancelled.taskId, 1), [{ kind: 'cancelled', peer: 'self', detail: 'enough' }])
  })
})
