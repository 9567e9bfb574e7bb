/** A worker that dies in the middle of a task: how long until another one runs it, when the connection closes and when there is only silence. */
import type { Node, TaskHandle, TaskRecord } from 'corebrum'
import { LEASE_MS } from '../../../src/roles/submitter/limits.ts'
import { startDaemon, stopDaemons, type Daemon } from '../../../test/support/daemon.ts'
import { startNode } from '../nodes.ts'
import type { Figure, Row, RowContext } from '../row.ts'
import { median, sleep } from '../statistics.ts'
import { readTask, TASKS } from '../tasks.ts'

const CLOSED_LIMIT_MS = 1_500
const SILENT_LIMIT_MS = LEASE_MS + 1_000

/** The record at the first change, or now, of which `holds` is true. */
async function until (handle: TaskHandle, holds: (record: TaskRecord) => boolean): Promise<TaskRecord> {
  for await (const record of handle.events()) if (holds(record)) return record
  throw new Error(`the task ended as ${handle.record().state}`)
}

/** Milliseconds from `fail` of the worker until the task runs on the other one. */
async function moveOn (node: Node, daemons: Map<string, Daemon>, fail: (daemon: Daemon) => Promise<void> | void): Promise<number> {
  const handle = await node.submit(await readTask('primes.yaml'), { limit: 4_294_967_295 }, { baseDir: TASKS })
  const first = (await until(handle, ({ state }) => state === 'running')).worker ?? ''
  const holder = daemons.get(first)
  if (holder === undefined) throw new Error('the task does not run on a daemon of this benchmark')
  const start = performance.now()
  await fail(holder)
  await until(handle, ({ state, worker }) => state === 'running' && worker !== first)
  const ms = performance.now() - start
  handle.cancel()
  daemons.delete(first)
  return ms
}

async function run (context: RowContext): Promise<Figure[]> {
  const { node, stop } = await startNode({ workerCount: 0 })
  context.after(stop)
  context.after(stopDaemons)
  const [address = ''] = node.addresses()
  const daemons = new Map<string, Daemon>()
  async function measure (samples: number, fail: (daemon: Daemon) => Promise<void> | void): Promise<number[]> {
    const times: number[] = []
    for (let i = 0; i < samples; i++) {
      while (daemons.size < 2) {
        const daemon = await startDaemon({ args: ['--worker-count', '1', '--peer', address] })
        daemons.set(daemon.peerId, daemon)
      }
      while (node.peers().length < 2) await sleep(20)
      times.push(await moveOn(node, daemons, fail))
      context.say(`${Math.round(times.at(-1) ?? 0)} ms`)
    }
    return times
  }
  const closed = await measure(context.samples(5), (daemon) => daemon.kill('SIGKILL'))
  const stopped: Daemon[] = []
  const silent = await measure(context.samples(3), (daemon) => {
    stopped.push(daemon)
    daemon.process.kill('SIGSTOP')
  })
  for (const daemon of stopped) await daemon.kill('SIGKILL')
  const figure = (what: string, times: number[], limitMs: number): Figure => ({
    what, measured: Math.max(...times), unit: 'ms', target: `<= ${limitMs} ms`, met: Math.max(...times) <= limitMs, details: { samples: times.length, 'median ms': median(times) },
  })
  return [
    figure('a killed worker\'s task runs elsewhere, slowest', closed, CLOSED_LIMIT_MS),
    figure('the task of a worker that fell silent runs elsewhere, slowest', silent, SILENT_LIMIT_MS),
  ]
}

export const failover: Row = { name: 'failover', run }
