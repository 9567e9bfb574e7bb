import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CorebrumError } from '../../../src/errors.ts'
import type { ModuleStore } from '../../../src/modules/modules.ts'
import { createModuleStore } from '../../../src/modules/store.ts'
import { createIntake, type Intake } from '../../../src/roles/intake.ts'
import type { TaskDefinition } from '../../../src/task/definition.ts'
import { programDigest } from '../../../src/task/program.ts'
import { rejectsWith } from '../../support/rejects.ts'
import { FakeRetriever, turn } from '../../support/roles.ts'
import { useTempDirs } from '../../support/temp-dir.ts'

const CID = 'bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku'

describe('intake', () => {
  const tempDir = useTempDirs()
  let dir: string
  let store: ModuleStore
  let retriever: FakeRetriever
  let intake: Intake
  let named: string[]
  let checked: number

  beforeEach(async () => {
    dir = await tempDir()
    store = createModuleStore({ dir: join(dir, 'modules'), maxBytes: 10_000_000 })
    await store.start()
    retriever = new FakeRetriever()
    named = []
    checked = 0
    intake = createIntake({
      store,
      retriever,
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
    await task.checkOutputs?.({ result: 120 })
    await rejectsWith('ERR_RESULT_TYPE', task.checkOutputs?.({ result: 'x' }) ?? Promise.resolve())
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
})
