/** What goes past the JSON of the control socket: files for tasks, single outputs, answers of many megabytes. */
import assert from 'node:assert/strict'
import { parseAnswer } from '../../../src/control/answer-json.ts'
import { createControlClient, type ControlClient } from '../../../src/control/client.ts'
import { viewField } from '../../../src/control/fields.ts'
import { createControlServer, type ControlServer } from '../../../src/control/server.ts'
import type { SubmitEvent } from '../../../src/control/submit-event.ts'
import { createUploads } from '../../../src/control/uploads.ts'
import { MAX_UPLOADS } from '../../../src/control/limits.ts'
import { isPipeline } from '../../../src/task/definition.ts'
import { formatJson } from '../../../src/task/json.ts'
import { FakeBlobs } from '../../support/fake-blobs.ts'
import { createFakeNode, FakeTask, type FakeNode } from '../../support/fake-node.ts'
import { rejectsWith } from '../../support/rejects.ts'
import { useClock } from '../../support/roles.ts'
import { useTempDirs } from '../../support/temp-dir.ts'

const DEFINITION = `
name: resize
compute_logic:
  type: wasm
  wasm_binary: AGFzbQEAAAA=
  inputs: [{ name: image, type: bytes, required: false }]
  outputs: [{ name: image, type: bytes }, { name: note, type: string }]
  wasm_config: { allow_file_system: true }
`

async function bytesOf (chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = []
  for await (const chunk of chunks) all.push(chunk)
  return Buffer.concat(all)
}

describe('bytes on the control socket', () => {
  const tempDir = useTempDirs()
  let node: FakeNode
  let blobs: FakeBlobs
  let server: ControlServer
  let client: ControlClient

  beforeEach(async () => {
    const dataDir = await tempDir()
    blobs = new FakeBlobs()
    node = Object.assign(createFakeNode({ dataDir }), { blobs })
    server = createControlServer({ node: Promise.resolve(node) }, { dataDir })
    await server.start()
    client = createControlClient({ dataDir })
  })
  afterEach(() => server.stop())

  async function all (events: AsyncIterable<SubmitEvent>): Promise<SubmitEvent[]> {
    const list: SubmitEvent[] = []
    for await (const event of events) list.push(event)
    return list
  }

  it('brings files to a task: as an input, or into its root', async () => {
    const image = new Uint8Array(3_000_000).fill(7)
    await all(client.follow({ definition: DEFINITION, files: [{ name: 'image', bytes: image }, { name: 'conf/a.txt', bytes: Buffer.from('a') }] }))
    const [submission] = node.submissions
    assert.ok(submission?.inputs.image instanceof Uint8Array && Buffer.from(image).equals(submission.inputs.image))
    assert.ok(!isPipeline(submission.definition))
    assert.deepEqual(submission.definition.setup?.files, [{ path: 'conf/a.txt', bytes: new Uint8Array(Buffer.from('a')) }])
    assert.equal(blobs.bytes.size, 0, 'nothing is kept once the task has them')
  })

  it('takes files for tasks that nobody follows, and empty ones', async () => {
    await client.detach({ definition: DEFINITION, files: [{ name: 'image', bytes: new Uint8Array() }] })
    assert.deepEqual(node.submissions[0]?.inputs, { image: new Uint8Array() })
  })

  it('refuses a file that is not there, and names of outputs that the task has not', async () => {
    const gone = client.follow({ definition: DEFINITION, files: [{ name: 'image', bytes: new Uint8Array([1]) }] })
    blobs.read = async () => { throw new Error('gone') }
    await assert.rejects(all(gone))
    await rejectsWith('ERR_USAGE', all(client.follow({ definition: DEFINITION, outputFiles: ['imag'] })))
    assert.equal(node.submissions.length, 0)
  })

  it('gives single outputs as they are, and leaves them out of the JSON', async () => {
    const image = new Uint8Array(3_000_000).fill(9)
    const task = node.add(new FakeTask()).complete({ image, note: 'é', list: [1, 2n ** 64n] })
    node.onSubmit = (_submission, submitted) => { submitted.complete({ image, note: 'é' }) }
    assert.deepEqual(await bytesOf(client.output(task.id, 'image')), Buffer.from(image))
    assert.equal((await bytesOf(client.output(task.id, 'note'))).toString(), 'é')
    assert.equal((await bytesOf(client.output(task.id.slice(0, 8), 'list'))).toString(), '[1,18446744073709551616]')
    await rejectsWith('ERR_USAGE', bytesOf(client.output(task.id, 'toString')))
    await rejectsWith('ERR_TASK_UNKNOWN', bytesOf(client.output('ffffffff', 'note')))
    const view = await client.get(`/v1/tasks/${task.id}?without=image&without=list`)
    assert.deepEqual({ ...viewField(view, 'outputs') }, { note: 'é' })
    const last = (await all(client.follow({ definition: DEFINITION, outputFiles: ['image'] }))).at(-1)
    assert.ok(last?.type === 'task')
    assert.deepEqual({ ...viewField(last.task, 'outputs') }, { note: 'é' })
  })

  it('prints outputs of megabytes all the same', async () => {
    const image = new Uint8Array(20 * 1024 * 1024).fill(9)
    const task = node.add(new FakeTask()).complete({ image, big: 2n ** 64n })
    const outputs = viewField(await client.get(`/v1/tasks/${task.id}?without=big`), 'outputs')
    assert.equal(outputs?.image, Buffer.from(image).toString('base64'))
  })

  describe('uploads', () => {
    const clock = useClock()

    it('are kept for a while, each for one task', async () => {
      const uploads = createUploads({ blobs: async () => blobs }, { keptMs: 1_000 })
      const cid = await uploads.add(new Uint8Array([1]))
      assert.equal(await uploads.add(new Uint8Array([1])), cid)
      assert.deepEqual(await uploads.take(cid), new Uint8Array([1]))
      clock.tick(1_001)
      await rejectsWith('ERR_BLOB_NOT_FOUND', uploads.take(cid))
      assert.equal(blobs.bytes.size, 0)
      await uploads.add(new Uint8Array([2]))
      uploads.stop()
      assert.equal(blobs.bytes.size, 0)
    })

    it('are so many and no more', async () => {
      const uploads = createUploads({ blobs: async () => blobs })
      for (let i = 0; i < MAX_UPLOADS; i++) await uploads.add(new Uint8Array([1]))
      await rejectsWith('ERR_QUEUE_FULL', uploads.add(new Uint8Array([1])))
      uploads.stop()
    })
  })
})

describe('answers of the daemon', () => {
  const large = 'x'.repeat(70_000)

  it('are exact, whatever their size', () => {
    const value = { large, quote: '"\\"\\\\', list: [1, -1.5e-7, 0.1234567890123456789, true, null], digits: '12345678901234567890' }
    assert.deepEqual({ ...parseAnswer(formatJson(value)) as object }, value)
    for (const integer of [999_999_999_999_999, -(2n ** 63n), 2n ** 64n, 9007199254740993n]) {
      assert.deepEqual({ ...parseAnswer(formatJson({ large, integer })) as object }, { large, integer })
      assert.deepEqual({ ...parseAnswer(formatJson({ integer, large })) as object }, { large, integer })
    }
    assert.equal(parseAnswer(`[${' '.repeat(70_000)}${'9'.repeat(20)}]`)?.toString(), '9'.repeat(20))
  })

  it('that are no JSON are refused', () => {
    for (const text of ['{', `{"a": "${large}`, `["${large}", ]`, `{"__proto__": "${large}"}`]) assert.throws(() => parseAnswer(text), { name: 'CorebrumError' })
  })
})
