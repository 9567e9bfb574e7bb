/** wasm-bindgen modules as cargo leaves them: the example module, whose functions take every type that one can. */
import assert from 'node:assert/strict'
import { inspectModule } from '../../../../src/executor/inspect.ts'
import type { ErrorCode } from '../../../../src/errors.ts'
import type { Value, ValueType } from '../../../../src/task/values.ts'
import { failsWith, outputsOf } from '../../../support/in-process.ts'
import { shippedFile } from '../../../support/shipped.ts'

const MODULE = shippedFile('factorial_wasm_bindgen.wasm')

type Case = [string, Record<string, ValueType>, ValueType, Array<Value | undefined>, Value]
type Failure = [ErrorCode, string, Record<string, ValueType>, ValueType, Array<Value | undefined>]

const WORKS: Case[] = [
  ['greet', { name: 'string' }, 'string', ['wörld 汉字'], 'Hello, wörld 汉字!'],
  ['greet', { name: 'string' }, 'string', [''], 'Hello, !'],
  ['greet', { name: 'string' }, 'json', ['mesh'], 'Hello, mesh!'],
  ['greet', { name: 'object' }, 'string', [{ a: 1n << 60n }], 'Hello, {"a":1152921504606846976}!'],
  ['add', { a: 'integer', b: 'integer' }, 'integer', [1n << 62n, -5], (1n << 62n) - 5n],
  ['is_even', { number: 'integer' }, 'boolean', [(1n << 64n) - 1n], false],
  ['is_even', { number: 'integer' }, 'boolean', [0], true],
  ['first_letter', { text: 'string' }, 'string', ['12é'], 'é'],
  ['first_letter', { text: 'string' }, 'json', ['12'], null],
  ['checksum', { bytes: 'bytes' }, 'integer', [new Uint8Array([64, 0, 0, 0, 0, 0])], 3221225472],
  ['checksum', { bytes: 'array' }, 'integer', [[]], 1],
  ['reversed', { bytes: 'bytes' }, 'bytes', [new Uint8Array([1, 2, 255])], new Uint8Array([255, 2, 1])],
  ['reversed', { bytes: 'bytes' }, 'array', [new Uint8Array([1, 2, 255])], [255, 2, 1]],
  ['reversed', { bytes: 'bytes' }, 'bytes', [new Uint8Array(0)], new Uint8Array(0)],
  ['mean', { values: 'array' }, 'number', [[1, 2.5, 3.5]], 7 / 3],
  ['mean', { values: 'array' }, 'json', [[]], null],
  ['primes_below', { limit: 'integer' }, 'array', [20], [2, 3, 5, 7, 11, 13, 17, 19]],
  ['parse_int', { text: 'string', radix: 'integer' }, 'integer', ['-7f', 16], -127],
  ['parse_int', { text: 'string', radix: 'integer' }, 'integer', ['42', undefined], 42],
  ['parse_int', { text: 'string', radix: 'json' }, 'integer', ['42', null], 42],
]

const FAILS: Failure[] = [
  ['ERR_EXIT_CODE', 'add', { a: 'integer', b: 'integer' }, 'integer', [1n << 62n, 1n << 62n]],
  ['ERR_EXIT_CODE', 'parse_int', { text: 'string', radix: 'integer' }, 'integer', ['4', 99]],
  ['ERR_VALUE_RANGE', 'is_even', { number: 'integer' }, 'boolean', [-1]],
  ['ERR_VALUE_RANGE', 'is_even', { number: 'integer' }, 'boolean', [1n << 64n]],
  ['ERR_VALUE_RANGE', 'primes_below', { limit: 'integer' }, 'array', [5_000_000_000]],
  ['ERR_VALUE_RANGE', 'checksum', { bytes: 'array' }, 'integer', [[256]]],
  ['ERR_INPUT', 'checksum', { bytes: 'array' }, 'integer', [['1']]],
  ['ERR_INPUT', 'greet', { name: 'string' }, 'string', [undefined]],
  ['ERR_INPUT', 'greet', { name: 'string' }, 'string', [5]],
  ['ERR_SIGNATURE', 'greet', { name: 'integer' }, 'string', [5]],
  ['ERR_SIGNATURE', 'greet', { name: 'string', more: 'string' }, 'string', ['a', 'b']],
  ['ERR_SIGNATURE', 'add', { a: 'integer' }, 'integer', [1]],
  ['ERR_SIGNATURE', 'mean', { values: 'bytes' }, 'number', [new Uint8Array(8)]],
  ['ERR_RESULT_TYPE', 'greet', { name: 'string' }, 'object', ['a']],
  ['ERR_RESULT_TYPE', 'first_letter', { text: 'string' }, 'string', ['12']],
  ['ERR_NO_EXPORT', 'absent', {}, 'string', []],
  ['ERR_NO_EXPORT', '__wbindgen_malloc', { size: 'integer' }, 'integer', [1]],
]

describe('wasm-bindgen before its CLI', () => {
  for (const [functionName, takes, type, values, expected] of WORKS) {
    it(`${functionName}(${Object.values(takes).join(', ')}) -> ${type}`, async () => {
      assert.deepEqual(await outputsOf(MODULE, { functionName, takes, gives: { result: type } }, ...values), { result: expected })
    })
  }

  for (const [code, functionName, takes, type, values] of FAILS) {
    it(`${functionName}(${Object.values(takes).join(', ')}) -> ${type}: ${code}`, async () => {
      await failsWith(code, MODULE, { functionName, takes, gives: { result: type } }, ...values)
    })
  }

  it('gives several outputs from one JSON object, by name and exact', async () => {
    const call = { functionName: 'compute_factorial_with_metadata', takes: { number: 'integer', who: 'string' } } as const
    const gives = { digits: 'integer', worker_id: 'string', factorial: 'integer' } as const
    assert.deepEqual(await outputsOf(MODULE, { ...call, gives }, 34, 'a"b'), { digits: 39, worker_id: 'a"b', factorial: 295232799039604140847618609643520000000n })
    assert.deepEqual(await outputsOf(MODULE, { ...call, gives: { digits: 'integer' } }, 5, 'x'), { digits: 3 })
    assert.deepEqual(await outputsOf(MODULE, { ...call, gives: { result: 'json' } }, 5, 'x'), { result: { factorial: 120, digits: 3, worker_id: 'x' } })
    assert.deepEqual(await outputsOf(MODULE, { ...call, gives: { result: 'string' } }, 5, 'x'), { result: '{"factorial":120,"digits":3,"worker_id":"x"}' })
    assert.deepEqual(await outputsOf(MODULE, { ...call, gives: {} }, 5, 'x'), {})
    await failsWith('ERR_RESULT_TYPE', MODULE, { ...call, gives: { absent: 'integer', digits: 'integer' } }, 5, 'x')
  })

  it('ends with what the function threw', async () => {
    const error = await failsWith('ERR_TRAP', MODULE, { functionName: 'compute_factorial_with_metadata', takes: { n: 'integer', w: 'string' }, gives: { result: 'json' } }, 35, 'x')
    assert.match(error.message, /128 bits/)
  })

  it('is recognised, and its imports are all there', () => {
    const { convention, imports, problems } = inspectModule(MODULE)
    assert.equal(convention, 'wasm-bindgen-raw')
    assert.deepEqual(imports.filter((item) => !item.provided), [])
    assert.deepEqual(problems, [])
  })
})
