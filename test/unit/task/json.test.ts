import assert from 'node:assert/strict'
import fc from 'fast-check'
import { decode, encode } from '../../../src/cbor.ts'
import { formatJson, parseJsonInputs, parseJsonValue } from '../../../src/task/json.ts'
import { describe as inWords, fit, fromBase64, toBase64, valueFault } from '../../../src/task/values.ts'
import { refusal } from './support.ts'
import type { Value } from '../../../src/task/values.ts'

/** Any JSON value, with integers of any size; an integer that a number holds exactly is a number. */
function jsonValues (): fc.Arbitrary<Value> {
  const integer = fc.bigInt({ min: -(10n ** 300n), max: 10n ** 300n }).map((n) => n >= Number.MIN_SAFE_INTEGER && n <= Number.MAX_SAFE_INTEGER ? Number(n) : n)
  const float = fc.double({ noNaN: true, noDefaultInfinity: true }).filter((n) => !Number.isInteger(n))
  const key = fc.string().filter((name) => name !== '__proto__')
  return fc.letrec<{ value: Value }>((tie) => ({
    value: fc.oneof({ maxDepth: 4 }, fc.constant(null), fc.boolean(), integer, float, fc.string({ unit: 'binary' }), fc.array(tie('value'), { maxLength: 5 }), fc.dictionary(key, tie('value'), { maxKeys: 5, noNullPrototype: true })),
  })).value
}

describe('task values: JSON', () => {
  it('comes back as it went, compact and indented', () => {
    fc.assert(fc.property(jsonValues(), (value) => {
      assert.deepEqual(parseJsonValue(formatJson(value), 'x'), value)
      assert.deepEqual(parseJsonValue(formatJson(value, { indent: 2 }), 'x'), value)
    }), { numRuns: 500 })
  })

  it('agrees with JSON.parse where that is exact', () => {
    fc.assert(fc.property(fc.json(), (text) => {
      const native: unknown = JSON.parse(text)
      if (text.includes('__proto__') || /\d{16}|e\+?\d{2}/i.test(text) || Object.is(native, -0) || text.includes('-0')) return
      assert.deepEqual(parseJsonValue(text, 'x'), native)
    }))
  })

  it('prints what users see', () => {
    assert.equal(formatJson({ result: 120 }), '{"result":120}')
    assert.equal(formatJson({ result: 2432902008176640000n }), '{"result":2432902008176640000}')
    assert.equal(formatJson({ a: Uint8Array.of(1, 2, 3), b: Buffer.from('hi') }), '{"a":"AQID","b":"aGk="}')
    assert.equal(formatJson([NaN, Infinity, -Infinity, -0]), '["NaN","Infinity","-Infinity",0]')
    assert.equal(formatJson({ a: [1] }, { indent: 2 }), '{\n  "a": [\n    1\n  ]\n}')
    assert.equal(formatJson(null), 'null')
    assert.equal(formatJson('a"\n'), '"a\\"\\n"')
  })

  it('reads every integer exactly', () => {
    assert.equal(parseJsonValue('9007199254740991', 'x'), 9007199254740991)
    assert.equal(parseJsonValue('9007199254740993', 'x'), 9007199254740993n)
    assert.equal(parseJsonValue('-18446744073709551616', 'x'), -18446744073709551616n)
    assert.ok(Object.is(parseJsonValue('-0', 'x'), 0))
    assert.equal(parseJsonValue('1.5e3', 'x'), 1500)
    assert.equal(parseJsonValue('\ufeff 5 ', 'x'), 5)
  })

  const REFUSED: Array<[what: string, text: string, word: string]> = [
    ['nothing', ' ', 'empty'],
    ['an object that ends early', '{"a":1', 'line 1, column 7'],
    ['a mistake on a later line', '{\n  "a": 1,\n  "b": x\n}', 'line 3, column 8'],
    ['a name without quotes', '{number: 5}', 'double quotes'],
    ['single quotes', "{'number': 5}", 'double quotes'],
    ['quotes that the shell left', '\'{"number": 5}\'', 'line 1, column 1'],
    ['two values', '1 2', 'line 1, column 3'],
    ['a trailing comma', '[1,]', 'line 1, column 4'],
    ['a field that stands twice with two values', '{"a":1,"a":2}', 'Duplicate'],
    ['a number over the range of floats', '1e999', 'too large'],
    ['an integer of too many digits', '9'.repeat(310), '310 digits'],
    ['an integer of a million digits', '9'.repeat(1_000_000), 'digits'],
    ['lists nested too deep', '['.repeat(100_000), 'nested deeper'],
    ['objects nested too deep', `${'{"a":'.repeat(65)}1${'}'.repeat(65)}`, 'nested deeper'],
    ['a field named __proto__', '{"a":{"__proto__":{"b":1}}}', '__proto__'],
    ['NaN', 'NaN', 'line 1'],
    ['a control character in a string', '"a\0b"', 'Invalid character'],
    ['a bad escape', '"\\x"', 'escape'],
  ]
  for (const [what, text, word] of REFUSED) {
    it(`refuses ${what}`, async () => {
      const [problem = ''] = await refusal('ERR_INPUT', () => parseJsonValue(text, '--input'))
      assert.ok(problem.startsWith('--input: '), problem)
      assert.ok(problem.includes(word), problem)
      assert.ok(problem.length < 300)
    })
  }

  it('counts brackets in strings as text', () => {
    const text = '['.repeat(1000)
    assert.equal(parseJsonValue(JSON.stringify(`\\"${text}`), 'x'), `\\"${text}`)
  })

  it('takes only objects as inputs', async () => {
    assert.deepEqual(parseJsonInputs('{"number": 5}', '--input'), { number: 5 })
    for (const text of ['5', '[1]', 'null', '"a"']) await refusal('ERR_INPUT', () => parseJsonInputs(text, '--input'))
  })
})

describe('task values', () => {
  it('reads base64 as it writes it', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      assert.deepEqual(fromBase64(toBase64(bytes)), bytes)
      assert.equal(toBase64(bytes), Buffer.from(bytes).toString('base64'))
    }))
    assert.equal(toBase64(new Uint8Array(200_000)).length, 266_668)
    assert.equal(fromBase64('a-_b'), undefined)
  })

  const FITS: Array<[type: Parameters<typeof fit>[1], value: Value, fitted: Value | undefined]> = [
    ['integer', 5, 5], ['integer', 5n, 5], ['integer', 2n ** 60n, 2n ** 60n], ['integer', 5.5, undefined], ['integer', '5', undefined],
    ['integer', 2 ** 53, undefined], ['integer', NaN, undefined], ['integer', true, undefined], ['integer', null, undefined],
    ['number', 5, 5], ['number', 0.5, 0.5], ['number', 2n ** 60n, 2n ** 60n], ['number', '0.5', undefined], ['number', null, undefined],
    ['string', 'a', 'a'], ['string', 5, undefined], ['string', Uint8Array.of(1), undefined],
    ['boolean', false, false], ['boolean', 'true', undefined], ['boolean', 0, undefined],
    ['array', [1], [1]], ['array', '[1]', undefined], ['array', { length: 1 }, undefined],
    ['object', { a: 1 }, { a: 1 }], ['object', [1], undefined], ['object', null, undefined], ['object', Uint8Array.of(1), undefined],
    ['json', null, null], ['json', [1], [1]],
    ['bytes', 'AQID', Uint8Array.of(1, 2, 3)], ['bytes', Uint8Array.of(9), Uint8Array.of(9)], ['bytes', '%', undefined], ['bytes', [1], undefined],
  ]
  for (const [type, value, fitted] of FITS) {
    it(`${fitted === undefined ? 'refuses' : 'takes'} ${inWords(value)} as ${type}`, () => {
      const found = fit(value, type)
      if (fitted === undefined) assert.equal(found.ok, false)
      else assert.deepEqual(found, { ok: true, value: fitted })
    })
  }

  it('tells values from other things', () => {
    const cyclic: unknown[] = []
    cyclic.push(cyclic)
    class Point { x = 1 }
    for (const good of [null, true, 1, 1n, 's', Uint8Array.of(1), [1, [2]], { a: { b: null } }, Object.create(null)]) assert.equal(valueFault(good), undefined)
    const bad: unknown[] = [undefined, () => 1, Symbol('s'), new Date(0), new Map(), new Point(), [undefined], { a: undefined }, cyclic, JSON.parse('{"__proto__": 1}')]
    for (const item of bad) assert.equal(typeof valueFault(item), 'string')
  })

  it('survives CBOR, so that both ends see the same', () => {
    fc.assert(fc.property(jsonValues(), (value) => {
      assert.equal(formatJson(decode(encode(value)) as Value), formatJson(value))
    }))
  })
})
