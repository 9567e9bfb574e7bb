import assert from 'node:assert/strict'
import { parseTask } from '../../support/parse-task.ts'
import { DEFAULT_TIME_LIMIT_MS } from '../../../src/limits.ts'
import { EMPTY_MODULE, EMPTY_MODULE_CID, EMPTY_MODULE_SHA256, definitionOf, withLines } from './support.ts'
import type { TaskDefinition } from '../../../src/task/definition.ts'

const MODULE = Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0])
const DEFAULTS: Partial<TaskDefinition> = {
  inputs: [],
  outputs: [{ name: 'result', type: 'json' }],
  validation: [],
  timeLimitMs: DEFAULT_TIME_LIMIT_MS,
  grants: { networking: false, fileSystem: false },
  priority: 0,
  tags: [],
  metadata: {},
}

interface Case { what: string, text: string, expected: Partial<TaskDefinition> }

const CASES: Case[] = [
  {
    what: 'the smallest definition',
    text: withLines(''),
    expected: { ...DEFAULTS, name: 't', module: { kind: 'bytes', bytes: MODULE } },
  },
  {
    what: 'an embedded module, wrapped, with inputs in compute_logic and base64 over several lines',
    text: `
task_definition:
  name: "embedded"
  version: 1.10
  description: "two lines\\nof text"
  compute_logic:
    type: "wasm"
    wasm_binary: |
      AGFz
      bQEA
      AAA=
    sha256: ${EMPTY_MODULE_SHA256.toUpperCase()}
    function_name: "factorial"
    inputs:
      - name: number
        type: int
        required: true
        default: 5
        description: what to multiply up to
      - {name: exact, type: Boolean, required: false}
    outputs:
      - {name: result, type: integer, description: the product}
`,
    expected: {
      name: 'embedded',
      version: '1.10',
      description: 'two lines\nof text',
      module: { kind: 'bytes', bytes: MODULE },
      cid: EMPTY_MODULE_CID,
      functionName: 'factorial',
      inputs: [
        { name: 'number', type: 'integer', required: true, default: 5, description: 'what to multiply up to' },
        { name: 'exact', type: 'boolean', required: false },
      ],
      outputs: [{ name: 'result', type: 'integer', description: 'the product' }],
    },
  },
  {
    what: 'wasm_source of type url with a pinned hash',
    text: `
name: from_url
compute_logic:
  type: webassembly
  wasm_source:
    type: url
    url: "HTTPS://Example.com/a b.wasm"
    sha256: "${EMPTY_MODULE_SHA256}"
  timeout_seconds: 0.5
`,
    expected: { module: { kind: 'url', url: 'https://example.com/a%20b.wasm' }, cid: EMPTY_MODULE_CID, timeLimitMs: 500 },
  },
  {
    what: 'wasm_source of type file',
    text: 'name: f\ncompute_logic:\n  type: WASM\n  wasm_source: {type: file, path: ../build/f.wasm}\n  cid: ' + EMPTY_MODULE_CID,
    expected: { module: { kind: 'file', path: '../build/f.wasm' }, cid: EMPTY_MODULE_CID },
  },
  {
    what: 'wasm_source of type cid, which is also the pin',
    text: `name: c\nlogic_type: wasm\nwasm_source: {type: cid, cid: ${EMPTY_MODULE_CID}}`,
    expected: { module: { kind: 'cid', cid: EMPTY_MODULE_CID }, cid: EMPTY_MODULE_CID },
  },
  {
    what: 'a source whose type is left out',
    text: 'name: c\ncompute_logic: {wasm_source: {url: "http://127.0.0.1:8765/x.wasm"}}',
    expected: { module: { kind: 'url', url: 'http://127.0.0.1:8765/x.wasm' } },
  },
  {
    what: 'wasm_module with entry_point, wasm_config, schemas and resources, beside empty lists',
    text: `
task_definition:
  name: "primes_wasm"
  version: "1.0"
  inputs: []
  outputs: []
  validation: []
  metadata: {}

  compute_logic:
    type: "wasm"
    language: "rust"
    timeout_seconds: 10
    wasm_module: "primes_wasm.wasm"
    entry_point: "count_with_metadata"
    wasm_config:
      memory_limit: "64MB"
      timeout_ms: 5000
      allow_networking: true
      allow_file_system: false
    input_schema:
      type: "object"
      properties:
        limit: {type: "integer", minimum: 0, maximum: 1000, description: "Upper bound"}
        label: {type: ["string", "null"]}
        step: {type: integer, default: 1}
      required: ["limit"]
    output_schema:
      type: "object"
      properties:
        count: {type: "integer", description: "How many"}
        worker_id: {type: "string"}
        ratio: {type: number}
      required: ["count"]

  resources:
    cpu_cores: 1
    memory_mb: 48
    timeout_seconds: 10
  tags: ["mathematics", 7]
  category: "computation"
  complexity: "low"
`,
    expected: {
      module: { kind: 'name', name: 'primes_wasm' },
      functionName: 'count_with_metadata',
      memoryLimitBytes: 48 * 1024 * 1024,
      timeLimitMs: 5000,
      grants: { networking: true, fileSystem: false },
      inputs: [
        { name: 'limit', type: 'integer', required: true, description: 'Upper bound' },
        { name: 'label', type: 'json', required: false },
        { name: 'step', type: 'integer', required: false, default: 1 },
      ],
      outputs: [
        { name: 'count', type: 'integer', description: 'How many' },
        { name: 'worker_id', type: 'string' },
        { name: 'ratio', type: 'number' },
      ],
      tags: ['mathematics', '7'],
      metadata: {},
    },
  },
  {
    what: 'code_source beside wasm_module: the URL is the source',
    text: `
name: from_code_source
compute_logic:
  type: wasm
  wasm_module: some_name
  entry_point: go
  code_source:
    type: "url"
    url: "https://example.com/main/factorial.wasm"
`,
    expected: { module: { kind: 'url', url: 'https://example.com/main/factorial.wasm' }, functionName: 'go' },
  },
  {
    what: 'root language with source.wasm.url',
    text: `
name: "factorial-wasm"
language: "wasm"
source:
  wasm:
    url: "https://example.com/factorial.wasm"
    entry_point: "compute_factorial"
    memory_pages: 32
requirements:
  memory_mb: 512
  timeout_seconds: 20
inputs:
  - {name: number, required: true, default_value: 3}
outputs:
  - {name: result, data_type: integer}
`,
    expected: {
      module: { kind: 'url', url: 'https://example.com/factorial.wasm' },
      functionName: 'compute_factorial',
      memoryLimitBytes: 32 * 65536,
      timeLimitMs: 20_000,
      inputs: [{ name: 'number', type: 'json', required: true, default: 3 }],
      outputs: [{ name: 'result', type: 'integer' }],
    },
  },
  {
    what: 'root language with source.wasm.file',
    text: 'name: f\nlanguage: wasm\nsource: {wasm: {file: "target/release/f.wasm", memory_pages: 16}}',
    expected: { module: { kind: 'file', path: 'target/release/f.wasm' }, memoryLimitBytes: 16 * 65536 },
  },
  {
    what: 'a language that names what the module was compiled from',
    text: `name: f\nlanguage: rust\nwasm_binary: ${EMPTY_MODULE}`,
    expected: { module: { kind: 'bytes', bytes: MODULE } },
  },
  {
    what: 'validation, priority, tags and metadata',
    text: withLines(`
priority: -3
tags: [a, b]
metadata: {estimated_duration_ms: 150, owner: {team: x}, big: 123456789012345678901234567890}
inputs:
  - {name: kind, type: text, default: square}
  - {name: value, type: float, default: 1}
  - {name: blob, type: bytes, default: AQID}
  - {name: note, type: string, default: null}
validation:
  - field: kind
    allowed_values: [cube, square]
    message: cube or square
  - {field: value, min: 1, max: 100}
`),
    expected: {
      priority: -3,
      tags: ['a', 'b'],
      metadata: { estimated_duration_ms: 150, owner: { team: 'x' }, big: 123456789012345678901234567890n },
      inputs: [
        { name: 'kind', type: 'string', required: false, default: 'square' },
        { name: 'value', type: 'number', required: false, default: 1 },
        { name: 'blob', type: 'bytes', required: false, default: Uint8Array.of(1, 2, 3) },
        { name: 'note', type: 'string', required: true },
      ],
      validation: [{ field: 'kind', allowedValues: ['cube', 'square'], message: 'cube or square' }, { field: 'value', min: 1, max: 100 }],
    },
  },
  {
    what: 'an output schema that is not of an object, for the one result',
    text: withLines('output_schema: {type: array, items: {type: integer}}'),
    expected: { outputs: [{ name: 'result', type: 'array' }] },
  },
  {
    what: 'JSON with tabs, escapes and exact integers',
    text: '{\n\t"task_definition": {\n\t\t"name": "j\\u00e9\\/x",\n\t\t"compute_logic": {"type": "wasm", "wasm_binary": "' + EMPTY_MODULE + '",\n\t\t"inputs": [{"name": "n", "type": "integer", "default": 9007199254740993}]}\n\t}\n}\n',
    expected: { name: 'jé/x', inputs: [{ name: 'n', type: 'integer', required: false, default: 9007199254740993n }] },
  },
  {
    what: 'a byte order mark, CRLF line ends, comments and a document marker',
    text: '\ufeff# a comment\r\n---\r\nname: crlf\r\ncompute_logic:\r\n  type: wasm # here\r\n  wasm_binary: ' + EMPTY_MODULE + '\r\n',
    expected: { name: 'crlf' },
  },
  {
    what: 'anchors, aliases and merge keys within reason',
    text: `name: m\nbase: &base {type: wasm, timeout_seconds: 3}\ncompute_logic:\n  <<: *base\n  wasm_binary: !!binary ${EMPTY_MODULE}\n`,
    expected: { timeLimitMs: 3000, module: { kind: 'bytes', bytes: MODULE } },
  },
  {
    what: 'integers in other bases and signs, none rounded',
    text: withLines('metadata: {a: 0xffffffffffffffff, b: -9223372036854775808, c: 0o17, d: 0b11, e: +5, f: -0, g: 1e3, h: 9007199254740991}'),
    expected: { metadata: { a: 18446744073709551615n, b: -9223372036854775808n, c: 15, d: 3, e: 5, f: 0, g: 1000, h: 9007199254740991 } },
  },
]

describe('task definitions: dialects', () => {
  for (const { what, text, expected } of CASES) {
    it(what, async () => {
      const definition = await definitionOf(text)
      for (const [key, value] of Object.entries(expected)) {
        assert.deepEqual({ [key]: definition[key as keyof TaskDefinition] }, { [key]: value })
      }
    })
  }

  const SIZES: Array<[string, number]> = [
    ['64MB', 64 * 2 ** 20], ['64 MiB', 64 * 2 ** 20], ['64m', 64 * 2 ** 20], ['1GB', 2 ** 30], ['1GiB', 2 ** 30],
    ['1.5g', 1.5 * 2 ** 30], ['512KB', 2 ** 19], ['65536', 65536], ['65536B', 65536],
  ]
  for (const [written, bytes] of SIZES) {
    it(`reads a memory limit of ${written}`, async () => {
      assert.equal((await definitionOf(withLines(`wasm_config: {memory_limit: "${written}"}`))).memoryLimitBytes, bytes)
    })
  }

  it('warns of fields that look mistyped and leaves other unknown fields alone', async () => {
    const { warnings } = await parseTask(withLines('descripton: x\ntrigger: y\ncategory: z\nresources: {memory_mb: 1, timeout_secs: 5, timeout_secnds: 5}'), { fileName: 'task.yaml' })
    assert.deepEqual(warnings, [
      'task.yaml:3:1: descripton: unknown field, ignored - did you mean "description"?',
      'task.yaml:6:44: resources.timeout_secnds: unknown field, ignored - did you mean "timeout_seconds"?',
    ])
  })

  it('warns of what it reads but cannot honour', async () => {
    const text = 'name: w\ncompute_logic:\n  type: wasm\n  code_source: {type: url, url: "http://h/x.wasm", auth_token: t}\noutputs: [{name: result, type: zenoh, key: a/b}]'
    const { definition, warnings } = await parseTask(text, { fileName: 'task.yaml' })
    assert.deepEqual(definition.outputs, [{ name: 'result', type: 'json' }])
    assert.deepEqual(warnings.map((warning) => warning.split(':').slice(0, 4).join(':')), ['task.yaml:4:52: compute_logic.code_source.auth_token', 'task.yaml:5:26: outputs[0].type'])
  })

  it('reads a file of many megabytes of base64', async () => {
    const bytes = new Uint8Array(8 << 20)
    bytes.set(MODULE)
    const { module } = await definitionOf(`name: big\ncompute_logic: {type: wasm, wasm_binary: "${Buffer.from(bytes).toString('base64')}"}`)
    assert.ok(module.kind === 'bytes' && module.bytes.length === bytes.length)
  })
})
