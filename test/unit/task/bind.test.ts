import assert from 'node:assert/strict'
import fc from 'fast-check'
import { MAX_INPUT_BYTES } from '../../../src/limits.ts'
import { bindInputs, declareInputs } from '../../../src/task/bind.ts'
import { checkOutputs } from '../../../src/task/outputs.ts'
import { programDigest } from '../../../src/task/program.ts'
import { parseSetOption } from '../../../src/task/set-option.ts'
import { toProgram } from '../../../src/task/to-program.ts'
import { EMPTY_MODULE_CID, definitionOf, refusal, withLines } from './support.ts'
import type { Value } from '../../../src/task/values.ts'

const FACTORIAL = withLines(`
inputs:
  - {name: number, type: integer, description: what to multiply up to}
  - {name: scale, type: number, default: 1.5}
  - {name: label, type: string, required: false}
  - {name: blob, type: bytes, required: false}
  - {name: worker_id, type: string}
  - {name: task_id, type: string}
`)

async function bind (text: string, given: Record<string, Value | undefined>): Promise<Array<Value | undefined>> {
  return bindInputs(await definitionOf(text), given)
}

async function inputProblems (text: string, given: Record<string, Value | undefined>): Promise<readonly string[]> {
  const definition = await definitionOf(text)
  return refusal('ERR_INPUT', () => bindInputs(definition, given))
}

describe('task inputs', () => {
  it('stand in the order of the definition, with defaults, and without what the host fills', async () => {
    assert.deepEqual(await bind(FACTORIAL, { blob: 'AQ==', number: 5 }), [5, 1.5, undefined, Uint8Array.of(1), undefined, undefined])
    assert.deepEqual(await bind(FACTORIAL, { number: 2n ** 62n, scale: 2, worker_id: 'w', label: undefined }), [2n ** 62n, 2, undefined, undefined, 'w', undefined])
  })

  it('are refused all at once, each by name', async () => {
    assert.deepEqual(await inputProblems(FACTORIAL, { nubmer: 5, scale: '2', label: 7, blob: '%', other: 1 }), [
      'nubmer: not an input of this task, allowed: number, scale, label, blob, worker_id, task_id - did you mean "number"?',
      'other: not an input of this task, allowed: number, scale, label, blob, worker_id, task_id',
      'number: missing, allowed: integer (what to multiply up to)',
      'scale: found the string "2", allowed: a number - leave out the quotes',
      'label: found 7, allowed: a string',
      'blob: found the string "%", allowed: bytes: a base64 string',
    ])
  })

  it('must be values', async () => {
    const cyclic: Value[] = []
    cyclic.push(cyclic)
    const strange = new Date(0) as unknown as Value
    const text = withLines('inputs: [{name: a}, {name: b}]')
    assert.equal((await inputProblems(text, { a: cyclic, b: strange })).length, 2)
    assert.equal((await inputProblems(text, { a: 1, b: JSON.parse('{"x": {"__proto__": 1}}') as Value })).length, 1)
  })

  it('are not taken from the prototype', async () => {
    const [problem = ''] = await inputProblems(withLines('inputs: [{name: toString, type: json}]'), {})
    assert.ok(problem.startsWith('toString: missing'))
    assert.deepEqual(await bind(withLines('inputs: [{name: constructor, type: json, required: false}]'), {}), [undefined])
  })

  it('may not be larger than a frame takes', async () => {
    const text = withLines('inputs: [{name: a, type: string}, {name: b, type: string}]')
    const half = 'x'.repeat(MAX_INPUT_BYTES / 2)
    await bind(text, { a: half, b: '' })
    assert.equal((await inputProblems(text, { a: half, b: half })).length, 1)
  })

  it('keep the validation rules', async () => {
    const text = withLines(`
inputs: [{name: n, type: integer}, {name: kind, type: json, required: false}]
validation:
  - {field: n, min: 0, max: 9007199254740992, message: n is small}
  - {field: kind, allowed_values: [square, {side: 2}, 3]}
`)
    await bind(text, { n: 0 })
    await bind(text, { n: 9007199254740992n, kind: { side: 2 } })
    assert.deepEqual(await inputProblems(text, { n: 9007199254740993n, kind: 'cube' }), [
      'n: found 9007199254740993, allowed: at least 0, at most 9007199254740992 - n is small',
      'kind: found the string "cube", allowed: one of "square", an object, 3',
    ])
    assert.equal((await inputProblems(text, { n: -1 })).length, 1)
  })

  it('do not pass bounds as NaN or as something else than a number', async () => {
    const text = withLines('inputs: [{name: x}]\nvalidation: [{field: x, min: 0}]')
    assert.equal((await inputProblems(text, { x: NaN })).length, 1)
    assert.equal((await inputProblems(text, { x: 'abc' })).length, 1)
  })

  const SCHEMA = withLines(`
input_schema:
  type: object
  properties:
    number: {type: integer, minimum: 0, maximum: 18446744073709551615}
    mode: {enum: [fast, exact], default: fast}
    blob: {type: string, maxLength: 4}
    points: {type: array, items: {$ref: "#/$defs/point"}}
  required: [number, worker_id]
  additionalProperties: false
  $defs: {point: {type: object, required: [x], properties: {x: {type: number}}}}
`)

  it('keep the schema, also with integers beyond 2^53', async () => {
    assert.deepEqual(await bind(SCHEMA, { number: 2n ** 63n + 1n }), [2n ** 63n + 1n, 'fast', undefined, undefined])
    assert.deepEqual(await inputProblems(SCHEMA, { number: -(2n ** 60n), mode: 'slow', blob: 'AAAAAAAA', points: [{ x: 1 }, { x: 'y' }, {}] }), [
      'number: found -1152921504606847000, must be >= 0',
      'mode: found the string "slow", must be equal to one of the allowed values: "fast", "exact"',
      'blob: found the string "AAAAAAAA", must NOT have more than 4 characters',
      'points.1.x: found the string "y", must be number',
      'points.2.x: missing',
    ])
  })

  it('report one mistake once, also where type and schema both see it', async () => {
    assert.deepEqual(await inputProblems(SCHEMA, { number: 'x' }), ['number: found the string "x", allowed: an integer'])
    assert.deepEqual(await inputProblems(SCHEMA, {}), ['number: missing, allowed: integer'])
  })

  it('keep schemas of newer drafts', async () => {
    const text = withLines('input_schema: {$schema: "https://json-schema.org/draft/2020-12/schema", $id: "x", properties: {a: {type: array, prefixItems: [{type: string}]}}}')
    await bind(text, { a: ['x'] })
    assert.equal((await inputProblems(text, { a: [1] })).length, 1)
  })

  it('are declared after what is given where a definition declares none', async () => {
    const bare = await definitionOf(withLines('inputs: []'))
    assert.equal((await refusal('ERR_INPUT', () => bindInputs(bare, { number: 5 }))).length, 1)
    const given = { number: 5, big: 2n ** 70n, x: 0.5, s: 'a', yes: true, list: [1], map: {}, none: null, raw: Uint8Array.of(1), gone: undefined }
    const declared = declareInputs(bare, given)
    assert.deepEqual(declared.inputs.map(({ name, type }) => `${name}:${type}`), ['number:integer', 'big:integer', 'x:number', 's:string', 'yes:boolean', 'list:array', 'map:object', 'none:json', 'raw:bytes'])
    assert.deepEqual((await bindInputs(declared, given)).slice(0, 2), [5, 2n ** 70n])
    assert.equal(declareInputs(bare, {}), bare)
    await refusal('ERR_INPUT', () => declareInputs(bare, { ['n'.repeat(257)]: 1 }))
    await refusal('ERR_INPUT', () => declareInputs(bare, Object.fromEntries(Array.from({ length: 257 }, (_, i) => [`i${i}`, 1]))))
    const typed = await definitionOf(FACTORIAL)
    assert.equal(declareInputs(typed, { x: 1 }), typed)
  })

  it('of type integer are bound exactly, whatever their size', async () => {
    const definition = await definitionOf(withLines('inputs: [{name: n, type: integer}]'))
    await fc.assert(fc.asyncProperty(fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n }), async (n) => {
      const [value] = await bindInputs(definition, { n })
      assert.equal(BigInt(value as bigint | number), n)
    }))
  })
})

describe('task outputs', () => {
  it('must be there and of their type', async () => {
    const definition = await definitionOf(withLines('outputs: [{name: result, type: integer}, {name: text, type: string}]'))
    await checkOutputs(definition, { result: 2n ** 63n, text: 'x', more: 1 })
    assert.deepEqual(await refusal('ERR_RESULT_TYPE', () => checkOutputs(definition, { result: 1.5 })), [
      'result: found 1.5, allowed: an integer', 'text: missing, allowed: string',
    ])
  })

  it('keep the schema, which says what may be absent', async () => {
    const definition = await definitionOf(withLines('output_schema: {properties: {count: {type: integer, maximum: 10}, note: {type: string}}, required: [count]}'))
    await checkOutputs(definition, { count: 10 })
    assert.deepEqual(await refusal('ERR_RESULT_TYPE', () => checkOutputs(definition, { count: 11, note: 5 })), ['note: found 5, allowed: a string', 'count: found 11, must be <= 10'])
    assert.deepEqual(await refusal('ERR_RESULT_TYPE', () => checkOutputs(definition, {})), ['count: missing'])
  })

  it('may be anything that a worker sends', async () => {
    const definition = await definitionOf(withLines('output_schema: {properties: {a: {type: integer}}}'))
    let deep: Value = 1
    for (let i = 0; i < 100_000; i++) deep = [deep]
    const sent: unknown[] = [{ a: deep }, { other: deep }, JSON.parse('{"__proto__": {"a": 1}}'), new Map([['a', 1]]), { a: new Date(0) }]
    for (const outputs of sent) await refusal('ERR_RESULT_TYPE', () => checkOutputs(definition, outputs as Record<string, Value>))
  })

  it('keep a schema of the one result itself', async () => {
    const definition = await definitionOf(withLines('output_schema: {type: array, items: {type: integer}}'))
    await checkOutputs(definition, { result: [1, 2n ** 60n] })
    assert.deepEqual(await refusal('ERR_RESULT_TYPE', () => checkOutputs(definition, { result: [1, 'x'] })), ['result.1: found the string "x", must be integer'])
    await refusal('ERR_RESULT_TYPE', () => checkOutputs(definition, {}))
  })
})

describe('task programs', () => {
  it('hold what a worker needs and have equal digests when they are equal', async () => {
    const module = { cid: EMPTY_MODULE_CID, size: 8, urls: [] }
    const program = toProgram(await definitionOf(FACTORIAL), module)
    assert.deepEqual(program.inputs.slice(0, 2), [{ name: 'number', type: 'integer' }, { name: 'scale', type: 'number' }])
    assert.deepEqual(Object.keys(program).sort(), ['grants', 'inputs', 'module', 'name', 'outputs', 'timeLimitMs'])
    assert.deepEqual(programDigest(program), programDigest(toProgram(await definitionOf(`description: d\n${FACTORIAL}`), module)))
    const limited = toProgram(await definitionOf(withLines('function_name: f\nabi: buffer\nresources: {memory_mb: 1}')), module)
    assert.deepEqual([limited.functionName, limited.abi, limited.memoryLimitBytes], ['f', 'buffer', 1 << 20])
  })
})

describe('the option --set', () => {
  const inputs = [
    { name: 'n', type: 'integer' as const, required: true }, { name: 'x', type: 'number' as const, required: true },
    { name: 's', type: 'string' as const, required: true }, { name: 'yes', type: 'boolean' as const, required: true },
    { name: 'list', type: 'array' as const, required: true }, { name: 'blob', type: 'bytes' as const, required: true },
  ]
  const TAKEN: Array<[string, Value]> = [
    ['n=5', 5], ['n=9007199254740993', 9007199254740993n], ['x=0.5', 0.5], ['s=5', '5'], ['s=a=b', 'a=b'], ['s=', ''],
    ['yes=true', true], ['list=[1,2]', [1, 2]], ['blob=AQ==', Uint8Array.of(1)],
  ]
  for (const [text, value] of TAKEN) {
    it(`takes ${text}`, () => assert.deepEqual(parseSetOption(text, inputs).value, value))
  }

  it('takes any name where none are declared', () => {
    assert.deepEqual(parseSetOption('a=5', []), { name: 'a', value: 5 })
    assert.deepEqual(parseSetOption('a=b c', []), { name: 'a', value: 'b c' })
  })

  it('refuses what does not fit', async () => {
    for (const text of ['n=five', 'n=1.5', 'yes=1', 'list={}', 'blob=%', 'unknown=1', 'n=']) await refusal('ERR_INPUT', () => parseSetOption(text, inputs))
    for (const text of ['n', '=5', '']) await refusal('ERR_USAGE', () => parseSetOption(text, inputs))
  })
})
