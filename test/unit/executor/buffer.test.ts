import assert from 'node:assert/strict'
import { failsWith, outputsOf } from '../../support/in-process.ts'

/** A bump allocator, and `upper`: ASCII letters in upper case, in place. */
const ALLOC = `
  (memory (export "memory") 1)
  (global $next (mut i32) (i32.const 1024))
  (func $alloc (export "alloc") (param i32) (result i32)
    (local i32) (local.set 1 (global.get $next))
    (global.set $next (i32.add (global.get $next) (local.get 0)))
    (local.get 1))`
const PACK = (pointer: string, length: string): string =>
  `(i64.or (i64.shl (i64.extend_i32_u ${pointer}) (i64.const 32)) (i64.extend_i32_u ${length}))`
const ECHO = `(module ${ALLOC} (func (export "main") (param i32 i32) (result i64) ${PACK('(local.get 0)', '(local.get 1)')}))`
const TEXT = { takes: { text: 'string' }, gives: { result: 'string' } } as const

const returning = (data: string, body: string): string => `(module ${ALLOC} (data (i32.const 16) "${data}") ${body})`
const constant = (data: string): string =>
  returning(data, `(func (export "main") (result i64) ${PACK('(i32.const 16)', `(i32.const ${new TextEncoder().encode(JSON.parse(`"${data.replaceAll('\\22', '\\"')}"`)).length})`)})`)

describe('buffer convention', () => {
  it('passes text as UTF-8, returned as pointer << 32 | length', async () => {
    for (const text of ['hello', '', 'größe 🚀', '\uFEFFx', 'a\0b', 'x'.repeat(40_000)]) assert.deepEqual(await outputsOf(ECHO, TEXT, text), { result: text })
  })

  it('passes bytes and JSON', async () => {
    const bytes = Uint8Array.of(0, 255, 128)
    assert.deepEqual(await outputsOf(ECHO, { takes: { b: 'bytes' }, gives: { result: 'bytes' } }, bytes), { result: bytes })
    const value = { big: 12345678901234567890n, list: [1, -2.5, null, true], text: 'ü' }
    assert.deepEqual(await outputsOf(ECHO, { takes: { v: 'object' }, gives: { result: 'object' } }, value), { result: value })
    assert.deepEqual(await outputsOf(ECHO, { takes: { v: 'json' }, gives: { result: 'json' } }, 'text'), { result: 'text' })
    assert.deepEqual(await outputsOf(ECHO, { takes: { v: 'array' }, gives: { result: 'array' } }, [1]), { result: [1] })
    assert.deepEqual(await outputsOf(ECHO, { takes: { v: 'json' }, gives: { result: 'json' } }, { b: bytes }), { result: { b: 'AP+A' } })
  })

  it('refuses a field that names a prototype', async () => {
    await failsWith('ERR_RESULT_TYPE', ECHO, { takes: { v: 'string' }, gives: { result: 'json' } }, '{"__proto__": {"polluted": 1}}')
    assert.equal(({} as Record<string, unknown>)['polluted'], undefined)
  })

  it('reads a result of two values', async () => {
    const module = `(module ${ALLOC} (func (export "main") (param i32 i32) (result i32 i32) local.get 0 local.get 1))`
    assert.deepEqual(await outputsOf(module, TEXT, 'hi'), { result: 'hi' })
  })

  it('reads a result by return pointer', async () => {
    const module = `(module ${ALLOC} (func (export "main") (param i32 i32 i32)
      (i32.store (local.get 0) (local.get 1)) (i32.store offset=4 (local.get 0) (local.get 2))))`
    assert.deepEqual(await outputsOf(module, TEXT, 'hi'), { result: 'hi' })
  })

  it('passes and reads C strings', async () => {
    const module = `(module ${ALLOC} (func (export "main") (param i32) (result i32) local.get 0))`
    assert.deepEqual(await outputsOf(module, TEXT, 'grüß dich'), { result: 'grüß dich' })
    await failsWith('ERR_INPUT', module, TEXT, 'a\0b')
  })

  it('reads output_ptr and output_len, the result being a status', async () => {
    const module = (status: number): string => returning('oops', `
      (func (export "output_ptr") (result i32) i32.const 16) (func (export "output_len") (result i32) i32.const 4)
      (func (export "main") (param i32 i32) (result i32) i32.const ${status})`)
    assert.deepEqual(await outputsOf(module(0), TEXT, 'x'), { result: 'oops' })
    await failsWith('ERR_EXIT_CODE', module(3), TEXT, 'x')
  })

  it('mixes numbers and text', async () => {
    const module = `(module ${ALLOC} (func (export "main") (param i32 i32 i32 i64) (result i64) (i64.add (local.get 3) (i64.extend_i32_u (i32.add (local.get 0) (local.get 2))))))`
    const call = { takes: { a: 'integer', text: 'string', b: 'integer' }, gives: { result: 'integer' } } as const
    assert.deepEqual(await outputsOf(module, call, 1, 'abc', 100), { result: 104 })
    await failsWith('ERR_VALUE_RANGE', module, call, 2 ** 40, 'abc', 100)
  })

  it('runs plain numbers like the numeric convention', async () => {
    const module = `(module ${ALLOC} (func (export "main") (param i32) (result i64) i64.const -1))`
    assert.deepEqual(await outputsOf(module, { takes: { n: 'integer' }, gives: { result: 'integer' } }, 1), { result: -1 })
  })

  it('maps one JSON object to several outputs', async () => {
    const gives = { a: 'integer', b: 'string' } as const
    assert.deepEqual(await outputsOf(constant('{\\22a\\22: 9007199254740993, \\22b\\22: \\22x\\22, \\22c\\22: 1}'), { gives }), { a: 9007199254740993n, b: 'x' })
    await failsWith('ERR_RESULT_TYPE', constant('{\\22a\\22: 1}'), { gives })
    await failsWith('ERR_RESULT_TYPE', constant('[1]'), { gives })
    await failsWith('ERR_RESULT_TYPE', constant('{\\22a\\22: \\22x\\22, \\22b\\22: \\22x\\22}'), { gives })
  })

  it('refuses results of the wrong type, with what was found', async () => {
    await failsWith('ERR_RESULT_TYPE', constant('no json'), { gives: { result: 'json' } })
    await failsWith('ERR_RESULT_TYPE', constant('[1]'), { gives: { result: 'object' } })
    await failsWith('ERR_RESULT_TYPE', constant('{}'), { gives: { result: 'array' } })
    await failsWith('ERR_RESULT_TYPE', constant('['.repeat(5000)), { gives: { result: 'json' } })
    await failsWith('ERR_RESULT_TYPE', constant('9'.repeat(400)), { gives: { result: 'json' } })
    await failsWith('ERR_RESULT_TYPE', returning('\\ff\\fe', `(func (export "main") (result i64) ${PACK('(i32.const 16)', '(i32.const 2)')})`), { gives: { result: 'string' } })
    await failsWith('ERR_RESULT_TYPE', `(module ${ALLOC} (func (export "main") (result f64) f64.const 1))`, { gives: { result: 'string' } })
  })

  it('checks every pointer', async () => {
    const result = (pointer: string, length: string): string => `(module ${ALLOC} (func (export "main") (result i64) ${PACK(`(i32.const ${pointer})`, `(i32.const ${length})`)}))`
    const gives = { result: 'string' } as const
    await failsWith('ERR_POINTER', result('65530', '7'), { gives })
    await failsWith('ERR_POINTER', result('-1', '1'), { gives })
    await failsWith('ERR_POINTER', result('0', '-1'), { gives })
    const string = (pointer: number, fill = ''): string => `(module ${ALLOC} ${fill} (func (export "main") (param i32) (result i32) i32.const ${pointer}))`
    await failsWith('ERR_POINTER', string(0), TEXT, 'x')
    await failsWith('ERR_POINTER', string(70_000), TEXT, 'x')
    await failsWith('ERR_POINTER', string(65_535, '(data (i32.const 65535) "x")'), TEXT, 'x')
  })

  it('does not trust the allocator', async () => {
    const allocating = (answer: number): string => `(module (memory (export "memory") 1) (func (export "alloc") (param i32) (result i32) i32.const ${answer})
      (func (export "main") (param i32 i32) (result i64) i64.const 0))`
    await failsWith('ERR_MEMORY_LIMIT', allocating(0), TEXT, 'x')
    await failsWith('ERR_POINTER', allocating(65_536), TEXT, 'x')
    await failsWith('ERR_POINTER', allocating(-4), TEXT, 'x')
  })

  it('refuses signatures that cannot take the inputs', async () => {
    const module = (params: string): string => `(module ${ALLOC} (func (export "main") ${params} (result i64) i64.const 0))`
    await failsWith('ERR_SIGNATURE', module('(param i32 i32 i32 i32)'), TEXT, 'x')
    await failsWith('ERR_SIGNATURE', module('(param i32 f32)'), TEXT, 'x')
    await failsWith('ERR_SIGNATURE', module('(param i64)'), TEXT, 'x')
    await failsWith('ERR_INPUT', ECHO, TEXT, 5)
    await failsWith('ERR_INPUT', ECHO, TEXT, undefined)
  })
})
