import assert from 'node:assert/strict'
import { failsWith, outputsOf } from '../../support/in-process.ts'

const FACTORIAL = `(module (func (export "factorial") (param i64) (result i64)
  (local i64) (local.set 1 (i64.const 1))
  (block (loop
    (br_if 1 (i64.eqz (local.get 0)))
    (local.set 1 (i64.mul (local.get 1) (local.get 0)))
    (local.set 0 (i64.sub (local.get 0) (i64.const 1)))
    (br 0)))
  (local.get 1)))`

const identity = (type: string): string => `(module (func (export "main") (param ${type}) (result ${type}) local.get 0))`
const ONE_INTEGER = { takes: { n: 'integer' }, gives: { result: 'integer' } } as const

describe('numeric convention', () => {
  it('keeps every bit of an i64', async () => {
    const call = { functionName: 'factorial', ...ONE_INTEGER }
    assert.deepEqual(await outputsOf(FACTORIAL, call, 5), { result: 120 })
    assert.deepEqual(await outputsOf(FACTORIAL, call, 20), { result: 2432902008176640000n })
    assert.deepEqual(await outputsOf(FACTORIAL, call, 20n), { result: 2432902008176640000n })
  })

  it('takes signed and unsigned integers of 32 bits, and nothing beyond', async () => {
    assert.deepEqual(await outputsOf(identity('i32'), ONE_INTEGER, -2147483648), { result: -2147483648 })
    assert.deepEqual(await outputsOf(identity('i32'), ONE_INTEGER, 4294967295), { result: -1 })
    await failsWith('ERR_VALUE_RANGE', identity('i32'), ONE_INTEGER, 4294967296)
    await failsWith('ERR_VALUE_RANGE', identity('i32'), ONE_INTEGER, 5000000000)
    await failsWith('ERR_VALUE_RANGE', identity('i32'), ONE_INTEGER, -2147483649n)
  })

  it('takes signed and unsigned integers of 64 bits, and nothing beyond', async () => {
    assert.deepEqual(await outputsOf(identity('i64'), ONE_INTEGER, -(2n ** 63n)), { result: -(2n ** 63n) })
    assert.deepEqual(await outputsOf(identity('i64'), ONE_INTEGER, 2n ** 64n - 1n), { result: -1 })
    await failsWith('ERR_VALUE_RANGE', identity('i64'), ONE_INTEGER, 2n ** 64n)
    await failsWith('ERR_VALUE_RANGE', identity('i64'), ONE_INTEGER, 1e20)
  })

  it('refuses values of another kind', async () => {
    await failsWith('ERR_INPUT', identity('i32'), ONE_INTEGER, 1.5)
    await failsWith('ERR_INPUT', identity('i32'), ONE_INTEGER, 'five')
    await failsWith('ERR_INPUT', identity('i32'), ONE_INTEGER, undefined)
    await failsWith('ERR_INPUT', identity('i32'), ONE_INTEGER, null)
    await failsWith('ERR_INPUT', identity('i32'), { takes: { n: 'boolean' }, gives: {} }, 1)
  })

  it('passes numbers to integers only when they are whole', async () => {
    const call = { takes: { n: 'number' }, gives: { result: 'number' } } as const
    assert.deepEqual(await outputsOf(identity('i32'), call, 7), { result: 7 })
    await failsWith('ERR_VALUE_RANGE', identity('i32'), call, 7.5)
    await failsWith('ERR_VALUE_RANGE', identity('i32'), call, NaN)
    assert.deepEqual(await outputsOf(identity('f64'), call, 7.5), { result: 7.5 })
  })

  it('does not round whole numbers in floats', async () => {
    assert.deepEqual(await outputsOf(identity('f64'), ONE_INTEGER, 2 ** 53), { result: 9007199254740992n })
    await failsWith('ERR_VALUE_RANGE', identity('f64'), ONE_INTEGER, 2n ** 53n + 1n)
    await failsWith('ERR_VALUE_RANGE', identity('f32'), ONE_INTEGER, 16777217)
    await failsWith('ERR_VALUE_RANGE', identity('f32'), { takes: { n: 'number' }, gives: {} }, 1e39)
    assert.deepEqual(await outputsOf(identity('f32'), { takes: { n: 'number' }, gives: { result: 'number' } }, 0.1), { result: Math.fround(0.1) })
  })

  it('passes booleans as 0 and 1', async () => {
    const call = { takes: { n: 'boolean' }, gives: { result: 'boolean' } } as const
    assert.deepEqual(await outputsOf(identity('i32'), call, true), { result: true })
    assert.deepEqual(await outputsOf(identity('i64'), call, false), { result: false })
  })

  it('gives several results in order', async () => {
    const module = '(module (func (export "main") (param i32) (result i32 i64 f64) local.get 0 i64.const -1 f64.const 0.5))'
    assert.deepEqual(await outputsOf(module, { takes: { n: 'integer' }, gives: { a: 'integer', b: 'integer', c: 'number' } }, 3), { a: 3, b: -1, c: 0.5 })
    assert.deepEqual(await outputsOf(module, { takes: { n: 'integer' }, gives: { all: 'array' } }, 3), { all: [3, -1, 0.5] })
    await failsWith('ERR_RESULT_TYPE', module, { takes: { n: 'integer' }, gives: { a: 'integer', b: 'integer' } }, 3)
  })

  it('checks results against the declared type', async () => {
    await failsWith('ERR_RESULT_TYPE', identity('f64'), { takes: { n: 'number' }, gives: { result: 'integer' } }, 1.5)
    await failsWith('ERR_RESULT_TYPE', identity('f64'), { takes: { n: 'number' }, gives: { result: 'string' } }, 1.5)
    await failsWith('ERR_RESULT_TYPE', '(module (func (export "main")))', { gives: { result: 'integer' } })
    assert.deepEqual(await outputsOf('(module (func (export "main")))', { gives: { result: 'json' } }), { result: null })
    assert.deepEqual(await outputsOf('(module (func (export "main")))', {}), {})
  })

  it('finds the function with and without an underscore', async () => {
    const module = (name: string): string => `(module (func (export "${name}") (result i32) i32.const 1))`
    const gives = { result: 'integer' } as const
    assert.deepEqual(await outputsOf(module('_f'), { functionName: 'f', gives }), { result: 1 })
    assert.deepEqual(await outputsOf(module('f'), { functionName: '_f', gives }), { result: 1 })
    assert.deepEqual(await outputsOf(module('main'), { gives }), { result: 1 })
    const error = await failsWith('ERR_NO_EXPORT', module('other'), { functionName: 'f', gives })
    assert.match(error.message, /other/)
  })

  it('refuses inputs that do not fit the signature', async () => {
    await failsWith('ERR_SIGNATURE', identity('i32'), { takes: { a: 'integer', b: 'integer' }, gives: {} }, 1, 2)
    await failsWith('ERR_SIGNATURE', identity('i32'), { takes: { a: 'string' }, gives: {} }, 'x')
    await failsWith('ERR_SIGNATURE', identity('externref'), { takes: { a: 'integer' }, gives: {} }, 1)
    await failsWith('ERR_SIGNATURE', identity('v128'), { takes: { a: 'integer' }, gives: {} }, 1)
  })

  it('runs the initialiser first, once', async () => {
    const module = (name: string): string => `(module (global $g (mut i32) (i32.const 0))
      (func (export "${name}") (global.set $g (i32.add (global.get $g) (i32.const 1))))
      (func (export "main") (result i32) global.get $g))`
    for (const name of ['_initialize', '__wasm_call_ctors']) assert.deepEqual(await outputsOf(module(name), { gives: { result: 'integer' } }), { result: 1 })
  })

  it('starts every call on a fresh instance', async () => {
    const module = '(module (global $g (mut i32) (i32.const 0)) (func (export "main") (result i32) (global.set $g (i32.add (global.get $g) (i32.const 1))) global.get $g))'
    for (let round = 0; round < 3; round++) assert.deepEqual(await outputsOf(module, { gives: { result: 'integer' } }), { result: 1 })
  })
})
