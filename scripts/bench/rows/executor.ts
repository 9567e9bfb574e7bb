/** What the sandbox adds to a warm call: the executor alone against the same call in this process. */
import { createExecutor } from '../../../src/executor/pool.ts'
import { cidOf } from '../../../src/modules/cid.ts'
import type { Program } from '../../../src/task/program.ts'
import { toProgram } from '../../../src/task/to-program.ts'
import { readFactorial } from '../tasks.ts'
import type { Figure, Row, RowContext } from '../row.ts'
import { median, percentile, timed } from '../statistics.ts'

const WARM_UP = 500
const LIMIT_MS = 0.25
/** Calls under way at once when the rate is taken; fewer than the executor's queue holds. */
const AT_ONCE = 1_000

async function run (context: RowContext): Promise<Figure[]> {
  const { definition, bytes } = await readFactorial()
  const program: Program = toProgram(definition, { cid: cidOf(bytes), size: bytes.length, urls: [] })
  const executor = createExecutor({ loadModule: () => Promise.resolve(bytes) }, { slots: 2 })
  await executor.start()
  context.after(() => executor.stop())
  const sandboxed = async (): Promise<void> => {
    await executor.run({ program, values: [5], taskId: 'bench', workerId: 'bench' })
  }
  const module = new WebAssembly.Module(bytes)
  // A fresh instance for each call is part of what the sandbox promises, so it is part of the call here too.
  const plain = (): void => {
    const { factorial } = new WebAssembly.Instance(module).exports
    if (typeof factorial !== 'function' || factorial(5n) !== 120n) throw new Error('factorial(5) is not 120')
  }
  const calls: number[] = []
  const plainCalls: number[] = []
  const samples = context.samples(5_000)
  for (let i = 0; i < WARM_UP + samples; i++) {
    const plainMs = await timed(plain)
    const callMs = await timed(sandboxed)
    if (i < WARM_UP) continue
    plainCalls.push(plainMs)
    calls.push(callMs)
  }
  const count = context.samples(20_000)
  const seconds = await timed(() => Promise.all(Array.from({ length: AT_ONCE }, async (_, lane) => {
    for (let i = lane; i < count; i += AT_ONCE) await sandboxed()
  }))) / 1000
  const measured = median(calls) - median(plainCalls)
  return [{
    what: 'executor: what it adds to a warm call, p50',
    measured,
    unit: 'ms',
    baseline: { what: 'the call in this process', value: median(plainCalls) },
    target: `<= ${LIMIT_MS} ms`,
    met: measured <= LIMIT_MS,
    details: { samples, 'call p90 ms': percentile(calls, 90), 'call p99 ms': percentile(calls, 99), 'calls/s, 2 slots': count / seconds },
  }]
}

export const executor: Row = { name: 'executor', run }
