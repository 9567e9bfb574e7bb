/** Programs, modules and executors for the tests of the executor. */
import { createHash } from 'node:crypto'
import type { Call, Executor, ExecutorInit } from '../../src/executor/executor.ts'
import { createExecutor } from '../../src/executor/pool.ts'
import type { Program } from '../../src/task/program.ts'
import type { Value, ValueType } from '../../src/task/values.ts'
import { ensureSandboxBundle } from './sandbox-bundle.ts'
import { wat } from './wat.ts'

export const TASK_ID = '6a0c1f5e-0000-4000-8000-00000000000a'
export const WORKER_ID = '12D3KooWTestWorker'

/** `name: type` pairs as inputs or outputs. */
export type Types = Record<string, ValueType>

const typed = (types: Types): Array<{ name: string, type: ValueType }> => Object.entries(types).map(([name, type]) => ({ name, type }))

export interface ProgramOptions extends Partial<Program> {
  takes?: Types
  gives?: Types
}

export class ModuleShelf {
  readonly modules = new Map<string, Uint8Array>()
  /** CIDs in the order in which they were asked for. */
  readonly loads: string[] = []

  loadModule = (cid: string): Promise<Uint8Array> => {
    this.loads.push(cid)
    const bytes = this.modules.get(cid)
    return bytes === undefined ? Promise.reject(new Error(`no module ${cid}`)) : Promise.resolve(bytes)
  }

  add (bytes: Uint8Array): string {
    const cid = createHash('sha256').update(bytes).digest('hex')
    this.modules.set(cid, bytes)
    return cid
  }

  /** A program on a module given as text or bytes. */
  async program (module: string | Uint8Array, { takes = {}, gives = {}, ...options }: ProgramOptions = {}): Promise<Program> {
    const bytes = typeof module === 'string' ? await wat(module) : module
    return {
      name: 'test',
      module: { cid: this.add(bytes), size: bytes.length, urls: [] },
      inputs: typed(takes),
      outputs: typed(gives),
      timeLimitMs: 10_000,
      grants: { networking: false, fileSystem: false },
      ...options,
    }
  }
}

export function callOf (program: Program, ...values: Array<Value | undefined>): Call {
  return { program, values, taskId: TASK_ID, workerId: WORKER_ID }
}

export interface ExecutorFixture {
  shelf: ModuleShelf
  /** Runs one call of a program on the executor of the running test file. */
  run (program: Program, ...values: Array<Value | undefined>): ReturnType<Executor['run']>
  executor (): Executor
}

/** Call within `describe`: one executor for all its tests, stopped behind them. */
export function useExecutor (init: ExecutorInit = {}): ExecutorFixture {
  const shelf = new ModuleShelf()
  let executor: Executor | undefined
  const current = (): Executor => {
    if (executor === undefined) throw new Error('the executor runs only within tests')
    return executor
  }
  before(async () => {
    await ensureSandboxBundle()
    executor = createExecutor(shelf, { slots: 1, ...init })
    await executor.start()
  })
  after(async () => { await executor?.stop() })
  return { shelf, executor: current, run: (program, ...values) => current().run(callOf(program, ...values)) }
}
