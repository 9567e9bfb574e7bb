import assert from 'node:assert/strict'
import { cp } from 'node:fs/promises'
import { createNode, type Node } from '../../src/node.ts'
import { parseDefinition } from '../../src/task/parse.ts'
import { isPipeline, type TaskDefinition } from '../../src/task/definition.ts'
import { rejectsWith } from '../support/rejects.ts'
import { ensureSandboxBundle } from '../support/sandbox-bundle.ts'
import { useTempDirs } from '../support/temp-dir.ts'
import { wat } from '../support/wat.ts'

const LISTEN = ['/ip4/127.0.0.1/tcp/0']
const DOUBLE = '(module (func (export "double") (param i64) (result i64) (i64.mul (local.get 0) (i64.const 2))))'

describe('a node that keeps a journal', () => {
  const tempDir = useTempDirs()
  let nodes: Node[]
  let double: TaskDefinition

  async function start (dataDir: string, { peers = [], workerCount = 0 }: { peers?: string[], workerCount?: number } = {}): Promise<Node> {
    const node = await createNode({ dataDir, workerCount, mdns: false, listen: LISTEN, peers })
    nodes.push(node)
    await node.start()
    return node
  }

  async function resultOf (node: Node, id: string): Promise<unknown> {
    const handle = await node.find(id)
    assert(handle !== undefined, `the node does not know ${id}`)
    return (await handle.result()).result
  }

  beforeEach(async () => {
    nodes = []
    await ensureSandboxBundle()
    const binary = Buffer.from(await wat(DOUBLE)).toString('base64')
    const text = `name: double\ncompute_logic: { type: wasm, wasm_binary: "${binary}", function_name: double }\ninputs: [{ name: n, type: integer }]\n`
    const { definition } = await parseDefinition(text, { fileName: 'double.yaml' })
    assert(!isPipeline(definition))
    double = definition
  })
  afterEach(async () => { await Promise.all(nodes.map((node) => node.stop())) })

  it('goes on with every task that it accepted, after kill -9 and after a stop, and knows those that had ended', async () => {
    const [dataDir, image] = [await tempDir(), await tempDir()]
    const first = await start(dataDir)
    const handles = await Promise.all(Array.from({ length: 50 }, (_, n) => first.submit(double, { n })))
    // What is on disk now is what is left after kill -9.
    await cp(dataDir, image, { recursive: true })
    const waits = handles.map((handle) => rejectsWith('ERR_CANCELLED', handle.done()))
    await first.stop()
    await Promise.all(waits)
    for (const folder of [image, dataDir]) {
      const worker = await start(await tempDir(), { workerCount: 1 })
      const again = await start(folder, { peers: worker.addresses() })
      assert.equal(again.peerId, first.peerId)
      assert.deepEqual(await Promise.all(handles.map(({ id }) => resultOf(again, id))), handles.map((_, n) => n * 2))
      await again.stop()
      const last = await start(folder)
      assert.deepEqual(await Promise.all(handles.map(({ id }) => resultOf(last, id))), handles.map((_, n) => n * 2))
      await last.stop()
    }
  })
})
