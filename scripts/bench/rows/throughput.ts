/** Many tasks at once to one worker process, beside what the same messages take when nothing is run. */
import { multiaddr } from '@multiformats/multiaddr'
import { createChannel } from '../../../src/network/frames.ts'
import type { Channel } from '../../../src/network/network.ts'
import { createBare, FRAMES } from '../bare.ts'
import { startSubmitter } from '../nodes.ts'
import { family, processorMs } from '../processor.ts'
import type { Figure, Row, RowContext } from '../row.ts'
import { median, timed } from '../statistics.ts'
import { LEASE_MESSAGE } from '../shapes.ts'
import { submitFactorials } from '../tasks.ts'
import { startWorker } from '../worker.ts'

const TASKS_PER_SECOND = 10_000

async function run (context: RowContext): Promise<Figure[]> {
  const { child, addresses } = await startWorker(context)
  const bare = await createBare()
  context.after(() => bare.stop())
  const channel = createChannel('bench', await bare.dialProtocol(multiaddr(addresses.bare), FRAMES), { firstFrameTimeoutMs: 0 })
  const { node, stop } = await startSubmitter(addresses.node)
  context.after(stop)
  const count = context.samples(20_000)
  // One warm task opens the stream; the rest of the run starts as cold as a program's first batch.
  await submitFactorials(node, 1)
  const rates: number[] = []
  const ceilings: number[] = []
  const used = { submitter: 0, worker: 0, sandboxes: 0 }
  // What a task costs does not depend on what else the machine does, so it tells more than the rate on a busy one.
  const addUsed = async (sign: 1 | -1): Promise<void> => {
    const { user, system } = process.cpuUsage()
    used.submitter += sign * (user + system) / 1000
    const members = await family(child.pid)
    const worker = members.filter(({ pid }) => pid === child.pid)
    used.worker += sign * processorMs(worker)
    used.sandboxes += sign * (processorMs(members) - processorMs(worker))
  }
  for (let i = 0; i < 3; i++) {
    ceilings.push(count / await timed(() => exchange(channel, count)) * 1000)
    await addUsed(-1)
    rates.push(count / await timed(() => submitFactorials(node, count)) * 1000)
    await addUsed(1)
    context.say(`${Math.round(rates.at(-1) ?? 0)} tasks/s, ${Math.round(ceilings.at(-1) ?? 0)} exchanges/s`)
  }
  const measured = median(rates)
  const perTask = (ms: number): number => ms * 1000 / (count * rates.length)
  return [{
    what: `throughput, ${count} tasks at once, 2 slots`,
    measured,
    unit: 'tasks/s',
    baseline: { what: 'the same messages, nothing run', value: median(ceilings) },
    ratio: measured / median(ceilings),
    target: `>= ${TASKS_PER_SECOND}/s`,
    met: measured >= TASKS_PER_SECOND,
    details: {
      runs: rates.length,
      'first run tasks/s': rates[0] ?? 0,
      'best run tasks/s': Math.max(...rates),
      'submitter processor us/task': perTask(used.submitter),
      'worker processor us/task': perTask(used.worker),
      'sandboxes processor us/task': perTask(used.sandboxes),
    },
  }]
}

/** Sends `count` leases at once and waits for as many results. */
function exchange (channel: Channel, count: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let left = count
    channel.onMessages = (messages) => {
      left -= messages.length
      if (left === 0) resolve()
    }
    channel.onClose = (error) => { reject(error ?? new Error('the stream ended')) }
    for (let i = 0; i < count; i++) channel.send(LEASE_MESSAGE)
  })
}

export const throughput: Row = { name: 'throughput', run }
