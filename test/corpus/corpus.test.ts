/** Every module of the corpus ends as it must, in time, and leaves nothing behind: the next task runs, and memory is where it was. */
import assert from 'node:assert/strict'
import { CorebrumError } from '../../src/errors.ts'
import { callOf, useExecutor } from '../support/executor-fixture.ts'
import type { Attack } from './attack.ts'
import { bombs } from './bombs.ts'
import { conventions } from './conventions.ts'
import { imports } from './imports.ts'
import { loops } from './loops.ts'
import { pointers } from './pointers.ts'
import { type Ended, GRACE_MS, timed } from './stopwatch.ts'
import { texts } from './texts.ts'

const GROUPS: Record<string, Attack[]> = { loops, bombs, pointers, texts, imports, conventions }
const DEFAULT_LIMIT_MS = 3000
const MAX_GROWTH_BYTES = 48 * 1048576

const HEALTHY = '(module (func (export "main") (param i32) (result i32) (i32.add (local.get 0) (i32.const 1))))'

describe('the corpus of attacks', () => {
  const { shelf, executor, run } = useExecutor()

  const residentBytes = (): number => {
    globalThis.gc?.()
    return process.memoryUsage().rss
  }

  async function attempt ({ module, name: _name, ends: _ends, values = [], ...options }: Attack): Promise<Ended> {
    const program = await shelf.program(module, { timeLimitMs: DEFAULT_LIMIT_MS, ...options })
    return await timed(executor(), callOf(program, ...values))
  }

  async function runsOn (): Promise<void> {
    const next = await run(await shelf.program(HEALTHY, { takes: { n: 'integer' }, gives: { result: 'integer' } }), 41)
    assert.deepEqual(next.outputs, { result: 42 })
  }

  it('has at least 40 modules', () => {
    assert(Object.values(GROUPS).flat().length >= 40)
  })

  let restingBytes = 0
  for (const [group, attacks] of Object.entries(GROUPS)) {
    describe(group, () => {
      before(async () => {
        await runsOn()
        restingBytes ||= residentBytes()
      })
      for (const attack of attacks) {
        it(`${attack.name}: ${typeof attack.ends === 'string' ? attack.ends : 'nothing gained'}`, async () => {
          const { overdueMs, result } = await attempt(attack)
          if (result instanceof CorebrumError) assert.equal(result.code, attack.ends, result.message)
          else assert.deepEqual(result.outputs, attack.ends)
          assert(overdueMs <= GRACE_MS, `it ended ${overdueMs.toFixed(0)} ms after its deadline`)
          await runsOn()
        })
      }
    })
  }

  describe('afterwards', () => {
    it('leaves no memory behind', () => {
      shelf.modules.clear()
      const growth = residentBytes() - restingBytes
      assert(growth < MAX_GROWTH_BYTES, `${(growth / 1048576).toFixed(1)} MiB more than before`)
    })
  })
})
