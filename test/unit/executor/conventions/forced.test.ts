import assert from 'node:assert/strict'
import { detectConvention, requireAdapter } from '../../../../src/executor/abi/detect.ts'
import { parseModule } from '../../../../src/executor/binary/parse.ts'
import { CONVENTIONS } from '../../../../src/task/conventions.ts'
import { parseTask } from '../../../support/parse-task.ts'
import { fixtureModule } from '../../../support/fixture-module.ts'
import { failsWith, outputsOf } from '../../../support/in-process.ts'
import { rejectsWith } from '../../../support/rejects.ts'
import { wat } from '../../../support/wat.ts'

const definition = (abi: string): string => `name: t\nwasm_binary: AGFzbQEAAAA=\nabi: ${abi}\n`
const NUMBERS = '(module (memory (export "memory") 1) (func (export "main") (param i32) (result i32) local.get 0))'

describe('a convention that the definition forces', () => {
  it('is one of those that there are', async () => {
    for (const name of CONVENTIONS) {
      assert.equal((await parseTask(definition(name), { fileName: 't.yaml' })).definition.abi, name)
      // That one is a kind of file, not a way to call a core module.
      if (name === 'component') continue
      assert.equal(requireAdapter(detectConvention(parseModule(await wat(NUMBERS)), undefined, name)).convention, name)
    }
  })

  it('is checked with the definition, and the name that may be meant is shown', async () => {
    const error = await rejectsWith('ERR_DEFINITION', parseTask(definition('assembly-script'), { fileName: 't.yaml' }))
    assert.match(error.message, /t\.yaml:3:\d+: abi: .*assemblyscript.*did you mean "assemblyscript"/)
    for (const name of ['napi', 'embind', 'numbers2', '__proto__', 'constructor']) await rejectsWith('ERR_DEFINITION', parseTask(definition(name), { fileName: 't.yaml' }))
    await rejectsWith('ERR_DEFINITION', parseTask(definition('7'), { fileName: 't.yaml' }))
  })

  it('is checked by the sandbox too', async () => {
    assert.match((await failsWith('ERR_MODULE_UNSUPPORTED', NUMBERS, { abi: 'bufer' })).message, /did you mean "buffer"/)
    for (const abi of ['napi', '__proto__', 'toString']) await failsWith('ERR_MODULE_UNSUPPORTED', NUMBERS, { abi })
  })

  it('says what the module lacks for it', async () => {
    const text = { takes: { text: 'string' }, gives: { result: 'string' } } as const
    await failsWith('ERR_SIGNATURE', NUMBERS, { abi: 'buffer', ...text }, 'x')
    await failsWith('ERR_NO_EXPORT', NUMBERS, { abi: 'wasi-command', ...text }, 'x')
    await failsWith('ERR_SIGNATURE', NUMBERS, { abi: 'extism', ...text }, 'x')
    await failsWith('ERR_SIGNATURE', NUMBERS, { abi: 'c-main', ...text }, 'x')
    assert.match((await failsWith('ERR_SIGNATURE', NUMBERS, { abi: 'assemblyscript', ...text }, 'x')).message, /--exportRuntime/)
  })

  it('wins over what the module looks like', async () => {
    const call = { functionName: 'add', takes: { a: 'integer', b: 'integer' }, gives: { result: 'integer' } } as const
    assert.deepEqual(await outputsOf(fixtureModule('assemblyscript-0.28'), { ...call, abi: 'numeric' }, 1, 2), { result: 3 })
  })
})
