import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { inspectModule } from '../../../src/executor/inspect.ts'
import { useExecutor } from '../../support/executor-fixture.ts'
import { failsWith, outputsOf } from '../../support/in-process.ts'
import { rejectsWith } from '../../support/rejects.ts'
import { shippedFile } from '../../support/shipped.ts'

const require = createRequire(import.meta.url)
const packaged = (path: string): Uint8Array => readFileSync(require.resolve(path))

/** Go 1.22: registers functions that answer with promises. */
const astro = packaged('@astrojs/compiler/astro.wasm')
/** TinyGo 0.42 for browsers: exports functions. */
const shell = packaged('sh-syntax/main.wasm')
/** Go 1.19: a program. */
const factorial = shippedFile('factorial_go.wasm')

const NUMBER = { takes: { number: 'integer' }, gives: { result: 'integer' } } as const
const PAGE = '---\nconst name: string = "mesh"\n---\n<h1>Hello {name}</h1>\n<style>h1 { color: red }</style>'
const TRANSFORM = { functionName: '@astrojs/compiler.transform', takes: { source: 'string', options: 'object' }, gives: { code: 'string', css: 'array' } } as const

describe('Go programs', () => {
  const { shelf, run } = useExecutor()

  it('are recognised, each with its reason', () => {
    const conventions = [factorial, astro, shell].map((bytes) => inspectModule(bytes).convention)
    assert.deepEqual(conventions, ['go-js', 'go-js', 'go-js'])
    for (const bytes of [factorial, astro, shell]) assert.deepEqual(inspectModule(bytes).imports.filter((item) => !item.provided), [])
  })

  it('read their inputs and print their outputs as JSON, call after call', async () => {
    const program = await shelf.program(factorial, NUMBER)
    for (const [number, result] of [[0, 1], [5, 120], [20, 2432902008176640000n]] as const) {
      assert.deepEqual((await run(program, number)).outputs, { result })
    }
  })

  it('that exit with another code than 0 fail with what they wrote to standard error', async () => {
    const error = await rejectsWith('ERR_EXIT_CODE', run(await shelf.program(factorial, NUMBER), 21))
    assert.match(error.message, /exit code 1: factorial: number must be from 0 to 20/)
  })

  it('need the memory that they start with', async () => {
    await rejectsWith('ERR_MEMORY_LIMIT', run(await shelf.program(factorial, { ...NUMBER, memoryLimitBytes: 16 * 1024 * 1024 }), 5))
  })

  it('give the same with a virtual clock and seeded random numbers', async () => {
    const call = { ...NUMBER, deterministic: true, maxPages: 1024, extras: { taskId: 'a' } }
    assert.deepEqual(await outputsOf(factorial, call, 6), { result: 720 })
  })

  it('serve functions that they registered, here one that answers with a promise', async () => {
    const { outputs } = await run(await shelf.program(astro, TRANSFORM), PAGE, { filename: '/page.astro' })
    assert.match(String(outputs.code), /const name: string = "mesh"/)
    assert.equal(Array.isArray(outputs.css) && outputs.css.length, 1)
  })

  it('give what their own JavaScript gives', async () => {
    const { parse } = await import('@astrojs/compiler')
    const parsed = await outputsOf(astro, { functionName: '@astrojs/compiler.parse', takes: { source: 'string', options: 'object' }, gives: { ast: 'string', diagnostics: 'array' }, maxPages: 4096 }, PAGE, {})
    assert.deepEqual(JSON.parse(String(parsed?.ast)), JSON.parse(JSON.stringify((await parse(PAGE, {})).ast)))
    assert.deepEqual(parsed?.diagnostics, [])
  })

  it('that panic fail with the reason and not with the end of the trace', async () => {
    const error = await failsWith('ERR_EXIT_CODE', astro, { ...TRANSFORM, maxPages: 4096, takes: { source: 'string' } }, PAGE)
    assert.match(error.message, /exit code 2: panic: .*index out of range/)
  })

  it('that have no such function say which they have', async () => {
    const { message } = await failsWith('ERR_NO_EXPORT', astro, { functionName: '@astrojs/compiler.absent', maxPages: 4096 })
    assert.match(message, /@astrojs\/compiler\.transform/)
    await failsWith('ERR_NO_EXPORT', factorial, { functionName: 'absent', maxPages: 4096 })
  })

  it('that only wait for calls deadlock as programs, and say what to name', async () => {
    const { message } = await failsWith('ERR_EXIT_CODE', astro, { maxPages: 4096, gives: { result: 'json' } })
    assert.match(message, /asleep.*@astrojs\/compiler\.parse/s)
  })

  it('of TinyGo start, then serve their exports', async () => {
    const pointer = await outputsOf(shell, { functionName: 'wasmAlloc', takes: { size: 'integer' }, gives: { pointer: 'integer' }, maxPages: 512 }, 100)
    assert(Number(pointer?.pointer) > 0)
    await failsWith('ERR_NO_EXPORT', shell, { functionName: 'absent', maxPages: 512 })
  })
})
