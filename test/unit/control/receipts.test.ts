/** Receipts over the control socket, and as the command checks them in a file. */
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { receiptFindings } from '../../../src/task/receipt-check.ts'
import { outputsDigest } from '../../../src/task/receipt-digests.ts'
import { readReceipt } from '../../../src/task/receipt-form.ts'
import { useControl } from '../../support/control.ts'
import { FakeTask } from '../../support/fake-node.ts'
import { bodyOf, makeSigner, receiptsBy } from '../../support/receipts.ts'
import { rejectsWith } from '../../support/rejects.ts'

describe('receipts of a daemon', () => {
  const control = useControl()
  const worker = makeSigner()


  async function finished (outputs: Record<string, number>): Promise<FakeTask> {
    const [, receipt] = await receiptsBy(worker, [bodyOf(), bodyOf({ outputs: outputsDigest({ result: 120 }) })])
    const { taskId } = bodyOf()
    return control.node.add(new FakeTask({ id: taskId })).complete(outputs).set({ worker: worker.peer, receipt: receipt ?? assert.fail() })
  }

  it('are exported as they are', async () => {
    const task = await finished({ result: 120 })
    const answer = await control.client.get(`/v1/tasks/${task.id.slice(0, 8)}/receipts`)
    assert(Array.isArray(answer['receipts']))
    const [exported] = answer['receipts']
    assert.deepEqual(readReceipt(JSON.parse(JSON.stringify(exported))), task.record().receipt)
    await writeFile(join(control.dataDir, 'receipt.json'), JSON.stringify(exported))
    assert.equal(receiptFindings(readReceipt(exported)).every(({ fits }) => fits === true), true)
  })

  it('are held against the task', async () => {
    const good = await finished({ result: 120 })
    assert.equal((await control.client.get(`/v1/tasks/${good.id}/verify`))['ok'], true)
    const changed = await finished({ result: 121 })
    const answer = await control.client.get(`/v1/tasks/${changed.id}/verify`)
    assert.equal(answer['ok'], false)
    const findings = JSON.parse(JSON.stringify(answer['receipts'])) as Array<{ findings: Array<{ part: string, fits?: boolean }> }>
    assert.deepEqual(findings[0]?.findings.filter(({ fits }) => fits === false).map(({ part }) => part), ['outputs'])
  })

  it('may be missing', async () => {
    const task = control.node.add(new FakeTask()).complete()
    await rejectsWith('ERR_RECEIPT', control.client.get(`/v1/tasks/${task.id}/verify`))
    await rejectsWith('ERR_RECEIPT', control.client.get(`/v1/tasks/${task.id}/receipts`))
    await rejectsWith('ERR_TASK_UNKNOWN', control.client.get('/v1/tasks/00000000-0000-4000-8000-000000000000/verify'))
  })

  it('say of replicas and reuse what a submission asks for', async () => {
    const definition = 'name: f\ncompute_logic: { type: wasm, wasm_binary: AGFzbQEAAAA= }\n'
    await control.client.detach({ definition, replicas: 3, quorum: 3, noCache: true })
    const [submission] = control.node.submissions
    assert(submission !== undefined && 'agreement' in submission.definition)
    assert.deepEqual([submission.definition.agreement, submission.options.noCache], [{ replicas: 3, quorum: 3, ignore: [] }, true])
    await rejectsWith('ERR_USAGE', control.client.detach({ definition, quorum: 2 }))
    await rejectsWith('ERR_USAGE', control.client.detach({ definition, replicas: 17 }))
    assert.equal(control.node.submissions.length, 1)
  })
})
