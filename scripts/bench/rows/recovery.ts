/** A daemon that comes back to many open tasks: how much longer its start takes than with an empty journal. */
import { startDaemon, stopDaemons } from '../../../test/support/daemon.ts'
import { createNode } from 'corebrum'
import { temporaryFolder } from '../nodes.ts'
import type { Figure, Row, RowContext } from '../row.ts'
import { median, timed } from '../statistics.ts'
import { readTask, TASKS } from '../tasks.ts'

const OPEN_TASKS = 100_000
const AT_ONCE = 5_000
const LIMIT_MS = 3_000

async function fill (dataDir: string, count: number): Promise<void> {
  const node = await createNode({ dataDir, workerCount: 0, listen: ['/ip4/127.0.0.1/tcp/0'], mdns: false })
  await node.start()
  const definition = await readTask('gcd.json')
  for (let done = 0; done < count; done += AT_ONCE) {
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, count - done) }, (_, i) => node.submit(definition, { a: done + i, b: 12 }, { baseDir: TASKS })))
  }
  await node.stop()
}

async function run (context: RowContext): Promise<Figure[]> {
  const count = context.samples(OPEN_TASKS)
  const [full, empty] = [await temporaryFolder(), await temporaryFolder()]
  context.after(full.remove)
  context.after(empty.remove)
  context.after(stopDaemons)
  await fill(full.folder, count)
  const start = async (dataDir: string, pending: number): Promise<number> => {
    let daemon: Awaited<ReturnType<typeof startDaemon>> | undefined
    const ms = await timed(async () => { daemon = await startDaemon({ dataDir, args: ['--worker-count', '0', '--log-level', 'warn'] }) })
    const { stdout = '' } = await daemon?.run(['status']) ?? {}
    if (!stdout.includes(`"PENDING": ${pending}`)) throw new Error(`the daemon did not come back with ${pending} open tasks: ${stdout}`)
    await daemon?.kill('SIGKILL')
    return ms
  }
  const [fulls, empties]: [number[], number[]] = [[], []]
  for (let i = 0; i < 3; i++) {
    empties.push(await start(empty.folder, 0))
    fulls.push(await start(full.folder, count))
    context.say(`${Math.round(fulls.at(-1) ?? 0)} ms, ${Math.round(empties.at(-1) ?? 0)} ms without tasks`)
  }
  const measured = median(fulls) - median(empties)
  return [{
    what: `recovery of ${count} open tasks, added to the start of a daemon`,
    measured,
    unit: 'ms',
    baseline: { what: 'the start with none', value: median(empties) },
    target: `<= ${LIMIT_MS} ms`,
    met: measured <= LIMIT_MS,
    details: { runs: fulls.length, 'slowest start ms': Math.max(...fulls) },
  }]
}

export const recovery: Row = { name: 'recovery', run }
