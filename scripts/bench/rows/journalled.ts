/** Many tasks at once with a journal at both ends, beside the same without: what it costs that nothing is lost. */
import type { Node } from 'corebrum'
import type { Child } from '../child.ts'
import { startSubmitter } from '../nodes.ts'
import { family, processorMs } from '../processor.ts'
import type { WorkerProcess } from '../processes/worker.ts'
import type { Figure, Row, RowContext } from '../row.ts'
import { median, timed } from '../statistics.ts'
import { submitFactorials } from '../tasks.ts'
import { startWorker } from '../worker.ts'

const LEAST_RATIO = 0.6

interface Pair {
  node: Node
  child: Child<WorkerProcess>
  rates: number[]
  /** Processor time of each side, milliseconds. */
  submitterMs: number
  workerMs: number
}

async function start (context: RowContext, durable: boolean): Promise<Pair> {
  const { child, addresses } = await startWorker(context, { durable })
  const { node, stop } = await startSubmitter(addresses.node, { durable })
  context.after(stop)
  await submitFactorials(node, 1)
  return { node, child, rates: [], submitterMs: 0, workerMs: 0 }
}

async function runOnce (pair: Pair, count: number): Promise<void> {
  const used = async (): Promise<{ own: number, worker: number }> => {
    const { user, system } = process.cpuUsage()
    return { own: (user + system) / 1000, worker: processorMs((await family(pair.child.pid)).filter(({ pid }) => pid === pair.child.pid)) }
  }
  const before = await used()
  pair.rates.push(count / await timed(() => submitFactorials(pair.node, count)) * 1000)
  const after = await used()
  pair.submitterMs += after.own - before.own
  pair.workerMs += after.worker - before.worker
}

async function run (context: RowContext): Promise<Figure[]> {
  const count = context.samples(20_000)
  const pairs = { plain: await start(context, false), journalled: await start(context, true) }
  // In turn, so that what else the machine does falls on both.
  for (let n = 0; n < 3; n++) {
    for (const pair of [pairs.plain, pairs.journalled]) await runOnce(pair, count)
    context.say(`${Math.round(pairs.plain.rates.at(-1) ?? 0)} tasks/s without, ${Math.round(pairs.journalled.rates.at(-1) ?? 0)} tasks/s with a journal`)
  }
  const [plain, journalled] = [median(pairs.plain.rates), median(pairs.journalled.rates)]
  const perTask = (ms: number): number => ms * 1000 / (count * 3)
  return [{
    what: `throughput with a journal, ${count} tasks at once, 2 slots`,
    measured: journalled,
    unit: 'tasks/s',
    baseline: { what: 'without a journal', value: plain },
    ratio: journalled / plain,
    target: `>= ${LEAST_RATIO} x`,
    met: journalled / plain >= LEAST_RATIO,
    details: {
      'submitter processor us/task': perTask(pairs.journalled.submitterMs),
      'submitter processor us/task without': perTask(pairs.plain.submitterMs),
      'worker processor us/task': perTask(pairs.journalled.workerMs),
      'worker processor us/task without': perTask(pairs.plain.workerMs),
    },
  }]
}

export const journalled: Row = { name: 'journalled', run }
