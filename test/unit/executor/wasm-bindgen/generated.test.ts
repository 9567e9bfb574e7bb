/** Modules after wasm-bindgen's CLI: every way in which values go in and come out, by the types that a task declares. */
import assert from 'node:assert/strict'
import type { ErrorCode } from '../../../../src/errors.ts'
import type { Value, ValueType } from '../../../../src/task/values.ts'
import { failsWith, outputsOf } from '../../../support/in-process.ts'

type Types = Record<string, ValueType>
type Case = { what: string, wat: string, takes?: Types, gives?: Types, values?: Array<Value | undefined>, expect: Value }

/** What the CLI leaves around the functions: a bump allocator, a stack pointer, text at 16 (`{"n":7}`) and 32 (`hé`). */
const AROUND = `
  (memory (export "memory") 1)
  (global $top (mut i32) (i32.const 1024))
  (data (i32.const 16) "{\\"n\\":7}")
  (data (i32.const 32) "h\\c3\\a9")
  (data (i32.const 48) "\\ff\\fe\\fd")
  (func (export "__wbindgen_malloc") (param i32 i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $top) (i32.const 7)) (i32.const -8)))
    (global.set $top (i32.add (local.get $at) (local.get 0)))
    (local.get $at))`
const POINTER = '(func (export "__wbindgen_add_to_stack_pointer") (param i32) (result i32) (i32.add (i32.const 1000) (local.get 0)))'
const TABLE = '(table (export "__wbindgen_externrefs") 8 externref)'

const multi = (body: string): string => `(module ${AROUND} ${TABLE} ${body})`
const pointed = (body: string): string => `(module (import "wbg" "__wbindgen_string_new" (func $string (param i32 i32) (result i32)))
  (import "wbg" "__wbindgen_error_new" (func $error (param i32 i32) (result i32)))
  (import "wbg" "__wbindgen_object_drop_ref" (func (param i32))) ${AROUND} ${POINTER} ${body})`
const store = (...words: string[]): string => words.map((word, index) => (word === '' ? '' : `(i32.store offset=${index * 4} (local.get 0) ${word})`)).join(' ')
const i32 = (value: number): string => `(i32.const ${value})`

const WORKS: Case[] = [
  { what: 'i32', wat: multi('(func (export "main") (param i32) (result i32) (local.get 0))'), takes: { a: 'integer' }, gives: { r: 'integer' }, values: [-5], expect: -5 },
  { what: 'i64', wat: multi('(func (export "main") (param i64) (result i64) (local.get 0))'), takes: { a: 'integer' }, gives: { r: 'integer' }, values: [1n << 62n], expect: 1n << 62n },
  { what: 'f32 and f64', wat: multi('(func (export "main") (param f32 f64) (result f64) (f64.add (f64.promote_f32 (local.get 0)) (local.get 1)))'), takes: { a: 'number', b: 'number' }, gives: { r: 'number' }, values: [0.5, 2], expect: 2.5 },
  { what: 'bool', wat: multi('(func (export "main") (param i32) (result i32) (i32.eqz (local.get 0)))'), takes: { a: 'boolean' }, gives: { r: 'boolean' }, values: [false], expect: true },
  { what: 'char', wat: multi('(func (export "main") (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))'), takes: { a: 'string' }, gives: { r: 'string' }, values: ['é'], expect: 'ê' },
  { what: 'i128 as two values', wat: multi('(func (export "main") (param i64 i64) (result i64 i64) (local.get 0) (local.get 1))'), takes: { a: 'integer' }, gives: { r: 'integer' }, values: [-(1n << 100n)], expect: -(1n << 100n) },
  { what: 'a number where any type is declared', wat: multi('(func (export "main") (param f64) (result f64) (local.get 0))'), takes: { a: 'json' }, gives: { r: 'json' }, values: [1.5], expect: 1.5 },
  { what: 'text in, its length out', wat: multi('(func (export "main") (param i32 i32) (result i32) (local.get 1))'), takes: { a: 'string' }, gives: { r: 'integer' }, values: ['é!'], expect: 3 },
  { what: 'text as two values', wat: multi('(func (export "main") (param i32 i32) (result i32 i32) (local.get 0) (local.get 1))'), takes: { a: 'string' }, gives: { r: 'string' }, values: ['wörld'], expect: 'wörld' },
  { what: 'text where any type is declared', wat: multi('(func (export "main") (result i32 i32) (i32.const 32) (i32.const 3))'), gives: { r: 'json' }, expect: 'hé' },
  { what: 'JSON as two values', wat: multi('(func (export "main") (result i32 i32) (i32.const 16) (i32.const 7))'), gives: { r: 'object' }, expect: { n: 7 } },
  { what: 'bytes as two values', wat: multi('(func (export "main") (param i32 i32) (result i32 i32) (local.get 0) (local.get 1))'), takes: { a: 'bytes' }, gives: { r: 'bytes' }, values: [new Uint8Array([0, 255])], expect: new Uint8Array([0, 255]) },
  { what: 'no text', wat: multi('(func (export "main") (result i32 i32) (i32.const 0) (i32.const 0))'), gives: { r: 'json' }, expect: null },
  { what: 'a text that was left out', wat: multi('(func (export "main") (param i32 i32) (result i32) (i32.eqz (local.get 0)))'), takes: { a: 'string' }, gives: { r: 'boolean' }, values: [undefined], expect: true },
  { what: 'Some of an i64 as two values', wat: multi('(func (export "main") (param i32 i64) (result i32 i64) (local.get 0) (local.get 1))'), takes: { a: 'integer' }, gives: { r: 'integer' }, values: [7], expect: 7 },
  { what: 'None of an f64 as two values', wat: multi('(func (export "main") (result i32 f64) (i32.const 0) (f64.const 1))'), gives: { r: 'json' }, expect: null },
  { what: 'None of a number as f64', wat: multi('(func (export "main") (result f64) (f64.const 9007199254740991))'), gives: { r: 'json' }, expect: null },
  { what: 'Ok of an i32 as three values', wat: multi('(func (export "main") (result i32 i32 i32) (i32.const 9) (i32.const 0) (i32.const 0))'), gives: { r: 'integer' }, expect: 9 },
  { what: 'Ok of text as four values', wat: multi('(func (export "main") (result i32 i32 i32 i32) (i32.const 32) (i32.const 3) (i32.const 0) (i32.const 0))'), gives: { r: 'string' }, expect: 'hé' },
  { what: 'Ok of nothing', wat: multi('(func (export "main") (result i32 i32) (i32.const 0) (i32.const 0))'), gives: { r: 'json' }, expect: null },
  { what: 'nothing', wat: multi('(func (export "main"))'), gives: { r: 'json' }, expect: null },
  { what: 'a reference', wat: multi('(func (export "main") (param externref) (result externref) (local.get 0))'), takes: { a: 'object' }, gives: { r: 'object' }, values: [{ a: [1, 'x', null, true], b: new Uint8Array([1]) }], expect: { a: [1, 'x', null, true], b: new Uint8Array([1]) } },
  { what: 'Ok of a reference in the table', wat: multi('(func (export "main") (param externref) (result i32 i32 i32) (table.set (i32.const 5) (local.get 0)) (i32.const 5) (i32.const 0) (i32.const 0))'), takes: { a: 'json' }, gives: { r: 'json' }, values: [[1, 2n ** 60n]], expect: [1, 2n ** 60n] },

  { what: 'text by pointer', wat: pointed(`(func (export "main") (param i32 i32 i32) ${store('(local.get 1)', '(local.get 2)')})`), takes: { a: 'string' }, gives: { r: 'string' }, values: ['abc'], expect: 'abc' },
  { what: 'JSON by pointer', wat: pointed(`(func (export "main") (param i32) ${store(i32(16), i32(7))})`), gives: { r: 'json' }, expect: { n: 7 } },
  { what: 'Ok of text by pointer', wat: pointed(`(func (export "main") (param i32) ${store(i32(32), i32(3), i32(0), i32(0))})`), gives: { r: 'string' }, expect: 'hé' },
  { what: 'Ok of an i32 by pointer', wat: pointed(`(func (export "main") (param i32) ${store(i32(-9), i32(0), i32(0))})`), gives: { r: 'integer' }, expect: -9 },
  { what: 'Ok of an i64 by pointer', wat: pointed('(func (export "main") (param i32) (i64.store (local.get 0) (i64.const -9)) (i64.store offset=8 (local.get 0) (i64.const 0)))'), gives: { r: 'integer' }, expect: -9 },
  { what: 'Ok of an f64 by pointer', wat: pointed('(func (export "main") (param i32) (f64.store (local.get 0) (f64.const 0.5)) (i64.store offset=8 (local.get 0) (i64.const 0)))'), gives: { r: 'number' }, expect: 0.5 },
  { what: 'Some of an f64 by pointer', wat: pointed('(func (export "main") (param i32) (i32.store (local.get 0) (i32.const 1)) (f64.store offset=8 (local.get 0) (f64.const 0.5)))'), gives: { r: 'number' }, expect: 0.5 },
  { what: 'None by pointer', wat: pointed(`(func (export "main") (param i32) ${store(i32(0))})`), gives: { r: 'json' }, expect: null },
  { what: 'Some of an i32 by pointer', wat: pointed(`(func (export "main") (param i32) ${store(i32(1), i32(42))})`), gives: { r: 'integer' }, expect: 42 },
  { what: 'i128 by pointer', wat: pointed('(func (export "main") (param i32 i64 i64) (i64.store (local.get 0) (local.get 1)) (i64.store offset=8 (local.get 0) (local.get 2)))'), takes: { a: 'integer' }, gives: { r: 'integer' }, values: [-(1n << 99n)], expect: -(1n << 99n) },
  { what: 'a value by index', wat: pointed('(func (export "main") (param i32) (result i32) (local.get 0))'), takes: { a: 'object' }, gives: { r: 'object' }, values: [{ a: [1] }], expect: { a: [1] } },
  { what: 'a new string by index', wat: pointed('(func (export "main") (result i32) (call $string (i32.const 32) (i32.const 3)))'), gives: { r: 'string' }, expect: 'hé' },
  { what: 'a constant by index, Ok', wat: pointed(`(func (export "main") (param i32) ${store('(call $string (i32.const 32) (i32.const 3))', i32(0), i32(0))})`), gives: { r: 'json' }, expect: 'hé' },
]

const failing = `(call $error ${i32(32)} ${i32(3)})`
const FAILS: Array<Omit<Case, 'expect'> & { code: ErrorCode }> = [
  { what: 'Err of text by pointer', code: 'ERR_EXIT_CODE', wat: pointed(`(func (export "main") (param i32) ${store('', '', failing, i32(1))})`), gives: { r: 'string' } },
  { what: 'Err of text by pointer, all written', code: 'ERR_EXIT_CODE', wat: pointed(`(func (export "main") (param i32) ${store(i32(0), i32(0), failing, i32(1))})`), gives: { r: 'string' } },
  { what: 'Err of an i32 by pointer', code: 'ERR_EXIT_CODE', wat: pointed(`(func (export "main") (param i32) ${store('', failing, i32(1))})`), gives: { r: 'integer' } },
  { what: 'Err of nothing by pointer', code: 'ERR_EXIT_CODE', wat: pointed(`(func (export "main") (param i32) ${store(failing, i32(1))})`) },
  { what: 'Err as four values', code: 'ERR_EXIT_CODE', wat: multi('(func (export "main") (param externref) (result i32 i32 i32 i32) (table.set (i32.const 5) (local.get 0)) (i32.const 0) (i32.const 0) (i32.const 5) (i32.const 1))'), takes: { a: 'json' }, gives: { r: 'string' }, values: ['bad'] },
  { what: 'Err of nothing as two values', code: 'ERR_EXIT_CODE', wat: multi('(func (export "main") (param externref) (result i32 i32) (table.set (i32.const 5) (local.get 0)) (i32.const 5) (i32.const 1))'), takes: { a: 'json' }, gives: { r: 'json' }, values: ['bad'] },
  { what: 'a number that does not fit', code: 'ERR_VALUE_RANGE', wat: multi('(func (export "main") (param i32) (result i32) (local.get 0))'), takes: { a: 'integer' }, gives: { r: 'integer' }, values: [1n << 32n] },
  { what: 'more inputs than parameters', code: 'ERR_SIGNATURE', wat: multi('(func (export "main") (param i32) (result i32) (local.get 0))'), takes: { a: 'integer', b: 'integer' }, gives: { r: 'integer' } },
  { what: 'text for a float', code: 'ERR_SIGNATURE', wat: multi('(func (export "main") (param f64) (result i32) (i32.const 0))'), takes: { a: 'string' }, gives: { r: 'integer' } },
  { what: 'text that is no JSON', code: 'ERR_RESULT_TYPE', wat: multi('(func (export "main") (result i32 i32) (i32.const 32) (i32.const 3))'), gives: { r: 'object' } },
  { what: 'no text where text is declared', code: 'ERR_RESULT_TYPE', wat: multi('(func (export "main") (result i32 i32) (i32.const 0) (i32.const 0))'), gives: { r: 'string' } },
  { what: 'text that is not UTF-8', code: 'ERR_RESULT_TYPE', wat: multi('(func (export "main") (result i32 i32) (i32.const 48) (i32.const 3))'), gives: { r: 'string' } },
  { what: 'a surrogate as a character', code: 'ERR_RESULT_TYPE', wat: multi('(func (export "main") (result i32) (i32.const 0xd800))'), gives: { r: 'string' } },
]

describe('wasm-bindgen after its CLI', () => {
  for (const { what, wat, takes = {}, gives = {}, values = [], expect } of WORKS) {
    it(what, async () => { assert.deepEqual(await outputsOf(wat, { takes, gives }, ...values), { r: expect }) })
  }

  for (const { what, code, wat, takes = {}, gives = {}, values = [] } of FAILS) {
    it(`${what}: ${code}`, async () => { await failsWith(code, wat, { takes, gives }, ...values) })
  }

  it('finds the allocator among exports without a name, by what they do', async () => {
    const decoys = `
      (func (export "__wbindgen_export_0") (param i32 i32) (result i32) unreachable)
      (func (export "__wbindgen_export_1") (param i32 i32) (result i32) (i32.const 8))
      (func (export "__wbindgen_export_2") (param i32 i32) (result i32) (i32.const -8))`
    const module = `(module ${AROUND.replace('__wbindgen_malloc', '__wbindgen_export_3')} ${TABLE} ${decoys}
      (func (export "main") (param i32 i32) (result i32 i32) (local.get 0) (local.get 1)))`
    assert.deepEqual(await outputsOf(module, { takes: { a: 'string' }, gives: { r: 'string' } }, 'text'), { r: 'text' })
  })

  it('runs __wbindgen_start first', async () => {
    const module = multi('(global $n (mut i32) (i32.const 1)) (func (export "__wbindgen_start") (global.set $n (i32.const 2))) (func (export "main") (result i32) (global.get $n))')
    assert.deepEqual(await outputsOf(module, { gives: { r: 'integer' } }), { r: 2 })
  })
})
