/** Modules that were not written for these tests. */
import assert from 'node:assert/strict'
import { inspectModule } from '../../../../src/executor/inspect.ts'
import { useExecutor } from '../../../support/executor-fixture.ts'
import { fixtureModule } from '../../../support/fixture-module.ts'
import { failsWith, outputsOf } from '../../../support/in-process.ts'
import { packageModule } from '../../../support/package-module.ts'

const integer = { result: 'integer' } as const
const roomy = { maxPages: 600 }

describe('modules of packages', () => {
  it('murmurhash-wasm: AssemblyScript with its runtime', async () => {
    const module = packageModule('murmurhash-wasm/dist/node.mjs')
    assert.equal(inspectModule(module).convention, 'assemblyscript')
    const call = { functionName: 'hash32', takes: { key: 'bytes', seed: 'integer' }, gives: integer } as const
    // The example of its documents.
    assert.deepEqual(await outputsOf(module, call, Buffer.from('hello'), 0), { result: 1480907334 })
    assert.deepEqual(await outputsOf(module, call, new Uint8Array(0), 0), { result: 0 })
  })

  it('zstddec: Emscripten, standalone', async () => {
    const module = packageModule('zstddec/dist/zstddec.mjs')
    assert.equal(inspectModule(module).convention, 'buffer')
    // One frame with one raw block of eight bytes.
    const frame = Buffer.from('28b52ffd2008410000hello wo'.slice(0, 18), 'hex')
    const call = { ...roomy, functionName: 'ZSTD_findDecompressedSize', takes: { frame: 'bytes' }, gives: integer } as const
    assert.deepEqual(await outputsOf(module, call, Buffer.concat([frame, Buffer.from('hello wo')])), { result: 8 })
  })

  it('@sqlite.org/sqlite-wasm: Emscripten, for its own JavaScript', async () => {
    const module = packageModule('@sqlite.org/sqlite-wasm/sqlite-wasm/jswasm/sqlite3.wasm')
    const text = { result: 'string' } as const
    const numbered = await outputsOf(module, { ...roomy, functionName: 'sqlite3_libversion_number', gives: integer })
    const [major, minor, patch] = String((await outputsOf(module, { ...roomy, functionName: 'sqlite3_libversion', gives: text }))?.['result']).split('.').map(Number)
    assert.equal(numbered?.['result'], (major ?? 0) * 1_000_000 + (minor ?? 0) * 1000 + (patch ?? 0))
    const complete = { ...roomy, functionName: 'sqlite3_complete', takes: { sql: 'string' }, gives: { result: 'boolean' } } as const
    assert.deepEqual(await outputsOf(module, complete, 'select 1;'), { result: true })
    assert.deepEqual(await outputsOf(module, complete, 'select 1'), { result: false })
    assert.deepEqual(await outputsOf(module, { ...roomy, functionName: 'sqlite3_strglob', takes: { pattern: 'string', text: 'string' }, gives: integer }, 'a*c', 'abbc'), { result: 0 })
    assert.deepEqual(await outputsOf(module, { ...roomy, functionName: 'sqlite3_errstr', takes: { code: 'integer' }, gives: text }, 5), { result: 'database is locked' })
  })

  it('node-unrar-js: minified Emscripten is refused, with the way out', async () => {
    const { message } = await failsWith('ERR_MODULE_UNSUPPORTED', packageModule('node-unrar-js/dist/js/unrar.wasm'), { ...roomy, functionName: 'f' })
    assert.match(message, /a\.a.*emcc/)
  })
})

describe('conventions in a sandbox process', () => {
  const { shelf, run } = useExecutor()

  it('AssemblyScript, Extism, Emscripten', async () => {
    const text = { takes: { text: 'string' }, gives: { result: 'string' } } as const
    const greet = await shelf.program(fixtureModule('assemblyscript-0.28'), { functionName: 'greet', ...text })
    assert.deepEqual((await run(greet, 'Ada')).outputs, { result: 'Hello, Ada!' })
    const upper = await shelf.program(fixtureModule('extism'), { functionName: 'upper', ...text })
    assert.deepEqual((await run(upper, 'Ada')).outputs, { result: 'ADA' })
    const add = await shelf.program(fixtureModule('emscripten-js'), { functionName: 'add', takes: { a: 'integer', b: 'integer' }, gives: integer })
    const { outputs, logs } = await run(add, 2, 3)
    assert.deepEqual([outputs, logs], [{ result: 5 }, 'adding 2 and 3\n'])
    const main = await shelf.program(fixtureModule('emscripten-main'), { takes: { n: 'integer' }, gives: { given: 'json' } })
    assert.deepEqual((await run(main, 4)).outputs, { given: { n: 4 } })
    const jump = await shelf.program(fixtureModule('emscripten-longjmp'), { functionName: 'jump', takes: { depth: 'integer' }, gives: integer })
    assert.deepEqual((await run(jump, 3)).outputs, { result: 42 })
  })
})
