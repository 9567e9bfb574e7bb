import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import wabtInit from 'wabt'
import { moduleText, moduleView } from '../../../src/cli/module-text.ts'
import { starterDefinition } from '../../../src/cli/starter-definition.ts'
import { inspectModule, type ModuleReport } from '../../../src/executor/inspect.ts'
import { cidOf } from '../../../src/modules/cid.ts'
import { formatJson } from '../../../src/task/json.ts'
import { parseDefinition } from '../../../src/task/parse.ts'
import type { TaskDefinition } from '../../../src/task/definition.ts'

describe('cli inspect', () => {
  let assemble: (wat: string) => Uint8Array

  before(async () => {
    const wabt = await wabtInit()
    assemble = (wat) => wabt.parseWat('test.wat', wat).toBinary({}).buffer
  })

  async function starter (wat: string, fileName = 'test.wasm'): Promise<{ definition: TaskDefinition, report: ModuleReport }> {
    const bytes = assemble(wat)
    const report = inspectModule(bytes)
    const cid = cidOf(bytes)
    const { definition, warnings } = await parseDefinition(starterDefinition(report, { fileName, cid }), { fileName })
    assert.deepEqual(warnings, [])
    assert.deepEqual(definition.module, { kind: 'file', path: fileName })
    assert.equal(definition.cid, cid)
    return { definition, report }
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
