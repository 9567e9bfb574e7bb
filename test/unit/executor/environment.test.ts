import assert from 'node:assert/strict'
import { failsWith, outputsOf } from '../../support/in-process.ts'

const gives = { result: 'integer' } as const
const withImport = (name: string, type: string, body: string, rest = ''): string => `(module (import "env" "${name}" (func $host ${type})) (memory (export "memory") 1) ${rest}
  (func (export "main") (result i32) ${body}))`

describe('environment of plain Emscripten and C modules', () => {
  it('runs a module with an import that it never calls', async () => {
    assert.deepEqual(await outputsOf(withImport('main', '(param i32 i32) (result i32)', 'i32.const 1'), { gives }), { result: 1 })
  })

  it('grows the heap up to the limit, and says so when it is reached', async () => {
    const grow = (bytes: number): string => withImport('emscripten_resize_heap', '(param i32) (result i32)', `(call $host (i32.const ${bytes}))`)
    assert.deepEqual(await outputsOf(grow(5 * 65_536), { gives, maxPages: 10 }), { result: 1 })
    assert.deepEqual(await outputsOf(grow(11 * 65_536), { gives, maxPages: 10 }), { result: 0 })
    const abort = withImport('emscripten_resize_heap', '(param i32) (result i32)', '(drop (call $host (i32.const 10000000))) unreachable')
    await failsWith('ERR_MEMORY_LIMIT', abort, { gives, maxPages: 10 })
  })

  it('copies memory, aborts, exits', async () => {
    const copy = withImport('emscripten_memcpy_js', '(param i32 i32 i32)', '(call $host (i32.const 0) (i32.const 16) (i32.const 4)) (i32.load (i32.const 0))', '(data (i32.const 16) "\\2a\\00\\00\\00")')
    assert.deepEqual(await outputsOf(copy, { gives }), { result: 42 })
    await failsWith('ERR_TRAP', withImport('abort', '', '(call $host) i32.const 0'), { gives })
    await failsWith('ERR_TRAP', withImport('__assert_fail', '(param i32 i32 i32 i32)', '(call $host (i32.const 1) (i32.const -1) (i32.const 3) (i32.const 4)) i32.const 0'), { gives })
    await failsWith('ERR_EXIT_CODE', withImport('exit', '(param i32)', '(call $host (i32.const 2)) i32.const 0'), { gives })
  })

  it('gives imported memory and tables their caps', async () => {
    const module = `(module (import "env" "memory" (memory 1)) (import "env" "__indirect_function_table" (table 1 funcref)) (import "env" "__memory_base" (global i32))
      (func (export "main") (result i32) (drop (memory.grow (i32.const 100))) (i32.add (memory.size) (global.get 0))))`
    assert.deepEqual(await outputsOf(module, { gives, maxPages: 10 }), { result: 1 })
    assert.deepEqual(await outputsOf(module, { gives, maxPages: 200 }), { result: 101 })
  })

  it('offers nothing but functions, memory and tables: no name reaches JavaScript', async () => {
    for (const name of ['constructor', '__proto__', 'toString', 'Function', 'eval', 'Reflect', 'globalThis']) {
      await failsWith('ERR_MISSING_IMPORT', withImport(name, '', '(call $host) i32.const 0'), { gives })
    }
    await failsWith('ERR_MISSING_IMPORT', '(module (import "__proto__" "x" (func $f)) (func (export "main") (call $f)))', {})
  })
})
