import assert from 'node:assert/strict'
import { inspectModule } from '../../../../src/executor/inspect.ts'
import { fixtureModule } from '../../../support/fixture-module.ts'
import type { CorebrumError, ErrorCode } from '../../../../src/errors.ts'
import type { CallOutcome } from '../../../../src/executor/call.ts'
import type { Value } from '../../../../src/task/values.ts'
import * as inProcess from '../../../support/in-process.ts'

// Emscripten's modules start with 16 MiB.
const roomy = (call: inProcess.InProcessCall): inProcess.InProcessCall => ({ maxPages: 300, ...call })
const tryCall = (module: string | Uint8Array, call: inProcess.InProcessCall, ...values: Array<Value | undefined>): Promise<CallOutcome> => inProcess.tryCall(module, roomy(call), ...values)
const outputsOf = (module: string | Uint8Array, call: inProcess.InProcessCall, ...values: Array<Value | undefined>): Promise<Record<string, Value> | undefined> => inProcess.outputsOf(module, roomy(call), ...values)
const failsWith = (code: ErrorCode, module: string | Uint8Array, call: inProcess.InProcessCall, ...values: Array<Value | undefined>): Promise<CorebrumError> => inProcess.failsWith(code, module, roomy(call), ...values)

const SUM = { functionName: 'add', takes: { a: 'integer', b: 'integer' }, gives: { result: 'integer' } } as const
const gives = { result: 'integer' } as const

for (const form of ['standalone', 'js']) {
  describe(`modules of Emscripten, ${form} form`, () => {
    const module = fixtureModule(`emscripten-${form}`)

    it('have all of their imports', () => {
      const report = inspectModule(module)
      assert.deepEqual(report.problems, [])
      assert.deepEqual(report.imports.filter(({ provided }) => !provided), [])
    })

    it('print to the log where their function returns the result', async () => {
      const { outputs, logs } = await tryCall(module, SUM, 2, 3)
      assert.deepEqual(outputs, { result: 5 })
      assert.equal(logs, 'adding 2 and 3\n')
    })

    it('take and return C strings, under the names of the command line too', async () => {
      for (const functionName of ['greet', '_greet']) {
        assert.deepEqual(await outputsOf(module, { functionName, takes: { name: 'string' }, gives: { result: 'string' } }, 'Ada'), { result: 'Hello, Ada!' })
      }
    })

    it('grow their memory up to the limit', async () => {
      const call = { functionName: 'grow', takes: { mebibytes: 'integer' }, gives, maxPages: 1000 } as const
      assert.deepEqual(await outputsOf(module, call, 30), { result: 7 })
      assert.deepEqual(await outputsOf(module, call, 300), { result: 0 })
    })

    it('have a clock and no files', async () => {
      assert.ok(Number((await outputsOf(module, { functionName: 'now', gives }))?.['result']) > 1_600_000_000)
      assert.deepEqual(await outputsOf(module, { functionName: 'readfile', gives }), { result: 0 })
    })

    it('abort', async () => {
      const { error } = await tryCall(module, { functionName: 'die' })
      assert.ok(error?.code === 'ERR_TRAP' || error?.code === 'ERR_EXIT_CODE')
    })
  })
}

describe('main functions of C', () => {
  for (const name of ['emscripten-main', 'emscripten-command']) {
    it(`${name}: the inputs on standard input, the outputs from standard output`, async () => {
      const call = { takes: { n: 'integer' }, gives: { given: 'json', arguments: 'integer' } } as const
      const { outputs, logs, error } = await tryCall(fixtureModule(name), call, 4)
      assert.equal(error, undefined)
      assert.deepEqual(outputs?.['given'], { n: 4 })
      assert.match(logs, /^\d arguments, the last is \S+\n$/)
      for (const functionName of ['main', '_main']) assert.deepEqual((await outputsOf(fixtureModule(name), { ...call, functionName }, 4))?.['given'], { n: 4 })
    })

    it(`${name}: arguments and the exit code`, async () => {
      const { error } = await tryCall(fixtureModule(name), { setup: { args: ['a', 'b', 'größe'] } })
      assert.equal(error?.code, 'ERR_EXIT_CODE')
      assert.match(error.message, /exit code 4/)
      const { outputs, logs } = await tryCall(fixtureModule(name), { setup: { args: ['größe'] }, gives: { arguments: 'integer' } })
      assert.deepEqual(outputs, { arguments: 2 })
      assert.match(logs, /the last is größe/)
    })
  }

  it('do not run where another function is asked for, unless they are the program\'s start', async () => {
    const call = { functionName: 'triple', takes: { n: 'integer' }, gives } as const
    assert.deepEqual(await outputsOf(fixtureModule('emscripten-main'), call, 4), { result: 12 })
    assert.deepEqual(await outputsOf(fixtureModule('emscripten-command'), call, 4), { result: 13 })
  })

  it('are plain functions in a module that neither reads nor writes', async () => {
    const module = '(module (func (export "main") (param i32 i32) (result i32) (i32.mul (local.get 0) (local.get 1))))'
    assert.deepEqual(await outputsOf(module, { takes: { a: 'integer', b: 'integer' }, gives }, 6, 7), { result: 42 })
    await failsWith('ERR_SIGNATURE', module, { abi: 'c-main' })
  })

  it('do not trust the allocator for their arguments', async () => {
    const module = (answer: number): string => `(module (import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32))) (memory (export "memory") 1)
      (func (export "malloc") (param i32) (result i32) i32.const ${answer}) (func (export "main") (param i32 i32) (result i32) i32.const 0))`
    for (const answer of [0, -1, 65_530]) await failsWith('ERR_POINTER', module(answer), {})
    assert.deepEqual(await outputsOf(module(1024), {}), {})
  })
})

describe('calls back through the host', () => {
  it('longjmp leaves any number of frames', async () => {
    const module = fixtureModule('emscripten-longjmp')
    for (const depth of [0, 3, 1000]) assert.deepEqual(await outputsOf(module, { functionName: 'jump', takes: { depth: 'integer' }, gives }, depth), { result: 42 })
    assert.deepEqual(await outputsOf(module, { functionName: 'nested', takes: { times: 'integer' }, gives }, 5), { result: 500 })
  })

  it('C++ exceptions of WebAssembly stay inside', async () => {
    const module = fixtureModule('emscripten-exceptions')
    assert.deepEqual(await outputsOf(module, { functionName: 'caught', takes: { n: 'integer' }, gives }, 9), { result: -9 })
    await failsWith('ERR_TRAP', module, { functionName: 'uncaught', takes: { n: 'integer' }, gives }, 9)
    assert.deepEqual(await outputsOf(module, { functionName: 'uncaught', takes: { n: 'integer' }, gives }, 2), { result: 2 })
  })

  it('C++ exceptions of the host are named', async () => {
    const module = '(module (import "env" "__cxa_throw" (func $throw (param i32 i32 i32))) (func (export "main") (call $throw (i32.const 0) (i32.const 0) (i32.const 0))))'
    assert.match((await failsWith('ERR_TRAP', module, {})).message, /__cxa_throw.*-fwasm-exceptions/)
  })

  const invoking = (imported: string, call: string): string => `(module ${imported} (table (export "__indirect_function_table") 2 funcref)
    (func $number (param i32) (result i32) local.get 0) (elem (i32.const 1) $number) (memory (export "memory") 1)
    (func (export "setThrew") (param i32 i32)) (func (export "main") ${call}))`

  it('refuse function pointers that lead nowhere', async () => {
    const module = (index: number): string => invoking('(import "env" "invoke_ii" (func $invoke (param i32 i32) (result i32)))', `(result i32) (call $invoke (i32.const ${index}) (i32.const 7))`)
    assert.deepEqual(await outputsOf(module(1), { gives }), { result: 7 })
    for (const index of [0, 2, -1]) await failsWith('ERR_TRAP', module(index), { gives })
  })

  it('refuse function pointers of another type', async () => {
    await failsWith('ERR_TRAP', invoking('(import "env" "invoke_jj" (func $invoke (param i32 i64) (result i64)))', '(result i64) (call $invoke (i32.const 1) (i64.const 7))'), { gives })
    await failsWith('ERR_TRAP', invoking('(import "env" "invoke_j" (func $invoke (param i32) (result i64)))', '(result i64) (call $invoke (i32.const 1))'), { gives })
  })

  it('do not catch what is no jump', async () => {
    const module = `(module (import "env" "invoke_v" (func $invoke (param i32))) (table (export "t") 1 funcref) (func $trap unreachable) (elem (i32.const 0) $trap)
      (func (export "setThrew") (param i32 i32)) (func (export "main") (call $invoke (i32.const 0))))`
    await failsWith('ERR_TRAP', module, {})
    const loop = `(module (import "env" "invoke_v" (func $invoke (param i32))) (table (export "t") 1 funcref) (func $again (call $invoke (i32.const 0))) (elem (i32.const 0) $again)
      (func (export "setThrew") (param i32 i32)) (func (export "main") (call $invoke (i32.const 0))))`
    await failsWith('ERR_STACK_OVERFLOW', loop, {})
  })
})

describe('imports of Emscripten\'s runtime', () => {
  it('take pointers as they come', async () => {
    const calling = (name: string, params: string, args: string): string => `(module (import "env" "${name}" (func $f (param ${params}) (result i32))) (memory (export "memory") 1)
      (func (export "main") (result i32) (call $f ${args})))`
    const wild = '(i32.const -1)'
    for (const [name, count] of [['gettimeofday', 2], ['clock_gettime', 2], ['time', 1], ['__syscall_getcwd', 2], ['__syscall_openat', 4], ['_localtime_r', 2], ['__gmtime_r', 2]] as const) {
      const { error } = await tryCall(calling(name, 'i32 '.repeat(count), wild.repeat(count)), { gives })
      assert.equal(error, undefined, `${name}: ${error?.message}`)
    }
  })

  it('break time down in UTC', async () => {
    const module = `(module (import "env" "_gmtime_js" (func $f (param i64 i32))) (memory (export "memory") 1)
      (func (export "main") (result i32) (call $f (i64.const 951782399) (i32.const 64))
        (i32.add (i32.mul (i32.load offset=20 (i32.const 64)) (i32.const 1000)) (i32.load offset=28 (i32.const 64)))))`
    // 2000-02-28T23:59:59Z: year 100 since 1900, day 58 of the year.
    assert.deepEqual(await outputsOf(module, { gives }), { result: 100_058 })
  })

  it('are not provided under types that the host cannot serve', async () => {
    for (const name of ['emscripten_resize_heap', 'time', 'abort', 'seed', 'console.log', 'invoke_v']) {
      await failsWith('ERR_MISSING_IMPORT', `(module (import "env" "${name}" (func $f (param i64))) (func (export "main") (call $f (i64.const 1))))`, {})
    }
  })
})
