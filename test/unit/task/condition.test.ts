/** Conditions of steps: what they mean, and where their mistakes are. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { CorebrumError } from '../../../src/errors.ts'
import { MAX_CONDITION_CHARS } from '../../../src/limits.ts'
import { holds, parseCondition, pathsIn } from '../../../src/task/condition.ts'
import { fieldOf, isMapping, type Value } from '../../../src/task/values.ts'

const VALUES: Value = {
  classifier: { category: 'high', score: 0.75, big: 9007199254740993n, tags: ['a', { deep: 'x' }], empty: null, nested: { true: 1 }, yes: true, no: false, bytes: new Uint8Array([1, 2]) },
  'my-step': { n: 3 },
}

function lookUp (path: Array<string | number>): Value | undefined {
  let here: Value | undefined = VALUES
  for (const step of path) here = typeof step === 'number' ? (Array.isArray(here) ? here[step] : undefined) : isMapping(here) ? fieldOf(here, step) : undefined
  return here
}

const check = (text: string): boolean => holds(parseCondition(text), lookUp)

function refuses (code: 'ERR_DEFINITION' | 'ERR_INPUT', run: () => unknown, pattern: RegExp): void {
  assert.throws(run, (error) => error instanceof CorebrumError && error.code === code && pattern.test(error.message))
}

describe('conditions', () => {
  const table: Array<[string, boolean]> = [
    ["classifier.category == 'high'", true],
    ['classifier.category == "high"', true],
    ["classifier.category != 'high'", false],
    ["  classifier . category\n== 'high'", true],
    ['classifier.score > 0.5', true],
    ['classifier.score >= 0.75 and classifier.score <= 0.75', true],
    ['classifier.score < -1e3', false],
    ['classifier.big == 9007199254740993', true],
    ['classifier.big == 9007199254740992', false],
    ['classifier.big > 9007199254740992', true],
    ['classifier.yes', true],
    ['not classifier.yes', false],
    ['!classifier.no', true],
    ['!!classifier.yes', true],
    ['classifier.no or classifier.yes', true],
    ['classifier.no || classifier.no', false],
    ['classifier.yes && not classifier.no', true],
    ['classifier.yes or classifier.no and classifier.no', true],
    ['(classifier.yes or classifier.no) and classifier.no', false],
    ['not (classifier.yes and classifier.no)', true],
    ['classifier.tags[0] == "a"', true],
    ["classifier.tags[1].deep == 'x'", true],
    ["classifier['category'] == 'high'", true],
    ['classifier.nested.true == 1', true],
    ['my-step.n == 3', true],
    ['classifier.empty == null', true],
    ['classifier.missing == null', true],
    ['classifier.missing', false],
    ['missing.at.all[7]', false],
    ['classifier.missing > 3', false],
    ['classifier.missing <= 3', false],
    ['classifier.category < "i"', true],
    ['classifier.tags == classifier.tags', true],
    ['classifier.nested == classifier.bytes', false],
    ['classifier.bytes == classifier.bytes', true],
    ["classifier.category == 'hi\\gh'", true],
    ["classifier.constructor == null", true],
    ["classifier.__proto__ == null", true],
    ["1 == 1.0", true],
    ["'1' == 1", false],
    ['true', true],
    ['false', false],
  ]
  for (const [text, expected] of table) it(`${text} is ${expected}`, () => { assert.equal(check(text), expected) })

  const mistakes: Array<[string, RegExp]> = [
    ['', /ends/],
    ['a ==', /ends/],
    ['a = 1', /character 3.*equality is ==/],
    ['a & b', /character 3.*write &&/],
    ["'abc", /character 1.*no end/],
    ['(a', /ends where \)/],
    ['a)', /character 2/],
    ['a and or', /character 7/],
    ['and', /found and at character 1/],
    ['1 < 2 < 3', /character 7.*two at a time/],
    ['a b', /character 3/],
    ['a.', /a name/],
    ['a.5', /a name/],
    ['a[b]', /an index/],
    ['a[-1]', /an index/],
    ['a[1.5]', /an index/],
    ['a[0', /ends where \]/],
    ['a + 1', /character 3/],
    ['a; b', /character 2/],
    ['f(x)', /character 2/],
    ['5', /true or false/],
    ["'text'", /true or false/],
    ['null', /true or false/],
    [`${'('.repeat(60)}a${')'.repeat(60)}`, /deeper/],
    [`${'!'.repeat(60)}a`, /deeper/],
    [`a == ${'1'.repeat(400)}`, /400 characters/],
    ['a'.repeat(MAX_CONDITION_CHARS + 1), /allowed: 2000/],
  ]
  for (const [text, pattern] of mistakes) it(`refuse ${text.slice(0, 30)}`, () => { refuses('ERR_DEFINITION', () => parseCondition(text), pattern) })

  it('say what cannot be compared, and what does not decide', () => {
    refuses('ERR_INPUT', () => check("classifier.category > 3"), /no order/)
    refuses('ERR_INPUT', () => check('classifier.category'), /where true or false decides/)
    refuses('ERR_INPUT', () => check('classifier.score and true'), /where true or false decides/)
  })

  it('look at no more than they need', () => {
    assert.equal(check('classifier.no and classifier.category'), false)
    assert.equal(check('classifier.yes or classifier.category'), true)
  })

  it('name their paths', () => {
    assert.deepEqual(pathsIn(parseCondition("a.b == 'x' and not (c[0].d > e or f)")), [['a', 'b'], ['c', 0, 'd'], ['e'], ['f']])
  })

  it('compare integers exactly, whatever their size', () => {
    fc.assert(fc.property(fc.bigInt({ min: -(2n ** 200n), max: 2n ** 200n }), fc.bigInt({ min: -(2n ** 200n), max: 2n ** 200n }), (a, b) => {
      assert.equal(check(`${a} < ${b}`), a < b)
      assert.equal(check(`${a} == ${b}`), a === b)
      assert.equal(check(`${a} >= ${b}`), a >= b)
    }))
  })

  it('agree with what they are made of', () => {
    interface Made { text: string, value: boolean }
    const { made } = fc.letrec<{ made: Made }>((tie) => ({
      made: fc.oneof({ maxDepth: 5 },
        fc.boolean().map((value): Made => ({ text: String(value), value })),
        fc.tuple(fc.integer(), fc.integer()).map(([a, b]): Made => ({ text: `${a} < ${b}`, value: a < b })),
        tie('made').map(({ text, value }): Made => ({ text: `not (${text})`, value: !value })),
        fc.tuple(tie('made'), tie('made')).map(([a, b]): Made => ({ text: `(${a.text}) and (${b.text})`, value: a.value && b.value })),
        fc.tuple(tie('made'), tie('made')).map(([a, b]): Made => ({ text: `(${a.text}) || (${b.text})`, value: a.value || b.value }))),
    }))
    fc.assert(fc.property(made, ({ text, value }) => { assert.equal(check(text), value) }))
  })

  it('end with an answer or a clear refusal, whatever the text', () => {
    const part = fc.constantFrom('a', '.', '[', ']', '0', "'x'", '"', "'", '==', '<', '!', 'not', 'and', 'or', '(', ')', ' ', 'null', 'true', '\\', '-', 'é', '😀', '\0')
    fc.assert(fc.property(fc.oneof(fc.array(part, { maxLength: 30 }).map((parts) => parts.join('')), fc.string({ unit: 'binary', maxLength: 60 })), (text) => {
      try {
        check(text)
      } catch (error) {
        assert.ok(error instanceof CorebrumError && ['ERR_DEFINITION', 'ERR_INPUT'].includes(error.code), String(error))
      }
    }), { numRuns: 500 })
  })
})
