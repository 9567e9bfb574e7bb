import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import type { ErrorCode } from '../../../../src/errors.ts'
import type { Value, ValueType } from '../../../../src/task/values.ts'
import { type ProgramOptions, useExecutor } from '../../../support/executor-fixture.ts'
import { rejectsWith } from '../../../support/rejects.ts'

const fixture = (file: string): Uint8Array => readFileSync(new URL(`../../../fixtures/components/${file}.wasm`, import.meta.url))
const FILES = { networking: false, fileSystem: true }

describe('components of exported functions', () => {
  const { shelf, run } = useExecutor()
  const text = fixture('text')

  type Inputs = Record<string, [ValueType, Value]>

  async function call (functionName: string | undefined, inputs: Inputs, gives: Record<string, ValueType>, options: ProgramOptions = {}): Promise<Record<string, Value>> {
    const takes = Object.fromEntries(Object.entries(inputs).map(([name, [type]]) => [name, type]))
    const program = await shelf.program(text, { ...(functionName === undefined ? {} : { functionName }), takes, gives, ...options })
    return (await run(program, ...Object.values(inputs).map(([, value]) => value))).outputs
  }

  const refuses = (code: ErrorCode, functionName: string | undefined, inputs: Inputs, gives: Record<string, ValueType> = { r: 'json' }): Promise<unknown> =>
    rejectsWith(code, call(functionName, inputs, gives))

  it('finds a function by every name that is one', async () => {
    for (const name of ['corebrum:demo/text@1.0.0#shout', 'corebrum:demo/text#shout', 'text#shout', 'shout']) {
      assert.deepEqual(await call(name, { text: ['string', 'héy'] }, { r: 'string' }), { r: 'HéY!' })
    }
    assert.deepEqual(await call('parse_number', { text: ['string', '42'] }, { r: 'integer' }), { r: 42 })
    for (const name of ['nothing', 'other#shout', 'text#nothing', '#', 'wasi:cli/run@0.2.0#run']) await refuses('ERR_NO_EXPORT', name, { text: ['string', ''] })
    await refuses('ERR_NO_EXPORT', undefined, { text: ['string', ''] })
  })

  it('takes inputs by the names of the parameters, in any spelling, else by position', async () => {
    assert.deepEqual(await call('summarize', { style: ['string', 'loud'], text: ['string', 'to be or not'] }, { longestWord: 'string', words: 'integer' }), { longestWord: 'NOT', words: 4 })
    assert.deepEqual(await call('add', { first: ['integer', 5], second: ['integer', -7] }, { sum: 'integer' }), { sum: -2 })
    assert.deepEqual(await call('add', { b: ['integer', -7], a: ['integer', 5] }, { sum: 'integer' }), { sum: -2 })
    await refuses('ERR_SIGNATURE', 'add', { a: ['integer', 5] })
    await refuses('ERR_SIGNATURE', 'add', { a: ['integer', 5], b: ['integer', 5], c: ['integer', 5] })
    await refuses('ERR_SIGNATURE', 'add', { a: ['string', '5'], b: ['integer', 5] })
  })

  it('checks the range of numbers', async () => {
    assert.deepEqual(await call('add', { a: ['integer', 4_294_967_295], b: ['integer', 2_147_483_647] }, { sum: 'integer' }), { sum: 6_442_450_942 })
    for (const [a, b] of [[4_294_967_296, 0], [-1, 0], [0, 2_147_483_648], [0, -2_147_483_649], [2n ** 70n, 0]] as const) {
      await refuses('ERR_VALUE_RANGE', 'add', { a: ['integer', a], b: ['integer', b] })
    }
    await refuses('ERR_VALUE_RANGE', 'add', { a: ['number', 0.5], b: ['integer', 0] })
    await refuses('ERR_VALUE_RANGE', 'area', { shape: ['json', { circle: 1e39 }] })
  })

  it('maps records, variants, flags, options, lists and bytes', async () => {
    assert.deepEqual(await call('summarize', { text: ['string', 'aa b'], style: ['string', 'plain'] }, { r: 'object' }), { r: { words: 2, longest_word: 'aa', average: 1.5, first: 'a' } })
    assert.deepEqual(await call('summarize', { text: ['string', ''], style: ['string', 'plain'] }, { first: 'json', average: 'number' }), { first: null, average: 0 })
    assert.deepEqual(await call('area', { shape: ['json', { circle: 2 }] }, { r: 'number' }), { r: 12 })
    assert.deepEqual(await call('area', { shape: ['object', { named: 'abc' }] }, { r: 'number' }), { r: 3 })
    assert.deepEqual(await call('area', { shape: ['string', 'empty'] }, { r: 'json' }), { r: null })
    assert.deepEqual(await call('ends', { items: ['array', ['a', 'b', 'c']], which: ['array', ['tail', 'head']] }, { r: 'array' }), { r: ['a', 'c'] })
    assert.deepEqual(await call('ends', { items: ['array', ['a', 'b', 'c']], which: ['object', { head: false, tail: true }] }, { r: 'array' }), { r: ['c'] })
    assert.deepEqual(await call('reverse', { data: ['bytes', Uint8Array.of(1, 2, 3)] }, { r: 'bytes' }), { r: new Uint8Array([3, 2, 1]) })
    assert.deepEqual(await call('reverse', { data: ['array', [1, 2, 3]] }, { r: 'array' }), { r: [3, 2, 1] })
  })

  it('refuses values of other kinds than the type has', async () => {
    await refuses('ERR_INPUT', 'area', { shape: ['json', { square: 1 }] })
    await refuses('ERR_INPUT', 'area', { shape: ['json', { circle: 1, named: 'x' }] })
    await refuses('ERR_INPUT', 'area', { shape: ['json', { empty: 1 }] })
    await refuses('ERR_INPUT', 'area', { shape: ['json', ['circle']] })
    await refuses('ERR_INPUT', 'summarize', { text: ['string', ''], style: ['string', 'quiet'] })
    await refuses('ERR_INPUT', 'ends', { items: ['array', ['a', 1]], which: ['array', []] })
    await refuses('ERR_INPUT', 'ends', { items: ['array', []], which: ['array', ['middle']] })
    await refuses('ERR_VALUE_RANGE', 'reverse', { data: ['array', [256]] })
  })

  it('gives an error of a result as the error of the task', async () => {
    assert.deepEqual(await call('parse-number', { text: ['string', '7'] }, { r: 'integer' }), { r: 7 })
    const error = await rejectsWith('ERR_EXIT_CODE', call('parse-number', { text: ['string', 'x7'] }, { r: 'integer' }))
    assert.match(error.message, /not a number/)
  })

  it('refuses outputs of another type', async () => {
    await refuses('ERR_RESULT_TYPE', 'shout', { text: ['string', ''] }, { r: 'integer' })
    await refuses('ERR_RESULT_TYPE', 'shout', { text: ['string', ''] }, { r: 'bytes' })
    await refuses('ERR_RESULT_TYPE', 'shout', { text: ['string', ''] }, { a: 'string', b: 'string' })
    await refuses('ERR_RESULT_TYPE', 'summarize', { text: ['string', ''], style: ['string', 'loud'] }, { words: 'integer', missing: 'string' })
  })

  it('fills in what the host knows and what may be left out', async () => {
    assert.deepEqual(await call('greet', { worker_id: ['string', 'me'], name: ['string', 'Ann'] }, { r: 'string' }), { r: 'Ann on me' })
    assert.deepEqual(await call('greet', { worker_id: ['string', 'me'] }, { r: 'string' }), { r: 'nobody on me' })
    assert.match(String((await call('greet', { name: ['string', 'Ann'] }, { r: 'string' }))['r']), /^Ann on .+/)
  })

  it('runs what a component does after its result has been read', async () => {
    await refuses('ERR_TRAP', 'fail-later', {})
  })

  it('is called component, and nothing else', async () => {
    assert.deepEqual(await call('shout', { text: ['string', 'a'] }, { r: 'string' }, { abi: 'component' }), { r: 'A!' })
    await rejectsWith('ERR_MODULE_UNSUPPORTED', call('shout', { text: ['string', 'a'] }, { r: 'string' }, { abi: 'numeric' }))
  })

  it('is not what a core module can be called', async () => {
    await rejectsWith('ERR_MODULE_UNSUPPORTED', run(await shelf.program('(module (func (export "main")))', { abi: 'component' })))
  })

  it('passes strings between components in their own encodings', async () => {
    const program = await shelf.program(fixture('composed'), { functionName: 'double', takes: { text: 'string' }, gives: { r: 'string' } })
    for (const value of ['', 'abc', 'naïve ☃ 💩']) assert.deepEqual((await run(program, value)).outputs, { r: value + value })
  })

  it('leaves nothing behind for the next call', async () => {
    const program = await shelf.program(fixture('composed'), { functionName: 'count', takes: { start: 'integer', steps: 'integer' }, gives: { r: 'integer' } })
    for (let round = 0; round < 3; round++) assert.deepEqual((await run(program, 0, 10)).outputs, { r: 1001 })
  })

  it('counts fuel over all modules of a component', async () => {
    const program = (fuel: number): ReturnType<typeof shelf.program> => shelf.program(fixture('composed'), { functionName: 'count', takes: { start: 'integer', steps: 'integer' }, gives: { r: 'integer' }, fuel })
    const { usage } = await run(await program(1_000_000), 0, 100)
    const again = await run(await program(1_000_000), 0, 100)
    assert.ok(usage.fuel !== undefined && usage.fuel > 100 && usage.fuel < 100_000)
    assert.equal(again.usage.fuel, usage.fuel)
    await rejectsWith('ERR_FUEL_LIMIT', run(await program(usage.fuel - 1), 0, 100))
  })
})

describe('components of the WASI 0.2 command world', () => {
  const { shelf, run } = useExecutor()
  const GIVES = { length: 'integer', args: 'integer', mode: 'string', files: 'string', entries: 'string', slept: 'boolean', random: 'boolean' } as const
  const command = fixture('command')

  it('reads its inputs as JSON and writes its outputs as JSON', async () => {
    const { outputs, logs, usage } = await run(await shelf.program(command, { takes: { text: 'string' }, gives: GIVES }), 'hi')
    assert.deepEqual(outputs, { length: 13, args: 1, mode: '', files: 'no', entries: '', slept: true, random: true })
    assert.equal(logs, 'read 13 bytes\n')
    assert.equal(usage.moduleBytes, command.length)
    assert.ok((usage.memoryBytes ?? 0) >= 65_536)
  })

  it('answers to the names that a command may have', async () => {
    for (const functionName of ['_start', 'main', 'run', 'wasi:cli/run#run', 'run#run']) {
      assert.equal((await run(await shelf.program(command, { functionName, takes: { text: 'string' }, gives: { length: 'integer' } }), 'x')).outputs['length'], 12)
    }
  })

  it('has a file system where the task grants one, arguments and environment where it gives them', async () => {
    const setup = { args: ['one', 'two'], env: { MODE: 'fast' }, stdin: { from: 'inputs' as const }, files: [], outputFiles: [{ output: 'kept', path: 'out/kept.txt' }] }
    const program = await shelf.program(command, { takes: { text: 'string' }, gives: { args: 'integer', mode: 'string', files: 'string', entries: 'string', kept: 'string' }, grants: FILES, setup })
    const { outputs, usage } = await run(program, 'hi')
    assert.deepEqual(outputs, { args: 3, mode: 'fast', files: 'yes', entries: 'kept.txt,link', kept: '{"text":"hi"}' })
    assert.equal(usage.fileBytes, 13)
  })

  it('says how it ended', async () => {
    const program = await shelf.program(command, { takes: { text: 'string' }, gives: { length: 'integer' } })
    const error = await rejectsWith('ERR_EXIT_CODE', run(program, 'fail'))
    assert.match(error.message, /read 15 bytes/)
    await rejectsWith('ERR_TRAP', run(program, 'abort'))
    assert.equal((await run(program, 'fine')).outputs['length'], 15)
  })

  it('gives the same on every machine where the task asks for it', async () => {
    const program = await shelf.program(command, { takes: { text: 'string' }, gives: GIVES, deterministic: true, fuel: 50_000_000 })
    const [first, second] = [await run(program, 'hi'), await run(program, 'hi')]
    assert.deepEqual(first.outputs, second.outputs)
    assert.equal(first.usage.fuel, second.usage.fuel)
  })
})
