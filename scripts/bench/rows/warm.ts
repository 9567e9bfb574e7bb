/**
 * Warm submit to result between two processes, against a bare echo between the same two. They take turns in short blocks: one
 * by one, what a task leaves to be done after its result (the acknowledgement) would slow the echo that follows it.
 */
import { createBare, openEcho } from '../bare.ts'
import { startSubmitter } from '../nodes.ts'
import type { Figure, Row, RowContext } from '../row.ts'
import { median, percentile, timed } from '../statistics.ts'
import { readFactorial } from '../tasks.ts'
import { startWorker } from '../worker.ts'

/** Both paths are compiled to their last tier by then; with fewer, the engine's compiler is measured. */
const WARM_UP_BLOCKS = 120
const BLOCK = 50
/** The first samples of a block still see what the block before it left. */
const SKIPPED = 5
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
  const blocks = context.samples(40)
  for (let i = 0; i < WARM_UP_BLOCKS + blocks; i++) {
    const echoBlock = await block(() => echo.roundTrip(payload))
    const taskBlock = await block(task)
    if (i < WARM_UP_BLOCKS) continue
    echoes.push(...echoBlock)
    tasks.push(...taskBlock)
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
      samples: tasks.length,
      'task p10 ms': percentile(tasks, 10),
      'task p90 ms': percentile(tasks, 90),
      'task p99 ms': percentile(tasks, 99),
      'echo p10 ms': percentile(echoes, 10),
      'echo p90 ms': percentile(echoes, 90),
      'echo p99 ms': percentile(echoes, 99),
    },
  }]
}

async function block (work: () => Promise<void>): Promise<number[]> {
  const samples: number[] = []
  for (let i = 0; i < BLOCK; i++) samples.push(await timed(work))
  return samples.slice(SKIPPED)
}

export const warm: Row = { name: 'warm', run }
