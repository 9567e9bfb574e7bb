/** Ten thousand damaged copies of real modules: each ends in time, with an error of its own or a result, and the node serves on. */
import assert from 'node:assert/strict'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { CorebrumError, type ErrorCode } from '../../src/errors.ts'
import { parseModule } from '../../src/executor/binary/parse.ts'
import { callOf, useExecutor } from '../support/executor-fixture.ts'
import { type Mutant, mutantsOf } from './mutants.ts'
import { GRACE_MS, timed } from './stopwatch.ts'

const COUNT = 10_000
const LIMIT_MS = 100
const AT_ONCE = 2
const FUEL = 200_000
const MAX_MODULE_BYTES = 300_000
const MAX_GROWTH_BYTES = 64 * 1048576
/** A new one for each run finds more; a given one repeats what was found. */
const SEED = Number(process.env.MUTANTS_SEED ?? Math.floor(Math.random() * 2 ** 31))
/** They would say that the sandbox is broken, not the module. */
const DEFECTS: ReadonlySet<ErrorCode> = new Set(['ERR_INTERNAL', 'ERR_SANDBOX_CRASHED'])

describe('mutants of real modules', () => {
  const { shelf, executor } = useExecutor()
  const originals = new Map<string, Uint8Array>()
  const functions = new Map<string, string | undefined>()
  for (const path of readdirSync('task_definitions/wasm').sort()) {
    const bytes = path.endsWith('.wasm') ? readFileSync(join('task_definitions/wasm', path)) : Buffer.alloc(0)
    if (bytes.length === 0 || bytes.length > MAX_MODULE_BYTES) continue
    originals.set(path, bytes)
    functions.set(path, parseModule(bytes).exports.find(({ kind }) => kind === 'function')?.name)
  }

  async function attempt ({ what, original, bytes }: Mutant, number: number): Promise<string> {
    const functionName = functions.get(original)
    const program = await shelf.program(bytes, {
      timeLimitMs: LIMIT_MS, memoryLimitBytes: 64 * 1048576, takes: { number: 'integer' }, gives: { result: 'json' },
      ...(functionName === undefined ? {} : { functionName }),
      // Half of them are metered: the same damage must not confuse what adds the meter.
      ...(number % 4 < 2 ? {} : { fuel: FUEL }),
    })
    const { result, overdueMs } = await timed(executor(), callOf(program, 5))
    if (result instanceof CorebrumError) assert(!DEFECTS.has(result.code), `${what}: ${result.code}: ${result.message}`)
    assert(overdueMs <= GRACE_MS, `${what}: ${overdueMs.toFixed(0)} ms late`)
    shelf.modules.delete(program.module.cid)
    return result instanceof CorebrumError ? result.code : 'a result'
  }

  it(`${COUNT} of them, seed ${SEED}`, async function () {
    this.timeout(300_000)
    assert(originals.size >= 8)
    const ends = new Map<string, number>()
    const mutants = mutantsOf(originals, { seed: SEED, count: COUNT })
    let number = 0
    let restingBytes = 0
    await Promise.all(Array.from({ length: AT_ONCE }, async () => {
      for (const mutant of mutants) {
        const code = await attempt(mutant, number++)
        ends.set(code, (ends.get(code) ?? 0) + 1)
        if (number === COUNT / 4) restingBytes = process.memoryUsage().rss
      }
    }))
    const summary = [...ends].sort((a, b) => b[1] - a[1]).map(([code, count]) => `${code} ${count}`).join(', ')
    console.log(`      ${summary}`)
    assert.equal(number, COUNT)
    assert((ends.get('ERR_MODULE_INVALID') ?? 0) > COUNT / 10, summary)
    const growth = process.memoryUsage().rss - restingBytes
    assert(growth < MAX_GROWTH_BYTES, `${(growth / 1048576).toFixed(1)} MiB more than after a quarter of them`)
  })
})
