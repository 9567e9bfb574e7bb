import assert from 'node:assert/strict'
import { CorebrumError } from '../../../src/errors.ts'
import type { HttpRequest } from '../../../src/task/http.ts'
import { createExecutor } from '../../../src/executor/pool.ts'
import type { CallResult, Executor } from '../../../src/executor/executor.ts'
import { callOf, ModuleShelf } from '../../support/executor-fixture.ts'
import { rejectsWith } from '../../support/rejects.ts'
import { ensureSandboxBundle } from '../../support/sandbox-bundle.ts'

const REQUEST = '{\\22url\\22:\\22http://a.org/\\22,\\22headers\\22:{\\22x\\22:\\22y\\22}}'
/** A WASI command that sends a request `times` times and writes the last answer to its standard output. */
const asks = (request: string, times = 1): string => `(module
  (import "corebrum" "http_request" (func $request (param i32 i32) (result i32))) (import "corebrum" "http_answer" (func $answer (param i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 4) (data (i32.const 100) "${request}")
  (func (export "_start") (local $left i32) (local.set $left (i32.const ${times})) (i32.store (i32.const 0) (i32.const 4096))
    (loop (i32.store (i32.const 4) (call $request (i32.const 100) (i32.const ${request.replace(/\\../g, '"').length}))) (call $answer (i32.const 4096))
      (br_if 0 (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))`

const GRANTS = { networking: true, fileSystem: false, hosts: ['a.org'] }

describe('HTTP requests of modules', () => {
  const shelf = new ModuleShelf()
  const seen: Array<{ request: HttpRequest, hosts: readonly string[] }> = []
  let executor: Executor
  let answer: () => Promise<{ status: number, headers: Record<string, string>, body: Uint8Array }>

  before(async () => {
    await ensureSandboxBundle()
    executor = createExecutor({
      loadModule: shelf.loadModule,
      request: async (request, hosts) => {
        seen.push({ request, hosts })
        return await answer()
      },
    }, { slots: 1 })
    await executor.start()
  })
  after(async () => { await executor.stop() })
  beforeEach(() => {
    seen.length = 0
    answer = async () => ({ status: 200, headers: { 'content-type': 'text/plain' }, body: Buffer.from('héllo') })
  })

  async function run (module: string, options = {}): Promise<CallResult> {
    return await executor.run(callOf(await shelf.program(module, { gives: { result: 'json' }, grants: GRANTS, ...options })))
  }

  it('are sent by the node and answered', async () => {
    const { outputs } = await run(asks(REQUEST))
    assert.deepEqual(outputs, { result: { status: 200, headers: { 'content-type': 'text/plain' }, body: 'héllo' } })
    assert.deepEqual(seen.map(({ request, hosts }) => ({ ...request, body: request.body.length, hosts })), [{ method: 'GET', url: 'http://a.org/', headers: { x: 'y' }, body: 0, hosts: ['a.org'] }])
  })

  it('are refused in words where a field is a large integer', async () => {
    await rejectsWith('ERR_NETWORK_REFUSED', run(asks('{\\22url\\22:\\22http://a.org/\\22,\\22method\\22:12345678901234567890}')))
  })

  it('give bytes that are no text in base64', async () => {
    answer = async () => ({ status: 200, headers: {}, body: Uint8Array.of(0xff, 0xfe) })
    assert.deepEqual((await run(asks(REQUEST))).outputs, { result: { status: 200, headers: {}, body_base64: '//4=' } })
  })

  it('tell the program when a host cannot be reached', async () => {
    answer = () => Promise.reject(new CorebrumError('ERR_URL_FAILED', 'no route'))
    assert.deepEqual((await run(asks(REQUEST))).outputs, { result: { status: 0, headers: {}, body: '', error: 'no route' } })
  })

  it('end the task when they are refused', async () => {
    answer = () => Promise.reject(new CorebrumError('ERR_NETWORK_REFUSED', 'not that host'))
    await rejectsWith('ERR_NETWORK_REFUSED', run(asks(REQUEST)))
  })

  it('end the task when its definition does not allow them; the node is not asked', async () => {
    await rejectsWith('ERR_NETWORK_REFUSED', run(asks(REQUEST), { grants: { networking: false, fileSystem: false } }))
    assert.equal(seen.length, 0)
  })

  for (const [what, request] of [['no object', '[]'], ['no url', '{}'], ['a strange method', '{\\22url\\22:\\22http://a.org\\22,\\22method\\22:\\22TRACE\\22}'], ['a header that is a number', '{\\22url\\22:\\22http://a.org\\22,\\22headers\\22:{\\22a\\22:1}}']] as const) {
    it(`are refused with ${what}`, async () => { await rejectsWith('ERR_NETWORK_REFUSED', run(asks(request))) })
  }

  it('are limited in number', async () => {
    await rejectsWith('ERR_NETWORK_REFUSED', run(asks(REQUEST, 300)))
    assert.equal(seen.length, 256)
  })

  it('do not hold up the deadline, and the next call runs', async () => {
    let sent: AbortSignal | undefined
    const slow = createExecutor({ loadModule: shelf.loadModule, request: (_request, _hosts, signal) => new Promise(() => { sent = signal }) }, { slots: 1 })
    await slow.start()
    const program = await shelf.program(asks(REQUEST), { gives: { result: 'json' }, grants: GRANTS, timeLimitMs: 200 })
    await rejectsWith('ERR_TIME_LIMIT', slow.run(callOf(program)))
    assert.equal(sent?.aborted, true)
    const next = await slow.run(callOf(await shelf.program('(module (func (export "main") (result i32) (i32.const 3)))', { gives: { result: 'integer' } })))
    assert.deepEqual(next.outputs, { result: 3 })
    await slow.stop()
  })

  it('leave calls that were handed over meanwhile in their order', async () => {
    const waiting = await shelf.program('(module (func (export "main") (param i32) (result i32) (local.get 0)))', { takes: { n: 'integer' }, gives: { result: 'integer' } })
    await executor.run(callOf(waiting, 0))
    const asking = run(asks(REQUEST))
    const others = [1, 2, 3].map((n) => executor.run(callOf(waiting, n)))
    assert.equal(Object.keys((await asking).outputs).length, 1)
    assert.deepEqual((await Promise.all(others)).map(({ outputs }) => outputs.result), [1, 2, 3])
  })
})
