import assert from 'node:assert/strict'
import fc from 'fast-check'
import { toLifted } from '../../../../src/executor/component/inputs.ts'
import { liftValues } from '../../../../src/executor/component/lift.ts'
import { lowerValues } from '../../../../src/executor/component/lower.ts'
import { fromLifted } from '../../../../src/executor/component/outputs.ts'
import {
  type ValType, MAX_FLAT_PARAMS, coreSignature, flagsType, handleType, listType, primitiveType, recordType, variantType,
} from '../../../../src/executor/component/types.ts'
import { HostResource, VariantValue } from '../../../../src/executor/component/values.ts'
import { typeText } from '../../../../src/executor/component/wit-text.ts'
import type { Value } from '../../../../src/task/values.ts'
import { abiMemory } from '../../../support/abi-memory.ts'

/** A type and a value of it as a task would give and get it. */
interface Sample { type: ValType, value: Value }

const whole = (kind: 's8' | 'u8' | 's16' | 'u16' | 's32' | 'u32' | 's64' | 'u64', least: bigint, most: bigint): fc.Arbitrary<Sample> =>
  fc.bigInt(least, most).map((value) => ({ type: primitiveType(kind), value: value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value }))

const text = fc.string({ unit: 'grapheme', maxLength: 12 }).filter((value) => !/\p{Surrogate}/u.test(value))

const leaves: fc.Arbitrary<Sample> = fc.oneof(
  fc.boolean().map((value) => ({ type: primitiveType('bool'), value })),
  whole('s8', -(2n ** 7n), 2n ** 7n - 1n), whole('u8', 0n, 2n ** 8n - 1n),
  whole('s16', -(2n ** 15n), 2n ** 15n - 1n), whole('u16', 0n, 2n ** 16n - 1n),
  whole('s32', -(2n ** 31n), 2n ** 31n - 1n), whole('u32', 0n, 2n ** 32n - 1n),
  whole('s64', -(2n ** 63n), 2n ** 63n - 1n), whole('u64', 0n, 2n ** 64n - 1n),
  fc.float().map((value) => ({ type: primitiveType('f32'), value })),
  fc.double().map((value) => ({ type: primitiveType('f64'), value })),
  fc.integer({ min: 0, max: 0x10ffff }).filter((code) => code < 0xd800 || code > 0xdfff).map((code) => ({ type: primitiveType('char'), value: String.fromCodePoint(code) })),
  text.map((value) => ({ type: primitiveType('string'), value })),
  fc.uint8Array({ maxLength: 20 }).map((value) => ({ type: listType(primitiveType('u8')), value })),
  fc.subarray(['read', 'write', 'run-it'], { minLength: 0 }).map((value) => ({ type: flagsType(['read', 'write', 'run-it']), value })),
  fc.constantFrom('red', 'green').map((value) => ({ type: variantType([{ name: 'red' }, { name: 'green' }], 'enum'), value })),
)

/** A type is only made with the value, so a list repeats one sample's type with its own value. */
const samples: fc.Arbitrary<Sample> = fc.letrec<{ any: Sample }>((tie) => ({
  any: fc.oneof({ maxDepth: 4, depthIdentifier: 'type' }, leaves,
    fc.tuple(tie('any'), fc.nat(4)).filter(([{ type }]) => type.kind !== 'u8').map(([{ type, value }, count]) => ({ type: listType(type), value: Array<Value>(count).fill(value) })),
    fc.tuple(tie('any'), fc.integer({ min: 1, max: 5 })).map(([{ type, value }, count]) => ({ type: listType(type, count), value: Array<Value>(count).fill(value) })),
    fc.array(tie('any'), { minLength: 1, maxLength: 5 }).map((parts) => ({
      type: recordType(parts.map(({ type }, index) => ({ name: `field-${index}`, type })), false),
      value: Object.fromEntries(parts.map(({ value }, index) => [`field_${index}`, value])),
    })),
    fc.array(tie('any'), { minLength: 1, maxLength: 5 }).map((parts) => ({ type: recordType(parts.map(({ type }, index) => ({ name: String(index), type })), true), value: parts.map(({ value }) => value) })),
    fc.tuple(tie('any'), tie('any'), fc.nat(2)).map(([a, b, chosen]) => ({
      type: variantType([{ name: 'a', type: a.type }, { name: 'b', type: b.type }, { name: 'none' }], 'variant'),
      value: chosen === 2 ? 'none' : { [chosen === 0 ? 'a' : 'b']: chosen === 0 ? a.value : b.value },
    })),
    fc.tuple(tie('any').filter(({ type }) => !(type.kind === 'variant' && type.form === 'option')), fc.boolean()).map(([inner, given]) => ({
      type: variantType([{ name: 'none' }, { name: 'some', type: inner.type }], 'option'), value: given ? inner.value : null,
    })),
    fc.tuple(tie('any'), fc.boolean()).map(([inner, good]) => ({
      type: variantType([{ name: 'ok', type: inner.type }, { name: 'error' }], 'result'), value: good ? { ok: inner.value } : 'error',
    })),
  ),
})).any

/** What a task gets back: an error without a value is an object, too, and a list of bytes is bytes. */
function expected (value: Value, type: ValType): Value {
  if (type.kind === 'variant' && type.form === 'result') return value === 'error' ? { error: null } : { ok: expected(Object.values(value ?? {})[0] as Value, type.cases[0]?.type ?? type) }
  if (type.kind === 'variant' && type.form === 'option') return value === null ? null : expected(value, type.cases[1]?.type ?? type)
  if (type.kind === 'variant' && typeof value === 'object' && value !== null) {
    const [[tag, payload] = ['', null]] = Object.entries(value)
    return { [tag]: expected(payload as Value, type.cases.find(({ name }) => name === tag)?.type ?? type) }
  }
  if (type.kind === 'list' && Array.isArray(value)) return value.map((item) => expected(item, type.element))
  if (type.kind === 'record') return type.tuple && Array.isArray(value)
    ? value.map((item, index) => expected(item, type.fields[index]?.type ?? type))
    : Object.fromEntries(Object.entries(value as Record<string, Value>).map(([key, item], index) => [key, expected(item, type.fields[index]?.type ?? type)]))
  return value
}

describe('canonical ABI', () => {
  for (const encoding of ['utf8', 'utf16', 'latin1+utf16'] as const) {
    it(`gives back every value of every type as it was (${encoding})`, () => {
      fc.assert(fc.property(fc.array(samples, { minLength: 1, maxLength: 3 }), fc.constantFrom(0, 1, MAX_FLAT_PARAMS), (parts, maxFlat) => {
        const side = abiMemory({ encoding })
        const types = parts.map(({ type }) => type)
        const lifted = parts.map(({ type, value }) => toLifted(value, type, 'the value'))
        const raw = lowerValues(side.context(), types, lifted, maxFlat)
        const back = liftValues(side.context(), types, raw, maxFlat)
        assert.deepEqual(back.map((value, index) => fromLifted(value, types[index] as ValType)), parts.map(({ type, value }) => expected(value, type)))
      }), { numRuns: 300 })
    })
  }

  it('stores into memory that the caller made room for', () => {
    const side = abiMemory()
    const pair = recordType([{ name: '0', type: primitiveType('u8') }, { name: '1', type: primitiveType('u64') }], true)
    assert.deepEqual(lowerValues(side.context(), [pair], [[7, 9n]], 1, 64), [])
    const view = new DataView(side.memory.buffer)
    assert.equal(view.getUint8(64), 7)
    assert.equal(view.getBigUint64(72, true), 9n)
    assert.throws(() => lowerValues(side.context(), [pair], [[7, 9n]], 1, 65), { code: 'ERR_POINTER' })
    assert.throws(() => lowerValues(side.context(), [pair], [[7, 9n]], 1, -8), { code: 'ERR_POINTER' })
  })

  it('joins the slots of cases that differ', () => {
    const mixed = variantType([{ name: 'f', type: primitiveType('f32') }, { name: 'l', type: primitiveType('u64') }, { name: 'd', type: primitiveType('f64') }], 'variant')
    assert.deepEqual(mixed.flat, ['i32', 'i64'])
    const side = abiMemory()
    assert.deepEqual(lowerValues(side.context(), [mixed], [new VariantValue(0, 1.5)], 16), [0, 0x3fc00000n])
    const float = liftValues(side.context(), [mixed], [0, 0xffffffff3fc00000n], 16)
    assert.deepEqual(float, [new VariantValue(0, 1.5)])
    const narrow = variantType([{ name: 'a', type: primitiveType('u8') }, { name: 'f', type: primitiveType('f32') }], 'variant')
    assert.deepEqual(narrow.flat, ['i32', 'i32'])
    assert.deepEqual(liftValues(side.context(), [narrow], [0, 0xff02], 16), [new VariantValue(0, 2)])
  })

  it('has the layout of the specification', () => {
    const u8 = primitiveType('u8')
    const u32 = primitiveType('u32')
    const layout = ({ size, align }: ValType): [number, number] => [size, align]
    assert.deepEqual(layout(recordType([{ name: 'a', type: u8 }, { name: 'b', type: u32 }, { name: 'c', type: u8 }], false)), [12, 4])
    assert.deepEqual(layout(variantType([{ name: 'none' }, { name: 'some', type: primitiveType('s64') }], 'option')), [16, 8])
    assert.deepEqual(layout(variantType(Array.from({ length: 257 }, (_, index) => ({ name: `c${index}` })), 'enum')), [2, 2])
    assert.deepEqual(layout(flagsType(Array.from({ length: 17 }, (_, index) => `f${index}`))), [4, 4])
    assert.deepEqual(layout(listType(u32, 3)), [12, 4])
    assert.deepEqual(coreSignature({ params: Array.from({ length: 17 }, () => ({ name: 'a', type: u8 })), result: primitiveType('string'), async: false }, 'lower'), { params: ['i32', 'i32'], results: [] })
    assert.deepEqual(coreSignature({ params: [{ name: 'a', type: u8 }], result: primitiveType('string'), async: false }, 'lift'), { params: ['i32'], results: ['i32'] })
  })

  it('refuses types that are too large, too deep, empty or double', () => {
    const invalid = { code: 'ERR_MODULE_INVALID' }
    const u64 = primitiveType('u64')
    let wide = u64
    assert.throws(() => { for (let level = 0; level < 30; level++) wide = recordType([{ name: 'a', type: wide }, { name: 'b', type: wide }], false) }, invalid)
    let deep = u64
    assert.throws(() => { for (let level = 0; level < 40; level++) deep = listType(deep) }, invalid)
    assert.throws(() => listType(u64, 2 ** 28), invalid)
    assert.throws(() => listType(u64, 0), invalid)
    assert.throws(() => recordType([], false), invalid)
    assert.throws(() => flagsType(Array.from({ length: 33 }, (_, index) => `f${index}`)), invalid)
    assert.throws(() => variantType([{ name: 'a' }, { name: 'a' }], 'enum'), invalid)
  })

  it('writes types whose text would have no end only up to a length', () => {
    let type = primitiveType('u8')
    for (let level = 0; level < 30; level++) type = variantType([{ name: 'a', type }, { name: 'b', type }], 'variant')
    assert.ok(typeText(type).length < 10_000)
  })

  it('gives handles that cannot be forged', () => {
    const resource = { name: 'r', owner: { instance: 1 } }
    const other = { name: 's', owner: { instance: 1 } }
    const own = handleType('own', resource)
    const borrow = handleType('borrow', resource)
    const trap = { code: 'ERR_TRAP' }
    const side = abiMemory()
    const [handle = 0] = lowerValues(side.context(), [own], [42], 16)
    assert.equal(handle, 1)
    const lending = side.context()
    assert.deepEqual(liftValues(lending, [borrow], [handle], 16), [42])
    assert.throws(() => liftValues(side.context(), [own], [handle], 16), trap, 'it is lent')
    lending.scope.giveBack()
    assert.throws(() => liftValues(side.context(), [handleType('own', other)], [handle], 16), trap, 'it is of another type')
    assert.deepEqual(liftValues(side.context(), [own], [handle], 16), [42])
    for (const forged of [handle, 0, -1, 99, 2 ** 31 - 1]) assert.throws(() => liftValues(side.context(), [own], [forged], 16), trap)
    const scope = side.context()
    const [borrowed = 0] = lowerValues(scope, [borrow], [43], 16)
    assert.equal(scope.scope.borrows, 1)
    assert.throws(() => liftValues(side.context(), [own], [borrowed], 16), trap, 'it is only borrowed')
  })

  it('lends a component its own resources as what they stand for', () => {
    const side = abiMemory()
    assert.deepEqual(lowerValues(side.context(), [handleType('borrow', { name: 'r', owner: { instance: 0 } })], [1234], 16), [1234])
    class Thing extends HostResource {}
    const thing = new Thing()
    const type = handleType('own', { name: 'thing', owner: { host: 'x' } })
    const raw = lowerValues(side.context(), [type], [thing], 16)
    assert.deepEqual(liftValues(side.context(), [type], raw, 16), [thing])
  })

  it('traps for text, characters and tags that are none', () => {
    const side = abiMemory()
    new Uint8Array(side.memory.buffer).set([0xff, 0xfe], 100)
    const string = primitiveType('string')
    assert.throws(() => liftValues(side.context(), [string], [100, 2], 16), { code: 'ERR_TRAP' })
    assert.throws(() => liftValues(side.context(), [string], [65_535, 2], 16), { code: 'ERR_POINTER' })
    assert.throws(() => liftValues(side.context(), [string], [-559038737, 0], 16), { code: 'ERR_POINTER' })
    assert.throws(() => liftValues(side.context(), [string], [0, -1], 16), { code: 'ERR_POINTER' })
    const wide = abiMemory({ encoding: 'utf16' })
    new Uint16Array(wide.memory.buffer)[50] = 0xd800
    assert.throws(() => liftValues(wide.context(), [string], [100, 1], 16), { code: 'ERR_TRAP' })
    assert.throws(() => liftValues(wide.context(), [string], [101, 1], 16), { code: 'ERR_POINTER' })
    for (const code of [0xd800, 0x110000, -1]) assert.throws(() => liftValues(side.context(), [primitiveType('char')], [code], 16), { code: 'ERR_TRAP' })
    assert.throws(() => liftValues(side.context(), [variantType([{ name: 'a' }], 'enum')], [1], 16), { code: 'ERR_TRAP' })
  })

  it('takes no half of a surrogate pair and no two characters for one', () => {
    assert.throws(() => toLifted('\ud800', primitiveType('string'), 'the input'), { code: 'ERR_INPUT' })
    for (const value of ['', 'ab', '\udc00']) assert.throws(() => toLifted(value, primitiveType('char'), 'the input'), { code: 'ERR_INPUT' })
  })

  it('takes no resource from a task and gives it none', () => {
    const type = handleType('own', { name: 'r', owner: { instance: 0 } })
    assert.throws(() => toLifted(1, type, 'the input'), { code: 'ERR_SIGNATURE' })
    assert.throws(() => fromLifted(1, type), { code: 'ERR_RESULT_TYPE' })
  })

  it('bounds what one call passes', () => {
    const side = abiMemory()
    const u64s = listType(primitiveType('u64'))
    assert.throws(() => liftValues(side.context(), [u64s], [0, -1], 16), { code: 'ERR_POINTER' })
    side.memory.grow(1024)
    const whole = side.memory.buffer.byteLength
    assert.throws(() => liftValues(side.context(), [listType(primitiveType('bool'))], [0, whole], 16), { code: 'ERR_OUTPUT_LIMIT' })
    const view = new DataView(side.memory.buffer)
    for (let item = 0; item < 8; item++) view.setUint32(item * 8 + 4, whole / 4, true)
    assert.throws(() => liftValues(side.context(), [listType(listType(primitiveType('u8')))], [0, 8], 16), { code: 'ERR_OUTPUT_LIMIT' })
  })

  it('takes no pointer from an allocator unseen', () => {
    for (const pointer of [-1, 65_535, 2 ** 31]) {
      const side = abiMemory({ realloc: () => pointer })
      assert.throws(() => lowerValues(side.context(), [primitiveType('string')], ['text'], 16), { code: 'ERR_POINTER' })
    }
    const odd = abiMemory({ realloc: () => 9 })
    assert.throws(() => lowerValues(odd.context(), [listType(primitiveType('u32'))], [[1]], 16), { code: 'ERR_POINTER' })
  })
})
