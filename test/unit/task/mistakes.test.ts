import assert from 'node:assert/strict'
import { EMPTY_MODULE, EMPTY_MODULE_CID, EMPTY_MODULE_SHA256, problemsOf, withLines } from './support.ts'

const OTHER_CID = 'bafkreibnrp6bbcfc7t5sri3xj5ihmi5cythkma2xi6gmrsk6nqf5ipyjcy'

/** One mistake each: the text, then where it is reported (line:column: path) and a word that the message has. */
const CASES: Array<[what: string, text: string, where: string, word: string]> = [
  ['no name', `compute_logic: {type: wasm, wasm_binary: ${EMPTY_MODULE}}`, '1:1: name', 'missing'],
  ['a mistyped name', `nmae: x\ncompute_logic: {type: wasm, wasm_binary: ${EMPTY_MODULE}}`, '1:1: name', '"nmae" on line 1'],
  ['a name that is a list', `name: [a]\ncompute_logic: {type: wasm, wasm_binary: ${EMPTY_MODULE}}`, '1:1: name', 'a list of 1'],
  ['an empty name', `name: " "\ncompute_logic: {type: wasm, wasm_binary: ${EMPTY_MODULE}}`, '1:1: name', 'not empty'],
  ['a name with a line break', `name: "a\\nb"\ncompute_logic: {type: wasm, wasm_binary: ${EMPTY_MODULE}}`, '1:1: name', 'control'],
  ['a name that is too long', `name: ${'n'.repeat(257)}\ncompute_logic: {type: wasm, wasm_binary: ${EMPTY_MODULE}}`, '1:1: name', '256'],
  ['no compute_logic', 'name: x\n', '1:1: compute_logic', 'missing'],
  ['compute_logic that is text', 'name: x\ncompute_logic: wasm', '2:1: compute_logic', '"wasm"'],
  ['a wrapper without content', 'task_definition:\n', '1:1: task_definition', 'missing'],
  ['a wrapper of a list', 'task_definition: [1]\n', '1:1: task_definition', 'a list'],
  ['python', 'name: x\ncompute_logic:\n  type: python\n  code: |\n    print(1)', '3:3: compute_logic.type', '"python"'],
  ['docker', 'name: x\ncompute_logic:\n  logic_type: "docker"', '3:3: compute_logic.logic_type', '"docker"'],
  ['expression', 'task_definition:\n  name: x\n  compute_logic:\n    type: expression\n    language: python', '4:5: task_definition.compute_logic.type', '"expression"'],
  ['a language of its own', 'name: x\nlanguage: javascript\nsource: {inline: {code: "1"}}', '2:1: language', '"javascript"'],
  ['a kind that is not text', 'name: x\ncompute_logic: {type: 5}', '2:17: compute_logic.type', 'found 5'],
  ['a pipeline without steps', 'name: x\ncompute_logic: {type: sequential}', '2:1: compute_logic.tasks', 'missing'],
  ['a step without a module', 'name: x\ntasks:\n  - name: a\n', '3:5: tasks[0].compute_logic', 'missing'],
  ['no module', 'name: x\ncompute_logic: {type: wasm}', '2:1: compute_logic.wasm_source', 'missing'],
  ['a mistyped source', 'name: x\ncompute_logic:\n  type: wasm\n  wasm_sorce: {type: file, path: f.wasm}', '2:1: compute_logic.wasm_source', '"wasm_sorce" on line 4'],
  ['base64 that is none', 'name: x\ncompute_logic: {type: wasm, wasm_binary: "%%%%"}', '2:29: compute_logic.wasm_binary', 'base64'],
  ['base64 of something else', 'name: x\ncompute_logic: {type: wasm, wasm_binary: "aGVsbG8="}', '2:29: compute_logic.wasm_binary', '68 65 6c 6c'],
  ['a module that is a number', 'name: x\ncompute_logic: {type: wasm, wasm_binary: 5}', '2:29: compute_logic.wasm_binary', 'found 5'],
  ['two sources', withLines(`wasm_source: {type: file, path: f.wasm}`), '3:1: wasm_source', 'second source'],
  ['a source of another type', 'name: x\ncompute_logic:\n  type: wasm\n  code_source:\n    type: gitrepo\n    url: https://h/x.git', '5:5: compute_logic.code_source.type', '"gitrepo"'],
  ['a source without anything', 'name: x\ncompute_logic: {type: wasm, wasm_source: {}}', '2:29: compute_logic.wasm_source.url', 'missing'],
  ['a URL source without URL', 'name: x\ncompute_logic: {type: wasm, wasm_source: {type: url, ulr: "http://h"}}', '2:29: compute_logic.wasm_source.url', '"ulr"'],
  ['a URL that is none', 'name: x\ncompute_logic: {type: wasm, wasm_source: {type: url, url: "not a url"}}', '2:54: compute_logic.wasm_source.url', '"not a url"'],
  ['a URL of another scheme', 'name: x\ncompute_logic: {type: wasm, wasm_source: {url: "ftp://h/x.wasm"}}', '2:43: compute_logic.wasm_source.url', 'http or https'],
  ['a URL with a password', 'name: x\ncompute_logic: {type: wasm, wasm_source: {url: "https://u:p@h/x.wasm"}}', '2:43: compute_logic.wasm_source.url', 'peers'],
  ['a file source without path', 'name: x\ncompute_logic: {type: wasm, wasm_source: {type: file}}', '2:29: compute_logic.wasm_source.path', 'missing'],
  ['a path with NUL', 'name: x\ncompute_logic: {type: wasm, wasm_source: {type: file, path: "a\\0b"}}', '2:55: compute_logic.wasm_source.path', 'control'],
  ['a wasm_module with a path', 'name: x\ncompute_logic: {type: wasm, wasm_module: "../../etc/x"}', '2:29: compute_logic.wasm_module', 'without slashes'],
  ['a source.wasm that is text', 'name: x\nlanguage: wasm\nsource: {wasm: "x.wasm"}', '3:10: source.wasm', '"x.wasm"'],
  ['a sha256 that is none', withLines('sha256: abc'), '3:1: sha256', '64 hexadecimal'],
  ['a sha256 of another module', withLines(`sha256: ${'0'.repeat(64)}`), '3:1: sha256', 'out of date'],
  ['a cid of another module', withLines(`cid: ${OTHER_CID}`), '3:1: cid', 'out of date'],
  ['a cid that is none', 'name: x\nwasm_source: {type: cid, cid: hello}', '2:26: wasm_source.cid', 'not a CID'],
  ['a cid of version 0', 'name: x\nwasm_source: {type: cid, cid: QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG}', '2:26: wasm_source.cid', 'version 0'],
  ['a cid of another codec', 'name: x\nwasm_source: {type: cid, cid: bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi}', '2:26: wasm_source.cid', 'codec 0x70'],
  ['two hashes that differ', `name: x\nwasm_source: {type: file, path: f.wasm, cid: ${OTHER_CID}, sha256: ${EMPTY_MODULE_SHA256}}`, '2:107: wasm_source.sha256', EMPTY_MODULE_CID],
  ['inputs that are a mapping', withLines('inputs: {number: integer}'), '3:1: inputs', 'a list'],
  ['an input that is text', withLines('inputs:\n  - number'), '4:5: inputs[0]', '"number"'],
  ['an input without name', withLines('inputs:\n  - type: integer'), '4:5: inputs[0].name', 'missing'],
  ['an input type that is unknown', withLines('inputs:\n  - name: n\n    type: int32'), '5:5: inputs[0].type', 'allowed: integer, number, string, boolean, array, object, json, bytes - '],
  ['two inputs of one name', withLines('inputs:\n  - name: n\n  - name: n'), '5:5: inputs[1].name', 'no other input'],
  ['an input named __proto__', withLines('inputs: [{name: __proto__}]'), '3:11: inputs[0].name', 'any other name'],
  ['a default of another type', withLines('inputs:\n  - {name: n, type: integer, default: "5"}'), '4:30: inputs[0].default', 'leave out the quotes'],
  ['a required that is text', withLines('inputs:\n  - {name: n, required: sometimes}'), '4:15: inputs[0].required', 'true, false'],
  ['two outputs of one name', withLines('outputs: [{name: r}, {name: r}]'), '3:23: outputs[1].name', 'no other output'],
  ['an output type that is unknown', withLines('outputs: [{name: r, type: f64}]'), '3:21: outputs[0].type', 'write number'],
  ['too many inputs', withLines(`inputs:\n${Array.from({ length: 257 }, (_, i) => `  - name: i${i}\n`).join('')}`), '3:1: inputs', '256'],
  ['a rule for an unknown input', withLines('inputs: [{name: number}]\nvalidation: [{field: nubmer, min: 1}]'), '4:15: validation[0].field', 'number'],
  ['a rule without field', withLines('validation: [{min: 1}]'), '3:14: validation[0].field', 'missing'],
  ['a rule with crossed bounds', withLines('inputs: [{name: n}]\nvalidation: [{field: n, min: 5, max: 1}]'), '4:33: validation[0].max', 'at least min'],
  ['a bound that is text', withLines('inputs: [{name: n}]\nvalidation: [{field: n, min: low}]'), '4:25: validation[0].min', '"low"'],
  ['a bound for a string', withLines('inputs: [{name: n, type: string}]\nvalidation: [{field: n, min: 1}]'), '4:25: validation[0].min', 'bounds for numbers'],
  ['allowed values of another type', withLines('inputs: [{name: n, type: string}]\nvalidation: [{field: n, allowed_values: [a, 5]}]'), '4:45: validation[0].allowed_values[1]', 'found 5'],
  ['no allowed values', withLines('inputs: [{name: n}]\nvalidation: [{field: n, allowed_values: []}]'), '4:25: validation[0].allowed_values', 'at least one'],
  ['a schema that is text', withLines('input_schema: object'), '3:1: input_schema', 'JSON Schema'],
  ['a schema that is none', withLines('input_schema:\n  type: object\n  properties:\n    n: {type: intger}'), '6:9: input_schema.properties.n.type', 'not a JSON Schema'],
  ['a schema with a remote reference', withLines('output_schema: {properties: {a: {$ref: "https://h/s.json"}}}'), '3:34: output_schema.properties.a.$ref', 'inside the schema'],
  ['a schema with a reference to nothing', withLines('output_schema: {properties: {a: {$ref: "#/definitions/x"}}}'), '3:1: output_schema', '#/definitions/x'],
  ['a schema with a broken pattern', withLines('input_schema: {properties: {a: {type: string, pattern: "("}}}'), '3:1: input_schema', ''],
  ['a schema with a huge pattern', withLines(`input_schema: {properties: {a: {type: string, pattern: "${'a'.repeat(1001)}"}}}`), '3:47: input_schema.properties.a.pattern', '1000'],
  ['a schema that is too large', withLines(`input_schema: {enum: [${'1,'.repeat(5001)}]}`), '3:1: input_schema', '5000'],
  ['an input schema of a list', withLines('input_schema: {type: array}'), '3:16: input_schema.type', 'object'],
  ['a default in a schema that does not fit', withLines('input_schema: {properties: {a: {type: integer, default: x}}}'), '3:48: input_schema.properties.a.default', '"x"'],
  ['a schema with too many properties', withLines(`output_schema: {properties: {${Array.from({ length: 257 }, (_, i) => `p${i}: {}`).join(', ')}}}`), '3:17: output_schema.properties', '256'],
  ['a schema with a long property name', withLines(`input_schema: {properties: {${'p'.repeat(257)}: {}}}`), `3:29: input_schema.properties["${'p'.repeat(60)}"]`, '256'],
  ['a URL that is too long when encoded', `name: x\ncompute_logic: {type: wasm, wasm_source: {url: "http://h/${'é'.repeat(1000)}"}}`, '2:43: compute_logic.wasm_source.url', 'percent-encoded'],
  ['a convention with a long name', withLines(`abi: ${'a'.repeat(65)}`), '3:1: abi', '64'],
  ['a memory limit in words', withLines('wasm_config: {memory_limit: much}'), '3:15: wasm_config.memory_limit', '"much"'],
  ['a memory limit of nothing', withLines('wasm_config: {memory_limit: 0}'), '3:15: wasm_config.memory_limit', '65536'],
  ['a memory limit beyond wasm32', withLines('wasm_config: {memory_limit: 8GB}'), '3:15: wasm_config.memory_limit', '"8GB"'],
  ['negative megabytes', withLines('resources: {memory_mb: -1}'), '3:13: resources.memory_mb', 'megabytes'],
  ['a timeout of 0', withLines('timeout_seconds: 0'), '3:1: timeout_seconds', 'seconds'],
  ['a timeout of weeks', withLines('requirements: {timeout_seconds: 1000000}'), '3:16: requirements.timeout_seconds', '86400'],
  ['a timeout that is text', withLines('wasm_config: {timeout_ms: "5s"}'), '3:15: wasm_config.timeout_ms', '"5s"'],
  ['a timeout that is no number', withLines('timeout_seconds: .nan'), '3:1: timeout_seconds', 'NaN'],
  ['a grant that is text', withLines('wasm_config: {allow_networking: "no"}'), '3:15: wasm_config.allow_networking', 'true, false'],
  ['a priority in words', withLines('priority: high'), '3:1: priority', 'integer'],
  ['tags that are text', withLines('tags: a, b'), '3:1: tags', 'a list'],
  ['a tag that is a mapping', withLines('tags:\n  - a\n  - {b: c}'), '5:5: tags[1]', 'an object'],
  ['metadata that is a list', withLines('metadata: [1]'), '3:1: metadata', 'a mapping'],
  ['a file that is empty', '', '1:1', 'an empty file'],
  ['a file of comments', '# nothing\n', '1:1', 'an empty file'],
  ['a file that is a list', '- name: x\n', '1:1', 'a list'],
  ['a file that is text', 'hello world', '1:1', '"hello world"'],
  ['YAML that does not parse', 'name: x\ncompute_logic: {type: wasm\nfoo: bar', '3:1', 'not valid YAML'],
  ['JSON that does not parse', '{"name": "x",\n "compute_logic": {"type" "wasm"}}', '2:27', 'not valid YAML or JSON'],
  ['a tab as indentation', 'name: x\ncompute_logic:\n\ttype: wasm', '3:1', 'spaces'],
  ['a field that stands twice', 'name: x\ncompute_logic:\n  type: wasm\n  type: wasm', '4:3', 'twice'],
  ['an alias without anchor', 'name: *x', '1:9', 'quotes'],
  ['a tag of another language', 'name: !!js/function "x"', '1:24', 'types of JSON'],
  ['two documents', 'name: x\n---\nname: y\n', '1:1', 'one task'],
]

describe('task definitions: mistakes', () => {
  for (const [what, text, where, word] of CASES) {
    it(`reports ${what}`, async () => {
      const problems = await problemsOf(text)
      assert.equal(problems.length, 1, problems.join('\n'))
      const [problem = ''] = problems
      assert.ok(problem.startsWith(`task.yaml:${where}: `), problem)
      assert.ok(problem.includes(word), problem)
    })
  }

  it('reports all mistakes of a file at once, in the order of the file', async () => {
    const problems = await problemsOf(`task_definition:
  version: [1]
  compute_logic:
    type: wasm
    wasm_source:
      type: url
      url: file:///etc/passwd
      sha256: zz
    timeout_seconds: -1
  inputs:
    - name: number
      type: int32
    - name: number
      type: string
      default: 5
  validation:
    - field: count
  priority: 1.5
`)
    assert.deepEqual(problems.map((problem) => problem.split(': ').slice(0, 2).join(' ')), [
      'task.yaml:1:1 task_definition.name',
      'task.yaml:2:3 task_definition.version',
      'task.yaml:7:7 task_definition.compute_logic.wasm_source.url',
      'task.yaml:8:7 task_definition.compute_logic.wasm_source.sha256',
      'task.yaml:9:5 task_definition.compute_logic.timeout_seconds',
      'task.yaml:12:7 task_definition.inputs[0].type',
      'task.yaml:13:7 task_definition.inputs[1].name',
      'task.yaml:15:7 task_definition.inputs[1].default',
      'task.yaml:17:7 task_definition.validation[0].field',
      'task.yaml:18:3 task_definition.priority',
    ])
  })

  it('reads like a sentence', async () => {
    assert.deepEqual(await problemsOf(withLines('inputs:\n  - name: number\n    type: int32')), [
      'task.yaml:5:5: inputs[0].type: found "int32", allowed: integer, number, string, boolean, array, object, json, bytes - write integer; the module\'s own signature gives the range',
    ])
  })

  it('places mistakes behind CRLF, in flow style, in JSON and in merged fields', async () => {
    const places = async (text: string): Promise<string[]> => (await problemsOf(text)).map((problem) => problem.split(': ')[0] ?? '')
    const logic = `compute_logic: {type: wasm, wasm_binary: ${EMPTY_MODULE}}`
    assert.deepEqual(await places(`name: x\r\n${logic}\r\n# c\r\npriority: high\r\n`), ['task.yaml:4:1'])
    assert.deepEqual(await places(`\ufeffname: x\n${logic}\npriority: high`), ['task.yaml:3:1'])
    assert.deepEqual(await places(`{"name": "x",\n  "compute_logic": {"type": "wasm", "wasm_binary": "${EMPTY_MODULE}"},\n  "tags": ["a",\n    ["b"]],  "priority":\n "high"}`), ['task.yaml:4:5', 'task.yaml:4:14'])
    assert.deepEqual(await places(`name: x\nbase: &b\n  timeout_seconds: -1\n${logic}\nresources:\n  <<: *b\n`), ['task.yaml:5:1'])
    assert.deepEqual(await places(`name: x\n${logic}\nresources: &r\n  memory_mb: -1\nrequirements: *r\n`), ['task.yaml:4:3', 'task.yaml:4:3'])
    assert.deepEqual(await places(`name: x\n${logic}\ntags:\n-\n- a\n- [b]\n? priority\n: high\n`), ['task.yaml:3:1', 'task.yaml:6:3', 'task.yaml:7:3'])
  })
})
