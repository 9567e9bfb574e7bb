import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import wabtInit from 'wabt'
import { moduleText, moduleView } from '../../../src/cli/module-text.ts'
import { starterDefinition } from '../../../src/cli/starter-definition.ts'
import type { Convention } from '../../../src/executor/abi/adapter.ts'
import { inspectModule, type ModuleReport } from '../../../src/executor/inspect.ts'
import { cidOf } from '../../../src/modules/cid.ts'
import { formatJson } from '../../../src/task/json.ts'
import { parseTask } from '../../support/parse-task.ts'
import type { TaskDefinition } from '../../../src/task/definition.ts'

interface Starter {
  definition: TaskDefinition
  report: ModuleReport
  /** What the signature does not tell. */
  note: string | undefined
}

/** A module of tests or of the project: its convention, then the function, inputs and output that are guessed. */
const GUESSES: Array<[string, Convention, string | undefined, string, string]> = [
  ['task_definitions/wasm/factorial.wasm', 'numeric', 'factorial', 'integer', 'integer'],
  ['task_definitions/wasm/text.wasm', 'buffer', 'upper', 'string', 'string'],
  ['task_definitions/wasm/caesar.wasm', 'buffer', 'caesar', 'string,integer', 'string'],
  ['task_definitions/wasm/wc.wasm', 'wasi-command', undefined, 'json', 'json'],
  ['task_definitions/wasm/factorial_emscripten_main.wasm', 'wasi-command', 'factorial', 'integer', 'number'],
  ['task_definitions/wasm/factorial_go.wasm', 'go-js', undefined, 'json', 'json'],
  ['task_definitions/wasm/factorial_wasm_bindgen.wasm', 'wasm-bindgen-raw', 'compute_factorial_with_metadata', 'integer,string', 'string'],
  ['task_definitions/wasm/words.wasm', 'assemblyscript', 'words', 'integer', 'integer'],
  ['test/fixtures/modules/emscripten-main.wasm', 'c-main', undefined, 'json', 'json'],
  ['test/fixtures/modules/extism.wasm', 'extism', 'upper', 'string', 'string'],
  ['test/fixtures/components/text.wasm', 'component', 'add', 'integer,integer', 'integer'],
  ['test/fixtures/components/command.wasm', 'component', undefined, 'json', 'json'],
]

describe('cli inspect', () => {
  let assemble: (wat: string) => Uint8Array

  before(async () => {
    const wabt = await wabtInit()
    assemble = (wat) => wabt.parseWat('test.wat', wat).toBinary({}).buffer
  })

  function starter (wat: string, fileName = 'test.wasm'): Promise<Starter> {
    return starterOf(assemble(wat), fileName)
  }

  async function starterOf (bytes: Uint8Array, fileName = 'test.wasm'): Promise<Starter> {
    const report = inspectModule(bytes)
    const cid = cidOf(bytes)
    const written = starterDefinition(report, { fileName, cid })
    const { definition, warnings } = await parseTask(written, { fileName })
    assert.deepEqual(warnings, [])
    assert.deepEqual(definition.module, { kind: 'file', path: fileName })
    assert.equal(definition.cid, cid)
    return { definition, report, note: /^# (.*)$/m.exec(written)?.[1] }
  }

  const types = (list: Array<{ type: string }>): string[] => list.map(({ type }) => type)

  it('guesses numbers from the signature', async () => {
    const { definition } = await starter('(module (func (export "f") (param i32 f64 i64) (result f32) f32.const 0))')
    assert.equal(definition.functionName, 'f')
    assert.deepEqual(types(definition.inputs), ['integer', 'number', 'integer'])
    assert.deepEqual(types(definition.outputs), ['number'])
  })

  it('guesses text where a module has an allocator, and calls no plumbing', async () => {
    const { definition } = await starter(`(module (memory (export "memory") 1)
      (func (export "alloc") (param i32) (result i32) i32.const 8)
      (func (export "shout") (param i32 i32) (result i64) i64.const 0))`)
    assert.equal(definition.functionName, 'shout')
    assert.deepEqual(types(definition.inputs), ['string'])
    assert.deepEqual(types(definition.outputs), ['string'])
  })

  it('guesses JSON for a WASI command, and names no function', async () => {
    const { definition } = await starter(`(module (import "wasi_snapshot_preview1" "proc_exit" (func (param i32)))
      (memory (export "memory") 1) (func (export "_start")))`)
    assert.equal(definition.functionName, undefined)
    assert.deepEqual(types(definition.inputs), ['json'])
  })

  for (const [path, convention, functionName, inputs, output] of GUESSES) {
    it(`guesses ${functionName ?? 'a program'}(${inputs}) -> ${output} from a module of the convention ${convention}`, async () => {
      const { definition, report } = await starterOf(await readFile(new URL(`../../../${path}`, import.meta.url)))
      assert.equal(report.convention, convention)
      assert.equal(definition.functionName, functionName)
      assert.equal(types(definition.inputs).join(), inputs)
      assert.equal(types(definition.outputs).join(), output)
    })
  }

  it('guesses texts of wasm-bindgen where its CLI took the types away', async () => {
    const bindgen = (type: string): string => `(module (import "wbg" "__wbindgen_throw" (func (param i32 i32))) (memory (export "memory") 1)
      (func (export "__wbindgen_malloc") (param i32 i32) (result i32) i32.const 8) (func (export "f") ${type}))`
    for (const [type, inputs, output] of [
      ['(param i32 i32) (result i32 i32) i32.const 8 i32.const 0', 'string', 'string'],
      ['(param i32 i32 i32)', 'string', 'string'],
      ['(param i32 i32 f64) (result f64) f64.const 0', 'string,number', 'number'],
      ['(param f64 f64) (result i64) i64.const 0', 'number,number', 'integer'],
    ] as const) {
      const { definition } = await starter(bindgen(type))
      assert.equal(types(definition.inputs).join(), inputs, type)
      assert.equal(types(definition.outputs).join(), output, type)
    }
  })

  it('says what the signature does not tell', async () => {
    const shipped = (name: string): Promise<Buffer> => readFile(new URL(`../../../task_definitions/wasm/${name}`, import.meta.url))
    assert.match((await starterOf(await shipped('words.wasm'))).note ?? '', /string, bytes or array/)
    assert.match((await starterOf(await shipped('slug.wasm'))).note ?? '', /ends with NUL/)
    assert.match((await starterOf(await shipped('caesar.wasm'))).note ?? '', /Two i32 in a row/)
    assert.equal((await starterOf(await shipped('factorial.wasm'))).note, undefined)
    assert.equal((await starterOf(await shipped('factorial_wasm_bindgen.wasm'))).note, undefined)
  })

  it('writes a definition that loads, whatever the file is called', async () => {
    for (const fileName of ['a b: "c" #.wasm', 'yes.wasm', '5.wasm', 'ü.WASM', 'null.wasm']) {
      await starter('(module (func (export "odd: name # \\"")))', fileName)
    }
  })

  it('shows imports, exports, memory, convention and CID', () => {
    const bytes = assemble('(module (import "env" "gone" (func (param i32))) (memory (export "memory") 2 16) (func (export "f") (param i32 i32) (result i64) i64.const 0))')
    const report = inspectModule(bytes)
    const text = moduleText(report, { file: 'x.wasm', cid: 'bafkreitest' })
    for (const part of ['bafkreitest', 'numeric', 'env.gone', '(i32) -> ()', '(i32, i32) -> i64', 'memory 2..16', '128 KiB at first, at most 1 MiB']) assert.ok(text.includes(part), `${part} in ${text}`)
    const view = JSON.parse(formatJson(moduleView(report, 'bafkreitest')))
    assert.equal(view.cid, 'bafkreitest')
    assert.deepEqual(view.exports.find((item: { name: string }) => item.name === 'f').params, ['i32', 'i32'])
  })

  it('shows a shipped module', async () => {
    const bytes = await readFile(new URL('../../../task_definitions/wasm/factorial.wasm', import.meta.url))
    const report = inspectModule(bytes)
    assert.equal(report.runsHere, true)
    assert.ok(starterDefinition(report, { fileName: 'factorial.wasm', cid: cidOf(bytes) }).includes('function_name: factorial'))
  })
})
