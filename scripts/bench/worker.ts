/** Starts the worker process and ends it after the row; `durable`: with a journal. */
import { startChild, type Child } from './child.ts'
import type { WorkerProcess } from './processes/worker.ts'
import type { RowContext } from './row.ts'

export async function startWorker (context: RowContext, { durable = false }: { durable?: boolean } = {}): Promise<{ child: Child<WorkerProcess>, addresses: { node: string, bare: string } }> {
  const child = await startChild<WorkerProcess>(new URL('./processes/worker.ts', import.meta.url), durable ? ['durable'] : [])
  context.after(() => child.stop())
  context.after(() => child.call('close'))
  return { child, addresses: await child.call('addresses') }
}
