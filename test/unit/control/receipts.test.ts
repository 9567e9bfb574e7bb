/** Receipts over the control socket, and as the command checks them in a file. */
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createControlClient, type ControlClient } from '../../../src/control/client.ts'
import { createControlServer, type ControlServer } from '../../../src/control/server.ts'
import { receiptFindings } from '../../../src/task/receipt-check.ts'
import { outputsDigest } from '../../../src/task/receipt-digests.ts'
import { readReceipt } from '../../../src/task/receipt-form.ts'
import { createFakeNode, FakeTask, type FakeNode } from '../../support/fake-node.ts'
import { bodyOf, makeSigner, receiptsBy } from '../../support/receipts.ts'
import { rejectsWith } from '../../support/rejects.ts'
import { useTempDirs } from '../../support/temp-dir.ts'

describe('receipts of a daemon', () => {
  const tempDir = useTempDirs()
  const worker = makeSigner()
  let dataDir: string
  let node: FakeNode
  let server: ControlServer
  let client: ControlClient

  beforeEach(async () => {
    dataDir = await tempDir()
    node = createFakeNode({ dataDir })
    server = createControlServer({ node: Promise.resolve(node) }, { dataDir })
    await server.start()
    client = createControlClient({ dataDir })
  })

  afterEach(async () => await server.stop())

  async function finished (outputs: Record<string, number>): Promise<FakeTask> {
    const [, receipt] = await receiptsBy(worker, [bodyOf(), bodyOf({ outputs: outputsDigest({ result: 120 }) })])
    const { taskId } = bodyOf()
    return node.add(new FakeTask({ id: taskId })).complete(outputs).set({ worker: worker.peer, receipt: receipt ?? assert.fail() })
  }

  it('are exported as they are', async () => {
    const task = await finished({ result: 120 })
    const answer = await client.get(`/v1/tasks/${task.id.slice(0, 8)}/receipts`)
    assert(Array.isArray(answer['receipts']))
    const [exported] = answer['receipts']
    assert.deepEqual(readReceipt(JSON.parse(JSON.stringify(exported))), task.record().receipt)
    await writeFile(join(dataDir, 'receipt.json'), JSON.stringify(exported))
    assert.equal(receiptFindings(readReceipt(exported)).every(({ fits }) => fits === true), true)
  })

  it('are held against the task', async () => {
    const good = await finished({ result: 120 })
    assert.equal((await client.get(`/v1/tasks/${good.id}/verify`))['ok'], true)
    const changed = await finished({ result: 121 })
    const answer = await client.get(`/v1/tasks/${changed.id}/verify`)
    assert.equal(answer['ok'], false)
    const findings = JSON.parse(JSON.stringify(answer['receipts'])) as Array<{ findings: Array<{ part: string, fits?: boolean }> }>
    assert.deepEqual(findings[0]?.findings.filter(({ fits }) => fits === false).map(({ part }) => part), ['outputs'])
  })

  it('may be missing', async () => {
    const task = node.add(new FakeTask()).complete()
    await rejectsWith('ERR_RECEIPT', client.get(`/v1/tasks/${task.id}/verify`))
    await rejectsWith('ERR_RECEIPT', client.get(`/v1/tasks/${task.id}/receipts`))
    await rejectsWith('ERR_TASK_UNKNOWN', client.get('/v1/tasks/00000000-0000-4000-8000-000000000000/verify'))
  })

  it('say of replicas and reuse what a submission asks for', async () => {
    const definition = 'name: f\ncompute_logic: { type: wasm, wasm_binary: AGFzbQEAAAA= }\n'
    await client.detach({ definition, replicas: 3, quorum: 3, noCache: true })
    const [submission] = node.submissions
    assert(submission !== undefined && 'agreement' in submission.definition)
    assert.deepEqual([submission.definition.agreement, submission.options.noCache], [{ replicas: 3, quorum: 3, ignore: [] }, true])
    await rejectsWith('ERR_USAGE', client.detach({ definition, quorum: 2 }))
    await rejectsWith('ERR_USAGE', client.detach({ definition, replicas: 17 }))
    assert.equal(node.submissions.length, 1)
  })
})
