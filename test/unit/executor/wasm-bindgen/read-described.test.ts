/** Types that a module tells are read without running it: the same that it says when it runs, and none from code that does more. */
import assert from 'node:assert/strict'
import { inspectModule } from '../../../../src/executor/inspect.ts'
import { readDescribed } from '../../../../src/executor/abi/wasm-bindgen/read-described.ts'
import { describeBindgenType } from '../../../../src/executor/abi/wasm-bindgen/types.ts'
import { parseModule } from '../../../../src/executor/binary/parse.ts'
import { describedModule, rawModule } from '../../../support/bindgen-module.ts'
import { shippedFile } from '../../../support/shipped.ts'

const FUNCTION = 11
const I32 = 4
const STRING = 14

function described (bytes: Uint8Array): Record<string, string> {
  const found = [...readDescribed(bytes, parseModule(bytes))]
  return Object.fromEntries(found.map(([name, { params, result }]) => [name, `(${params.map(describeBindgenType).join(', ')}) -> ${describeBindgenType(result)}`]))
}

/** A module whose `__wbindgen_describe_f` has the given code. */
const withDescriber = (code: string, more = ''): Promise<Uint8Array> => rawModule('0.2.83', `(module
  (import "__wbindgen_placeholder__" "__wbindgen_describe" (func $describe (param i32)))
  ${more}
  (func $f (export "__wbindgen_describe_f") ${code})
  (func (export "f")))`)

const says = (...words: number[]): string => words.map((word) => `(call $describe (i32.const ${word}))`).join(' ')

describe('types that a wasm-bindgen module tells', () => {
  it('are those of the Rust functions', () => {
    assert.deepEqual(described(shippedFile('factorial_wasm_bindgen.wasm')), {
      add: '(i64, i64) -> Result<i64>',
      checksum: '(Vec<u8>) -> u32',
      compute_factorial_with_metadata: '(u32, String) -> String',
      first_letter: '(String) -> Option<char>',
      greet: '(String) -> String',
      is_even: '(u64) -> bool',
      mean: '(Vec<f64>) -> Option<f64>',
      parse_int: '(String, Option<u32>) -> Result<i32>',
      primes_below: '(u32) -> Vec<u32>',
      reversed: '(Vec<u8>) -> Vec<u8>',
    })
  })

  it('are what a task declares', () => {
    const { exports } = inspectModule(shippedFile('factorial_wasm_bindgen.wasm'))
    const declared = (name: string): unknown => exports.find((item) => item.name === name)?.declared
    assert.deepEqual(declared('reversed'), { inputs: [{ name: 'input_1', type: 'bytes' }], output: 'bytes' })
    assert.deepEqual(declared('mean'), { inputs: [{ name: 'input_1', type: 'array' }], output: 'json' })
    assert.deepEqual(declared('parse_int'), { inputs: [{ name: 'input_1', type: 'string' }, { name: 'input_2', type: 'integer' }], output: 'integer' })
    assert.equal(declared('__wbindgen_malloc'), undefined)
  })

  it('may be said through another function', async () => {
    const bytes = await withDescriber(`${says(FUNCTION, 0, 1)} (call $i32) (call $i32) (call $i32)`, `(func $i32 ${says(I32)})`)
    assert.deepEqual(described(bytes), { f: '(i32) -> i32' })
  })

  it('may have words of all sizes', async () => {
    const bytes = await describedModule('0.2.83', [FUNCTION, 0xffffffff, 1, STRING, STRING, STRING], '(param i32 i32 i32)')
    assert.deepEqual(described(bytes), { main: '(String) -> String' })
  })

  const nothing: Array<[string, string, string?]> = [
    ['code that computes', `(call $describe (i32.add (i32.const 5) (i32.const ${FUNCTION - 5})))`],
    ['code with locals', `(local i32) ${says(FUNCTION, 0, 0, I32, I32)}`],
    ['a loop', `(loop $l ${says(I32)} (br $l))`],
    ['a function that calls itself', `${says(FUNCTION)} (call $f)`],
    ['half of a description', says(FUNCTION, 0, 3, I32)],
    ['no description', says(I32, I32)],
    ['nothing at all', ''],
    ['a call of another import', '(call $other)', '(import "env" "other" (func $other))'],
  ]
  for (const [what, code, more] of nothing) {
    it(`are not read from ${what}`, async () => {
      assert.deepEqual(described(await withDescriber(code, more)), {})
    })
  }

  it('are given up where few functions would say very much', async () => {
    const doubling = Array.from({ length: 8 }, (_, i) => `(func $d${i} ${`(call $d${i + 1})`.repeat(20)})`).join('\n')
    assert.deepEqual(described(await withDescriber('(call $d0)', `${doubling} (func $d8)`)), {})
  })
})
