/** Results for submitters that are away, between whole nodes: with their journals, over loopback. */
import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { MAILBOX_AFTER_MS } from '../../src/roles/worker/limits.ts'
import { createNode, type Node } from '../../src/node.ts'
import type { TaskDefinition } from '../../src/task/definition.ts'
import type { TaskRecord } from '../../src/task/state.ts'
import { freePort } from '../support/free-port.ts'
import { parseTask } from '../support/parse-task.ts'
import { ensureSandboxBundle } from '../support/sandbox-bundle.ts'
import { useTempDirs } from '../support/temp-dir.ts'
import { wat } from '../support/wat.ts'

const LISTEN = ['/ip4/127.0.0.1/tcp/0']
/** Counts down, then gives back as many bytes as were asked for. */
const SLOW = `(module (memory (export "memory") 40) (global $next (mut i32) (i32.const 1024))
  (func (export "alloc") (param $n i32) (result i32) (local $at i32)
    (local.set $at (global.get $next)) (global.set $next (i32.add (local.get $at) (local.get $n))) (local.get $at))
  (func (export "slow") (param i32 i32) (result i64) (local $i i64)
    (local.set $i (i64.const 600000000))
    (loop $again (local.set $i (i64.sub (local.get $i) (i64.const 1))) (br_if $again (i64.ne (local.get $i) (i64.const 0))))
    (i64.or (i64.shl (i64.extend_i32_u (local.get 0)) (i64.const 32)) (i64.extend_i32_u (local.get 1)))))`

describe('results for a submitter that is away', () => {
  const tempDir = useTempDirs()
  let nodes: Node[]
  let definition: TaskDefinition

  before(async () => {
    await ensureSandboxBundle()
    const binary = Buffer.from(await wat(SLOW)).toString('base64')
    definition = (await parseTask(`name: slow
compute_logic: { type: wasm, wasm_binary: "${binary}", function_name: slow }
inputs: [{ name: data, type: bytes }]
outputs: [{ name: result, type: bytes }]
`, { fileName: 'slow.yaml' })).definition
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
  async function submitAndLeave (submitter: Node, data: Uint8Array): Promise<string> {
    const task = await submitter.submit(definition, { data })
    for await (const { state } of task.events()) if (state === 'running') break
    await submitter.stop()
    return task.id
  }

  async function until (isDone: () => boolean | Promise<boolean>): Promise<void> {
    while (!await isDone()) await new Promise((resolve) => { setTimeout(resolve, 20) })
  }

  const letters = async (holder: Node): Promise<number> => (await readdir(join(holder.config.dataDir, 'mailbox')).catch(() => [])).filter((name) => !name.includes('.')).length

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
      const id = await submitAndLeave(submitter, data)
      await until(async () => await letters(holder) + await letters(second) === 2)
      await worker.stop()
      const back = await node({ dataDir: submitter.config.dataDir, peers: [...holder.addresses(), ...second.addresses()] })
      const { state, worker: by, outputs, failure } = await ended(back, id)
      assert.deepEqual([state, by, failure], ['completed', worker.peerId, undefined])
      assert.ok(outputs?.result instanceof Uint8Array && Buffer.from(data).equals(outputs.result))
      await until(async () => await letters(holder) + await letters(second) === 0)
      await until(async () => (await back.receipts(id)).length > 0)
      assert.equal((await back.receipts(id))[0]?.receipt.body.worker, worker.peerId)
    }).timeout(MAILBOX_AFTER_MS + 20_000)
  }

  it('are brought by a worker that was started anew, where the submitter was', async () => {
    const dataDir = await tempDir()
    const listen = [`/ip4/127.0.0.1/tcp/${await freePort()}`]
    const worker = await node({ workerCount: 1 })
    const submitter = await node({ dataDir, peers: worker.addresses(), listen })
    const id = await submitAndLeave(submitter, new Uint8Array(100_000))
    await until(() => worker.keptForOthers().owedResults === 1)
    await worker.stop()
    const back = await node({ dataDir, listen })
    const again = await node({ dataDir: worker.config.dataDir, workerCount: 1 })
    const { state, worker: by } = await ended(back, id)
    assert.deepEqual([state, by], ['completed', worker.peerId])
    await until(() => again.keptForOthers().owedResults === 0)
  }).timeout(20_000)

  it('are brought by a worker that was started anew to a submitter at another address', async () => {
    const worker = await node({ workerCount: 1 })
    const submitter = await node({ peers: worker.addresses() })
    const id = await submitAndLeave(submitter, new Uint8Array(100))
    await until(() => worker.keptForOthers().owedResults === 1)
    await worker.stop()
    const again = await node({ dataDir: worker.config.dataDir, workerCount: 1 })
    assert.equal(again.keptForOthers().owedResults, 1)
    const back = await node({ dataDir: submitter.config.dataDir, peers: again.addresses() })
    const { state, worker: by } = await ended(back, id)
    assert.deepEqual([state, by], ['completed', worker.peerId])
    await until(() => again.keptForOthers().owedResults === 0)
  }).timeout(20_000)

  it('are run anew when the worker died while it ran them', async () => {
    const worker = await node({ workerCount: 1 })
    const submitter = await node({ peers: worker.addresses() })
    const task = await submitter.submit(definition, { data: new Uint8Array(10) })
    await until(() => task.record().state === 'running')
    await worker.stop()
    const again = await node({ dataDir: worker.config.dataDir, workerCount: 1, peers: submitter.addresses() })
    assert.equal(again.keptForOthers().owedResults, 0)
    const { state, fence } = await task.done()
    assert.equal(state, 'completed')
    assert.ok(fence > 1)
  }).timeout(30_000)
})
