/** A module that computes for more than a second: in the sandbox, and in a plain Node process; they take turns. */
import { readFile } from 'node:fs/promises'
import { createExecutor } from '../../../src/executor/pool.ts'
import { cidOf } from '../../../src/modules/cid.ts'
import { toProgram } from '../../../src/task/to-program.ts'
import { startChild } from '../child.ts'
import type { PlainProcess } from '../processes/plain.ts'
import type { Figure, Row, RowContext } from '../row.ts'
import { median, timed } from '../statistics.ts'
import { readTask, TASKS } from '../tasks.ts'

const LIMIT = 1.03
const AT_LEAST_MS = 1_000

async function run (context: RowContext): Promise<Figure[]> {
  const bytes = await readFile(`${TASKS}primes.wasm`)
  const program = toProgram(await readTask('primes.yaml'), { cid: cidOf(bytes), size: bytes.length, urls: [] })
  const executor = createExecutor({ loadModule: () => Promise.resolve(bytes) }, { slots: 1 })
  await executor.start()
  context.after(() => executor.stop())
  const child = await startChild<PlainProcess>(new URL('../processes/plain.ts', import.meta.url))
  context.after(() => child.stop())

  let expected: number | undefined
  const plain = async (limit: number): Promise<number> => {
    const { ms, result } = await child.call('call', bytes, 'primes', BigInt(limit))
    expected = Number(result)
    return ms
  }
  // Seen from outside: handing over and coming back count too.
  const sandboxed = async (limit: number): Promise<number> => await timed(async () => {
    const { outputs } = await executor.run({ program, values: [limit], taskId: 'bench', workerId: 'bench' })
    if (outputs.result !== expected) throw new Error(`${String(outputs.result)} primes below ${limit}, not ${String(expected)}`)
  })

  let limit = 4_000_000
  while (await plain(limit) < AT_LEAST_MS * 1.2) limit = Math.round(limit * 1.3)
  await sandboxed(limit)
  const inSandbox: number[] = []
  const inPlainNode: number[] = []
  for (let i = 0; i < context.samples(7); i++) {
    inPlainNode.push(await plain(limit))
    inSandbox.push(await sandboxed(limit))
  }
  const ratio = median(inSandbox) / median(inPlainNode)
  return [{
    what: 'CPU-bound module in the sandbox',
    measured: median(inSandbox),
    unit: 'ms',
    baseline: { what: 'plain Node', value: median(inPlainNode) },
    ratio,
    target: `<= ${LIMIT} x`,
    met: ratio <= LIMIT,
    details: {
      samples: inSandbox.length,
      limit,
      'ratio of the fastest': Math.min(...inSandbox) / Math.min(...inPlainNode),
      'fastest ms': Math.min(...inSandbox),
      'fastest plain ms': Math.min(...inPlainNode),
    },
  }]
}

export const cpu: Row = { name: 'cpu', run }
