/** Warm submit to result between two processes, against a bare echo between the same two; samples of both take turns. */
import { createBare, openEcho } from '../bare.ts'
import { startSubmitter } from '../nodes.ts'
import type { Figure, Row, RowContext } from '../row.ts'
import { median, percentile, timed } from '../statistics.ts'
import { readFactorial } from '../tasks.ts'
import { startWorker } from '../worker.ts'

const WARM_UP = 300
const LIMIT = 2.5
/** About what a lease and a result have. */
const ECHO_BYTES = 100

async function run (context: RowContext): Promise<Figure[]> {
  const { addresses } = await startWorker(context)
  const bare = await createBare()
  context.after(() => bare.stop())
  const echo = await openEcho(bare, addresses.bare)
  const { node, stop } = await startSubmitter(addresses.node)
  context.after(stop)
  const { definition } = await readFactorial()
  const payload = new Uint8Array(ECHO_BYTES)

  const task = async (): Promise<void> => {
    const { result } = await (await node.submit(definition, { number: 5 })).result()
    if (result !== 120) throw new Error(`factorial(5) gave ${String(result)}`)
  }
  const tasks: number[] = []
  const echoes: number[] = []
  const samples = context.samples(2_000)
  for (let i = 0; i < WARM_UP + samples; i++) {
    const echoMs = await timed(() => echo.roundTrip(payload))
    const taskMs = await timed(task)
    if (i < WARM_UP) continue
    echoes.push(echoMs)
    tasks.push(taskMs)
  }
  const measured = median(tasks)
  const baseline = median(echoes)
  return [{
    what: 'warm submit to result, p50',
    measured,
    unit: 'ms',
    baseline: { what: 'bare libp2p echo', value: baseline },
    ratio: measured / baseline,
    target: `<= ${LIMIT} x`,
    met: measured <= LIMIT * baseline,
    details: {
      samples,
      'task p10 ms': percentile(tasks, 10),
      'task p90 ms': percentile(tasks, 90),
      'task p99 ms': percentile(tasks, 99),
      'echo p10 ms': percentile(echoes, 10),
      'echo p90 ms': percentile(echoes, 90),
      'echo p99 ms': percentile(echoes, 99),
    },
  }]
}

export const warm: Row = { name: 'warm', run }
