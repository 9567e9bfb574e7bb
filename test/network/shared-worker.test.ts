/** Whole nodes that share one slot: whose tasks run, and what becomes of them when their submitter stops. */
import assert from 'node:assert/strict'
import { createNode, type Node } from '../../src/node.ts'
import type { TaskDefinition } from '../../src/task/definition.ts'
import { DEADLINE_MS } from '../support/deadline.ts'
import { rejectsWith } from '../support/rejects.ts'
import { ensureSandboxBundle } from '../support/sandbox-bundle.ts'
import { removeTempDirs, tempDir } from '../support/temp-dir.ts'
import { spinDefinition } from '../support/spin.ts'

const LISTEN = ['/ip4/127.0.0.1/tcp/0']
describe('a worker with one slot', () => {
  let submitter: Node
  let worker: Node
  let spin: TaskDefinition

  beforeEach(async () => {
    await ensureSandboxBundle()
    spin = await spinDefinition()
    worker = await createNode({ dataDir: await tempDir(), workerCount: 1, mdns: false, listen: LISTEN })
    await worker.start()
    submitter = await createNode({ dataDir: await tempDir(), workerCount: 0, mdns: false, listen: LISTEN, peers: worker.addresses() })
    await submitter.start()
    assert.ok(await submitter.waitForPeer(DEADLINE_MS))
  })
  afterEach(async () => {
    await submitter.stop()
    await worker.stop()
    await removeTempDirs()
  })

  it('runs its own task between those of another node that keep it busy', async () => {
    const others = await Promise.all(Array.from({ length: 30 }, () => submitter.submit(spin, { n: 200_000_000 })))
    await Promise.race(others.map((task) => task.done()))
    const own = await (await worker.submit(spin, { n: 1 })).done()
    assert.equal(own.state, 'completed')
    assert.ok(others.some((task) => task.record().state === 'pending'), 'the own task waited for all of the others')
  })

  it('finishes the task of a submitter that stops with time to drain, which takes no more tasks', async () => {
    const task = await submitter.submit(spin, { n: 300_000_000 })
    for await (const { state } of task.events()) if (state === 'claimed') break
    const stopped = submitter.stop({ drainMs: DEADLINE_MS })
    await rejectsWith('ERR_CANCELLED', submitter.submit(spin, { n: 1 }))
    await stopped
    assert.equal(task.record().state, 'completed')
  })
})
