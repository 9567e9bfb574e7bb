import assert from 'node:assert/strict'
import type { Value, ValueType } from '../../../src/task/values.ts'
import { GLOBAL, NULL, serving } from '../../support/go-module.ts'
import { failsWith, outputsOf, tryCall } from '../../support/in-process.ts'

const FIRST = '(call $index (local.get $arguments) (i64.const 0))'
const SECOND = '(call $index (local.get $arguments) (i64.const 1))'

/** Returns its argument. */
const echo = serving('echo', (at) => `(call $set (local.get $event) ${at('result')} ${FIRST})`)
/** Calls its second argument with null and the first, or with the first alone. */
const answer = serving('answer', () => `(call $invoke ${SECOND} ${NULL} ${FIRST})`)
const refuse = serving('refuse', () => `(call $invoke ${SECOND} ${FIRST} ${NULL})`)
/** Returns nothing and never calls back. */
const silent = serving('silent', () => '')
/** Returns what one method of a global gives for its argument. */
const through = (object: string, method: string): string =>
  serving('through', (at) => `(call $set (local.get $event) ${at('result')} (call $call (call $get ${GLOBAL} ${at(object)}) ${at(method)} ${FIRST}))`, [object, method])
/** Returns a new instance of a class, made of its argument. */
const making = (className: string): string =>
  serving('making', (at) => `(call $set (local.get $event) ${at('result')} (call $new (call $get ${GLOBAL} ${at(className)}) ${FIRST}))`, [className])

async function echoed (value: Value, type: ValueType): Promise<Value | undefined> {
  return (await outputsOf(echo, { functionName: 'echo', takes: { value: type }, gives: { result: type } }, value))?.result
}

describe('functions that a Go program registers', () => {
  const VALUES: Array<[ValueType, Value]> = [
    ['integer', 0], ['integer', -7], ['integer', 2 ** 53 - 1], ['number', 0.1], ['number', -1e300], ['boolean', true], ['boolean', false],
    ['string', ''], ['string', 'straße 🐹'], ['bytes', Uint8Array.of(0, 255, 7)], ['array', [1, 'two', [null, true]]],
    ['object', { a: 1, b: { c: [] }, constructor: 'text' }], ['json', null], ['json', { list: [{ x: 1.5 }] }],
  ]
  for (const [type, value] of VALUES) {
    it(`takes and returns ${JSON.stringify(value)} as ${type}`, async () => {
      assert.deepEqual(await echoed(value, type), value)
    })
  }

  it('a field called __proto__ is no result', async () => {
    const value: Value = JSON.parse('{"__proto__": {"x": 1}}')
    await failsWith('ERR_RESULT_TYPE', echo, { functionName: 'echo', takes: { value: 'object' }, gives: { result: 'object' } }, value)
  })

  it('an integer beyond 2^53 is refused, as Go would see another one', async () => {
    await failsWith('ERR_VALUE_RANGE', echo, { functionName: 'echo', takes: { value: 'integer' }, gives: { result: 'integer' } }, 2n ** 53n + 1n)
  })

  it('JSON text gives the outputs where they are not text', async () => {
    const call = { functionName: 'echo', takes: { value: 'string' } } as const
    assert.deepEqual(await outputsOf(echo, { ...call, gives: { a: 'integer', b: 'string' } }, '{"a": 9007199254740993, "b": "x"}'), { a: 9007199254740993n, b: 'x' })
    assert.deepEqual(await outputsOf(echo, { ...call, gives: { result: 'json' } }, '[1, 2]'), { result: [1, 2] })
    assert.deepEqual(await outputsOf(echo, { ...call, gives: { result: 'json' } }, 'plain'), { result: 'plain' })
    assert.deepEqual(await outputsOf(echo, { ...call, gives: { result: 'string' } }, '[1, 2]'), { result: '[1, 2]' })
    await failsWith('ERR_RESULT_TYPE', echo, { ...call, gives: { result: 'object' } }, 'plain')
  })

  it('a result of another type than declared is refused', async () => {
    await failsWith('ERR_RESULT_TYPE', echo, { functionName: 'echo', takes: { value: 'string' }, gives: { result: 'integer' } }, '"5"')
    await failsWith('ERR_RESULT_TYPE', echo, { functionName: 'echo', takes: { value: 'json' }, gives: { a: 'integer', b: 'integer' } }, { a: 1 })
    await failsWith('ERR_RESULT_TYPE', silent, { functionName: 'silent', gives: { result: 'integer' } })
  })

  it('a callback that is not given is how the function answers', async () => {
    const call = { takes: { value: 'json', callback: 'json' }, gives: { result: 'json' } } as const
    assert.deepEqual(await outputsOf(answer, { ...call, functionName: 'answer' }, { n: 5 }, undefined), { result: { n: 5 } })
    const { message } = await failsWith('ERR_TRAP', refuse, { ...call, functionName: 'refuse' }, 'no such thing', undefined)
    assert.match(message, /refuse failed: no such thing/)
    await failsWith('ERR_EXIT_CODE', silent, { ...call, functionName: 'silent' }, 1, undefined)
  })

  it('a promise is waited for, an error is one', async () => {
    const call = { functionName: 'through', takes: { value: 'json' }, gives: { result: 'json' } } as const
    assert.deepEqual(await outputsOf(through('Promise', 'resolve'), call, 4), { result: 4 })
    assert.match((await failsWith('ERR_TRAP', through('Promise', 'reject'), call, 'late')).message, /late/)
    assert.match((await failsWith('ERR_TRAP', making('Error'), { ...call, functionName: 'making' }, 'broken')).message, /broken/)
  })

  it('the host\'s JSON, arrays and bytes work', async () => {
    const call = { takes: { value: 'json' }, gives: { result: 'json' } } as const
    assert.deepEqual(await outputsOf(through('JSON', 'parse'), { ...call, functionName: 'through' }, '{"a": [1]}'), { result: { a: [1] } })
    assert.deepEqual(await outputsOf(through('JSON', 'stringify'), { ...call, functionName: 'through', gives: { result: 'string' } }, { a: [1, null] }), { result: '{"a":[1,null]}' })
    assert.deepEqual(await outputsOf(through('Object', 'keys'), { ...call, functionName: 'through' }, { a: 1, b: 2 }), { result: ['a', 'b'] })
    assert.deepEqual(await outputsOf(making('Array'), { ...call, functionName: 'making' }, 2), { result: [null, null] })
    assert.deepEqual(await outputsOf(making('Uint8Array'), { ...call, functionName: 'making', gives: { result: 'bytes' } }, [1, 300, 3]), { result: Uint8Array.of(1, 44, 3) })
  })

  it('a global object, which holds itself, is no result', async () => {
    const source = serving('leak', (at) => `(call $set (local.get $event) ${at('result')} ${GLOBAL})`)
    await failsWith('ERR_RESULT_TYPE', source, { functionName: 'leak', gives: { result: 'json' } })
  })

  it('what is printed meanwhile is log text', async () => {
    const source = serving('talk', (at) => `(call $print ${at('hello')}) (call $set (local.get $event) ${at('result')} (i64.reinterpret_f64 (f64.const 3)))`, ['hello'])
    const { outputs, logs } = await tryCall(source, { functionName: 'talk', gives: { result: 'integer' } })
    assert.deepEqual([outputs, logs], [{ result: 3 }, 'hello'])
  })

  it('an exit ends the call', async () => {
    await failsWith('ERR_EXIT_CODE', serving('leave', () => '(call $exit (i32.const 4))'), { functionName: 'leave' })
    await failsWith('ERR_EXIT_CODE', serving('leave', () => '(call $exit (i32.const 0))'), { functionName: 'leave' })
  })

  it('objects that the program expects of its page are there when the function\'s name says so', async () => {
    await failsWith('ERR_NO_EXPORT', echo, { functionName: 'tools.echo' })
    assert.deepEqual(await outputsOf(echo, { functionName: 'globalThis.echo', takes: { value: 'integer' }, gives: { result: 'integer' } }, 1), { result: 1 })
  })
})
