/** wasm-bindgen modules that lie: pointers, lengths and indices from anywhere, values without end. */
import assert from 'node:assert/strict'
import type { ErrorCode } from '../../../../src/errors.ts'
import { MAX_OUTPUT_BYTES, WASM_PAGE_BYTES } from '../../../../src/limits.ts'
import type { ValueType } from '../../../../src/task/values.ts'
import { describedModule } from '../../../support/bindgen-module.ts'
import { useExecutor } from '../../../support/executor-fixture.ts'
import { failsWith } from '../../../support/in-process.ts'
import { rejectsWith } from '../../../support/rejects.ts'

const MEMORY = '(memory (export "memory") 1)'
const malloc = (body: string): string => `(func (export "__wbindgen_malloc") (param i32 i32) (result i32) ${body})`
const GOOD = malloc('(i32.const 4096)')
const TABLE = '(table (export "__wbindgen_externrefs") 8 externref)'
const text = (name: string, type: string): string => `(import "wbg" "${name}" (func $it ${type}))`

interface Lie { what: string, code: ErrorCode, wat: string, takes?: Record<string, ValueType>, type?: ValueType }

const echo = '(func (export "main") (param i32 i32) (result i32 i32) (local.get 0) (local.get 1))'
const returns = (pointer: number, length: number): string => `(module ${MEMORY} ${GOOD} ${TABLE} (func (export "main") (result i32 i32) (i32.const ${pointer}) (i32.const ${length})))`
const calls = (name: string, type: string, args: string, drop = true): string => `(module ${text(name, type)} ${MEMORY} ${GOOD} (func (export "main") ${drop ? `(drop (call $it ${args}))` : `(call $it ${args})`}))`
const LOOPS = '(loop $more (drop (call $it (i32.const 16) (i32.const 1))) (br $more))'

/** Objects that each hold the one before twice. */
const DAG = `(module
  (import "wbg" "__wbg_new_0000000000000000" (func $new (result externref)))
  (import "wbg" "__wbg_push_0000000000000000" (func $push (param externref externref) (result i32)))
  ${MEMORY} ${GOOD} ${TABLE}
  (func (export "main") (result externref) (local $list externref) (local $last externref) (local $n i32)
    (local.set $last (call $new))
    (loop $more
      (local.set $list (call $new))
      (drop (call $push (local.get $list) (local.get $last)))
      (drop (call $push (local.get $list) (local.get $last)))
      (local.set $last (local.get $list))
      (br_if $more (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const DEPTH))))
    (local.get $last)))`

const LIES: Lie[] = [
  { what: 'an allocator that returns 0', code: 'ERR_MEMORY_LIMIT', wat: `(module ${MEMORY} ${malloc('(i32.const 0)')} ${echo})`, takes: { a: 'string' } },
  { what: 'an allocator that returns the end of memory', code: 'ERR_POINTER', wat: `(module ${MEMORY} ${malloc('(i32.const 65536)')} ${echo})`, takes: { a: 'string' } },
  { what: 'an allocator that returns -1', code: 'ERR_POINTER', wat: `(module ${MEMORY} ${malloc('(i32.const -1)')} ${echo})`, takes: { a: 'string' } },
  { what: 'an allocator that traps', code: 'ERR_TRAP', wat: `(module ${MEMORY} ${malloc('unreachable')} ${echo})`, takes: { a: 'string' } },
  { what: 'no allocator', code: 'ERR_SIGNATURE', wat: `(module (import "wbg" "x" (func)) ${MEMORY} ${echo})`, takes: { a: 'string' } },
  { what: 'only exports that are no allocator', code: 'ERR_SIGNATURE', wat: `(module ${MEMORY} ${malloc('(i32.const 8)').replace('malloc', 'export_0')} ${malloc('unreachable').replace('malloc', 'export_1')} ${echo})`, takes: { a: 'string' } },
  { what: 'a text of 4 GB', code: 'ERR_POINTER', wat: returns(16, -1), type: 'string' },
  { what: 'bytes of 4 GB', code: 'ERR_POINTER', wat: returns(16, -1), type: 'bytes' },
  { what: 'a text behind memory', code: 'ERR_POINTER', wat: returns(65_530, 7), type: 'string' },
  { what: 'a text at -1', code: 'ERR_POINTER', wat: returns(-1, 1), type: 'string' },
  { what: 'a text longer than any output', code: 'ERR_OUTPUT_LIMIT', wat: returns(16, MAX_OUTPUT_BYTES + 1).replace('"memory") 1', `"memory") ${MAX_OUTPUT_BYTES / WASM_PAGE_BYTES + 1}`), type: 'string' },
  { what: 'a stack pointer outside', code: 'ERR_POINTER', wat: `(module ${MEMORY} ${GOOD} (func (export "__wbindgen_add_to_stack_pointer") (param i32) (result i32) (i32.const -8)) (func (export "main") (param i32)))`, type: 'string' },
  { what: 'a result area that is not written', code: 'ERR_RESULT_TYPE', wat: `(module ${MEMORY} ${GOOD} (func (export "__wbindgen_add_to_stack_pointer") (param i32) (result i32) (i32.const 64)) (func (export "main") (param i32)))`, type: 'string' },
  { what: 'an error at an index behind the table', code: 'ERR_POINTER', wat: `(module ${MEMORY} ${GOOD} ${TABLE} (func (export "main") (result i32 i32 i32 i32) (i32.const 0) (i32.const 0) (i32.const 8) (i32.const 1)))`, type: 'string' },
  { what: 'an error at index -1', code: 'ERR_POINTER', wat: `(module ${MEMORY} ${GOOD} ${TABLE} (func (export "main") (result i32 i32 i32) (i32.const 0) (i32.const -1) (i32.const 1)))`, type: 'integer' },
  { what: 'a value that was never given', code: 'ERR_POINTER', wat: calls('__wbindgen_object_clone_ref', '(param i32) (result i32)', '(i32.const 5000)') },
  { what: 'a value that was dropped', code: 'ERR_POINTER', wat: `(module ${text('__wbindgen_string_new', '(param i32 i32) (result i32)')} (import "wbg" "__wbindgen_object_drop_ref" (func $drop (param i32))) ${MEMORY} ${GOOD} (func (export "main") (local $n i32) (local.set $n (call $it (i32.const 0) (i32.const 1))) (call $drop (local.get $n)) (call $drop (local.get $n))))` },
  { what: 'text outside for an import', code: 'ERR_POINTER', wat: calls('__wbindgen_string_new', '(param i32 i32) (result i32)', '(i32.const 65530) (i32.const 100)') },
  { what: 'text that is not UTF-8 for an import', code: 'ERR_RESULT_TYPE', wat: calls('__wbindgen_string_new', '(param i32 i32) (result i32)', '(i32.const 0) (i32.const 1)').replace('(memory (export "memory") 1)', '$&(data (i32.const 0) "\\ff")') },
  { what: 'a result pointer outside for an import', code: 'ERR_POINTER', wat: calls('__wbindgen_string_get', '(param i32 i32)', '(i32.const 65533) (i32.const 128)', false) },
  { what: 'a throw with text outside', code: 'ERR_POINTER', wat: calls('__wbindgen_throw', '(param i32 i32)', '(i32.const -5) (i32.const 100)', false) },
  { what: 'values without end', code: 'ERR_MEMORY_LIMIT', wat: `(module ${text('__wbindgen_string_new', '(param i32 i32) (result i32)')} ${MEMORY} ${GOOD} (func (export "main") ${LOOPS}))` },
  { what: 'a byte array of 4 GB', code: 'ERR_MEMORY_LIMIT', wat: `(module ${text('__wbg_new_with_length_0000000000000000', '(param i32) (result externref)')} (import "wbg" "__wbg_subarray_0000000000000000" (func $sub (param externref i32 i32) (result externref))) ${MEMORY} ${GOOD} ${TABLE} (func (export "main") (drop (call $sub (call $it (i32.const -1)) (i32.const 0) (i32.const 1)))))` },
  { what: 'an item at 2^32 - 1', code: 'ERR_MEMORY_LIMIT', wat: `(module ${text('__wbg_new_0000000000000000', '(result externref)')} (import "wbg" "__wbg_set_0000000000000000" (func $set (param externref i32 externref))) ${MEMORY} ${GOOD} ${TABLE} (func (export "main") (call $set (call $it) (i32.const -1) (ref.null extern))))` },
  { what: 'an object that holds itself', code: 'ERR_RESULT_TYPE', wat: `(module ${text('__wbg_new_0000000000000000', '(result externref)')} (import "wbg" "__wbg_push_0000000000000000" (func $push (param externref externref) (result i32))) ${MEMORY} ${GOOD} ${TABLE} (func (export "main") (result externref) (local $o externref) (local.set $o (call $it)) (drop (call $push (local.get $o) (local.get $o))) (local.get $o)))`, type: 'json' },
  { what: 'an object of 2^40 parts', code: 'ERR_RESULT_TYPE', wat: DAG.replace('DEPTH', '40'), type: 'json' },
  { what: 'a table of references that cannot grow', code: 'ERR_TABLE_LIMIT', wat: `(module (import "wbg" "__wbindgen_init_externref_table" (func $it)) ${MEMORY} ${GOOD} (table (export "t") 8 8 externref) (func (export "__wbindgen_start") (call $it)) (func (export "main")))` },
  { what: 'a start that traps', code: 'ERR_TRAP', wat: `(module ${MEMORY} ${GOOD} (func (export "__wbindgen_start") unreachable) (func (export "main")))` },
]

describe('hostile wasm-bindgen modules', () => {
  for (const { what, code, wat, takes = {}, type } of LIES) {
    it(`${what}: ${code}`, async () => {
      await failsWith(code, wat, { maxPages: MAX_OUTPUT_BYTES / WASM_PAGE_BYTES + 10, takes, gives: type === undefined ? {} : { r: type } }, ...Object.keys(takes).map(() => 'some text'))
    })
  }

  // () -> String and () -> Vec<f64>, of release 0.2.83.
  const texts = [11, 0, 0, 14, 14]
  const floats = [11, 0, 0, 18, 9, 18, 9]
  const writes = (pointer: number, length: number): string => `(param i32) (i32.store (local.get 0) (i32.const ${pointer})) (i32.store offset=4 (local.get 0) (i32.const ${length}))`
  for (const [what, words, pointer, length] of [['a text of 4 GB', texts, 16, -1], ['a text behind memory', texts, 65_535, 2], ['8 bytes each for 2^32 numbers', floats, 16, -1], ['numbers behind memory', floats, 65_530, 1]] as const) {
    it(`${what}, described: ERR_POINTER`, async () => {
      await failsWith('ERR_POINTER', await describedModule('0.2.83', words, writes(pointer, length)), { gives: { r: 'json' } })
    })
  }

  it('casts values that lie outside of memory: ERR_POINTER', async () => {
    const cast = '(import "__wbindgen_placeholder__" "__wbindgen_describe_cast" (func $cast (param i32 i32) (result i32)))'
    const words = [13, 0, 1, 17, 16, 22, 22].map((word) => `(call $describe (i32.const ${word}))`).join(' ')
    await failsWith('ERR_POINTER', await describedModule('0.2.104', [13, 0, 0, 22, 22], `(result i32) ${words} (call $cast (i32.const 0) (i32.const -4))`, cast), { gives: { r: 'json' } })
  })
})

describe('hostile wasm-bindgen modules in a sandbox', () => {
  const { shelf, run } = useExecutor()
  const floods: Array<[string, string]> = [
    ['texts', `(module ${text('__wbindgen_string_new', '(param i32 i32) (result i32)')} (memory (export "memory") 1000) (func (export "main") (loop $more (drop (call $it (i32.const 16) (i32.const 50000000))) (br $more))))`],
    ['lists in lists', `(module ${text('__wbg_new_0000000000000000', '(result externref)')} (import "wbg" "__wbg_push_0000000000000000" (func $push (param externref externref) (result i32)))
      ${MEMORY} ${TABLE} (func (export "main") (local $list externref) (local $last externref)
        (loop $more (local.set $list (call $it)) (drop (call $push (local.get $list) (local.get $last))) (local.set $last (local.get $list)) (br $more))))`],
  ]
  for (const [what, module] of floods) {
    it(`${what} without end: ERR_MEMORY_LIMIT, and the next call works`, async () => {
      await rejectsWith('ERR_MEMORY_LIMIT', run(await shelf.program(module, { functionName: 'main' })))
      const { outputs } = await run(await shelf.program(`(module (import "wbg" "x" (func)) (func (export "main") (result i32) (i32.const 7)))`, { functionName: 'main', gives: { r: 'integer' } }))
      assert.deepEqual(outputs, { r: 7 })
    })
  }
})
