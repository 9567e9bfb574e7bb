import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { inspectModule } from '../../../src/executor/inspect.ts'
import { SHIPPED, shippedFile } from '../../support/shipped.ts'
import { failsWith, outputsOf } from '../../support/in-process.ts'

const INTEGER = { takes: { number: 'integer' }, gives: { result: 'integer' } } as const

describe('modules of real toolchains', () => {
  for (const name of readdirSync(SHIPPED).filter((file) => file.endsWith('.wasm'))) {
    it(`${name} would run here`, () => {
      assert.deepEqual(inspectModule(shippedFile(name)).problems, [])
    })
  }

  for (const name of ['factorial.wasm', 'factorial_c.wasm']) {
    it(`${name}: 20 factorial, to the last digit`, async () => {
      assert.deepEqual(await outputsOf(shippedFile(name), { functionName: 'factorial', ...INTEGER }, 20), { result: 2432902008176640000n })
      await failsWith('ERR_NO_EXPORT', shippedFile(name), { functionName: 'absent', ...INTEGER }, 20)
    })
  }
})
