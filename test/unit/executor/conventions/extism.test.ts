import assert from 'node:assert/strict'
import { CorebrumError } from '../../../../src/errors.ts'
import { bindProgram, runCall } from '../../../../src/executor/call.ts'
import { compileModule } from '../../../../src/executor/compile.ts'
import type { HttpRequest, HttpResponse } from '../../../../src/task/http.ts'
import { MAX_EXTISM_BYTES } from '../../../../src/executor/limits.ts'
import { inspectModule } from '../../../../src/executor/inspect.ts'
import { fixtureModule } from '../../../support/fixture-module.ts'
import { failsWith, outputsOf, tryCall } from '../../../support/in-process.ts'

const PLUGIN = fixtureModule('extism')
const TEXT = { takes: { text: 'string' }, gives: { result: 'string' } } as const

for (const [name, module] of [['extism:host/env', PLUGIN], ['env.extism_*', fixtureModule('extism-legacy')]] as const) {
  describe(`plug-ins that import ${name}`, () => {
    it('are recognised', () => {
      const report = inspectModule(module)
      assert.equal(report.convention, 'extism')
      assert.deepEqual(report.problems, [])
      assert.deepEqual(report.imports.filter(({ provided }) => !provided), [])
    })

    it('take and return text', async () => {
      for (const text of ['hello', '', 'x'.repeat(100_000)]) assert.deepEqual(await outputsOf(module, { functionName: 'upper', ...TEXT }, text), { result: text.toUpperCase() })
    })

    it('take and return bytes, by bytes and by words', async () => {
      const bytes = Uint8Array.from({ length: 1003 }, (_, index) => index % 256)
      assert.deepEqual(await outputsOf(module, { functionName: 'copy', takes: { b: 'bytes' }, gives: { result: 'bytes' } }, bytes), { result: bytes })
    })
  })
}

describe('Extism convention', () => {
  it('gives several inputs, or one of another type, as one JSON object', async () => {
    assert.deepEqual(await outputsOf(PLUGIN, { functionName: 'copy', takes: { a: 'integer', b: 'string' }, gives: { result: 'json' } }, 2n ** 60n, 'ü'), { result: { a: 2n ** 60n, b: 'ü' } })
    assert.deepEqual(await outputsOf(PLUGIN, { functionName: 'copy', takes: { a: 'integer' }, gives: { result: 'string' } }, 7), { result: '{"a":7}' })
    assert.deepEqual(await outputsOf(PLUGIN, { functionName: 'copy', gives: { result: 'string' } }), { result: '' })
  })

  it('reads the outputs by name where the plug-in returns an object that has them', async () => {
    const call = { functionName: 'copy', takes: { text: 'string' }, gives: { count: 'integer', name: 'string' } } as const
    assert.deepEqual(await outputsOf(PLUGIN, call, '{"count": 3, "name": "x", "more": 1}'), { count: 3, name: 'x' })
    await failsWith('ERR_RESULT_TYPE', PLUGIN, call, '{"count": 3}')
    assert.deepEqual(await outputsOf(PLUGIN, { functionName: 'copy', takes: { text: 'string' }, gives: { count: 'integer' } }, '{"count": 3}'), { count: 3 })
    await failsWith('ERR_RESULT_TYPE', PLUGIN, { functionName: 'copy', takes: { text: 'string' }, gives: { count: 'integer' } }, 'no json')
  })

  it('fails with the text of the plug-in', async () => {
    assert.match((await failsWith('ERR_EXIT_CODE', PLUGIN, { functionName: 'fail' })).message, /returned 3: it went wrong/)
    assert.match((await failsWith('ERR_EXIT_CODE', PLUGIN, { functionName: 'quiet_failure' })).message, /it went wrong/)
  })

  it('has configuration from the environment, and variables', async () => {
    const call = { functionName: 'configured', gives: { result: 'string' } } as const
    assert.deepEqual(await outputsOf(PLUGIN, call), { result: 'none' })
    assert.deepEqual(await outputsOf(PLUGIN, { ...call, setup: { env: { colour: 'grün' } } }), { result: 'grün' })
    assert.deepEqual(await outputsOf(PLUGIN, { functionName: 'remember', gives: { result: 'string' } }), { result: 'kept' })
  })

  it('logs', async () => {
    const { logs, error } = await tryCall(PLUGIN, { functionName: 'talk' })
    assert.equal(error, undefined)
    assert.equal(logs, '[info] hello\n')
  })

  it('refuses requests to the network', async () => {
    await failsWith('ERR_NETWORK_REFUSED', PLUGIN, { functionName: 'fetch' })
  })

  it('sends requests where the task may', () => {
    const asked: HttpRequest[] = []
    const program = bindProgram(compileModule(PLUGIN, 100), { functionName: 'fetch', inputs: [{ name: 'text', type: 'string' }], outputs: [{ name: 'result', type: 'string' }] })
    const sendRequest = (request: HttpRequest): HttpResponse => {
      asked.push(request)
      return { status: 201, headers: { a: 'b' }, body: Buffer.from('größer') }
    }
    const { outputs, error } = runCall(program, ['asked'], { sendRequest })
    assert.equal(error, undefined)
    assert.deepEqual(outputs, { result: 'größer' })
    assert.deepEqual(asked.map(({ method, url, headers, body }) => [method, url, headers, Buffer.from(body).toString()]), [['POST', 'http://example.com/', { x: 'y' }, 'asked']])
    const failing = (): never => { throw new CorebrumError('ERR_URL_FAILED', 'nobody there') }
    assert.equal(runCall(program, ['asked'], { sendRequest: failing }).error?.code, 'ERR_URL_FAILED')
  })

  it('checks every handle', async () => {
    for (const functionName of ['wild_load', 'wild_store', 'wild_output', 'wild_error']) {
      const { error } = await tryCall(PLUGIN, { functionName })
      assert.ok(error?.code === 'ERR_POINTER' || error?.code === 'ERR_OUTPUT_LIMIT', `${functionName}: ${error?.code}`)
    }
    assert.deepEqual(await outputsOf(PLUGIN, { functionName: 'wild_input', takes: { text: 'string' } }, 'x'), {})
  })

  it('uses freed memory again and ends what takes too much', async () => {
    assert.deepEqual(await outputsOf(PLUGIN, { functionName: 'churn' }), {})
    for (const functionName of ['hoard', 'crumbs', 'all_at_once']) await failsWith('ERR_MEMORY_LIMIT', PLUGIN, { functionName })
    assert.ok(MAX_EXTISM_BYTES < 2 ** 28)
  })

  it('keeps nothing from one call to the next', async () => {
    for (let round = 0; round < 3; round++) assert.deepEqual(await outputsOf(PLUGIN, { functionName: 'remember', gives: { result: 'string' } }), { result: 'kept' })
  })

  it('names functions that another host provides', async () => {
    const module = `(module (import "extism:host/env" "input_length" (func (result i64))) (import "extism:host/user" "hello" (func $hello))
      (func (export "main") (result i32) call $hello i32.const 0))`
    assert.match((await failsWith('ERR_MISSING_IMPORT', module, {})).message, /extism:host\/user\.hello/)
  })

  it('starts the runtimes of languages', async () => {
    const plugin = (exports: string): string => `(module (import "extism:host/env" "input_length" (func (result i64))) (global $n (mut i32) (i32.const 0))
      ${exports} (func (export "main") (result i32) (i32.sub (global.get $n) (i32.const 12))))`
    const add = (name: string, value: number, params = ''): string => `(func (export "${name}") ${params} (global.set $n (i32.add (i32.mul (global.get $n) (i32.const 10)) (i32.const ${value}))))`
    assert.deepEqual(await outputsOf(plugin(add('_initialize', 1) + add('hs_init', 2, '(param i32 i32)')), {}), {})
    assert.deepEqual(await outputsOf(plugin(add('_start', 12)), {}), {})
    await failsWith('ERR_EXIT_CODE', plugin(''), {})
  })

  it('refuses functions with parameters, and modules that are no plug-ins', async () => {
    await failsWith('ERR_SIGNATURE', '(module (import "extism:host/env" "free" (func (param i64))) (func (export "main") (param i32)))', {})
    await failsWith('ERR_SIGNATURE', '(module (func (export "main") (result i32) i32.const 0))', { abi: 'extism' })
    await failsWith('ERR_INPUT', PLUGIN, { functionName: 'upper', ...TEXT }, 7)
  })

  it('provides no function under another type', async () => {
    const module = '(module (import "extism:host/env" "alloc" (func $alloc (param i32) (result i32))) (func (export "main") (result i32) (call $alloc (i32.const 1))))'
    await failsWith('ERR_MISSING_IMPORT', module, {})
  })
})
