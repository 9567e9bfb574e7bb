/** The words with which modules of each release describe their types. */
import assert from 'node:assert/strict'
import { decodeFunction } from '../../../../src/executor/abi/wasm-bindgen/descriptors.ts'
import { type Type, slotsOf } from '../../../../src/executor/abi/wasm-bindgen/types.ts'
import { describedModule } from '../../../support/bindgen-module.ts'
import { failsWith, outputsOf } from '../../../support/in-process.ts'

const FUNCTION: Record<number, number> = { 68: 11, 83: 11, 92: 11, 95: 11, 96: 13, 119: 13, 120: 15, 127: 15 }

/** A function of the release without parameters that returns the type. */
const returning = (release: number, ...type: number[]): number[] => [FUNCTION[release] ?? 0, 0, 0, ...type]
const ofRelease = (release: number, ...type: number[]): Type => decodeFunction(returning(release, ...type), release).result

const integer = (bits: 8 | 16 | 32 | 64 | 128, sign: 'signed' | 'unsigned'): Type => ({ kind: 'integer', bits, sign })
const string: Type = { kind: 'string' }

describe('descriptions of wasm-bindgen', () => {
  it('number their names by release', () => {
    assert.deepEqual(ofRelease(68, 4), integer(32, 'signed'))
    assert.deepEqual(ofRelease(68, 9), { kind: 'float', bits: 64 })
    assert.deepEqual(ofRelease(68, 24, 14), { kind: 'option', of: string })
    assert.deepEqual(ofRelease(68, 25), { kind: 'unit' })
    assert.deepEqual(ofRelease(83, 25, 14), { kind: 'result', of: string })
    assert.deepEqual(ofRelease(83, 26), { kind: 'unit' })
    assert.deepEqual(ofRelease(92, 26, 14), { kind: 'result', of: string })
    assert.deepEqual(ofRelease(95, 27, 14), { kind: 'result', of: string })
    assert.deepEqual(ofRelease(96, 9), integer(128, 'unsigned'))
    assert.deepEqual(ofRelease(96, 29, 16), { kind: 'result', of: string })
    assert.deepEqual(ofRelease(120, 11), integer(128, 'unsigned'))
    assert.deepEqual(ofRelease(120, 31, 18), { kind: 'result', of: string })
    assert.deepEqual(ofRelease(127, 32, 18), { kind: 'result', of: string })
    assert.deepEqual(decodeFunction(returning(127, 32, 18), Infinity).result, { kind: 'result', of: string })
  })

  it('read references, slices and names', () => {
    assert.deepEqual(ofRelease(83, 15, 14), string)
    assert.deepEqual(ofRelease(83, 15, 17, 1), { kind: 'vector', of: 'u8' })
    assert.deepEqual(ofRelease(83, 26 + 1, 15, 17, 1), { kind: 'vector', of: 'u8' })
    assert.deepEqual(ofRelease(83, 18, 9), { kind: 'vector', of: 'f64' })
    assert.deepEqual(ofRelease(83, 20, 2, 0x41, 0x42), { kind: 'any', slot: 'i32' })
    assert.deepEqual(ofRelease(83, 21, 3), { kind: 'enum', hole: 3 })
    assert.deepEqual(ofRelease(92, 22, 1, 0x41, 3), { kind: 'enum', hole: 3 })
    assert.deepEqual(ofRelease(83, 22, 1, 0x41), { kind: 'unsupported', name: 'rust struct' })
  })

  it('name the slots that each release passes a type in', () => {
    const option = (of: Type): Type => ({ kind: 'option', of })
    assert.deepEqual(slotsOf(option(integer(32, 'signed')), 95), ['i32', 'i32'])
    assert.deepEqual(slotsOf(option(integer(32, 'signed')), 96), ['f64'])
    assert.deepEqual(slotsOf(option(integer(64, 'signed')), 127), ['i32', 'i64'])
    assert.deepEqual(slotsOf(option(integer(8, 'signed')), 83), ['i32'])
    assert.deepEqual(slotsOf({ kind: 'result', of: string }, 83), ['i32', 'i32', 'i32', 'i32'])
    assert.deepEqual(slotsOf({ kind: 'result', of: { kind: 'unit' } }, 83), ['i32', 'i32'])
  })

  it('tell the types of the function that is called', async () => {
    const words = [11, 0, 1, 5, 3, 3]
    assert.deepEqual(await outputsOf(await describedModule('0.2.83', words, '(param i32) (result i32) (i32.sub (local.get 0) (i32.const 10))'), { takes: { a: 'integer' }, gives: { r: 'integer' } }, 4_294_967_295), { r: 65_525 })
    const wide = [13, 0, 1, 9, 8, 8]
    const main = '(param i32 i64 i64) (i64.store (local.get 0) (local.get 1)) (i64.store offset=8 (local.get 0) (local.get 2))'
    const huge = (1n << 127n) + 5n
    assert.deepEqual(await outputsOf(await describedModule('0.2.96', wide, main), { takes: { a: 'integer' }, gives: { r: 'integer' } }, huge), { r: BigInt.asIntN(128, huge) })
    const option = [13, 0, 1, 28, 5, 28, 5, 28, 5]
    for (const given of [7, null]) assert.deepEqual(await outputsOf(await describedModule('0.2.96', option, '(param f64) (result f64) (local.get 0)'), { takes: { a: 'json' }, gives: { r: 'json' } }, given), { r: given })
  })

  it('tell vectors of texts and of values, which travel by index', async () => {
    const echo = '(param i32 i32 i32) (i32.store (local.get 0) (local.get 1)) (i32.store offset=4 (local.get 0) (local.get 2))'
    for (const [element, given] of [[16, ['a', 'é', '']], [22, [1, 'x', { y: null }]]] as const) {
      const module = await describedModule('0.2.104', [13, 0, 1, 21, element, 21, element, 21, element], echo)
      assert.deepEqual(await outputsOf(module, { takes: { a: 'array' }, gives: { r: 'array' } }, [...given]), { r: given })
    }
  })

  it('cast values while the module runs', async () => {
    const cast = '(import "__wbindgen_placeholder__" "__wbindgen_describe_cast" (func $cast (param i32 i32) (result i32)))'
    const text = [13, 0, 1, 17, 16, 22, 22].map((word) => `(call $describe (i32.const ${word}))`).join(' ')
    const main = `(result i32) (i32.store (i32.const 64) (i32.const 72)) (i32.store (i32.const 68) (i32.const 2)) (i32.store16 (i32.const 72) (i32.const 0x6968)) ${text} (i32.load (call $cast (i32.const 0) (i32.const 64)))`
    assert.deepEqual(await outputsOf(await describedModule('0.2.104', [13, 0, 0, 22, 22], main, cast), { gives: { r: 'string' } }), { r: 'hi' })
    const generic = cast.replace('describe_cast', 'describe_generic_import')
    const newest = [0, 15, 0, 1, 19, 18, 24, 24].map((word) => `(call $describe (i32.const ${word}))`).join(' ')
    assert.deepEqual(await outputsOf(await describedModule('0.2.127', [15, 0, 0, 24, 24], main.replace(text, newest), generic), { gives: { r: 'string' } }), { r: 'hi' })
  })

  const broken: Array<[string, number[]]> = [
    ['nothing', []], ['a number', [4]], ['a name that is not there', [11, 0, 0, 99]], ['too few words', [11, 0, 2, 4]], ['2^31 parameters', [11, 0, 0x7fffffff, 4]],
    ['options without end', [11, 0, 0, ...Array.from({ length: 100 }, () => 24)]], ['a name without end', [11, 0, 0, 20, 0x7fffffff, 65]], ['more words than a type has', Array.from({ length: 10_001 }, () => 1)],
  ]
  for (const [what, words] of broken) {
    it(`may be ${what}: ERR_MODULE_INVALID`, async () => {
      await failsWith('ERR_MODULE_INVALID', await describedModule('0.2.83', words, '(result i32) (i32.const 0)'), { gives: { r: 'integer' } })
    })
  }

  it('may describe another function than there is, or types that cannot be passed', async () => {
    for (const words of [[11, 0, 1, 14, 4], [11, 0, 0, 14], [11, 0, 0, 6], [11, 0, 0, 22, 1, 65]]) {
      await failsWith('ERR_SIGNATURE', await describedModule('0.2.83', words, '(result i32) (i32.const 0)'), { gives: { r: 'integer' }, takes: words[2] === 1 ? { a: 'string' } : {} }, ...words[2] === 1 ? ['a'] : [])
    }
  })
})
