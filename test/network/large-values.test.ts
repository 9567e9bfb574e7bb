/** Inputs and outputs that do not fit into frames, between whole nodes. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cidOf } from '../../src/modules/cid.ts'
import { createNode, type Node } from '../../src/node.ts'
import type { FileSource } from '../../src/task/definition.ts'
import { DEADLINE_MS } from '../support/deadline.ts'
import { parseTask } from '../support/parse-task.ts'
import type { TaskRecord } from '../../src/task/state.ts'
import type { Value } from '../../src/task/values.ts'
import { echoDefinition } from '../support/echo-module.ts'
import { ensureSandboxBundle } from '../support/sandbox-bundle.ts'
import { SHIPPED } from '../support/shipped.ts'
import { removeTempDirs, tempDir } from '../support/temp-dir.ts'
import { filesOf, until } from '../support/until.ts'

const LISTEN = ['/ip4/127.0.0.1/tcp/0']
const MiB = 1024 * 1024

describe('large inputs and outputs', () => {
  let submitter: Node
  let worker: Node

  beforeEach(async () => {
    await ensureSandboxBundle()
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

  async function echo (node: Node, data: Value, type: 'bytes' | 'string' | 'json' = 'bytes'): Promise<TaskRecord> {
    return await (await node.submit(await echoDefinition(type), { data })).done()
  }

  /** The folder of values that a node with a journal keeps. */
  const keptIn = (node: Node): string => join(node.config.dataDir, 'blobs', 'durable')

  async function untilNothingIsKept (): Promise<void> {
    const folders = [submitter, worker].map(keptIn)
    await until('an end of what is kept', async () => (await Promise.all(folders.map((folder) => readdir(folder)))).flat().every((name) => name === 'partial'), filesOf(...folders))
  }

  for (const size of [64 * 1024 + 1, MiB, 20 * MiB]) {
    it(`of ${size} bytes go to the worker and come back`, async () => {
      const data = new Uint8Array(randomBytes(size))
      const { state, outputs, worker: by, failure } = await echo(submitter, data)
      assert.deepEqual([state, by, failure], ['completed', worker.peerId, undefined])
      assert.ok(outputs?.result instanceof Uint8Array && Buffer.from(data).equals(outputs.result))
      await untilNothingIsKept()
    })
  }

  it('of the largest size go to the worker and come back', async () => {
    const data = new Uint8Array(64 * MiB - 64).fill(7)
    const { state, outputs, failure } = await echo(submitter, data)
    assert.deepEqual([state, failure], ['completed', undefined])
    assert.ok(outputs?.result instanceof Uint8Array && outputs.result.length === data.length)
  })

  it('may be text or JSON', async () => {
    const text = 'é'.repeat(MiB)
    assert.equal((await echo(submitter, text, 'string')).outputs?.result, text)
    const list = Array.from({ length: 50_000 }, (_, i) => `item ${i}`)
    assert.deepEqual((await echo(submitter, { list }, 'json')).outputs?.result, { list })
  })

  it('stay within a node that runs its own task', async () => {
    const data = new Uint8Array(randomBytes(5 * MiB))
    const { outputs, worker: by } = await echo(worker, data)
    assert.equal(by, worker.peerId)
    assert.ok(outputs?.result instanceof Uint8Array && Buffer.from(data).equals(outputs.result))
    await untilNothingIsKept()
  })

  describe('files of a program', () => {
    const CHART = fileURLToPath(new URL('chart.yaml', SHIPPED))
    /** Two colours, and a comment that makes it too large to travel inside the program. */
    const palette = Buffer.from(`ff0000 0000ff\n${'#'.repeat(100_000)}`)

    async function chart (files: FileSource[], baseDir = dirname(CHART)): Promise<TaskRecord> {
      const { definition } = await parseTask(await readFile(CHART, 'utf8'), { fileName: CHART })
      const module = { kind: 'file' as const, path: fileURLToPath(new URL('chart.wasm', SHIPPED)) }
      const task = await submitter.submit({ ...definition, module, setup: { ...definition.setup, files } }, {}, { baseDir })
      return await task.done()
    }

    async function colours (files: FileSource[], baseDir?: string): Promise<string> {
      const { outputs, failure, worker: by } = await chart(files, baseDir)
      assert.deepEqual([failure, by], [undefined, worker.peerId])
      assert.ok(outputs?.image instanceof Uint8Array)
      // The colour table of a bitmap: blue, green, red.
      return Buffer.from(outputs.image.subarray(54, 62)).toString('hex')
    }

    it('go to the worker, which keeps them as it keeps modules', async () => {
      const expected = 'ff0000000000ff00'
      assert.equal(await colours([{ path: 'palette.txt', bytes: palette }]), expected)
      const cid = cidOf(palette)
      assert.ok(worker.modules.has(cid) && submitter.modules.has(cid))
      assert.equal(await colours([{ path: 'palette.txt', cid }]), expected)
      assert.equal(await colours([{ path: 'palette.txt', bytes: palette.subarray(0, 20) }]), expected)
      const dir = await tempDir()
      await writeFile(join(dir, 'colours.txt'), palette)
      assert.equal(await colours([{ path: 'palette.txt', file: 'colours.txt' }], dir), expected)
    })

    it('that the worker has lost are fetched again', async () => {
      await chart([{ path: 'palette.txt', bytes: palette }])
      assert.ok(await worker.modules.remove(cidOf(palette)))
      assert.equal((await chart([{ path: 'palette.txt', bytes: palette }])).state, 'completed')
    })

    it('that are wrong fail the task, not the worker', async () => {
      const { state, failure } = await chart([{ path: 'palette.txt', bytes: Buffer.from('x'.repeat(100_000)) }])
      assert.deepEqual([state, failure?.code], ['failed', 'ERR_EXIT_CODE'])
    })
  })

  it('of many tasks at once all come back', async () => {
    const definition = await echoDefinition()
    const data = Array.from({ length: 20 }, () => new Uint8Array(randomBytes(2 * MiB)))
    const tasks = await Promise.all(data.map((bytes) => submitter.submit(definition, { data: bytes })))
    for (const [i, task] of tasks.entries()) {
      const { result } = await task.result()
      assert.ok(result instanceof Uint8Array && Buffer.from(data[i] ?? []).equals(result))
    }
    await untilNothingIsKept()
  })
})
