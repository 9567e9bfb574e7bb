import assert from 'node:assert/strict'
import fc from 'fast-check'
import { CorebrumError } from '../../../src/errors.ts'
import { MAX_DEFINITION_BYTES, MAX_DEFINITION_NODES, MAX_VALUE_DEPTH } from '../../../src/limits.ts'
import { parseDefinition } from '../../../src/task/parse.ts'
import { EMPTY_MODULE, definitionOf, problemsOf, withLines } from './support.ts'

/** `levels` mappings inside each other, below `metadata`. */
function nested (levels: number, open: string, close: string): string {
  return withLines(`metadata: {a: ${open.repeat(levels)}1${close.repeat(levels)}}`)
}

describe('task definitions: hostile files', () => {
  const REFUSED: Array<[what: string, text: string, word: string]> = [
    ['lists nested a hundred thousand deep', nested(100_000, '[', ']'), 'depth'],
    ['mappings nested a hundred thousand deep', nested(100_000, '{b: ', '}'), 'depth'],
    ['block lists nested deep', withLines(`metadata:\n  a:\n    ${'- '.repeat(5000)}1`), 'depth'],
    ['nesting one over the limit', nested(MAX_VALUE_DEPTH - 1, '[', ']'), 'nested deeper'],
    ['a file that is too long', ' '.repeat(MAX_DEFINITION_BYTES + 1), 'embedding'],
    ['a bomb of aliases', withLines(`a0: &a0 [x, x, x, x, x, x, x, x, x]\n${Array.from({ length: 12 }, (_, i) => `a${i + 1}: &a${i + 1} [${Array(9).fill(`*a${i}`).join(', ')}]`).join('\n')}`), 'aliases written out'],
    ['a bomb of aliases of long text', withLines(`a: &a "${'x'.repeat(1 << 20)}"\nb: [${Array(40).fill('*a').join(', ')}]`), 'aliases written out'],
    ['a chain of anchors that is deep', withLines(`a0: &a0 [x]\n${Array.from({ length: 100 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}]`).join('\n')}`), 'nested deeper'],
    ['an anchor that holds itself', withLines('a: &a [*a]'), 'nested deeper'],
    ['a mapping that holds itself', withLines('a: &a {b: *a}'), 'nested deeper'],
    ['a bomb of merges', withLines(`b: &b {${Array.from({ length: 200 }, (_, i) => `k${i}: 1`).join(', ')}}\n${Array.from({ length: 100 }, (_, i) => `m${i}: {<<: *b}`).join('\n')}`), 'merge'],
    ['more values than allowed', withLines(`metadata: {a: [${'1,'.repeat(MAX_DEFINITION_NODES)}]}`), 'more than'],
    ['a NUL byte', 'name: a\0b', 'not a text file'],
    ['a field named __proto__', withLines('__proto__: {networking: true}'), '__proto__'],
    ['a field named __proto__ in metadata', withLines('metadata:\n  x: {__proto__: {a: 1}}'), '__proto__'],
    ['a field named __proto__ in JSON', '{"__proto__": {"name": "x"}, "compute_logic": {"type": "wasm"}}', '__proto__'],
    ['a merge that brings __proto__', withLines('b: &b {"__proto__": {}}\nmetadata: {<<: *b}'), '__proto__'],
    ['a tag that makes a function', withLines('metadata: {a: !!js/function "function () {}"}'), 'unknown tag'],
    ['a key that is a mapping', '{? {a: 1} : 2}', 'missing'],
  ]
  for (const [what, text, word] of REFUSED) {
    it(`refuses ${what}`, async () => {
      const problems = await problemsOf(text)
      assert.ok(problems.length >= 1)
      assert.ok(problems.every((problem) => problem.length < 1000), 'a short message')
      assert.ok(problems[0]?.toLowerCase().includes(word.toLowerCase()), problems[0]?.slice(0, 300))
    })
  }

  it('takes nesting up to the limit', async () => {
    await definitionOf(nested(MAX_VALUE_DEPTH - 2, '[', ']'))
    await definitionOf(nested(MAX_VALUE_DEPTH - 2, '{b: ', '}'))
  })

  it('finds no fields on the prototype', async () => {
    const definition = await definitionOf(withLines('metadata: {constructor: 1, toString: 2, hasOwnProperty: 3}\ninputs: [{name: constructor}, {name: toString}]'))
    assert.deepEqual(definition.inputs.map(({ name }) => name), ['constructor', 'toString'])
    assert.deepEqual(Object.keys(definition.metadata), ['constructor', 'toString', 'hasOwnProperty'])
  })

  it('keeps an integer of the most digits and no more', async () => {
    const most = '9'.repeat(309)
    assert.deepEqual((await definitionOf(withLines(`metadata: {a: ${most}}`))).metadata, { a: BigInt(most) })
    assert.equal(typeof (await definitionOf(withLines(`metadata: {a: ${'9'.repeat(100_000)}}`))).metadata['a'], 'string')
  })

  it('cuts long values short in messages', async () => {
    for (const problem of await problemsOf(withLines(`priority: "${'x'.repeat(100_000)}"\ninputs: [{name: n, type: "${'y'.repeat(100_000)}"}]\nmetadata: {}\ntags: "${'z'.repeat(100_000)}"`))) {
      assert.ok(problem.length < 300)
    }
  })

  it('ends every text in a definition or in ERR_DEFINITION', async () => {
    const word = fc.constantFrom('name', 'compute_logic', 'type', 'wasm', 'inputs', 'wasm_source', 'url', ':', '-', '{', '}', '[', ']', ',', '\n', ' ', '  ', '"', '&a', '*a', '?', '|', '!!binary', '\t', '\r\n', '0x1', '1e999', EMPTY_MODULE, '<<', '__proto__', '#', '---', '%YAML 1.2', '\ud800')
    await fc.assert(fc.asyncProperty(fc.oneof(fc.string(), fc.array(word, { maxLength: 40 }).map((words) => words.join('')), fc.array(word, { maxLength: 40 }).map((words) => withLines(words.join(' ')))), async (text) => {
      try {
        await parseDefinition(text, { fileName: 'f' })
      } catch (error) {
        assert.ok(error instanceof CorebrumError && error.code === 'ERR_DEFINITION' && error.problems.length > 0, String(error))
        for (const problem of error.problems) assert.match(problem, /^f:\d+:\d+: ./s)
      }
    }), { numRuns: 1500 })
  })

  it('ends every tree of fields in a definition or in ERR_DEFINITION', async () => {
    const key = fc.constantFrom('name', 'version', 'description', 'compute_logic', 'type', 'wasm_binary', 'wasm_source', 'code_source', 'wasm_module', 'url', 'path', 'cid', 'sha256', 'inputs', 'outputs', 'validation', 'field', 'min', 'max', 'allowed_values', 'default', 'required', 'resources', 'memory_mb', 'wasm_config', 'memory_limit', 'timeout_ms', 'input_schema', 'properties', 'priority', 'tags', 'metadata', 'source', 'wasm', 'language', 'tasks', 'task_definition')
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof({ maxDepth: 5 }, fc.constantFrom('wasm', 'integer', 'object', 'http://h/x', EMPTY_MODULE, 'n'), fc.jsonValue(), fc.array(tie('tree'), { maxLength: 3 }), fc.dictionary(key, tie('tree'), { maxKeys: 6 })),
    }))
    await fc.assert(fc.asyncProperty(fc.dictionary(key, tree, { minKeys: 1 }), async (root) => {
      const text = JSON.stringify({ name: 't', compute_logic: { type: 'wasm', wasm_binary: EMPTY_MODULE }, ...root })
      try {
        await parseDefinition(text, { fileName: 'f' })
      } catch (error) {
        assert.ok(error instanceof CorebrumError && error.code === 'ERR_DEFINITION' && error.problems.length > 0, `${String(error)} for ${text}`)
      }
    }), { numRuns: 400 })
  })
})
