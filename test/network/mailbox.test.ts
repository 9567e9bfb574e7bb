/** Results for submitters that are away, between whole nodes: with their journals, over loopback. */
import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createNode, type Node } from '../../src/node.ts'
import type { TaskDefinition } from '../../src/task/definition.ts'
import type { TaskRecord } from '../../src/task/state.ts'
import { echoDefinition } from '../support/echo-module.ts'
import { freePort } from '../support/free-port.ts'
import { ensureSandboxBundle } from '../support/sandbox-bundle.ts'
import { useTempDirs } from '../support/temp-dir.ts'
import { filesOf, until } from '../support/until.ts'
import { holdResults, receiptOf, untilOwed } from '../support/whole-node.ts'

const LISTEN = ['/ip4/127.0.0.1/tcp/0']
describe('results for a submitter that is away', () => {
  const tempDir = useTempDirs()
  let nodes: Node[]
  let definition: TaskDefinition

  before(async () => {
    await ensureSandboxBundle()
    definition = await echoDefinition()
  })
  beforeEach(() => { nodes = [] })
  afterEach(async () => { await Promise.all(nodes.map((node) => node.stop())) })

  async function node (config: { dataDir?: string, workerCount?: number, peers?: string[], listen?: string[] } = {}): Promise<Node> {
    const { dataDir = await tempDir(), workerCount = 0, peers = [], listen = LISTEN } = config
    const made = await createNode({ dataDir, workerCount, peers, listen, mdns: false })
    nodes.push(made)
    await made.start()
    return made
  }

  /** Submits a task and stops the submitter while it runs; gives the id. */
  async function submitAndLeave (submitter: Node, worker: Node, data: Uint8Array): Promise<string> {
    const release = holdResults(worker)
    const task = await submitter.submit(definition, { data })
    for await (const { state } of task.events()) if (state === 'running') break
    await submitter.stop()
    release()
    return task.id
  }

  const mailboxOf = (holder: Node): string => join(holder.config.dataDir, 'mailbox')
  const letters = async (holder: Node): Promise<number> => (await readdir(mailboxOf(holder)).catch(() => [])).filter((name) => !name.includes('.')).length

  async function untilLetters (count: number, ...holders: Node[]): Promise<void> {
    const all = async (): Promise<number> => (await Promise.all(holders.map(letters))).reduce((sum, held) => sum + held)
    await until(`${count} letters`, async () => await all() === count, filesOf(...holders.map(mailboxOf)))
  }

  async function ended (submitter: Node, id: string): Promise<TaskRecord> {
    const task = await submitter.find(id)
    assert.ok(task)
    return await task.done()
  }

  for (const [size, what] of [[100, 'small'], [200_000, 'large']] as const) {
    it(`come from a holder when the worker is gone for ever: ${what} outputs`, async () => {
      const holder = await node()
      const second = await node()
      const worker = await node({ workerCount: 1, peers: [...holder.addresses(), ...second.addresses()] })
      const submitter = await node({ peers: worker.addresses() })
      const data = new Uint8Array(size).fill(7)
      const id = await submitAndLeave(submitter, worker, data)
      await untilLetters(2, holder, second)
      await worker.stop()
      const back = await node({ dataDir: submitter.config.dataDir, peers: [...holder.addresses(), ...second.addresses()] })
      const { state, worker: by, outputs, failure, history } = await ended(back, id)
      assert.deepEqual([state, by, failure], ['completed', worker.peerId, undefined])
      const [collected, completed] = history.slice(-2)
      assert.deepEqual([collected?.kind, completed?.kind, completed?.peer, collected?.fence], ['collected', 'completed', worker.peerId, completed?.fence])
      assert.ok([holder.peerId, second.peerId].includes(collected?.peer ?? ''))
      assert.ok(outputs?.result instanceof Uint8Array && Buffer.from(data).equals(outputs.result))
      await untilLetters(0, holder, second)
      assert.equal((await receiptOf(back, { id })).body.worker, worker.peerId)
    })
  }

  it('are brought by a worker that was started anew, where the submitter was', async () => {
    const dataDir = await tempDir()
    const listen = [`/ip4/127.0.0.1/tcp/${await freePort()}`]
    const worker = await node({ workerCount: 1 })
    const submitter = await node({ dataDir, peers: worker.addresses(), listen })
    const id = await submitAndLeave(submitter, worker, new Uint8Array(100_000))
    await untilOwed(worker, 1)
    await worker.stop()
    const back = await node({ dataDir, listen })
    const again = await node({ dataDir: worker.config.dataDir, workerCount: 1 })
    const { state, worker: by } = await ended(back, id)
    assert.deepEqual([state, by], ['completed', worker.peerId])
    await untilOwed(again, 0)
  })

  it('are brought by a worker that was started anew to a submitter at another address', async () => {
    const worker = await node({ workerCount: 1 })
    const submitter = await node({ peers: worker.addresses() })
    const id = await submitAndLeave(submitter, worker, new Uint8Array(100))
    await untilOwed(worker, 1)
    await worker.stop()
    const again = await node({ dataDir: worker.config.dataDir, workerCount: 1 })
    assert.equal(again.keptForOthers().owedResults, 1)
    const back = await node({ dataDir: submitter.config.dataDir, peers: again.addresses() })
    const { state, worker: by } = await ended(back, id)
    assert.deepEqual([state, by], ['completed', worker.peerId])
    await untilOwed(again, 0)
  })

  it('are run anew when the worker died while it ran them', async () => {
    const worker = await node({ workerCount: 1 })
    const submitter = await node({ peers: worker.addresses() })
    holdResults(worker)
    const task = await submitter.submit(definition, { data: new Uint8Array(10) })
    for await (const { state } of task.events()) if (state === 'running') break
    await worker.stop()
    const again = await node({ dataDir: worker.config.dataDir, workerCount: 1, peers: submitter.addresses() })
    assert.equal(again.keptForOthers().owedResults, 0)
    const { state, fence } = await task.done()
    assert.equal(state, 'completed')
    assert.ok(fence > 1)
  })
})
