import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { CallError } from '../../../src/executor/call-error.ts'
import type { ErrorCode } from '../../../src/errors.ts'
import type { Program } from '../../../src/task/program.ts'
import type { Value } from '../../../src/task/values.ts'
import { type ProgramOptions, useExecutor } from '../../support/executor-fixture.ts'

const root = new URL('../../../', import.meta.url)
const shipped = (name: string): Uint8Array => readFileSync(new URL(`task_definitions/wasm/${name}.wasm`, root))
const ENOUGH = 10 ** 12

describe('fuel of a call', () => {
  const { shelf, run } = useExecutor()

  /** How a call ends, and the fuel it used. */
  async function end (program: Program, ...values: Value[]): Promise<{ outputs?: Record<string, Value>, code?: ErrorCode, fuel: number | undefined }> {
    try {
      const { outputs, usage } = await run(program, ...values)
      return { outputs, fuel: usage.fuel }
    } catch (error) {
      assert(error instanceof CallError, String(error))
      return { code: error.code, fuel: error.usage?.fuel }
    }
  }

  const spin = (where: string, options: ProgramOptions = {}): Promise<Program> =>
    shelf.program(`(module (memory (export "memory") 1 100) (table $t 1 1000 funcref) ${where})`, { functionName: 'f', fuel: 10_000, ...options })

  it('is reported when it is limited, and not else', async () => {
    const options = { functionName: 'factorial', takes: { n: 'integer' }, gives: { result: 'integer' } } as const
    const metered = await end(await shelf.program(shipped('factorial'), { ...options, fuel: ENOUGH }), 10)
    assert.deepEqual(metered.outputs, { result: 3628800 })
    assert(metered.fuel !== undefined && metered.fuel > 10 && metered.fuel < 1000, String(metered.fuel))
    assert.equal((await end(await shelf.program(shipped('factorial'), options), 10)).fuel, undefined)
  })

  it('is enough to the unit, or not, in every convention', async () => {
    const cases: Array<[string | Uint8Array, ProgramOptions, Value[]]> = [
      [shipped('primes'), { functionName: 'primes', takes: { n: 'integer' }, gives: { result: 'integer' } }, [1000]],
      [shipped('text'), { functionName: 'upper', takes: { text: 'string' }, gives: { result: 'string' } }, ['straße']],
      [shipped('stats'), { takes: { values: 'array' }, gives: { mean: 'number' } }, [[1, 2, 3, 4]]],
      [`(module (global $g (mut i32) (i32.const 0)) (start $s) (func $s (loop (global.set $g (i32.add (global.get $g) (i32.const 1))) (br_if 0 (i32.lt_u (global.get $g) (i32.const 50)))))
        (func (export "_initialize") (global.set $g (i32.mul (global.get $g) (i32.const 2)))) (func (export "f") (result i32) (global.get $g)))`, { functionName: 'f', gives: { result: 'integer' } }, []],
    ]
    for (const [module, options, values] of cases) {
      const free = await end(await shelf.program(module, options), ...values)
      assert.equal(free.code, undefined)
      const { fuel = 0, outputs } = await end(await shelf.program(module, { ...options, fuel: ENOUGH }), ...values)
      assert(fuel > 0)
      assert.deepEqual(outputs, free.outputs)
      assert.deepEqual(await end(await shelf.program(module, { ...options, fuel }), ...values), { outputs, fuel })
      assert.deepEqual(await end(await shelf.program(module, { ...options, fuel: fuel - 1 }), ...values), { code: 'ERR_FUEL_LIMIT', fuel: fuel - 1 })
    }
  })

  it('ends what would not end: loops, recursion, starts, initialisers, and work by length', async () => {
    const forever = '(loop (br 0))'
    const cases = [
      `(func (export "f") ${forever})`,
      `(func $f (export "f") (loop (call $g) (br 0))) (func $g (call $h)) (func $h)`,
      '(func $f (export "f") (call $f) (call $f))',
      '(func $f (export "f") (return_call $f))',
      `(func (export "f")) (func $s ${forever}) (start $s)`,
      `(func (export "f")) (func (export "_initialize") ${forever})`,
      '(func (export "f") (loop (memory.fill (i32.const 0) (i32.const 1) (i32.const 65536)) (br 0)))',
      '(func (export "f") (loop (memory.copy (i32.const 0) (i32.const 8) (i32.const 60000)) (br 0)))',
      '(func (export "f") (loop (drop (memory.grow (i32.const 1))) (br 0)))',
      '(func (export "f") (loop (drop (table.grow $t (ref.null func) (i32.const 1))) (br 0)))',
    ]
    for (const module of cases) assert.deepEqual(await end(await spin(module)), { code: 'ERR_FUEL_LIMIT', fuel: 10_000 }, module)
  })

  it('is told apart from other failures, and reported with them', async () => {
    const trapped = await end(await spin('(func (export "f") (unreachable))', { fuel: ENOUGH }))
    assert.equal(trapped.code, 'ERR_TRAP')
    assert(trapped.fuel !== undefined && trapped.fuel < 100)
    const options = { functionName: 'f', timeLimitMs: 50 }
    assert.equal((await end(await shelf.program('(module (func (export "f") (loop (br 0))))', options))).code, 'ERR_TIME_LIMIT')
  })

  it('is also taken for what the host does by length', async () => {
    const source = (length: number): string => `(module (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32))) (memory (export "memory") 4)
      (func (export "f") (drop (call $random (i32.const 0) (i32.const ${length})))))`
    const used = async (length: number): Promise<number> => (await end(await shelf.program(source(length), { functionName: 'f', fuel: ENOUGH }))).fuel ?? 0
    assert.equal(await used(80_000) - await used(0), 10_000)
  })

  it('cannot be counted for instructions that are not known', async () => {
    const body = [0, 0xfb, 0x1c, 0x0b]
    const module = Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0, 7, 5, 1, 1, 0x66, 0, 0, 10, body.length + 2, 1, body.length, ...body])
    assert.equal((await end(await shelf.program(module, { functionName: 'f', fuel: 5 }))).code, 'ERR_MODULE_UNSUPPORTED')
  })

  it('is the same in every process and for every compiler of the engine', async () => {
    const probe = fileURLToPath(new URL('test/support/fuel-probe.ts', root))
    const flags = [[], ['--no-liftoff'], ['--liftoff', '--no-wasm-tier-up']]
    const found = await Promise.all(flags.map(async (flag) => (await promisify(execFile)(process.execPath, [...flag, '--import', 'tsx', probe])).stdout))
    assert.equal(new Set(found).size, 1, found.join(''))
    const results: unknown = JSON.parse(found[0] ?? '')
    assert(Array.isArray(results) && results.length === 5)
    assert.deepEqual(results[1], [10_000_000, 'ERR_FUEL_LIMIT'])
    assert.equal(results[2][1], 'ERR_TRAP')
  })
})
