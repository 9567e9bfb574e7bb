/** Four submitters, four workers, 200 tasks at once: each ends once, with the right result, and the work is shared. */
import assert from 'node:assert/strict'
import { printedTask, startDaemon, stopDaemons, type Daemon } from '../support/daemon.ts'

const TASKS_EACH = 50

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
  }).timeout(60_000)
  after(stopDaemons)

  it('complete 200 tasks, each once', async () => {
    const expected = new Map<string, number>()
    const ids = await Promise.all(submitters.map(async (submitter, s) => {
      const mine: string[] = []
      for (let i = 0; i < TASKS_EACH; i++) {
        const limit = 20_000 + 100 * i + s
        const { stdout, stderr } = await submitter.run(['submit', '--file', 'task_definitions/wasm/primes.yaml', '--input', JSON.stringify({ limit }), '--detach'])
        assert.equal(stdout.trim().length, 36, stderr)
        mine.push(stdout.trim())
        expected.set(stdout.trim(), primesBelow(limit))
      }
      return mine
    }))
    for (const [s, mine] of ids.entries()) {
      const submitter = submitters[s]
      assert.ok(submitter)
      for (const id of mine) {
        let task = printedTask(await submitter.run(['status', id]))
        while (!['COMPLETED', 'FAILED', 'TIMEOUT', 'CANCELLED'].includes(task.state)) task = printedTask(await submitter.run(['status', id]))
        assert.equal(task.state, 'COMPLETED', JSON.stringify(task))
        assert.equal(task.outputs?.result, expected.get(id))
        assert.ok(workers.some(({ peerId }) => peerId === task.worker))
      }
      const list = await submitter.run(['list', '--json', '--limit', '1000'])
      assert.equal((JSON.parse(list.stdout) as unknown[]).length, TASKS_EACH, 'each task is known once')
    }
  }).timeout(120_000)
})

/** The number of primes up to and including `limit`, by sieve. */
function primesBelow (limit: number): number {
  const composite = new Uint8Array(limit + 1)
  let count = 0
  for (let n = 2; n <= limit; n++) {
    if (composite[n] === 1) continue
    count++
    for (let m = n * n; m <= limit; m += n) composite[m] = 1
  }
  return count
}
