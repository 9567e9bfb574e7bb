import assert from 'node:assert/strict'
import { mkdir, symlink, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CorebrumError } from '../../../src/errors.ts'
import { MAX_INLINE_FILE_BYTES, MAX_WASI_FILE_BYTES } from '../../../src/limits.ts'
import { cidOf } from '../../../src/modules/cid.ts'
import type { ModuleStore } from '../../../src/modules/modules.ts'
import { createModuleStore } from '../../../src/modules/store.ts'
import { createIntake, type Intake } from '../../../src/roles/submitter/intake.ts'
import type { FileSource, TaskDefinition } from '../../../src/task/definition.ts'
import { checkOutputs } from '../../../src/task/outputs.ts'
import { programDigest } from '../../../src/task/program.ts'
import { rejectsWith } from '../../support/rejects.ts'
import { FakeBlobs, FakeRetriever, turn } from '../../support/roles.ts'
import { useTempDirs } from '../../support/temp-dir.ts'

const CID = 'bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku'

describe('intake', () => {
  const tempDir = useTempDirs()
  let dir: string
  let store: ModuleStore
  let retriever: FakeRetriever
  let blobs: FakeBlobs
  let intake: Intake
  let named: string[]
  let checked: number

  beforeEach(async () => {
    dir = await tempDir()
    store = createModuleStore({ dir: join(dir, 'modules'), maxBytes: 10_000_000 })
    await store.start()
    retriever = new FakeRetriever()
    blobs = new FakeBlobs()
    named = []
    checked = 0
    intake = createIntake({
      store,
      retriever,
      blobs,
      checkBytes: (bytes) => {
        checked++
        if (bytes.length === 0) throw new CorebrumError('ERR_NOT_WASM', 'there is nothing in it')
      },
      onModule: (cid) => { named.push(cid) },
    })
  })
  afterEach(() => store.stop())

  const definition = (more: Partial<TaskDefinition> = {}): TaskDefinition => ({
    name: 'task',
    module: { kind: 'bytes', bytes: new Uint8Array([1, 2, 3]) },
    inputs: [{ name: 'number', type: 'integer', required: true }],
    outputs: [{ name: 'result', type: 'integer' }],
    validation: [],
    timeLimitMs: 1_000,
    grants: { networking: false, fileSystem: false },
    priority: 0,
    tags: [],
    metadata: {},
    ...more,
  })

  it('makes a task that can be queued, and says which module it names', async () => {
    const task = await intake(definition(), { number: 5 }, { baseDir: dir })
    assert.match(task.id, /^[0-9a-f-]{36}$/)
    assert.deepEqual([task.values, task.program.name, task.program.module.size], [[5], 'task', 3])
    assert.deepEqual(named, [task.program.module.cid])
    assert(store.has(task.program.module.cid))
  })

  it('finds what is wrong before anything is queued', async () => {
    await rejectsWith('ERR_INPUT', intake(definition(), { number: 'five' }, { baseDir: dir }))
    await rejectsWith('ERR_NOT_WASM', intake(definition({ module: { kind: 'bytes', bytes: new Uint8Array() } }), { number: 5 }, { baseDir: dir }))
    await rejectsWith('ERR_MODULE_NOT_FOUND', intake(definition({ module: { kind: 'file', path: 'none.wasm' } }), { number: 5 }, { baseDir: dir }))
    assert.deepEqual(named, [])
  })

  it('checks outputs against the definition', async () => {
    const task = await intake(definition(), { number: 5 }, { baseDir: dir })
    assert(task.check !== undefined)
    await checkOutputs(task.check, { result: 120 })
    await rejectsWith('ERR_RESULT_TYPE', checkOutputs(task.check, { result: 'x' }))
  })

  it('reads the module of a definition object once, and tasks of it share a program', async () => {
    const once = definition()
    const [a, b] = await Promise.all([intake(once, { number: 1 }, { baseDir: dir }), intake(once, { number: 2 }, { baseDir: dir })])
    assert.equal(a.program, b.program)
    assert.equal(checked, 1)
  })

  it('does so too when the inputs declare themselves', async () => {
    const once = definition({ inputs: [] })
    const [a, b, c] = [
      await intake(once, { n: 1 }, { baseDir: dir }), await intake(once, { n: 2 }, { baseDir: dir }), await intake(once, { m: 'x' }, { baseDir: dir }),
    ]
    assert.equal(a.program, b.program)
    assert.notEqual(programDigest(a.program), programDigest(c.program))
    assert.equal(checked, 2)
  })

  it('takes a relative path from the folder of each submit', async () => {
    const once = definition({ module: { kind: 'file', path: 'm.wasm' } })
    const other = await tempDir()
    await writeFile(join(dir, 'm.wasm'), 'one')
    await writeFile(join(other, 'm.wasm'), 'other')
    const [a, b] = [await intake(once, { number: 1 }, { baseDir: dir }), await intake(once, { number: 1 }, { baseDir: other })]
    assert.notEqual(a.program.module.cid, b.program.module.cid)
  })

  it('reads it again when the store has lost it, or when it failed', async () => {
    const once = definition()
    const { program } = await intake(once, { number: 1 }, { baseDir: dir })
    await store.remove(program.module.cid)
    await intake(once, { number: 1 }, { baseDir: dir })
    assert(store.has(program.module.cid))
    const file = definition({ module: { kind: 'file', path: 'late.wasm' } })
    await rejectsWith('ERR_MODULE_NOT_FOUND', intake(file, { number: 1 }, { baseDir: dir }))
    await writeFile(join(dir, 'late.wasm'), 'here')
    await intake(file, { number: 1 }, { baseDir: dir })
  })

  it('is not spoiled for others by a submit that is cancelled', async () => {
    const once = definition({ module: { kind: 'cid', cid: CID } })
    const abort = new AbortController()
    const first = rejectsWith('ERR_CANCELLED', intake(once, { number: 1 }, { baseDir: dir, signal: abort.signal }))
    while (retriever.fetches.length < 1) await turn()
    const second = intake(once, { number: 2 }, { baseDir: dir })
    await turn()
    abort.abort()
    await first
    while (retriever.fetches.length < 2) await turn()
    retriever.fetches[1]?.done()
    assert.equal((await second).program.module.cid, CID)
  })

  describe('large inputs', () => {
    const big = new Uint8Array(100_000)
    const takesBytes = (): TaskDefinition => definition({ inputs: [{ name: 'data', type: 'bytes', required: true }] })

    it('are kept as blobs until the task lets go of them', async () => {
      const task = await intake(takesBytes(), { data: big }, { baseDir: dir })
      const [cid] = [...blobs.bytes.keys()]
      assert.deepEqual([task.values, task.refs], [[undefined], [{ index: 0, blob: { cid, size: 100_000, form: 'bytes' } }]])
      task.release?.()
      assert.equal(blobs.bytes.size, 0)
    })

    it('that find no room refuse the task', async () => {
      blobs.failPut = new CorebrumError('ERR_QUEUE_FULL', 'no room')
      await rejectsWith('ERR_QUEUE_FULL', intake(takesBytes(), { data: big }, { baseDir: dir }))
    })

    it('cost small ones nothing', async () => {
      const { refs, release } = await intake(takesBytes(), { data: new Uint8Array(10) }, { baseDir: dir })
      assert.deepEqual([refs, release], [undefined, undefined])
    })
  })

  describe('files', () => {
    const withFiles = (...files: FileSource[]): TaskDefinition => definition({ setup: { files }, grants: { networking: false, fileSystem: true } })
    const small = new Uint8Array([1])
    const large = new Uint8Array(MAX_INLINE_FILE_BYTES).fill(2)

    it('of a few bytes travel inside the program, larger ones by CID; those of inputs stay as they are', async () => {
      await writeFile(join(dir, 'local.bin'), large)
      const files: FileSource[] = [{ path: 'a', file: 'local.bin' }, { path: 'b', bytes: small }, { path: 'c', input: 'number' }]
      const task = await intake(withFiles(...files), { number: 1 }, { baseDir: dir })
      const cid = cidOf(large)
      assert.deepEqual(task.program.setup?.files, [{ path: 'a', cid, size: large.length }, { path: 'b', bytes: small }, { path: 'c', input: 'number' }])
      assert.deepEqual(new Uint8Array(await store.read(cid)), large)
      const alone = await intake(withFiles({ path: 'a', file: 'local.bin' }), { number: 1 }, { baseDir: dir })
      assert.deepEqual(alone.program.setup?.files, [{ path: 'a', bytes: Buffer.from(large) }])
    })

    it('are taken from the folder of the definition only, links followed', async () => {
      const folder = join(dir, 'definition')
      await mkdir(join(folder, 'sub'), { recursive: true })
      await writeFile(join(dir, 'secret'), 'key')
      await writeFile(join(dir, 'definition-secret'), 'key')
      await writeFile(join(folder, 'sub', 'data'), small)
      await symlink(join(dir, 'secret'), join(folder, 'link'))
      await symlink(join(folder, 'sub', 'data'), join(folder, 'inner'))
      for (const file of ['../secret', '../definition-secret', join(dir, 'secret'), 'link', 'sub/../../secret', '..']) {
        await rejectsWith('ERR_DEFINITION', intake(withFiles({ path: 'a', file }), { number: 1 }, { baseDir: folder }))
      }
      for (const file of ['sub/data', 'inner', join(folder, 'sub', 'data')]) {
        const task = await intake(withFiles({ path: 'a', file }), { number: 1 }, { baseDir: folder })
        assert.deepEqual(task.program.setup?.files, [{ path: 'a', bytes: Buffer.from(small) }])
      }
    })

    it('by CID are found here, or got', async () => {
      const cid = await store.put(large)
      const here = await intake(withFiles({ path: 'a', cid }), { number: 1 }, { baseDir: dir })
      assert.deepEqual(here.program.setup?.files, [{ path: 'a', cid, size: large.length }])
      const coming = rejectsWith('ERR_MODULE_NOT_FOUND', intake(withFiles({ path: 'a', cid: CID }), { number: 1 }, { baseDir: dir }))
      while (retriever.fetches.length < 1) await turn()
      assert.equal(retriever.fetches[0]?.module.cid, CID)
      retriever.fetches[0]?.fail(new CorebrumError('ERR_MODULE_NOT_FOUND', 'nobody has it'))
      await coming
    })

    it('are held from eviction while their task is open', async () => {
      const own = createModuleStore({ dir: join(dir, 'small'), maxBytes: 100_000 })
      await own.start()
      const other = createIntake({ store: own, retriever, blobs, checkBytes: () => {}, onModule: () => {} })
      const files = [1, 2].map((fill): FileSource => ({ path: `${fill}`, bytes: new Uint8Array(66_000).fill(fill) }))
      const task = await other(withFiles(...files), { number: 1 }, { baseDir: dir })
      const cids = task.program.setup?.files.flatMap((file) => 'cid' in file ? [file.cid] : []) ?? []
      assert.deepEqual(cids.map((cid) => own.has(cid)), [true, true])
      task.release?.()
      assert.deepEqual(cids.map((cid) => own.has(cid)), [false, true])
      await own.stop()
    })

    it('that were lost are placed again for the next task of the same definition', async () => {
      const once = withFiles({ path: 'a', bytes: large }, { path: 'b', bytes: small })
      await intake(once, { number: 1 }, { baseDir: dir })
      await store.remove(cidOf(large))
      await intake(once, { number: 2 }, { baseDir: dir })
      assert.ok(store.has(cidOf(large)))
    })

    it('that are not there, are folders, or too large are mistakes of the definition', async () => {
      await mkdir(join(dir, 'folder'))
      await writeFile(join(dir, 'one.bin'), 'x')
      await writeFile(join(dir, 'local.bin'), '')
      await truncate(join(dir, 'local.bin'), MAX_WASI_FILE_BYTES)
      for (const files of [['missing'], ['folder'], ['local.bin', 'one.bin']]) {
        const task = withFiles(...files.map((file): FileSource => ({ path: file, file })))
        await rejectsWith('ERR_DEFINITION', intake(task, { number: 1 }, { baseDir: dir }))
      }
    })
  })
})
