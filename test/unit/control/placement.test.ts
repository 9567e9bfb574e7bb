import assert from 'node:assert/strict'
import type { SubmitRequest } from '../../../src/control/client.ts'
import { textField, viewsField } from '../../../src/control/fields.ts'
import { MAX_DEADLINE_MS } from '../../../src/limits.ts'
import { useControl } from '../../support/control.ts'
import { FakeTask } from '../../support/fake-node.ts'

const DEFINITION = 'name: one\nwasm_binary: AGFzbQEAAAA=\n'

describe('placement over the control socket', () => {
  const control = useControl()

  it('hands the policy of a submit on, and none where none was given', async () => {
    const policy = { priority: -2, retries: 3, deadlineMs: 600_000, require: { gpu: 'yes' }, on: '3VbQ9xzk' }
    await control.client.detach({ definition: DEFINITION, policy })
    await control.client.detach({ definition: DEFINITION, policy: { priority: 1, on: undefined } })
    await control.client.detach({ definition: DEFINITION })
    assert.deepEqual(control.node.submissions.map(({ options }) => ({ ...options.policy })), [policy, { priority: 1 }, {}])
    assert.equal(control.node.submissions[2]?.options.policy, undefined)
  })

  const wrong: Array<[string, SubmitRequest['policy']]> = [
    ['a priority of 1.5', { priority: 1.5 }], ['too high a priority', { priority: 2 ** 31 }], ['negative retries', { retries: -1 }], ['too many retries', { retries: 101 }],
    ['no deadline', { deadlineMs: 0 }], ['a deadline too far away', { deadlineMs: MAX_DEADLINE_MS + 1 }], ['a label without a value', { require: { gpu: '' } }],
    ['a label with blanks', { require: { 'g u': 'x' } }], ['too many labels', { require: Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`k${i}`, 'v'])) }],
    ['a peer that is none', { on: 'localhost' }],
  ]
  for (const [what, policy] of wrong) {
    it(`refuses ${what}`, async () => {
      await assert.rejects(control.client.detach({ definition: DEFINITION, policy }), { code: 'ERR_USAGE' })
      assert.equal(control.node.submissions.length, 0)
    })
  }

  it('explains a task, by the beginning of its id too', async () => {
    const task = control.node.add(new FakeTask({ id: '11111111-2222-4333-8444-555555555555', declines: [{ peer: 'w', code: 'ERR_DECLINED', reason: 'no room', atMs: 1_700_000_000_000 }] }))
    for (const id of [task.id, '11111111']) {
      const answer = await control.client.get(`/v1/tasks/${id}/explain`)
      assert.deepEqual([answer['id'], answer['state'], answer['nextOfferAt']], [task.id, 'PENDING', '2023-11-14T22:13:21.000Z'])
      assert.deepEqual({ ...viewsField(answer, 'workers')[0] }, { peer: '12D3KooWFakeWorker', verdict: 'no', reason: 'it runs no tasks' })
      assert.equal(textField(viewsField(answer, 'declines')[0] ?? {}, 'at'), '2023-11-14T22:13:20.000Z')
    }
    await assert.rejects(control.client.get('/v1/tasks/99999999/explain'), { code: 'ERR_TASK_UNKNOWN' })
  })

  it('shows the labels of workers', async () => {
    control.node.workers = async () => [{ peer: 'p', connected: true, slots: 1, leases: 0, memoryLimitBytes: 1, engine: 'v8', features: [], labels: { gpu: 'yes' } }]
    const [worker] = viewsField(await control.client.get('/v1/workers'), 'workers')
    assert.deepEqual({ ...(worker?.['labels'] as object) }, { gpu: 'yes' })
  })
})
