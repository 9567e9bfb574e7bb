/** The first task of a submitter to a worker that it is connected to: with a module that the worker holds, and with a new one. */
import type { TaskDefinition } from 'corebrum'
import { startSubmitter } from '../nodes.ts'
import type { Figure, Row, RowContext } from '../row.ts'
import { median, sleep, timed } from '../statistics.ts'
import { readFactorial, renewed } from '../tasks.ts'
import { startWorker } from '../worker.ts'

const LIMIT_MS = 60
/** Identify and the gossip subscriptions are through after this; they belong to connecting, not to the task. */
const SETTLE_MS = 1_200

async function run (context: RowContext): Promise<Figure[]> {
  const { addresses } = await startWorker(context)
  const { definition, bytes } = await readFactorial()

  const first = async (task: TaskDefinition): Promise<number> => {
    const { node, stop } = await startSubmitter(addresses.node)
    await sleep(SETTLE_MS)
    const ms = await timed(async () => await (await node.submit(task, { number: 5 })).result())
    await stop()
    return ms
  }
  const known: number[] = []
  const fresh: number[] = []
  // The code itself is cold only once in the life of a process.
  await first(definition)
  for (let i = 0; i < context.samples(10); i++) {
    known.push(await first(definition))
    fresh.push(await first({ ...definition, module: { kind: 'bytes', bytes: renewed(bytes) } }))
  }
  const figure = (what: string, samples: number[]): Figure => ({
    what,
    measured: median(samples),
    unit: 'ms',
    target: `<= ${LIMIT_MS} ms`,
    met: median(samples) <= LIMIT_MS,
    details: { samples: samples.length, 'least ms': Math.min(...samples), 'most ms': Math.max(...samples) },
  })
  return [figure('cold: first task of a submitter, p50', known), figure('cold, with a module new to the worker, p50', fresh)]
}

export const cold: Row = { name: 'cold', run }
