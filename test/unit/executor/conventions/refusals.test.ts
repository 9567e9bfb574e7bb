import assert from 'node:assert/strict'
import { inspectModule } from '../../../../src/executor/inspect.ts'
import { wat } from '../../../support/wat.ts'
import { failsWith } from '../../../support/in-process.ts'

const MAIN = '(func (export "main"))'

/** A module with nothing but a custom section of this name, and a function. */
async function withSection (name: string): Promise<Uint8Array> {
  const module = await wat(`(module ${MAIN})`)
  const text = Buffer.from(name)
  return Buffer.concat([module.subarray(0, 8), Uint8Array.of(0, text.length + 1, text.length), text, module.subarray(8)])
}

describe('modules that cannot run alone', () => {
  const cases: Array<[string, string, RegExp, RegExp]> = [
    ['a Node.js addon', `(import "env" "napi_create_int32" (func)) ${MAIN}`, /env\.napi_create_int32/, /cargo build .*wasm32-wasip1/],
    ['embind', `(import "env" "_embind_register_void" (func)) ${MAIN}`, /env\._embind_register_void/, /em\+\+ FILE\.cpp -O2 --no-entry -o FILE\.wasm -s "EXPORTED_FUNCTIONS=\['_NAME'\]"/],
    ['minified Emscripten', `(import "a" "b" (func)) (import "a" "c" (func)) ${MAIN}`, /a\.b/, /emcc FILE\.c -O2 --no-entry -o FILE\.wasm -s "EXPORTED_FUNCTIONS=/],
    ['minified Emscripten that kept its module name', `(import "env" "a" (func)) (import "env" "b" (func)) (import "env" "c" (func)) ${MAIN}`, /env\.a/, /emcc FILE\.c/],
    ['threads', `(import "env" "memory" (memory 1 2 shared)) ${MAIN}`, /env\.memory/, /-pthread/],
  ]
  for (const [name, body, shown, rebuild] of cases) {
    it(`${name}: the import and the command that builds another, in inspect too`, async () => {
      const module = await wat(`(module ${body})`)
      const { message } = await failsWith('ERR_MODULE_UNSUPPORTED', module, {})
      assert.match(message, shown)
      assert.match(message, rebuild)
      const report = inspectModule(module)
      assert.equal(report.runsHere, false)
      assert.ok(report.problems.some((problem) => problem.message === message))
    })
  }

  for (const name of ['dylink', 'dylink.0']) {
    it(`parts of programs, by the section ${name}`, async () => {
      const { message } = await failsWith('ERR_MODULE_UNSUPPORTED', await withSection(name), {})
      assert.match(message, new RegExp(`custom section ${name.replace('.', '\\.')}\\b.*emcc`))
      assert.equal(inspectModule(await withSection(name)).convention, 'dylink')
    })
  }

  it('are not taken for ones whose imports are short by nature', async () => {
    assert.equal(inspectModule(await wat(`(module (import "env" "f" (func)) ${MAIN})`)).convention, 'numeric')
    assert.equal(inspectModule(await wat('(module (func (export "a")))')).convention, 'numeric')
  })
})
