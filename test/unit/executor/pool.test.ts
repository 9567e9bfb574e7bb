import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import type { CallResult, Executor, ExecutorInit } from '../../../src/executor/executor.ts'
import { FrameReader } from '../../../src/executor/frame-reader.ts'
import { type Launcher, createLauncher } from '../../../src/executor/launch.ts'
import { createExecutor } from '../../../src/executor/pool.ts'
import { MAX_EXECUTOR_QUEUE } from '../../../src/limits.ts'
import type { Program } from '../../../src/task/program.ts'
import { ModuleShelf, TASK_ID, WORKER_ID, callOf } from '../../support/executor-fixture.ts'
import { childPids } from '../../support/processes.ts'
import { rejectsWith } from '../../support/rejects.ts'
import { ensureSandboxBundle } from '../../support/sandbox-bundle.ts'

/** Returns its parameter; spins for ever when that is 13. */
const MOODY = `(module (func (export "main") (param i32) (result i32)
  (if (i32.eq (local.get 0) (i32.const 13)) (then (loop (br 0)))) local.get 0))`
const TYPES = { takes: { n: 'integer' }, gives: { result: 'integer' } } as const

describe('executor pool', () => {
  const started: Executor[] = []
  let shelf: ModuleShelf

  before(ensureSandboxBundle)
  beforeEach(() => { shelf = new ModuleShelf() })
  afterEach(async () => { for (const executor of started.splice(0)) await executor.stop() })

  const startedExecutor = async (init: ExecutorInit = {}): Promise<Executor> => {
    const executor = createExecutor(shelf, { slots: 1, ...init })
    started.push(executor)
    await executor.start()
    return executor
  }
  const moody = (timeLimitMs = 10_000): Promise<Program> => shelf.program(MOODY, { ...TYPES, timeLimitMs })
  const result = ({ outputs }: CallResult): unknown => outputs['result']
  /** Runs calls until the executor knows that they are short. */
  const warmUp = async (executor: Executor, program: Program): Promise<void> => {
    for (let n = 0; n < 5; n++) await executor.run(callOf(program, 0))
  }

  it('asks for a module once for each slot', async () => {
    const executor = await startedExecutor()
    const program = await moody()
    const results = await Promise.all([1, 2, 3].map((n) => executor.run(callOf(program, n))))
    assert.deepEqual(results.map(result), [1, 2, 3])
    assert.equal(shelf.loads.length, 1)
  })

  it('compiles a module anew for another memory limit', async () => {
    const executor = await startedExecutor()
    const grow = '(module (memory (export "memory") 1) (func (export "main") (result i32) (drop (memory.grow (i32.const 10))) memory.size))'
    const limited = async (pages: number): Promise<unknown> =>
      result(await executor.run(callOf(await shelf.program(grow, { gives: { result: 'integer' }, memoryLimitBytes: pages * 65_536 }))))
    assert.deepEqual([await limited(5), await limited(20), await limited(5)], [1, 11, 1])
    assert.equal(shelf.loads.length, 2)
  })

  it('reports time, memory and the beginning', async () => {
    const executor = await startedExecutor()
    const program = await shelf.program('(module (memory (export "memory") 3) (func (export "main")))')
    let begun = 0
    const { usage } = await executor.run(callOf(program), { onStart: () => { begun++ } })
    assert.equal(begun, 1)
    assert.equal(usage.memoryBytes, 3 * 65_536)
    assert(usage.wallMs > 0)
  })

  it('fills in task_id and worker_id', async () => {
    const executor = await startedExecutor()
    const echo = `(module (memory (export "memory") 1) (func (export "alloc") (param i32) (result i32) i32.const 64)
      (func (export "main") (param i32 i32) (result i32 i32) local.get 0 local.get 1))`
    const gives = { result: 'string' } as const
    const own = await shelf.program(echo, { takes: { task_id: 'string' }, gives })
    assert.equal(result(await executor.run(callOf(own, undefined))), TASK_ID)
    assert.equal(result(await executor.run(callOf(own, 'mine'))), 'mine')
    const worker = await shelf.program(echo, { takes: { worker_id: 'string' }, gives })
    assert.equal(result(await executor.run(callOf(worker, undefined))), WORKER_ID)
  })

  it('kills only the call that is over its limit; those behind it run and are not charged', async () => {
    const executor = await startedExecutor()
    const program = await moody(300)
    await warmUp(executor, program)
    const calls = Array.from({ length: 200 }, (_, n) => executor.run(callOf(program, n === 100 ? 13 : n + 1000)))
    const settled = await Promise.allSettled(calls)
    settled.forEach((outcome, n) => {
      if (n === 100) assert.equal(outcome.status === 'rejected' && outcome.reason.code, 'ERR_TIME_LIMIT')
      else assert.equal(outcome.status === 'fulfilled' && result(outcome.value), n + 1000)
    })
    assert.equal(executor.load, 0)
  })

  it('does not let a slow call hold up those behind it while another slot is idle', async () => {
    const executor = await startedExecutor({ slots: 2 })
    const program = await moody()
    await Promise.all(Array.from({ length: 50 }, () => executor.run(callOf(program, 0))))
    await warmUp(executor, program)
    const abort = new AbortController()
    const stuck = executor.run(callOf(program, 13), { signal: abort.signal })
    const others = await Promise.all(Array.from({ length: 100 }, (_, n) => executor.run(callOf(program, n + 1000))))
    assert.deepEqual(others.map(result), others.map((_, n) => n + 1000))
    abort.abort()
    await rejectsWith('ERR_CANCELLED', stuck)
  })

  it('runs two slots at the same time', async () => {
    const executor = await startedExecutor({ slots: 2 })
    const program = await moody()
    const abort = new AbortController()
    const begun = [0, 1].map(() => {
      let start = (): void => {}
      const seen = new Promise<void>((resolve) => { start = resolve })
      const done = executor.run(callOf(program, 13), { signal: abort.signal, onStart: start })
      return { seen, done }
    })
    await Promise.all(begun.map(({ seen }) => seen))
    abort.abort()
    for (const { done } of begun) await rejectsWith('ERR_CANCELLED', done)
    assert.equal(result(await executor.run(callOf(program, 5))), 5)
  })

  it('cancels on request only what no sandbox is at', async () => {
    const executor = await startedExecutor()
    const program = await moody()
    await warmUp(executor, program)
    const cancels: Array<(unlessBegun?: boolean) => void> = []
    const begun: number[] = []
    const run = (n: number): Promise<CallResult> => executor.run(callOf(program, n), { onCancellable: (cancel) => { cancels.push(cancel) }, onStart: () => { begun.push(n) } })
    const [runs, first, second] = [run(13), run(1), run(2)]
    runs.catch(() => {})
    for (const cancel of cancels.slice(0, 2)) cancel(true)
    await rejectsWith('ERR_CANCELLED', first)
    const again = run(1)
    cancels[0]?.()
    await rejectsWith('ERR_CANCELLED', runs)
    assert.deepEqual([result(await second), result(await again)], [2, 1])
    assert.deepEqual(begun, [13, 2, 1])
  })

  it('cancels what waits, what runs, and what never began', async () => {
    const executor = await startedExecutor()
    const program = await moody()
    const [first, second] = [new AbortController(), new AbortController()]
    let begin = (): void => {}
    const begun = new Promise<void>((resolve) => { begin = resolve })
    const running = executor.run(callOf(program, 13), { signal: first.signal, onStart: begin })
    const waiting = executor.run(callOf(program, 1), { signal: second.signal })
    const third = executor.run(callOf(program, 2))
    await begun
    second.abort()
    await rejectsWith('ERR_CANCELLED', waiting)
    assert.equal(executor.load, 2)
    first.abort()
    await rejectsWith('ERR_CANCELLED', running)
    assert.equal(result(await third), 2)
    await rejectsWith('ERR_CANCELLED', executor.run(callOf(program, 1), { signal: AbortSignal.abort() }))
    assert.equal(executor.load, 0)
  })

  /** Sandboxes that die as soon as they begin a call: first they say that they are ready, then that they began. */
  const fragile = async (): Promise<Launcher> => {
    const launch = await createLauncher()
    return (memoryLimitBytes) => {
      const child = launch(memoryLimitBytes)
      const frames = new FrameReader(1000)
      let seen = 0
      child.stdout.on('data', (chunk: Buffer) => frames.push(chunk, () => { if (++seen === 2) child.kill('SIGKILL') }))
      return child
    }
  }

  it('tries once more when a sandbox dies, and fails the second time', async () => {
    const executor = createExecutor(shelf, { slots: 1 }, fragile)
    started.push(executor)
    await executor.start()
    await rejectsWith('ERR_SANDBOX_CRASHED', executor.run(callOf(await moody(), 13)))
    assert.equal(shelf.loads.length, 2)
  })

  it('does not charge the calls that waited behind a crash', async () => {
    let fragileOnes = 1
    const executor = createExecutor(shelf, { slots: 1 }, async () => {
      const [weak, strong] = [await fragile(), await createLauncher()]
      return (memoryLimitBytes) => (fragileOnes-- > 0 ? weak : strong)(memoryLimitBytes)
    })
    started.push(executor)
    await executor.start()
    const program = await moody()
    const results = await Promise.all([1, 2, 3].map((n) => executor.run(callOf(program, n))))
    assert.deepEqual(results.map(result), [1, 2, 3])
  })

  it('says so when sandboxes do not start, and tries again with the next call', async () => {
    let works = false
    const executor = createExecutor(shelf, { slots: 1 }, async () => {
      const launch = await createLauncher()
      return (memoryLimitBytes) => (works ? launch(memoryLimitBytes) : spawn(process.execPath, ['--no-such-flag'], { stdio: 'pipe' }))
    })
    started.push(executor)
    await executor.start()
    const program = await moody()
    const error = await rejectsWith('ERR_SANDBOX_CRASHED', executor.run(callOf(program, 1)))
    assert.match(error.message, /no-such-flag/)
    works = true
    assert.equal(result(await executor.run(callOf(program, 1))), 1)
  })

  it('refuses more than it may hold', async () => {
    const executor = await startedExecutor()
    const program = await moody()
    const abort = new AbortController()
    const stuck = executor.run(callOf(program, 13), { signal: abort.signal })
    const queued = Array.from({ length: MAX_EXECUTOR_QUEUE }, () => executor.run(callOf(program, 1)))
    await rejectsWith('ERR_QUEUE_FULL', executor.run(callOf(program, 1)))
    abort.abort()
    await rejectsWith('ERR_CANCELLED', stuck)
    assert.equal((await Promise.all(queued)).length, MAX_EXECUTOR_QUEUE)
  })

  it('stops with everything that it started gone', async () => {
    const before = childPids()
    const executor = await startedExecutor({ slots: 2 })
    const program = await moody()
    await executor.run(callOf(program, 1))
    const outcomes = [13, 13, 1].map((n) => rejectsWith('ERR_EXECUTOR_STOPPED', executor.run(callOf(program, n))))
    await executor.stop()
    await Promise.all(outcomes)
    assert.deepEqual(childPids(), before)
    assert.equal(executor.load, 0)
    await rejectsWith('ERR_EXECUTOR_STOPPED', executor.run(callOf(program, 1)))
    await executor.stop()
    await executor.start()
    assert.equal(result(await executor.run(callOf(program, 4))), 4)
  })

  it('does not run before it was started', async () => {
    const executor = createExecutor(shelf)
    await rejectsWith('ERR_EXECUTOR_STOPPED', executor.run(callOf(await moody(), 1)))
  })

  it('refuses a wrong number of values, and values that are too deep', async () => {
    const executor = await startedExecutor()
    await rejectsWith('ERR_INPUT', executor.run(callOf(await moody())))
    const deep = JSON.parse('['.repeat(100) + ']'.repeat(100))
    const program = await shelf.program(MOODY, { takes: { n: 'json' }, gives: {} })
    await rejectsWith('ERR_INPUT', executor.run(callOf(program, deep)))
  })
})
