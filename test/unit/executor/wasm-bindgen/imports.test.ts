/** What a wasm-bindgen module finds where it looks for JavaScript: harmless functions, and nothing of the host. */
import assert from 'node:assert/strict'
import type { Value } from '../../../../src/task/values.ts'
import { bindProgram, runCall } from '../../../../src/executor/call.ts'
import { compileModule } from '../../../../src/executor/compile.ts'
import type { Ambient } from '../../../../src/executor/abi/ambient.ts'
import { catalogueName } from '../../../../src/executor/abi/wasm-bindgen/imports.ts'
import { failsWith, outputsOf, tryCall } from '../../../support/in-process.ts'
import { wat } from '../../../support/wat.ts'

const HASH = '0123456789abcdef'
const AROUND = `
  (memory (export "memory") 1)
  (global $top (mut i32) (i32.const 1024))
  (func $malloc (export "__wbindgen_malloc") (param i32 i32) (result i32)
    (local $at i32)
    (local.set $at (global.get $top))
    (global.set $top (i32.add (local.get $at) (local.get 0)))
    (local.get $at))`
const TABLE = '(table $refs (export "__wbindgen_externrefs") 8 externref)'

/** A module of the newest kind that imports `imports`; `data` lies at 16. */
function module (imports: string, body: string, data = ''): string {
  return `(module ${imports} ${AROUND} ${TABLE} (data (i32.const 16) "${data}") ${body})`
}

const imported = (name: string, type: string, hashed = true): string => `(import "./x_bg.js" "${hashed ? `__wbg_${name}_${HASH}` : name}" (func $${name.replaceAll('_', '')} ${type}))`
const main = (result: string, body: string): string => `(func (export "main") ${result === '' ? '' : `(result ${result})`} ${body})`

const AMBIENT: Ambient = {
  wallClockNs: () => 1_700_000_000_123_456_789n,
  monotonicNs: () => 5_500_000n,
  sleep: () => {},
  random: (target) => { target.fill(0xab) },
  randomUnit: () => 0.25,
}

/** The value that `body` leaves, as JSON shows it, in a world of its own. */
async function value (imports: string, result: string, body: string, data?: string): Promise<Value | undefined> {
  const compiled = compileModule(await wat(module(imports, main(result, body), data)), 100)
  const { outputs, error } = runCall(bindProgram(compiled, { inputs: [], outputs: [{ name: 'r', type: 'json' }] }), [], { ambient: AMBIENT })
  if (error !== undefined) throw error
  return outputs?.['r']
}

describe('imports of wasm-bindgen modules', () => {
  it('are known by their name without hash, prefix and underscores', () => {
    const names = ['__wbindgen_string_get', `__wbg_wbindgenstringget_${HASH}`, `__wbg___wbindgen_string_get_${HASH}`]
    for (const name of names) assert.equal(catalogueName(name), 'bindgen:stringget')
    assert.equal(catalogueName(`__wbindgen_cast_${HASH}`), 'bindgen:cast')
    assert.equal(catalogueName(`__wbg_get_with_ref_key_${HASH}`), catalogueName(`__wbg_getwithrefkey_${HASH}`))
  })

  it('take the time from the sandbox', async () => {
    assert.equal(await value(imported('now', '(result f64)'), 'f64', '(call $now)'), 1_700_000_000_123)
    assert.equal(await value(imported('now', '(param externref) (result f64)'), 'f64', '(call $now (ref.null extern))'), 5.5)
    const date = imported('new_0', '(result externref)') + imported('getTime', '(param externref) (result f64)') + imported('toISOString', '(param externref) (result externref)')
    assert.equal(await value(date, 'f64', '(call $getTime (call $new0))'), 1_700_000_000_123)
    assert.equal(await value(date, 'externref', '(call $toISOString (call $new0))'), '2023-11-14T22:13:20.123Z')
    assert.equal(await value(date, 'externref', '(call $toISOString (ref.null extern))'), 'Invalid Date')
  })

  it('take random numbers from the sandbox', async () => {
    assert.equal(await value(imported('random', '(result f64)'), 'f64', '(call $random)'), 0.25)
    const crypto = imported('static_accessor_GLOBAL_THIS', '(result externref)') + imported('crypto', '(param externref) (result externref)') +
      imported('getRandomValues', '(param externref externref)') + imported('new_with_byte_offset_and_length', '(param externref i32 i32) (result externref)') +
      imported('__wbindgen_memory', '(result externref)', false)
    const body = '(call $getRandomValues (call $crypto (call $staticaccessorGLOBALTHIS)) (call $newwithbyteoffsetandlength (call $wbindgenmemory) (i32.const 64) (i32.const 4))) (i32.load8_u (i32.const 67))'
    assert.equal(await value(crypto, 'i32', body), 0xab)
    const old = imported('randomFillSync', '(param externref i32 i32)')
    assert.equal(await value(old, 'i32', '(call $randomFillSync (ref.null extern) (i32.const 64) (i32.const 4)) (i32.load8_u (i32.const 66))'), 0xab)
    await assert.rejects(value(old, 'i32', '(call $randomFillSync (ref.null extern) (i32.const 65000) (i32.const 4000)) (i32.const 0)'), { code: 'ERR_POINTER' })
  })

  it('put what is written to the console into the log', async () => {
    const imports = imported('log', '(param externref externref)') + imported('error', '(param i32 i32)') + imported('new', '(param i32 i32) (result externref)')
    const body = '(call $log (call $new (i32.const 16) (i32.const 2)) (ref.null extern)) (call $error (i32.const 16) (i32.const 2))'
    const { logs, error } = await tryCall(module(imports, main('', body), 'hi'), {})
    assert.equal(error, undefined)
    assert.equal(logs, 'Error: hi null\nhi\n')
  })

  it('build objects, arrays and maps that come back as values', async () => {
    const imports = imported('new', '(result externref)') + imported('push', '(param externref externref) (result i32)') +
      imported('__wbindgen_cast', '(param f64) (result externref)') + imported('String', '(param i32 externref)') +
      '(import "./x_bg.js" "__wbindgen_string_new" (func $text (param i32 i32) (result externref)))' +
      imported('set', '(param externref externref externref)')
    const body = `(local $list externref) (local $object externref)
      (local.set $list (call $new)) (local.set $object (call $new))
      (drop (call $push (local.get $list) (call $wbindgencast (f64.const 1.5))))
      (drop (call $push (local.get $list) (local.get $object)))
      (call $set (local.get $object) (call $text (i32.const 16) (i32.const 9)) (call $wbindgencast (f64.const 7)))
      (local.get $list)`
    assert.deepEqual(await value(imports, 'externref', body, 'some text'), [1.5, { 'some text': 7 }])
  })

  it('answer for the table of a module that grows it at the start', async () => {
    const imports = '(import "wbg" "__wbindgen_init_externref_table" (func $init))'
    const start = '(func (export "__wbindgen_start") (call $init))'
    const body = `${start} (func (export "main") (result i32 externref i32 i32 i32) unreachable) (func (export "third") (result externref) (table.get $refs (i32.const 10)))`
    assert.deepEqual(await outputsOf(module(imports, body), { functionName: 'third', gives: { r: 'boolean' } }), { r: true })
  })

  it('hand errors to a module that can take them', async () => {
    const imports = imported('parse', '(param i32 i32) (result externref)')
    const taker = '(global $taken (mut i32) (i32.const -1)) (func (export "__externref_table_alloc") (result i32) (i32.const 3)) (func (export "__wbindgen_exn_store") (param i32) (global.set $taken (local.get 0)))'
    const body = main('i32', '(drop (call $parse (i32.const 16) (i32.const 2))) (global.get $taken)')
    assert.deepEqual(await outputsOf(module(imports, taker + body, '{{'), { gives: { r: 'integer' } }), { r: 3 })
    await failsWith('ERR_TRAP', module(imports, main('', '(drop (call $parse (i32.const 16) (i32.const 2)))'), '{{'), {})
  })

  it('end the call with what the module throws', async () => {
    const error = await failsWith('ERR_TRAP', module('(import "wbg" "__wbindgen_throw" (func $throw (param i32 i32)))', main('', '(call $throw (i32.const 16) (i32.const 4))'), 'oops'), {})
    assert.match(error.message, /oops/)
  })

  for (const name of ['newnoargs', 'new_no_args', 'apply', 'construct', 'eval', 'fetch', 'setTimeout', 'queueMicrotask', 'then', 'getPrototypeOf', 'defineProperty', 'constructor', 'importScripts', 'hasOwnProperty', '__proto__', 'toLocaleString']) {
    it(`have no ${name}: calling it names it`, async () => {
      for (const type of ['(param i32 i32) (result externref)', '(param externref) (result externref)', '(param externref externref externref) (result externref)']) {
        const args = type.startsWith('(param i32') ? '(i32.const 16) (i32.const 4)' : '(ref.null extern) '.repeat(type.split('externref').length - 2)
        const error = await failsWith('ERR_MISSING_IMPORT', module(imported(name, type).replace(/\$\w*/, '$it'), main('', `(drop (call $it ${args}))`)), {})
        assert.ok(error.message.includes(name), error.message)
      }
    })
  }

  const global = imported('globalThis', '(result externref)') + imported('get', '(param externref externref) (result externref)') +
    '(import "wbg" "__wbindgen_string_new" (func $text (param i32 i32) (result externref)))' + imported('is_undefined', '(param externref) (result i32)').replace('is_undefined', '__wbindgen_is_undefined')
  for (const name of ['constructor', '__proto__', 'prototype', 'Function', 'eval', 'process', 'require', 'globalThis', 'Reflect', 'Object', 'WebAssembly', 'toString', 'hasOwnProperty', 'fetch', 'crypto']) {
    it(`see no ${name} in the global object`, async () => {
      assert.equal(await value(global, 'externref', `(call $get (call $globalThis) (call $text (i32.const 16) (i32.const ${name.length})))`, name), null)
    })

    it(`see no ${name} in an object, a list or a text`, async () => {
      const look = (what: string): Promise<Value | undefined> => value(global + imported('new', '(result externref)'), 'externref', `(call $get ${what} (call $text (i32.const 16) (i32.const ${name.length})))`, name)
      assert.equal(await look('(call $new)'), null)
      assert.equal(await look('(call $text (i32.const 16) (i32.const 1))'), null)
    })
  }

  it('give undefined for process, require and what is not in a browser', async () => {
    for (const name of ['process', 'versions', 'node', 'msCrypto', 'require']) assert.equal(await value(imported(name, '(param externref) (result externref)'), 'externref', `(call $${name} (ref.null extern))`), null)
  })

  it('cannot turn the global object or a function of the module into an output', async () => {
    await assert.rejects(value(global, 'externref', '(call $globalThis)'), { code: 'ERR_RESULT_TYPE' })
  })
})
