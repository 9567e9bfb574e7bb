/**
 * Hosts on one virtual LAN that find each other by mDNS alone. Needs the right to make network namespaces; where that
 * is missing the tests say so and do not run, except in CI, where they must.
 */
import assert from 'node:assert/strict'
import { printedTask, startDaemon, stopDaemons, taskWhen, type Daemon } from '../support/daemon.ts'
import { createLan, lanProblem, type Lan } from '../support/lan.ts'

const problem = lanProblem()
const must = process.env.CI !== undefined

if (problem !== undefined && !must) {
  console.log(`network namespaces: not run here (${problem}); CI runs them`)
} else {
  describe('hosts on a LAN', () => {
    let lan: Lan
    let a: Daemon
    let b: Daemon

    before(async () => {
      lan = createLan(6)
      a = await startDaemon({ netns: lan.host(0), mdns: true, listen: '/ip4/0.0.0.0/tcp/0', args: ['--worker-count', '0'] })
      b = await startDaemon({ netns: lan.host(1), mdns: true, listen: '/ip4/0.0.0.0/tcp/0', args: ['--worker-count', '1'] })
    })
    after(async () => {
      await stopDaemons()
      lan.remove()
    })

    it('find each other by mDNS and run a task on another host', async () => {
      const task = printedTask(await a.run(['submit', '--file', 'task_definitions/wasm/factorial_wasm.yaml', '--json']))
      assert.deepEqual(task.outputs, { result: 120 })
      assert.equal(task.worker, b.peerId)
    })

    it('fetch a module from a peer that is not the submitter, when the submitter no longer has it', async () => {
      // b ran it, so b holds it; now b leaves the work to others, and the submitter loses its own copy.
      const cid = (await a.run(['modules', 'add', 'task_definitions/wasm/gcd.wasm'])).stdout.trim().split(/\s/)[0] ?? ''
      assert.match(cid, /^bafkrei/)
      const holder = await startDaemon({ netns: lan.host(1), mdns: true, listen: '/ip4/0.0.0.0/tcp/0', args: ['--worker-count', '0'] })
      assert.equal((await holder.run(['modules', 'add', 'task_definitions/wasm/gcd.wasm'])).code, 0)
      await b.kill('SIGTERM')
      const id = (await a.run(['submit', '--file', 'task_definitions/wasm/gcd.json', '--detach'])).stdout.trim()
      assert.equal((await a.run(['modules', 'rm', cid])).code, 0)

      const c = await startDaemon({ netns: lan.host(2), mdns: true, listen: '/ip4/0.0.0.0/tcp/0', args: ['--worker-count', '1'] })
      await taskWhen(a, id, ({ state }) => state === 'COMPLETED')
      const task = printedTask(await a.run(['status', id]))
      assert.equal(task.worker, c.peerId)
      assert.deepEqual(task.outputs, { result: 12 })
      assert.equal((await a.run(['modules', 'list'])).stdout.includes(cid), false)
    })

    it('give a task to another host when the link to its worker is cut', async () => {
      const start = (index: number, workers: number): Promise<Daemon> =>
        startDaemon({ netns: lan.host(index), mdns: true, listen: '/ip4/0.0.0.0/tcp/0', args: ['--worker-count', String(workers)] })
      const [submitter, first] = await Promise.all([start(3, 0), start(4, 1)])
      const id = (await submitter.run(['submit', '--file', 'task_definitions/wasm/primes.yaml', '--input', '{"limit": 8000000}', '--detach'])).stdout.trim()
      const { worker: holder } = await taskWhen(submitter, id, ({ state }) => state === 'RUNNING')
      assert.ok(holder)
      await start(5, 1)
      lan.cut(holder === first.peerId ? 4 : 2)
      await taskWhen(submitter, id, ({ state }) => state === 'COMPLETED')
      const task = printedTask(await submitter.run(['status', id]))
      assert.notEqual(task.worker, holder)
      assert.deepEqual(task.outputs, { result: 539777 })
      lan.restore(holder === first.peerId ? 4 : 2)
    })
  })
}
