import assert from 'node:assert/strict'
import { createSeededAmbient } from '../../../src/executor/abi/seeded-ambient.ts'
import { encodeCanonical } from '../../../src/cbor.ts'
import type { Call, CallResult, Executor } from '../../../src/executor/executor.ts'
import { createExecutor } from '../../../src/executor/pool.ts'
import { DETERMINISTIC_START_NS, DETERMINISTIC_STEP_NS } from '../../../src/executor/limits.ts'
import type { Program } from '../../../src/task/program.ts'
import { rawModule } from '../../support/bindgen-module.ts'
import { ModuleShelf, TASK_ID, callOf } from '../../support/executor-fixture.ts'
import { ensureSandboxBundle } from '../../support/sandbox-bundle.ts'
import { CAT, SENSES } from '../../support/wasi-programs.ts'

const OTHER_ID = '6a0c1f5e-0000-4000-8000-00000000000b'
const HOUR_NS = 3_600_000_000_000n

function randomBytes (taskId: string, ...lengths: number[]): string {
  const ambient = createSeededAmbient(taskId)
  return Buffer.concat(lengths.map((length) => {
    const part = new Uint8Array(length)
    ambient.random(part)
    return part
  })).toString('hex')
}

describe('seeded ambient', () => {
  it('has a clock that moves by reading it and by sleeping', () => {
    const { wallClockNs, monotonicNs, sleep } = createSeededAmbient(TASK_ID)
    assert.equal(wallClockNs(), DETERMINISTIC_START_NS + DETERMINISTIC_STEP_NS)
    assert.equal(monotonicNs(), 2n * DETERMINISTIC_STEP_NS)
    const before = performance.now()
    sleep(HOUR_NS)
    sleep(-HOUR_NS)
    assert(performance.now() - before < 60_000)
    assert.equal(monotonicNs(), HOUR_NS + 3n * DETERMINISTIC_STEP_NS)
    assert.equal(wallClockNs(), DETERMINISTIC_START_NS + HOUR_NS + 4n * DETERMINISTIC_STEP_NS)
  })

  it('stands still where 64 bits end, and never goes back', () => {
    const { wallClockNs, monotonicNs, sleep } = createSeededAmbient(TASK_ID)
    for (let i = 0; i < 3; i++) sleep(2n ** 64n - 1n)
    assert.equal(wallClockNs(), 2n ** 64n - 1n)
    assert.equal(monotonicNs(), monotonicNs())
  })

  it('has the random numbers of its id, however they are asked for', () => {
    // AES-256-CTR, key SHA-256 of the id, counter 0: `openssl enc -aes-256-ctr` of zeros says the same.
    assert.equal(randomBytes('task', 16), '8a6161e1ba28b9ccc1aa9069f03a0e4b')
    assert.equal(randomBytes(TASK_ID, 1, 15, 0, 70_000), randomBytes(TASK_ID, 70_016))
    assert.notEqual(randomBytes(TASK_ID, 16), randomBytes(OTHER_ID, 16))
    const ambient = createSeededAmbient(TASK_ID)
    const units = Array.from({ length: 1000 }, () => ambient.randomUnit())
    assert(units.every((unit) => unit >= 0 && unit < 1))
    assert(Math.abs(units.reduce((sum, unit) => sum + unit, 0) / 1000 - 0.5) < 0.05)
    assert.equal(new Set(units).size, 1000)
  })
})

describe('deterministic calls', () => {
  const shelf = new ModuleShelf()
  let executors: Executor[] = []
  before(async () => {
    await ensureSandboxBundle()
    executors = [createExecutor(shelf, { slots: 1 }), createExecutor(shelf, { slots: 1 })]
    await Promise.all(executors.map((executor) => executor.start()))
  })
  after(async () => { await Promise.all(executors.map((executor) => executor.stop())) })

  /** What each executor says of the call, once it has been warmed up on the first. */
  async function onBoth (program: Program, change: Partial<Call> = {}): Promise<CallResult[]> {
    await executors[0]?.run(callOf(program, ...program.inputs.map(() => undefined)))
    const runs = executors.map((executor, index) => executor.run({ ...callOf(program, ...program.inputs.map(() => undefined)), workerId: `worker ${index}`, ...change }))
    return await Promise.all(runs)
  }

  const told = ({ outputs, logs, usage: { fuel, memoryBytes, fileBytes } }: CallResult): string =>
    Buffer.from(encodeCanonical({ outputs, logs, usage: { fuel, memoryBytes, fileBytes } })).toString('hex')

  it('are the same to the bit in two sandboxes', async () => {
    const program = await shelf.program(SENSES, { gives: { r: 'bytes' }, deterministic: true, fuel: 10_000_000 })
    const [first, second] = await onBoth(program)
    assert(first !== undefined && second !== undefined)
    assert.equal(told(first), told(second))
    const { r } = first.outputs
    assert(r instanceof Uint8Array)
    const view = new DataView(r.buffer, r.byteOffset)
    assert(view.getBigUint64(0, true) > DETERMINISTIC_START_NS && view.getBigUint64(0, true) < DETERMINISTIC_START_NS + HOUR_NS)
    assert.equal((view.getBigUint64(16, true) - view.getBigUint64(0, true)) / HOUR_NS, 1n)
    assert.notEqual(first.logs, '')
    assert((first.usage.fuel ?? 0) > 0)
    const [other] = await onBoth(program, { taskId: OTHER_ID })
    assert(other !== undefined)
    assert.notEqual(told(other), told(first))
  })

  it('sense nothing else where there is no WASI either', async () => {
    const module = `(module (import "env" "emscripten_date_now" (func $now (result f64))) (import "env" "seed" (func $seed (result f64)))
      (func (export "main") (result f64 f64 f64) (call $now) (call $seed) (call $seed)))`
    const [first, second] = await onBoth(await shelf.program(module, { gives: { r: 'array' }, deterministic: true }))
    assert.deepEqual(first?.outputs, second?.outputs)
    const r = first?.outputs['r']
    assert(Array.isArray(r))
    assert.equal(r[0], Number(DETERMINISTIC_START_NS / 1_000_000n))
    assert.notEqual(r[1], r[2])
  })

  it('are the same for the first call of a sandbox and the next, where the module itself tells the types', async () => {
    // How often it was asked shows in what it returns, and in its fuel.
    const words = [11, 0, 0, 4, 4].map((word) => `(call $describe (i32.const ${word}))`).join(' ')
    const module = await rawModule('0.2.83', `(module
      (import "__wbindgen_placeholder__" "__wbindgen_describe" (func $describe (param i32)))
      (memory (export "memory") 1)
      (global $asked (mut i32) (i32.const 0))
      (func (export "__wbindgen_describe_main") (global.set $asked (i32.add (global.get $asked) (i32.const 1))) ${words})
      (func (export "main") (result i32) (global.get $asked)))`)
    const program = await shelf.program(module, { gives: { r: 'integer' }, deterministic: true, fuel: 1000 })
    const [warm, cold] = await onBoth(program)
    assert(warm !== undefined && cold !== undefined)
    assert.deepEqual(cold.outputs, { r: 1 })
    assert.equal(told(warm), told(cold))
  })

  it('cannot tell workers apart, as others can', async () => {
    const program = await shelf.program(CAT, { takes: { worker_id: 'string', task_id: 'string' }, gives: { r: 'object' } })
    const [first, second] = await onBoth({ ...program, deterministic: true })
    assert.deepEqual(first?.outputs, { r: { worker_id: 'worker', task_id: TASK_ID } })
    assert.deepEqual(second?.outputs, first?.outputs)
    const [real] = await onBoth(program)
    assert.deepEqual(real?.outputs, { r: { worker_id: 'worker 0', task_id: TASK_ID } })
  })

  it('have one NaN where it is compared', async () => {
    const nan = (bits: string): string => `(module (func (export "main") (result f64) (f64.reinterpret_i64 (i64.const ${bits}))))`
    const [one, two] = await Promise.all(['0x7ff8000000000000', '0xfff8000000000123'].map(async (bits) => {
      const program = await shelf.program(nan(bits), { gives: { r: 'number' }, deterministic: true })
      return await executors[0]?.run(callOf(program))
    }))
    assert(one !== undefined && two !== undefined)
    assert.equal(told(one), told(two))
  })
})
