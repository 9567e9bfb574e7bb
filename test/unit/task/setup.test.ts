import assert from 'node:assert/strict'
import { decode, encode } from '../../../src/cbor.ts'
import {
  DEFAULT_MEMORY_LIMIT_BYTES, MAX_ALLOWED_HOSTS, MAX_FILE_NAME_BYTES, MAX_FILE_PATH_BYTES, MAX_FILE_PATH_DEPTH, MAX_PROGRAM_ARGS, MAX_PROGRAM_FILES, MAX_PROGRAM_VARIABLES, MAX_SETUP_BYTES,
} from '../../../src/limits.ts'
import { bindInputs, declareInputs } from '../../../src/task/bind.ts'
import type { FileSource, TaskDefinition } from '../../../src/task/definition.ts'
import { type Program, programDigest } from '../../../src/task/program.ts'
import { toProgram } from '../../../src/task/to-program.ts'
import { programFromWire, programToWire } from '../../../src/wire/program.ts'
import { EMPTY_MODULE, EMPTY_MODULE_CID, definitionOf, problemsOf, refusal, withLines } from './support.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const MODULE = { cid: EMPTY_MODULE_CID, size: 8, urls: [] }

async function setupOf (lines: string): Promise<TaskDefinition['setup']> {
  return (await definitionOf(withLines(lines))).setup
}

async function programOf (lines: string, files?: Parameters<typeof toProgram>[2]): Promise<Program> {
  const program = toProgram(await definitionOf(withLines(lines)), MODULE, files)
  assert.deepEqual(programFromWire(decode(encode(programToWire(program)))), program)
  return program
}

describe('what a definition gives a program', () => {
  it('is nothing unless it says so', async () => {
    const definition = await definitionOf(withLines('args: []\nenv: {}\nfiles: []\ndeterministic: false'))
    assert.equal(definition.setup, undefined)
    assert.deepEqual(definition.grants, { networking: false, fileSystem: false })
    const plain = toProgram(await definitionOf(withLines('')), MODULE)
    assert.equal(programDigest(toProgram(definition, MODULE)), programDigest(plain))
    assert.deepEqual(Object.keys(plain), ['name', 'module', 'inputs', 'outputs', 'timeLimitMs', 'grants'])
  })

  it('is arguments and an environment of text, numbers as they are written', async () => {
    assert.deepEqual(await setupOf('args: [-v, "", 1.10, 0x10, true, "a\\nb"]'), { args: ['-v', '', '1.10', '0x10', 'true', 'a\nb'] })
    assert.deepEqual(await setupOf('env: {LANG: de, N: 1.50, EMPTY: "", T: true}'), { env: { LANG: 'de', N: '1.50', EMPTY: '', T: 'true' } })
    assert.deepEqual((await definitionOf(`name: t\ncompute_logic: {type: wasm, wasm_binary: ${EMPTY_MODULE}, args: [a]}`)).setup, { args: ['a'] })
  })

  it('is a standard input', async () => {
    assert.deepEqual(await setupOf('stdin: inputs'), { stdin: { from: 'inputs' } })
    assert.deepEqual(await setupOf('stdin: {text: "a\\0b"}'), { stdin: { from: 'bytes', bytes: bytes('a\0b') } })
    assert.deepEqual(await setupOf('stdin: {text: ""}'), { stdin: { from: 'bytes', bytes: bytes('') } })
    assert.deepEqual(await setupOf('stdin: {base64: AQI=}'), { stdin: { from: 'bytes', bytes: Uint8Array.of(1, 2) } })
    assert.deepEqual(await setupOf('inputs: [{name: doc}]\nstdin: {input: doc}'), { stdin: { from: 'input', name: 'doc' } })
  })

  it('is files, listed or by path', async () => {
    const files: FileSource[] = [
      { path: 'a.txt', bytes: bytes('text') }, { path: 'b/c', bytes: Uint8Array.of(1, 2) }, { path: 'd', cid: EMPTY_MODULE_CID },
      { path: 'e', file: '../data.csv' }, { path: 'f', input: 'doc' },
    ]
    const listed = `files:\n  - {path: a.txt, text: text}\n  - {path: /b/c, base64: AQI=}\n  - {path: ./d, cid: ${EMPTY_MODULE_CID}}\n  - {path: e, file: ../data.csv}\n  - {path: f, input: doc}`
    const mapped = `files:\n  a.txt: text\n  b/c: {base64: AQI=}\n  .//d: {cid: ${EMPTY_MODULE_CID}}\n  e: {file: ../data.csv}\n  f: {input: doc}`
    for (const text of [listed, mapped]) {
      const { setup, grants } = await definitionOf(withLines(`inputs: [{name: doc}]\n${text}`))
      assert.deepEqual(setup, { files })
      assert.equal(grants.fileSystem, true)
    }
    assert.deepEqual(await setupOf('files: {empty: }'), { files: [{ path: 'empty', bytes: bytes('') }] })
    assert.deepEqual(await setupOf('files: {path: not a list}'), { files: [{ path: 'path', bytes: bytes('not a list') }] })
  })

  it('is a root, fuel, a clock of its own, and hosts', async () => {
    const definition = await definitionOf(withLines('outputs: [{name: r, type: bytes, file: /out.png}, {name: s}]\nwasm_config: {fuel: 9007199254740991, deterministic: false, allow_networking: true, allowed_hosts: [B.example, a.example:8080, b.example]}'))
    assert.deepEqual(definition.outputs, [{ name: 'r', type: 'bytes', file: 'out.png' }, { name: 's', type: 'json' }])
    assert.deepEqual(definition.grants, { networking: true, fileSystem: true, hosts: ['a.example:8080', 'b.example'] })
    assert.equal(definition.fuel, Number.MAX_SAFE_INTEGER)
    assert.equal(definition.deterministic, false)
    assert.equal((await definitionOf(withLines('wasm_config: {deterministic: true}'))).deterministic, true)
    assert.equal((await definitionOf(withLines('deterministic: true'))).deterministic, true)
    assert.equal((await definitionOf(withLines('wasm_config: {allow_file_system: true}'))).grants.fileSystem, true)
  })

  describe('is refused', () => {
    const names = (count: number, of: (index: number) => string): string => Array.from({ length: count }, (_, index) => of(index)).join(', ')
    const CASES: Array<[what: string, lines: string, where: string, word: string]> = [
      ['args that are text', 'args: -v', '3:1: args', 'a list'],
      ['an argument that is a list', 'args: [a, [b]]', '3:11: args[1]', 'text or a number'],
      ['an argument with NUL', 'args: ["a\\0"]', '3:8: args[0]', 'NUL'],
      ['too many arguments', `args: [${names(MAX_PROGRAM_ARGS + 1, String)}]`, '3:1: args', '1024'],
      ['env that is a list', 'env: [A=b]', '3:1: env', 'a mapping'],
      ['a variable without name', 'env: {"": x}', '3:7: env[""]', 'name'],
      ['a variable named with =', 'env: {"A=B": x}', '3:7: env["A=B"]', 'without ='],
      ['a variable that is null', 'env: {A: null}', '3:7: env.A', 'null'],
      ['too many variables', `env: {${names(MAX_PROGRAM_VARIABLES + 1, (index) => `v${index}: x`)}}`, '3:1: env', '1024'],
      ['stdin that is text', 'stdin: hello', '3:1: stdin', '{text: ...}'],
      ['stdin without anything', 'stdin: {}', '3:1: stdin', 'one of'],
      ['stdin of two kinds', 'stdin: {text: a, base64: AQ==}', '3:1: stdin', 'one of'],
      ['stdin that is no base64', 'stdin: {base64: "%"}', '3:9: stdin.base64', 'base64'],
      ['stdin of a number', 'stdin: {text: 5}', '3:9: stdin.text', 'quotes'],
      ['stdin of an unknown input', 'inputs: [{name: doc}]\nstdin: {input: dok}', '4:9: stdin.input', 'doc'],
      ['too large a setup', `args: ["${'x'.repeat(MAX_SETUP_BYTES)}", y]`, '3:1: args', '65536'],
      ['too large a stdin', `env: {A: b}\nstdin: {text: "${'x'.repeat(MAX_SETUP_BYTES)}"}`, '4:1: stdin', 'as a file'],
      ['files that are text', 'files: a.txt', '3:1: files', 'a list'],
      ['one file that is no list', 'files: {path: a.txt, text: b}', '3:1: files', 'a dash'],
      ['a file that is text', 'files: [a.txt]', '3:9: files[0]', 'a mapping'],
      ['a file without path', 'files: [{text: b}]', '3:9: files[0].path', 'missing'],
      ['a file without content', 'files: [{path: b}]', '3:9: files[0]', 'missing'],
      ['a file of two contents', 'files: [{path: b, text: a, cid: b}]', '3:9: files[0]', 'text and cid'],
      ['a path that is a number', 'files: [{path: 1, text: a}]', '3:10: files[0].path', 'found 1'],
      ['a path of nothing', 'files: {/: a}', '3:9: files["/"]', 'no name'],
      ['a path that leaves', 'files: [{path: a/../../b, text: a}]', '3:10: files[0].path', 'below the program'],
      ['a path with an empty name', 'files: {a//b: a}', '3:9: files["a//b"]', 'empty name'],
      ['a path that is a folder', 'files: {a/: a}', '3:9: files["a/"]', 'empty name'],
      ['a path with a dot', 'files: {a/./b: a}', '3:9: files["a/./b"]', '"."'],
      ['a path of Windows', 'files: [{path: \'a\\b\', text: a}]', '3:10: files[0].path', 'backslash'],
      ['a path with a control character', 'files: [{path: "a\\tb", text: a}]', '3:10: files[0].path', 'control'],
      ['a long path', `files: [{path: ${'a/'.repeat(MAX_FILE_PATH_BYTES / 2)}b, text: a}]`, '3:10: files[0].path', String(MAX_FILE_PATH_BYTES)],
      ['a long name', `files: [{path: ${'ü'.repeat(128)}, text: a}]`, '3:10: files[0].path', String(MAX_FILE_NAME_BYTES)],
      ['a deep path', `files: [{path: ${'a/'.repeat(MAX_FILE_PATH_DEPTH)}b, text: a}]`, '3:10: files[0].path', String(MAX_FILE_PATH_DEPTH)],
      ['two files of one path', 'files: [{path: a, text: a}, {path: ./a, text: b}]', '3:30: files[1].path', 'of its own'],
      ['a file in a file', 'files: {a/b/c: x, a/b: y}', '3:9: files["a/b/c"]', 'no folder'],
      ['too many files', `files: {${names(MAX_PROGRAM_FILES + 1, (index) => `f${index}: x`)}}`, '3:1: files', '256'],
      ['a file that is no CID', 'files: {a: {cid: hello}}', '3:13: files.a.cid', 'not a CID'],
      ['a file of an unknown input', 'inputs: [{name: doc}]\nfiles: {a: {input: dok}}', '4:13: files.a.input', 'doc'],
      ['a file of a list', 'files: {a: [1]}', '3:9: files.a', 'text'],
      ['files without a root', 'files: {a: b}\nwasm_config: {allow_file_system: false}', '4:15: wasm_config.allow_file_system', 'files'],
      ['an output file without a root', 'outputs: [{name: r, file: x}]\nwasm_config: {allow_file_system: false}', '4:15: wasm_config.allow_file_system', 'output'],
      ['an output file that leaves', 'outputs: [{name: r, file: ../x}]', '3:21: outputs[0].file', '".."'],
      ['two outputs of one file', 'outputs: [{name: r, file: x}, {name: s, file: /x}]', '3:41: outputs[1].file', 'of its own'],
      ['fuel of a fraction', 'wasm_config: {fuel: 1.5}', '3:15: wasm_config.fuel', 'an integer from 1'],
      ['fuel beyond what is exact', 'wasm_config: {fuel: 9007199254740992}', '3:15: wasm_config.fuel', '9007199254740991'],
      ['no fuel', 'wasm_config: {fuel: 0}', '3:15: wasm_config.fuel', 'from 1'],
      ['deterministic as text', 'deterministic: "yes"', '3:1: deterministic', 'true, false'],
      ['hosts without networking', 'wasm_config: {allowed_hosts: [a.example]}', '3:15: wasm_config.allowed_hosts', 'allow_networking: true'],
      ['networking of a deterministic program', 'deterministic: true\nwasm_config: {allow_networking: true}', '4:15: wasm_config.allow_networking', 'deterministic'],
      ['a host that is a URL', 'wasm_config: {allow_networking: true, allowed_hosts: ["https://a.example/x"]}', '3:55: wasm_config.allowed_hosts[0]', 'scheme'],
      ['a host with a strange port', 'wasm_config: {allow_networking: true, allowed_hosts: ["a:70000"]}', '3:55: wasm_config.allowed_hosts[0]', 'name:port'],
      ['too many hosts', `wasm_config: {allow_networking: true, allowed_hosts: [${names(MAX_ALLOWED_HOSTS + 1, (index) => `h${index}`)}]}`, '3:39: wasm_config.allowed_hosts', '64'],
    ]
    for (const [what, lines, where, word] of CASES) {
      it(what, async () => {
        const problems = await problemsOf(withLines(lines))
        assert.equal(problems.length, 1, problems.join('\n'))
        const [problem = ''] = problems
        assert(problem.startsWith(`task.yaml:${where}: `), problem)
        assert(problem.includes(word), problem)
      })
    }
  })
})

describe('inputs that are files or standard input', () => {
  it('must be declared, or given where none are', async () => {
    const definition = await definitionOf(withLines('files: {a: {input: doc}}\nstdin: {input: text}'))
    const problems = await refusal('ERR_INPUT', () => bindInputs(declareInputs(definition, { doc: 'x' }), { doc: 'x' }))
    assert.equal(problems.length, 1)
    assert(problems[0]?.startsWith('text: missing') === true && problems[0].includes('standard input'), problems[0])
    const given = { doc: 'x', text: 'y' }
    assert.deepEqual(await bindInputs(declareInputs(definition, given), given), ['x', 'y'])
  })
})

describe('a program with a setup', () => {
  it('holds all of it, and its digest tells it apart', async () => {
    const lines = 'inputs: [{name: doc}]\noutputs: [{name: r, file: out}]\nargs: [a]\nenv: {B: c}\nstdin: {input: doc}\nfiles: {d: e, f: {input: doc}}'
    const program = await programOf(lines)
    assert.deepEqual(program.setup, {
      args: ['a'],
      env: { B: 'c' },
      stdin: { from: 'input', name: 'doc' },
      files: [{ path: 'd', bytes: bytes('e') }, { path: 'f', input: 'doc' }],
      outputFiles: [{ output: 'r', path: 'out' }],
    })
    const others = await Promise.all([
      lines.replace('[a]', '[b]'), lines.replace('B: c', 'B: d'), lines.replace('stdin: {input: doc}', 'stdin: inputs'), lines.replace('d: e', 'd: f'),
      lines.replace('file: out', 'file: other'), `${lines}\ndeterministic: true`, `${lines}\nwasm_config: {fuel: 5}`,
    ].map(async (text) => programDigest(await programOf(text))))
    assert.equal(new Set([programDigest(program), ...others]).size, others.length + 1)
    assert.equal(programDigest(await programOf(lines)), programDigest(program))
  })

  it('takes files that were resolved elsewhere, and only those', async () => {
    const lines = `files: {a: {cid: ${EMPTY_MODULE_CID}}}`
    const program = await programOf(lines, [{ path: 'a', cid: EMPTY_MODULE_CID, size: 8 }])
    assert.deepEqual(program.setup?.files, [{ path: 'a', cid: EMPTY_MODULE_CID, size: 8 }])
    await refusal('ERR_INTERNAL', () => programOf(lines))
  })

  it('that is deterministic has one memory limit on all machines', async () => {
    assert.equal((await programOf('deterministic: true')).memoryLimitBytes, DEFAULT_MEMORY_LIMIT_BYTES)
    assert.equal((await programOf('deterministic: true\nwasm_config: {memory_limit: 1MB}')).memoryLimitBytes, 1024 * 1024)
    assert.equal((await programOf('wasm_config: {fuel: 5, allow_networking: true, allowed_hosts: [h]}')).memoryLimitBytes, undefined)
  })
})
