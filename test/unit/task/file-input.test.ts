import assert from 'node:assert/strict'
import { CorebrumError } from '../../../src/errors.ts'
import { MAX_PROGRAM_FILES } from '../../../src/limits.ts'
import { withFileInputs } from '../../../src/task/file-input.ts'
import { parseTask } from '../../support/parse-task.ts'
import { isPipeline, type TaskDefinition } from '../../../src/task/definition.ts'
import type { Mapping } from '../../../src/task/values.ts'

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
const TEXT = `
name: task
compute_logic: {type: wasm, wasm_module: x}
inputs: [{name: image, type: bytes, required: false}, {name: text, type: string, required: false}, {name: list, type: array, required: false},
  {name: any, type: json, required: false}, {name: count, type: integer, required: false}]
`

describe('file inputs', () => {
  let definition: TaskDefinition
  let withRoot: TaskDefinition

  before(async () => {
    definition = (await parseTask(TEXT, { fileName: 'a' })).definition
    withRoot = (await parseTask(`${TEXT}wasm_config: {allow_file_system: true}\nfiles: {data.txt: old, keep.txt: kept}`, { fileName: 'b' })).definition
  })

  const inputsOf = (name: string, bytes: Uint8Array, given: Mapping = {}): Mapping => withFileInputs(definition, given, [{ name, bytes }]).inputs
  const refuses = (run: () => unknown, text: RegExp): void => {
    assert.throws(run, (error) => error instanceof CorebrumError && error.code === 'ERR_INPUT' && text.test(error.message))
  }

  it('are values of the declared type, beside those that are given', () => {
    assert.deepEqual(inputsOf('image', new Uint8Array([0xff, 0])), { image: new Uint8Array([0xff, 0]) })
    assert.deepEqual(inputsOf('text', bytesOf('\ufeffhé'), { count: 1 }), { text: '\ufeffhé', count: 1 })
    assert.deepEqual(inputsOf('list', bytesOf('[1, 12345678901234567890]')), { list: [1, 12345678901234567890n] })
    assert.deepEqual(inputsOf('any', bytesOf('"x"')), { any: 'x' })
  })

  it('that do not fit are refused with what to do', () => {
    refuses(() => inputsOf('text', new Uint8Array([0xc3])), /not UTF-8/)
    refuses(() => inputsOf('list', bytesOf('{}')), /a list/)
    refuses(() => inputsOf('any', bytesOf('{')), /not JSON/)
    refuses(() => inputsOf('any', new Uint8Array([0xc3])), /not UTF-8/)
    refuses(() => inputsOf('count', bytesOf('5')), /--set count=/)
    refuses(() => inputsOf('text', bytesOf('x'), { text: 'y' }), /twice/)
    refuses(() => inputsOf('imag', bytesOf('x')), /did you mean "image"/)
    refuses(() => inputsOf('data.csv', bytesOf('x')), /allow_file_system/)
  })

  it('are files of a task that may have some, in the place of its own', () => {
    const { definition: made, inputs } = withFileInputs(withRoot, {}, [
      { name: './data.txt', bytes: bytesOf('new') }, { name: 'sub/more.bin', bytes: new Uint8Array([1]) }, { name: 'text', bytes: bytesOf('x') },
    ])
    assert.deepEqual(inputs, { text: 'x' })
    assert.ok(!isPipeline(made))
    assert.deepEqual(made.setup?.files, [
      { path: 'keep.txt', bytes: bytesOf('kept') }, { path: 'data.txt', bytes: bytesOf('new') }, { path: 'sub/more.bin', bytes: new Uint8Array([1]) },
    ])
    assert.equal(withRoot.setup?.files?.length, 2, 'the definition itself stays as it is: others submit it too')
  })

  it('have a place below the root', () => {
    for (const name of ['../up', 'a/../b', 'a//b', 'a\\b', '/', 'data.txt/in']) refuses(() => withFileInputs(withRoot, {}, [{ name, bytes: bytesOf('x') }]), /--file-input/)
    refuses(() => withFileInputs(withRoot, {}, ['a', './a'].map((name) => ({ name, bytes: bytesOf('x') }))), /path that another file has/)
    refuses(() => withFileInputs(withRoot, {}, Array.from({ length: MAX_PROGRAM_FILES + 1 }, (_, i) => ({ name: `f${i}`, bytes: bytesOf('x') }))), /allowed: 256/)
  })
})
