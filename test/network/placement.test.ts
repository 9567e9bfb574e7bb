/** Whole nodes with labels: where tasks run, in which order, and what `explain` hears of those that nobody takes. */
import assert from 'node:assert/strict'
import { createNode, type Node } from '../../src/node.ts'
import type { TaskDefinition } from '../../src/task/definition.ts'
import { DEADLINE_MS } from '../support/deadline.ts'
import { rejectsWith } from '../support/rejects.ts'
import { ensureSandboxBundle } from '../support/sandbox-bundle.ts'
import { removeTempDirs, tempDir } from '../support/temp-dir.ts'
import { spinDefinition } from '../support/spin.ts'

const LISTEN = ['/ip4/127.0.0.1/tcp/0']
describe('placement', () => {
  let submitter: Node
  let roof: Node
  let cellar: Node
  let spin: TaskDefinition

  beforeEach(async () => {
    await ensureSandboxBundle()
    spin = await spinDefinition()
    submitter = await createNode({ dataDir: await tempDir(), workerCount: 0, mdns: false, listen: LISTEN })
    await submitter.start()
    const worker = async (labels: Record<string, string>): Promise<Node> => {
      const node = await createNode({ dataDir: await tempDir(), workerCount: 1, mdns: false, listen: LISTEN, peers: submitter.addresses(), labels })
      await node.start()
      assert.ok(await node.waitForPeer(DEADLINE_MS))
      return node
    }
    roof = await worker({ site: 'roof', gpu: 'yes' })
    cellar = await worker({ site: 'cellar' })
  })
  afterEach(async () => {
    for (const node of [submitter, roof, cellar]) await node.stop()
    await removeTempDirs()
  })

  const ranOn = async (options: Parameters<Node['submit']>[2]): Promise<string | undefined> => (await (await submitter.submit(spin, { n: 1 }, options)).done()).worker

  it('follows labels and names, of the definition and of the submit', async () => {
    for (let i = 0; i < 3; i++) {
      assert.equal(await ranOn({ policy: { require: { site: 'roof' } } }), roof.peerId)
      assert.equal(await ranOn({ policy: { on: cellar.peerId.slice(-8) } }), cellar.peerId)
    }
    spin = { ...spin, require: { site: 'cellar' } }
    assert.equal(await ranOn({}), cellar.peerId)
    assert.equal(await ranOn({ policy: { require: { site: 'roof', gpu: 'yes' } } }), roof.peerId)
    await rejectsWith('ERR_USAGE', submitter.submit(spin, { n: 1 }, { policy: { on: '12D3KooW' } }))
    const workers = await submitter.workers()
    assert.deepEqual(workers.find(({ peer }) => peer === roof.peerId)?.labels, { site: 'roof', gpu: 'yes' })
  })

  it('knows the workers that are connected before there is any task, and none that only submits', async () => {
    const newcomer = await createNode({ dataDir: await tempDir(), workerCount: 0, mdns: false, listen: LISTEN, peers: roof.addresses() })
    try {
      await newcomer.start()
      assert.ok(await newcomer.waitForPeer(DEADLINE_MS))
      const workers = await newcomer.workers()
      const { labels, connected, slots } = workers.find(({ peer }) => peer === roof.peerId) ?? assert.fail('the worker is not known')
      assert.deepEqual([labels, connected, slots], [{ site: 'roof', gpu: 'yes' }, true, 1])
      assert.ok((await roof.workers()).every(({ peer }) => peer !== newcomer.peerId && peer !== submitter.peerId))
    } finally {
      await newcomer.stop()
    }
  })

  it('says of a job which of its tasks wait, and why', async () => {
    const job = await submitter.submit({ ...spin, agreement: { replicas: 2, quorum: 2, ignore: [] } }, { n: 1 }, { policy: { require: { site: 'roof' } } })
    for await (const { job: progress } of job.events()) if (progress?.done === 1) break
    const { summary, parts: [part, ...others] = [] } = await submitter.explain(job.id)
    assert.match(summary, /^1 of 2 copies has ended/)
    assert.deepEqual([others.length, part?.state], [0, 'pending'])
    const said = new Map([...part?.workers ?? [], ...part?.peers ?? []].map(({ peer, reason }) => [peer, reason]))
    assert.match(said.get(roof.peerId) ?? '', /another copy of this task/)
    assert.match(said.get(cellar.peerId) ?? '', /requires site=roof/)
    job.cancel()
    await job.done()
  })

  it('says who declines a task and why, and ends it at its deadline', async () => {
    // One of the two is linked; the other one is asked.
    assert.equal(await ranOn({ policy: { on: roof.peerId } }), roof.peerId)
    const task = await submitter.submit(spin, { n: 1 }, { policy: { require: { site: 'moon' }, deadlineMs: 3_000 } })
    const { state, workers, peers, nextOfferAtMs = 0, deadlineAtMs = 0 } = await submitter.explain(task.id)
    const said = new Map([...workers, ...peers].map(({ peer, verdict, reason }) => [peer, `${verdict}: ${reason}`]))
    assert.match(said.get(roof.peerId) ?? '', /the task requires site=moon; .* site=roof/)
    assert.match(said.get(cellar.peerId) ?? '', /the task requires site=moon; .* site=cellar/)
    assert(state === 'pending' && nextOfferAtMs > 0 && deadlineAtMs > 0)
    const { state: end, failure } = await task.done()
    assert.deepEqual([end, failure?.code, failure?.by], ['timeout', 'ERR_DEADLINE', submitter.peerId])
    assert.match((await submitter.explain(task.id)).summary, /ended as timeout/)
  })

  it('runs a task of high priority soon behind many that were there before', async () => {
    const policy = { on: roof.peerId }
    const low = await Promise.all(Array.from({ length: 300 }, () => submitter.submit(spin, { n: 10_000_000 }, { policy })))
    await Promise.race(low.map((task) => task.done()))
    const high = await submitter.submit(spin, { n: 1 }, { policy: { ...policy, priority: 9 } })
    assert.equal((await high.done()).state, 'completed')
    const ended = low.filter((task) => task.record().state === 'completed').length
    assert(ended < 100, `${ended} of 300 ran before it`)
    for (const task of low) task.cancel()
  })
})
