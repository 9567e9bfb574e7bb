/** Whole nodes over loopback: receipts of what others ran, results that are reused, and workers that agree or lie. */
import assert from 'node:assert/strict'
import { createNode, type Node, type NodeInit } from '../../src/node.ts'
import type { Config } from '../../src/config.ts'
import type { CallResult } from '../../src/executor/executor.ts'
import { checkSignature, receiptFindings } from '../../src/task/receipt-check.ts'
import type { TaskDefinition } from '../../src/task/definition.ts'
import type { TaskRecord } from '../../src/task/state.ts'
import { DEADLINE_MS } from '../support/deadline.ts'
import { echoText } from '../support/echo-module.ts'
import { parseTask } from '../support/parse-task.ts'
import { ensureSandboxBundle } from '../support/sandbox-bundle.ts'
import { removeTempDirs, tempDir } from '../support/temp-dir.ts'
import { spinDefinition } from '../support/spin.ts'
import { wat } from '../support/wat.ts'
import { holdResults, partsOf, receiptOf, receiptsOf, untilOwed } from '../support/whole-node.ts'

const LISTEN = ['/ip4/127.0.0.1/tcp/0']
const ADD = '(module (func (export "add") (param i32) (result i32) (if (i32.eqz (local.get 0)) (then unreachable)) (i32.add (local.get 0) (i32.const 1))))'

async function addDefinition (more = ''): Promise<TaskDefinition> {
  const binary = Buffer.from(await wat(ADD)).toString('base64')
  return (await parseTask(`name: add\ncompute_logic: { type: wasm, wasm_binary: "${binary}", function_name: add }\ninputs: [{ name: n, type: integer }]\n${more}`, { fileName: 'add.yaml' })).definition
}

/** What a node's programs give, changed on their way. */
function lie (node: Node, change: (outputs: CallResult['outputs']) => CallResult['outputs']): void {
  const { executor } = partsOf(node)
  const run = executor.run.bind(executor)
  executor.run = async (call, options) => {
    const result = await run(call, options)
    return { ...result, outputs: change(result.outputs) }
  }
}

describe('receipts between nodes', () => {
  let nodes: Node[] = []

  async function node (config: Partial<Config> = {}, init: NodeInit = {}): Promise<Node> {
    const made = await createNode({ dataDir: await tempDir(), workerCount: 1, mdns: false, listen: LISTEN, ...config }, { durable: false, ...init })
    nodes.push(made)
    await made.start()
    return made
  }

  before(ensureSandboxBundle)
  afterEach(async () => {
    await Promise.all(nodes.map((one) => one.stop()))
    nodes = []
    await removeTempDirs()
  })

  async function pair (config: Partial<Config> = {}): Promise<{ worker: Node, submitter: Node }> {
    const worker = await node()
    const submitter = await node({ workerCount: 0, peers: worker.addresses(), ...config })
    assert.ok(await submitter.waitForPeer(DEADLINE_MS))
    return { worker, submitter }
  }

  it('come for every result, completed or failed, and fit it', async () => {
    const { worker, submitter } = await pair()
    const add = await addDefinition()
    const handles = await Promise.all(Array.from({ length: 40 }, (_, n) => submitter.submit(add, { n })))
    const records = await Promise.all(handles.map((handle) => handle.done()))
    assert.deepEqual(records.map(({ state }) => state), ['failed', ...Array.from({ length: 39 }, () => 'completed')])
    for (const handle of handles) {
      const receipt = await receiptOf(submitter, handle)
      assert.deepEqual([receipt.body.worker, receipt.body.submitter], [worker.peerId, submitter.peerId])
      assert.deepEqual(receiptFindings(receipt, handle.record()).filter(({ fits }) => fits === false), [])
      assert(receipt.body.endedAtMs >= receipt.body.startedAtMs)
    }
    const shared = new Set(await Promise.all(handles.map(async (handle) => (await receiptOf(submitter, handle)).signature)))
    assert(shared.size < handles.length, 'many share a signature')
  })

  it('come for large inputs and outputs too, which travel by themselves', async () => {
    const { submitter } = await pair()
    const { definition } = await parseTask(await echoText('bytes'), { fileName: 'echo.yaml' })
    const handle = await submitter.submit(definition, { data: new Uint8Array(300_000).fill(7) })
    await handle.done()
    const receipt = await receiptOf(submitter, handle)
    assert.deepEqual(receiptFindings(receipt, handle.record()).map(({ fits }) => fits), [true, true, true, undefined, undefined, true, true])
  })

  it('come for what a node runs for itself', async () => {
    const alone = await node()
    const handle = await alone.submit(await addDefinition(), { n: 1 })
    await handle.done()
    const receipt = await receiptOf(alone, handle)
    checkSignature(receipt)
    assert.equal(receipt.body.worker, alone.peerId)
  })

  it('come for a result that was finished while its submitter was away, and after its worker was started again', async () => {
    const [workerDir, submitterDir] = [await tempDir(), await tempDir()]
    const spin = await spinDefinition()
    const worker = await node({ dataDir: workerDir }, { durable: true })
    const submitter = await node({ dataDir: submitterDir, workerCount: 0, peers: worker.addresses() }, { durable: true })
    assert.ok(await submitter.waitForPeer(DEADLINE_MS))
    const release = holdResults(worker)
    const handle = await submitter.submit(spin, { n: 1 })
    for await (const { state } of handle.events()) if (state === 'running') break
    await submitter.stop()
    release()
    await untilOwed(worker, 1)
    await worker.stop()
    nodes = []
    const back = await node({ dataDir: workerDir }, { durable: true })
    const again = await node({ dataDir: submitterDir, workerCount: 0, peers: back.addresses() }, { durable: true })
    const task = await again.find(handle.id)
    assert.deepEqual((await task?.done())?.outputs, { result: 7 })
    await receiptOf(again, handle)
    const [kept] = await again.receipts(handle.id)
    assert.equal(kept?.receipt.body.worker, back.peerId)
    assert.deepEqual(kept === undefined ? [] : receiptFindings(kept.receipt, kept.record).map(({ fits }) => fits), [true, true, true, undefined, undefined, true, true])
  })

  describe('reuse', () => {
    async function twice (of: Node, definition: TaskDefinition, options: { noCache?: boolean } = {}): Promise<[TaskRecord, TaskRecord]> {
      const first = await of.submit(definition, { n: 5 })
      await first.done()
      await receiptOf(of, first)
      return [first.record(), await (await of.submit(definition, { n: 5 }, options)).done()]
    }

    it('answers a deterministic task that this node ran before', async () => {
      const alone = await node()
      const [first, second] = await twice(alone, await addDefinition('deterministic: true'))
      assert.deepEqual([second.state, second.outputs, second.reusedFrom, second.worker, second.attempts], ['completed', { result: 6 }, first.id, alone.peerId, 0])
      assert.deepEqual(second.history.map(({ kind }) => kind), ['submitted', 'reused', 'completed'])
      assert.deepEqual(second.receipt, first.receipt)
      const other = await (await alone.submit(await addDefinition('deterministic: true'), { n: 6 })).done()
      assert.deepEqual([other.reusedFrom, other.outputs], [undefined, { result: 7 }])
    })

    it('does not answer what is not marked so, nor what is to be run, nor failures', async () => {
      const alone = await node()
      assert.equal((await twice(alone, await addDefinition()))[1].reusedFrom, undefined)
      assert.equal((await twice(alone, await addDefinition('deterministic: true'), { noCache: true }))[1].reusedFrom, undefined)
      const fails = await addDefinition('deterministic: true')
      const first = await alone.submit(fails, { n: 0 })
      await first.done()
      await receiptOf(alone, first)
      const again = await (await alone.submit(fails, { n: 0 })).done()
      assert.deepEqual([again.state, again.reusedFrom], ['failed', undefined])
    })

    it('and receipts outlast a restart', async () => {
      const dataDir = await tempDir()
      const definition = await addDefinition('deterministic: true')
      const before = await node({ dataDir }, { durable: true })
      const first = await before.submit(definition, { n: 5 })
      await first.done()
      const receipt = await receiptOf(before, first)
      await before.stop()
      nodes = []
      const after = await node({ dataDir }, { durable: true })
      assert.deepEqual((await after.receipts(first.id)).map((kept) => kept.receipt), [receipt])
      const second = await (await after.submit(definition, { n: 5 })).done()
      assert.deepEqual([second.reusedFrom, second.outputs], [first.id, { result: 6 }])
      await after.stop()
      nodes = []
      const [kept] = await (await node({ dataDir }, { durable: true })).receipts(second.id)
      assert.deepEqual([kept?.receipt, kept?.record.reusedFrom], [receipt, first.id])
    })

    it('takes the result of a peer only where that is trusted', async () => {
      const { worker, submitter } = await pair()
      const definition = await addDefinition('deterministic: true')
      assert.equal((await twice(submitter, definition))[1].reusedFrom, undefined)
      const trusting = await node({ workerCount: 0, peers: worker.addresses(), trusted: [worker.peerId] })
      assert.ok(await trusting.waitForPeer(DEADLINE_MS))
      const [first, second] = await twice(trusting, definition)
      assert.deepEqual([second.reusedFrom, second.worker], [first.id, worker.peerId])
    })
  })

  describe('agreement', () => {
    let workers: Node[]
    let submitter: Node

    async function meshOf (count: number): Promise<void> {
      workers = await Promise.all(Array.from({ length: count }, () => node()))
      submitter = await node({ workerCount: 0, peers: workers.flatMap((worker) => worker.addresses()) })
      assert.ok(await submitter.waitForPeer(DEADLINE_MS))
    }

    it('runs a task on different peers, and ends with what they agree on though one lies', async () => {
      await meshOf(3)
      const liar = workers[1] ?? assert.fail()
      lie(liar, () => ({ result: 666 }))
      const handle = await submitter.submit(await addDefinition('agreement: { replicas: 3, quorum: 2 }'), { n: 1 })
      const record = await handle.done()
      assert.deepEqual([record.state, record.outputs, record.job?.kind], ['completed', { result: 2 }, 'agreement'])
      const replicas = await submitter.children(handle.id)
      const ran = replicas.filter(({ state }) => state === 'completed').map(({ worker }) => worker)
      assert.equal(new Set(ran).size, ran.length, 'no peer ran two')
      const lied = replicas.some(({ worker, state }) => state === 'completed' && worker === liar.peerId)
      assert.deepEqual(record.differed, lied ? [liar.peerId] : undefined)
      const kept = await receiptsOf(submitter, handle, 2)
      assert.equal(kept.length, 2)
      for (const { receipt, record: replica } of kept) {
        assert.notEqual(receipt.body.worker, liar.peerId)
        assert.deepEqual(receiptFindings(receipt, replica).filter(({ fits }) => fits === false), [])
      }
    })

    it('names who differed when all must be asked, and fails when too many do', async () => {
      await meshOf(3)
      const [first, liar] = workers
      assert(first !== undefined && liar !== undefined)
      lie(liar, () => ({ result: 666 }))
      const all = await (await submitter.submit(await addDefinition('replicas: 3\nquorum: 3'), { n: 1 })).done()
      assert.deepEqual([all.state, all.failure?.code], ['failed', 'ERR_NO_QUORUM'])
      lie(first, () => ({ result: 667 }))
      const none = await (await submitter.submit(await addDefinition('replicas: 3'), { n: 1 })).done()
      assert.deepEqual([none.state, none.failure?.code], ['failed', 'ERR_NO_QUORUM'])
    })

    it('leaves out what is ignored, and takes a failure that all share', async () => {
      await meshOf(2)
      for (const [i, worker] of workers.entries()) lie(worker, (outputs) => 'result' in outputs && typeof outputs['result'] === 'object' ? { result: { same: 1, took: i, list: [{ a: 1, at: i }] } } : outputs)
      const echo = async (more: string): Promise<TaskDefinition> => (await parseTask(await echoText('json', more), { fileName: 'echo.yaml' })).definition
      const compared = await (await submitter.submit(await echo('agreement: { replicas: 2, quorum: 2 }'), { data: {} })).done()
      assert.equal(compared.failure?.code, 'ERR_NO_QUORUM')
      const ignored = await (await submitter.submit(await echo('agreement: { replicas: 2, quorum: 2, ignore: [result.took, "result.list[*].at"] }'), { data: {} })).done()
      assert.equal(ignored.state, 'completed')
      const failed = await (await submitter.submit(await addDefinition('agreement: { replicas: 2, quorum: 2 }'), { n: 0 })).done()
      assert.deepEqual([failed.state, failed.failure?.code], ['failed', 'ERR_TRAP'])
    })

    it('is reused by whoever trusts no worker alone', async () => {
      await meshOf(2)
      const definition = await addDefinition('deterministic: true\nreplicas: 2')
      const first = await (await submitter.submit(definition, { n: 1 })).done()
      await receiptsOf(submitter, first, 2)
      const second = await (await submitter.submit(definition, { n: 1 })).done()
      assert.deepEqual([first.reusedFrom, second.reusedFrom, second.outputs], [undefined, first.id, { result: 2 }])
      const plain = await (await submitter.submit(await addDefinition('deterministic: true'), { n: 1 })).done()
      assert.equal(plain.reusedFrom, first.id)
      assert.equal((await submitter.receipts(second.id)).length, 2)
    })
  })
})
