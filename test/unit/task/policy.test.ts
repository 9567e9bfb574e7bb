import assert from 'node:assert/strict'
import { MAX_DEADLINE_MS, MAX_REQUIRED_LABELS } from '../../../src/limits.ts'
import type { AnyDefinition } from '../../../src/task/definition.ts'
import { durationText, parseDuration } from '../../../src/task/duration.ts'
import { isLabel, labelText, labelValue, missingLabel, splitLabel } from '../../../src/task/labels.ts'
import { parseDefinition } from '../../../src/task/parse.ts'
import { placementKey, type Placement } from '../../../src/task/policy.ts'

const parse = async (fields: string): Promise<AnyDefinition> => (await parseDefinition(`name: one\nwasm_module: one\n${fields}`, { fileName: 'one.yaml' })).definition

describe('durations', () => {
  for (const [written, ms] of [['90s', 90_000], ['10m', 600_000], ['1h30m', 5_400_000], ['2d', 172_800_000], ['250ms', 250], ['1.5s', 1_500], [' 10 M ', 600_000], ['7', 7_000], [0.25, 250], [600, 600_000], [10n, 10_000], [0.0001, 1]] as const) {
    it(`reads ${typeof written} ${written}`, () => { assert.equal(parseDuration(written), ms) })
  }
  for (const written of ['', 'm', '10x', '-5s', '0', 0, -1, NaN, Infinity, '1e5s', '10m!', '1:30', null, true, [], '9'.repeat(40), 2n ** 80n]) {
    it(`refuses ${typeof written} ${String(written)}`, () => { assert.equal(parseDuration(written), undefined) })
  }
  it('are written short', () => {
    assert.deepEqual([1, 250, 1_500, 90_000, 600_000, 7_200_000].map(durationText), ['1 ms', '250 ms', '1.5 s', '90 s', '10 min', '2 h'])
  })
})

describe('labels', () => {
  it('are read from key=value', () => {
    assert.deepEqual(splitLabel('gpu=yes'), { key: 'gpu', value: 'yes' })
    assert.deepEqual(splitLabel('a/b.c-d_e=x:1@y+z'), { key: 'a/b.c-d_e', value: 'x:1@y+z' })
    for (const text of ['gpu', '=yes', 'gpu=', 'g u=yes', 'gpu=a b', '-x=1', 'x-=1', 'gpu==', `${'k'.repeat(65)}=v`, `k=${'v'.repeat(65)}`, '__proto__=x', 'ü=1']) assert.equal(splitLabel(text), undefined, text)
    assert(isLabel('k'.repeat(64), 'v'.repeat(64)))
  })

  it('take the values that YAML makes of text', () => {
    assert.deepEqual([true, 7, 7n, 'x', '', 'a b', null, [], {}].map(labelValue), ['true', '7', '7', 'x', undefined, undefined, undefined, undefined, undefined])
  })

  it('are compared whole, and by own keys only', () => {
    assert.equal(missingLabel(undefined, undefined), undefined)
    assert.equal(missingLabel({ gpu: 'yes' }, undefined), 'gpu')
    assert.equal(missingLabel({ gpu: 'yes', site: 'roof' }, { gpu: 'yes', site: 'cellar' }), 'site')
    assert.equal(missingLabel({ gpu: 'yes' }, { gpu: 'yes', more: '1' }), undefined)
    assert.equal(missingLabel({ toString: 'x' }, { gpu: 'yes' }), 'toString')
    assert.equal(labelText({ gpu: 'yes', site: 'roof' }), 'gpu=yes, site=roof')
  })
})

describe('the policy of a definition', () => {
  it('is nothing where nothing is said', async () => {
    const definition = await parse('')
    assert.equal(definition.priority, 0)
    for (const key of ['retries', 'deadlineMs', 'require', 'on']) assert(!(key in definition), key)
  })

  it('stands at the root or in a mapping', async () => {
    const fields = 'priority: 5\nretries: 3\ndeadline: 10m\nrequire: {gpu: yes, rack: 7}\non: 3VbQ9xzk\n'
    const expected = { priority: 5, retries: 3, deadlineMs: 600_000, require: { gpu: 'yes', rack: '7' }, on: '3VbQ9xzk' }
    for (const text of [fields, `policy:\n  ${fields.trimEnd().replaceAll('\n', '\n  ')}\n`]) {
      const definition = await parse(text)
      assert.deepEqual(Object.fromEntries(Object.keys(expected).map((key) => [key, definition[key as keyof AnyDefinition]])), expected)
    }
  })

  it('reads a bare deadline in seconds, and an empty requirement as none', async () => {
    const definition = await parse('deadline: 90\nrequire: {}\n')
    assert('deadlineMs' in definition && definition.deadlineMs === 90_000)
    assert(!('require' in definition))
  })

  const mistakes: Array<[string, string, RegExp]> = [
    ['a priority of 1.5', 'priority: 1.5', /^one\.yaml:3:\d+: priority: found 1\.5, allowed: an integer from -2147483647/],
    ['a priority that is text', 'priority: high', /priority: found "high"/],
    ['negative retries', 'retries: -1', /retries: found -1, allowed: a whole number from 0 to 100/],
    ['too many retries', 'retries: 101', /retries: found 101/],
    ['a deadline without a unit that exists', 'deadline: 10 parsecs', /deadline: found "10 parsecs", allowed: a duration such as 90s, 10m/],
    ['a deadline of nothing', 'deadline: 0', /deadline: found 0/],
    ['a deadline too far away', `deadline: ${MAX_DEADLINE_MS / 1_000 + 1}`, /deadline: found .*366d/],
    ['labels as a list', 'require: [gpu]', /require: found a list of 1, allowed: a mapping of up to 16 labels/],
    ['a label with a value that is none', 'require: {gpu: [1]}', /require\.gpu: found a list of 1, allowed: key=value/],
    ['a label with a key that is none', 'require: {"g u": x}', /require\["g u"\]: found the string "x", allowed: key=value/],
    ['too many labels', `require: {${Array.from({ length: MAX_REQUIRED_LABELS + 1 }, (_, i) => `k${i}: v`).join(', ')}}`, /require: found 17 labels, allowed: at most 16/],
    ['a peer that is none', 'on: localhost', /on: found "localhost", allowed: the PeerId/],
    ['a peer that is a number', 'on: 5', /on: found 5, allowed: the PeerId/],
    ['a policy that is no mapping', 'policy: fast', /policy: found "fast", allowed: a mapping of fields/],
    ['two places', 'priority: 1\npolicy: {priority: 2}', /policy\.priority: found it at the root of the definition too/],
  ]
  for (const [what, text, message] of mistakes) {
    it(`refuses ${what}`, async () => {
      await assert.rejects(parse(text), (error: { code: string, problems: string[] }) => {
        assert.equal(error.code, 'ERR_DEFINITION')
        assert.equal(error.problems.length, 1)
        assert.match(error.problems[0] ?? '', message)
        return true
      })
    })
  }
})

describe('the key of a placement', () => {
  it('is empty where nothing is said, and the same for equal ones', () => {
    assert.equal(placementKey({ priority: 0 }), '')
    assert.equal(placementKey({ priority: 0, require: { a: '1', b: '2' } }), placementKey({ priority: 0, require: { b: '2', a: '1' }, on: undefined }))
  })

  it('differs where anything does', () => {
    const all: Placement[] = [{ priority: 1 }, { priority: -1 }, { priority: 0, on: 'x' }, { priority: 0, require: { x: 'y' } }, { priority: 0, require: { xy: '' } }, { priority: 1, on: 'x' }, { priority: 0, require: { a: 'b', c: 'd' } }, { priority: 0, require: { a: 'b","c' } }]
    assert.equal(new Set(all.map(placementKey)).size, all.length)
  })
})
