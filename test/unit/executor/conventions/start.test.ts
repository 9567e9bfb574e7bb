import assert from 'node:assert/strict'
import { fixtureModule } from '../../../support/fixture-module.ts'
import { failsWith, outputsOf, tryCall } from '../../../support/in-process.ts'

const WASI = '(import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32))) (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))'
const gives = { result: 'integer' } as const
/** `count` returns how often each of the starts ran, as digits. */
const program = (exports: string, imports = WASI): string => `(module ${imports} (memory (export "memory") 1) (global $n (mut i32) (i32.const 0))
  (data (i32.const 16) "\\20\\00\\00\\00\\06\\00\\00\\00") (data (i32.const 32) "ready\\n")
  (func $print (drop (call $write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 0))))
  (func $note (param i32) (global.set $n (i32.add (i32.mul (global.get $n) (i32.const 10)) (local.get 0))))
  ${exports} (func (export "count") (result i32) (global.get $n)))`
const started = (name: string, digit: number, more = ''): string => `(func (export "${name}") (call $note (i32.const ${digit})) ${more})`

describe('what runs before the function of a task', () => {
  it('_start, where another export of the program is called', async () => {
    assert.deepEqual(await outputsOf(program(started('_start', 1)), { functionName: 'count', gives }), { result: 1 })
    assert.deepEqual(await outputsOf(program(started('_start', 1, '(call $exit (i32.const 0))')), { functionName: 'count', gives }), { result: 1 })
  })

  it('fails the task when it fails', async () => {
    await failsWith('ERR_EXIT_CODE', program(started('_start', 1, '(call $exit (i32.const 3))')), { functionName: 'count', gives })
    await failsWith('ERR_TRAP', program(started('_start', 1, 'unreachable')), { functionName: 'count', gives })
  })

  it('writes to the log', async () => {
    const { outputs, logs } = await tryCall(program(started('_start', 1, '(call $print)')), { functionName: 'count', gives })
    assert.deepEqual(outputs, { result: 1 })
    assert.equal(logs, 'ready\n')
  })

  it('_initialize or __wasm_call_ctors instead, where there is one', async () => {
    for (const name of ['_initialize', '__wasm_call_ctors', '___wasm_call_ctors']) {
      assert.deepEqual(await outputsOf(program(started('_start', 1) + started(name, 2)), { functionName: 'count', gives }), { result: 2 })
    }
    assert.deepEqual(await outputsOf(program(started('__wasm_call_ctors', 1) + started('_initialize', 2)), { functionName: 'count', gives }), { result: 2 })
  })

  it('not the start of a program without a main function', async () => {
    const imports = `${WASI} (import "env" "main" (func $main (param i32 i32) (result i32)))`
    assert.deepEqual(await outputsOf(program(started('_start', 1, '(drop (call $main (i32.const 0) (i32.const 0)))'), imports), { functionName: 'count', gives }), { result: 0 })
  })
})

describe('WASI reactors and commands', () => {
  it('a reactor in Zig, whose text is the log', async () => {
    const { outputs, logs } = await tryCall(fixtureModule('zig-reactor'), { functionName: 'next', takes: { number: 'integer' }, gives, maxPages: 300 }, 4)
    assert.deepEqual(outputs, { result: 5 })
    assert.equal(logs, 'number is 4\n')
  })

  for (const name of ['c-reactor', 'c-command']) {
    it(`${name}: an exported function, behind its constructors`, async () => {
      const { outputs, logs } = await tryCall(fixtureModule(name), { functionName: 'answer', takes: { number: 'integer' }, gives }, 2)
      assert.deepEqual(outputs, { result: 42 })
      assert.equal(logs, 'asked\n')
    })
  }

  it('c-command: its main function', async () => {
    assert.deepEqual(await outputsOf(fixtureModule('c-command'), { takes: { n: 'integer' }, gives: { n: 'integer' } }, 7), { n: 7 })
  })
})
