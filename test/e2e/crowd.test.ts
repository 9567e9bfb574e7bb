/** Four submitters, four workers, 200 tasks at once: each ends once, with the right result, and the work is shared. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { createControlClient } from '../../src/control/client.ts'
import type { View } from '../../src/control/views.ts'
import { ROOT, startDaemon, stopDaemons, type Daemon } from '../support/daemon.ts'

const TASKS_EACH = 50
const FILE = join(ROOT, 'task_definitions', 'wasm', 'primes.yaml')

describe('four submitters and four workers', () => {
  const submitters: Daemon[] = []
  const workers: Daemon[] = []

  before(async () => {
    const hub = await startDaemon({ args: ['--worker-count', '1'] })
    workers.push(hub)
    const args = ['--peer', hub.addresses[0] ?? '']
    for (let i = 0; i < 3; i++) workers.push(await startDaemon({ args: ['--worker-count', '1', ...args] }))
    for (let i = 0; i < 4; i++) {
      submitters.push(await startDaemon({ args: ['--worker-count', '0', ...args, ...workers.flatMap(({ addresses }) => ['--peer', addresses[0] ?? ''])] }))
    }
  })
  after(stopDaemons)

  it('complete 200 tasks, each once', async () => {
    const definition = await readFile(FILE, 'utf8')
    const finished = await Promise.all(submitters.flatMap((submitter, s) => {
      const client = createControlClient({ dataDir: submitter.dataDir })
      return Array.from({ length: TASKS_EACH }, async (_, i) => {
        const limit = 20_000 + 100 * i + s
        let last: View | undefined
        for await (const event of client.follow({ definition, fileName: FILE, baseDir: dirname(FILE), inputs: JSON.stringify({ limit }) })) {
          if (event.type === 'task') last = event.task
        }
        return { limit, task: last }
      })
    }))
    const workedBy = new Map<unknown, number>()
    for (const { limit, task } of finished) {
      assert.equal(task?.state, 'COMPLETED', JSON.stringify(task))
      assert.deepEqual(task.outputs, { result: primesBelow(limit) })
      workedBy.set(task.worker, (workedBy.get(task.worker) ?? 0) + 1)
    }
    for (const { peerId } of workers) assert.ok((workedBy.get(peerId) ?? 0) > 0, `${peerId} had no part: ${JSON.stringify([...workedBy])}`)
    for (const submitter of submitters) {
      const list = JSON.parse((await submitter.run(['list', '--json', '--limit', '1000'])).stdout) as Array<{ id: string }>
      assert.equal(new Set(list.map(({ id }) => id)).size, TASKS_EACH, 'each task is known once')
      assert.equal(list.length, TASKS_EACH)
    }
  })
})

/** The number of primes below `limit`, by sieve. */
function primesBelow (limit: number): number {
  const composite = new Uint8Array(limit)
  let count = 0
  for (let n = 2; n < limit; n++) {
    if (composite[n] === 1) continue
    count++
    for (let m = n * n; m < limit; m += n) composite[m] = 1
  }
  return count
}
