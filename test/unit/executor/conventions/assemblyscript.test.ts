import assert from 'node:assert/strict'
import { inspectModule } from '../../../../src/executor/inspect.ts'
import type { Value, ValueType } from '../../../../src/task/values.ts'
import { fixtureModule } from '../../../support/fixture-module.ts'
import { failsWith, outputsOf, tryCall } from '../../../support/in-process.ts'

type Types = Record<string, ValueType>
const CURRENT = fixtureModule('assemblyscript-0.28')
const PLAIN = fixtureModule('assemblyscript-plain')
const TEXT = { takes: { name: 'string' }, gives: { result: 'string' } } as const
const call = (functionName: string, takes: Types, gives: Types): { functionName: string, takes: Types, gives: Types } => ({ functionName, takes, gives })

for (const version of ['0.28', '0.19', '0.17', '0.9']) {
  describe(`modules of AssemblyScript ${version}`, () => {
    const module = fixtureModule(`assemblyscript-${version}`)
    const gives = async (functionName: string, takes: Types, type: ValueType, ...values: Value[]): Promise<Value | undefined> =>
      (await outputsOf(module, call(functionName, takes, { result: type }), ...values))?.['result']

    it('are recognised by their runtime', () => {
      assert.equal(inspectModule(module).convention, 'assemblyscript')
      assert.deepEqual(inspectModule(module).problems, [])
    })

    it('take and return strings in UTF-16', async () => {
      for (const name of ['Ada', '', 'größe 🚀', '\uFEFFx', 'a\0b', 'x'.repeat(40_000)]) assert.equal(await gives('greet', { name: 'string' }, 'string', name), `Hello, ${name}!`)
      assert.equal(await gives('measure', { text: 'string' }, 'integer', '🚀'), 2)
    })

    it('take and return numbers', async () => {
      assert.equal(await gives('add', { a: 'integer', b: 'integer' }, 'json', 40, 2), 42)
      assert.equal(await gives('double', { a: 'integer' }, 'integer', 2n ** 61n), 2n ** 62n)
      assert.equal(await gives('isEven', { a: 'integer' }, 'boolean', 4), true)
      await failsWith('ERR_VALUE_RANGE', module, call('add', { a: 'integer', b: 'integer' }, {}), 2 ** 40, 1)
    })

    it('take the arrays that they name', async () => {
      assert.equal(await gives('sum', { ints: 'array' }, 'integer', [1, -2, 2 ** 31 - 1]), 2 ** 31 - 2)
      assert.equal(await gives('mean', { floats: 'array' }, 'number', [1, 2.5]), 1.75)
      assert.deepEqual(await gives('lengths', { words: 'array' }, 'array', ['a', 'bcd', '']), [1, 3, 0])
    })

    it('return arrays', async () => {
      assert.deepEqual(await gives('squares', { count: 'integer' }, 'array', 5), [0, 1, 4, 9, 16])
      assert.deepEqual(await gives('squares', { count: 'integer' }, 'array', 0), [])
      assert.deepEqual(await gives('shorts', {}, 'array'), [300])
      assert.deepEqual(await gives('longs', {}, 'array'), [2n ** 64n - 1n, 1])
      assert.deepEqual(await gives('split', { text: 'string' }, 'array', 'a,,größe'), ['a', '', 'größe'])
    })

    it('take and return bytes', async () => {
      assert.deepEqual(await gives('reverse', { bytes: 'bytes' }, 'bytes', Uint8Array.of(1, 2, 255)), Uint8Array.of(255, 2, 1))
      assert.deepEqual(await gives('tail', { raw: 'bytes' }, 'bytes', Uint8Array.of(1, 2, 255)), Uint8Array.of(2, 255))
      assert.deepEqual(await gives('reverse', { bytes: 'bytes' }, 'bytes', new Uint8Array(0)), new Uint8Array(0))
    })

    it('take and return JSON as text', async () => {
      assert.deepEqual(await outputsOf(module, call('describe', { text: 'string' }, { text: 'string', length: 'integer' }), 'abc'), { text: 'abc', length: 3 })
      assert.deepEqual(await gives('describe', { text: 'string' }, 'json', 'abc'), { text: 'abc', length: 3 })
      assert.equal((await outputsOf(module, call('describe', { text: 'string' }, { length: 'integer', text: 'string' }), 'abc'))?.['length'], 3)
      assert.deepEqual(await gives('echo', { text: 'object' }, 'object', { a: [1, 2n ** 60n] }), { a: [1, 2n ** 60n] })
    })

    it('use their own defaults for parameters that were not given', async () => {
      assert.equal(await gives('step', { value: 'integer', by: 'integer' }, 'integer', 1, 2), 3)
      assert.deepEqual(await outputsOf(module, call('step', { value: 'integer', by: 'integer' }, { result: 'integer' }), 1, undefined), { result: 8 })
    })

    it('collect their garbage', async () => {
      assert.equal(await gives('big', { count: 'integer' }, 'integer', 100_000), 488_890)
    })

    it('abort with their own words', async () => {
      assert.match((await failsWith('ERR_TRAP', module, call('fail', {}, {}))).message, /it went wrong at assemblyscript\.ts:\d+/)
      await failsWith('ERR_RESULT_TYPE', module, call('nothing', {}, { result: 'string' }))
    })
  })
}

describe('AssemblyScript modules without the exported runtime', () => {
  it('return numbers, strings and bytes', async () => {
    assert.deepEqual(await outputsOf(PLAIN, call('add', { a: 'integer', b: 'integer' }, { result: 'integer' }), 1, 2), { result: 3 })
    assert.deepEqual(await outputsOf(PLAIN, call('step', { value: 'integer', by: 'integer' }, { result: 'json' }), 1, undefined), { result: 8 })
    assert.equal(inspectModule(PLAIN).convention, 'assemblyscript')
    const fails = await failsWith('ERR_TRAP', PLAIN, call('fail', {}, {}))
    assert.match(fails.message, /it went wrong/)
  })

  it('return text and bytes by the declared type', async () => {
    const module = (size: number): string => `(module (import "env" "abort" (func (param i32 i32 i32 i32))) (memory (export "memory") 1)
      (data (i32.const 1032) "\\02\\00\\00\\00\\0${size}\\00\\00\\00[\\007\\00]\\00") (func (export "main") (result i32) i32.const 1040))`
    assert.deepEqual(await outputsOf(module(6), { gives: { result: 'string' } }), { result: '[7]' })
    assert.deepEqual(await outputsOf(module(6), { gives: { result: 'array' } }), { result: [7] })
    assert.deepEqual(await outputsOf(module(6), { gives: { result: 'json' } }), { result: [7] })
    assert.deepEqual(await outputsOf(module(6), { gives: { result: 'integer' } }), { result: 1040 })
    assert.deepEqual(await outputsOf(module(3), { gives: { result: 'bytes' } }), { result: Uint8Array.of(0x5b, 0, 0x37) })
    await failsWith('ERR_RESULT_TYPE', module(3), { gives: { result: 'string' } })
    await failsWith('ERR_RESULT_TYPE', module(2), { gives: { result: 'json' } })
  })

  it('say which flag they were built without', async () => {
    for (const type of ['string', 'bytes', 'array', 'object'] as const) {
      assert.match((await failsWith('ERR_SIGNATURE', PLAIN, call('greet', { name: type }, { result: 'string' }), 'x')).message, /--exportRuntime/)
    }
    assert.match((await failsWith('ERR_SIGNATURE', PLAIN, call('squares', { count: 'integer' }, { result: 'array' }), 3)).message, /--exportRuntime/)
    await failsWith('ERR_POINTER', PLAIN, call('nothing', {}, { result: 'string' }))
  })
})

describe('AssemblyScript convention', () => {
  it('never takes a number for text: where it may be either, it says so', async () => {
    assert.deepEqual(await outputsOf(CURRENT, call('add', { a: 'integer', b: 'integer' }, { result: 'json' }), 1000, 24), { result: 1024 })
    const strings = fixtureModule('assemblyscript-0.28').indexOf(Buffer.from('Hello, ', 'utf16le'))
    assert.ok(strings > 0)
    const { error } = await tryCall(CURRENT, call('greet', { name: 'string' }, { result: 'json' }), 'Ada')
    assert.equal(error?.code, 'ERR_RESULT_TYPE')
    await failsWith('ERR_RESULT_TYPE', CURRENT, call('squares', { count: 'integer' }, { result: 'json' }), 3)
  })

  it('refuses values that the elements cannot hold', async () => {
    await failsWith('ERR_VALUE_RANGE', CURRENT, call('sum', { ints: 'array' }, { result: 'integer' }), [2 ** 31])
    await failsWith('ERR_VALUE_RANGE', CURRENT, call('sum', { ints: 'array' }, { result: 'integer' }), [1.5])
    await failsWith('ERR_INPUT', CURRENT, call('sum', { ints: 'array' }, { result: 'integer' }), [null])
    await failsWith('ERR_INPUT', CURRENT, call('sum', { ints: 'array' }, { result: 'integer' }), 'text')
    await failsWith('ERR_INPUT', CURRENT, { functionName: 'greet', ...TEXT }, 7)
    await failsWith('ERR_INPUT', CURRENT, call('step', { value: 'json', by: 'integer' }, { result: 'integer' }), 7, 1)
    await failsWith('ERR_INPUT', CURRENT, call('reverse', { bytes: 'bytes' }, { result: 'bytes' }), 'text')
  })

  it('refuses to guess between kinds of arrays', async () => {
    const { message } = await failsWith('ERR_SIGNATURE', fixtureModule('assemblyscript-0.28'), call('sum', { other: 'array' }, { result: 'integer' }), [1])
    assert.match(message, /other_ID/)
    assert.match((await failsWith('ERR_SIGNATURE', CURRENT, call('reverse', { other: 'bytes' }, { result: 'bytes' }), Uint8Array.of(1))).message, /other_ID/)
    const bare = `(module (memory (export "memory") 1) (global (export "__rtti_base") i32 (i32.const 1024))
      (data (i32.const 1024) "\\04\\00\\00\\00\\20\\00\\00\\00\\20\\00\\00\\00\\20\\00\\00\\00")
      (func (export "__new") (param i32 i32) (result i32) i32.const 4096) (func (export "__pin") (param i32) (result i32) local.get 0)
      (func (export "main") (param i32) (result i32) (i32.load8_u (local.get 0))))`
    await failsWith('ERR_SIGNATURE', bare, { takes: { list: 'array' }, gives: { result: 'integer' } }, [1])
    assert.deepEqual(await outputsOf(bare, { takes: { b: 'bytes' }, gives: { result: 'integer' } }, Uint8Array.of(9)), { result: 9 })
  })

  it('of a compiler up to 0.21 takes bytes without an id as an ArrayBuffer', async () => {
    assert.deepEqual(await outputsOf(fixtureModule('assemblyscript-0.17'), call('tail', { other: 'bytes' }, { result: 'bytes' }), Uint8Array.of(1, 2)), { result: Uint8Array.of(2) })
  })

  it('refuses functions that do not fit', async () => {
    await failsWith('ERR_SIGNATURE', CURRENT, call('greet', { a: 'string', b: 'string' }, {}), 'a', 'b')
    await failsWith('ERR_SIGNATURE', CURRENT, call('add', { a: 'integer' }, {}), 1)
    await failsWith('ERR_SIGNATURE', CURRENT, call('double', { a: 'string' }, {}), 'a')
    await failsWith('ERR_NO_EXPORT', CURRENT, call('absent', {}, {}))
    await failsWith('ERR_RESULT_TYPE', CURRENT, call('greet', { name: 'string' }, { result: 'bytes' }), 'x')
    await failsWith('ERR_RESULT_TYPE', CURRENT, call('greet', { name: 'string' }, { result: 'object' }), 'x')
    await failsWith('ERR_RESULT_TYPE', CURRENT, call('squares', { count: 'integer' }, { result: 'string' }), 3)
  })

  it('has the imports of ordinary programs', async () => {
    const module = fixtureModule('assemblyscript-imports')
    const talk = await tryCall(module, call('talk', {}, {}))
    assert.equal(talk.error, undefined)
    assert.equal(talk.logs, 'hello\ngrößer\npoint 1.5 2\n')
    assert.deepEqual(await outputsOf(module, call('sine', { x: 'number' }, { result: 'number' }), 1), { result: Math.sin(1) })
    const chance = (await outputsOf(module, call('chance', {}, { result: 'number' })))?.['result']
    assert.ok(typeof chance === 'number' && chance >= 0 && chance < 1)
    assert.ok(Number((await outputsOf(module, call('today', {}, { result: 'integer' })))?.['result']) > 1_600_000_000_000)
    await failsWith('ERR_EXIT_CODE', module, call('leave', { code: 'integer' }, {}), 3)
    assert.deepEqual(inspectModule(module).imports.filter(({ provided }) => !provided), [])
  })
})

describe('AssemblyScript modules that lie', () => {
  /** Two classes, strings being the third; `new` is the body of its allocator. */
  const liar = ({ allocate = 'i32.const 4096', rtti = '1024', table = '\\05\\00\\00\\00\\20\\00\\00\\00\\20\\00\\00\\00\\20\\00\\00\\00\\00\\00\\00\\00\\02\\49\\00\\00', body = 'local.get 0', data = '' }): string => `(module
    (memory (export "memory") 1) (global (export "__rtti_base") i32 (i32.const ${rtti}))
    (data (i32.const 1024) "${table}") ${data}
    (func (export "__new") (param i32 i32) (result i32) ${allocate})
    (func (export "__pin") (param i32) (result i32) local.get 0)
    (func (export "main") (param i32) (result i32) ${body}))`
  const object = (at: number, id: number, size: number): string =>
    `(data (i32.const ${at - 8}) "\\${id.toString(16).padStart(2, '0')}\\00\\00\\00\\${(size & 255).toString(16).padStart(2, '0')}\\${(size >> 8 & 255).toString(16).padStart(2, '0')}\\${(size >> 16 & 255).toString(16).padStart(2, '0')}\\00")`

  it('cannot make the host write outside of their memory', async () => {
    for (const answer of ['0', '-2', '65536', '65535']) await failsWith('ERR_POINTER', liar({ allocate: `i32.const ${answer}` }), TEXT, 'some text')
  })

  it('cannot make the host read outside of their memory', async () => {
    for (const pointer of ['-1', '65537', '1', '65536']) {
      const { error } = await tryCall(liar({ body: `i32.const ${pointer}` }), TEXT, 'x')
      assert.ok(error?.code === 'ERR_POINTER' || error?.code === 'ERR_RESULT_TYPE', error?.code)
    }
    await failsWith('ERR_POINTER', liar({ body: 'i32.const 8192', data: object(8192, 2, 65_000) }), TEXT, 'x')
    await failsWith('ERR_RESULT_TYPE', liar({ body: 'i32.const 8192', data: object(8192, 2, 3) }), TEXT, 'x')
    await failsWith('ERR_RESULT_TYPE', liar({ body: 'i32.const 8192', data: `${object(8192, 2, 2)} (data (i32.const 8192) "\\00\\d8")` }), TEXT, 'x')
    await failsWith('ERR_RESULT_TYPE', liar({ body: 'i32.const 8192', data: object(8192, 3, 2) }), TEXT, 'x')
  })

  it('are read without classes where their table is none', async () => {
    for (const [rtti, table] of [['-4', ''], ['65534', ''], ['1024', '\\ff\\ff\\ff\\ff'], ['1024', '\\00\\00\\00\\00']] as const) {
      const call = { takes: { text: 'string' }, gives: { result: 'integer' } } as const
      assert.deepEqual(await outputsOf(liar({ rtti, table }), call, 'x'), { result: 4096 })
    }
  })

  it('cannot return arrays without end', async () => {
    // An array of references (class 4) whose elements are the array itself.
    const fields = '\\00\\20\\00\\00\\00\\20\\00\\00\\00\\00\\00\\00\\04\\00\\00\\00'
    const module = liar({ body: 'i32.const 8192', data: `${object(8192, 4, 16)} (data (i32.const 8192) "${fields}")` })
    await failsWith('ERR_RESULT_TYPE', module, { takes: { text: 'string' }, gives: { result: 'array' } }, 'x')
    const wide = liar({ body: 'i32.const 8192', data: `${object(8192, 4, 16)} (data (i32.const 8192) "\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\ff\\ff\\ff\\3f")` })
    await failsWith('ERR_OUTPUT_LIMIT', wide, { takes: { text: 'string' }, gives: { result: 'array' } }, 'x')
  })
})
