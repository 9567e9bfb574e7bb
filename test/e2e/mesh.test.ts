/** Two daemons: what is submitted to one runs on the other. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { ROOT, corebrum, printedTask, startDaemon, stopDaemons, type Daemon } from '../support/daemon.ts'
import { SAMPLES } from '../support/shipped.ts'

describe('two daemons', () => {
  let submitter: Daemon
  let worker: Daemon

  before(async () => {
    worker = await startDaemon({ args: ['--worker-count', '1'] })
    submitter = await startDaemon({ args: ['--worker-count', '0', '--peer', worker.addresses[0] ?? ''] })
  })
  after(stopDaemons)

  for (const { definition, input, output } of SAMPLES) {
    // The URL example is for `url.test.ts`, which serves the file.
    if (definition === 'factorial_wasm_url.yaml') continue
    it(`runs ${definition} with ${input ?? 'its defaults'} on the other one`, async () => {
      const args = ['submit', '--file', join(ROOT, 'task_definitions', 'wasm', definition), ...(input === undefined ? [] : ['--input', input])]
      const bare = await submitter.run(args)
      assert.equal(bare.stdout, `${output}\n`, bare.stderr)
      assert.equal(bare.code, 0)
      const task = printedTask(await submitter.run([...args, '--json']))
      assert.equal(task.state, 'COMPLETED')
      assert.equal(task.worker, worker.peerId)
    })
  }

  it('runs what a command without a daemon submits, once it has joined', async () => {
    const args = ['submit', '--data-dir', join(worker.dataDir, 'no-daemon'), '--no-mdns', '--peer', worker.addresses[0] ?? '', '--file', 'task_definitions/wasm/factorial_wasm.yaml', '--json']
    const task = printedTask(await corebrum(args))
    assert.deepEqual(task.outputs, { result: 120 })
    assert.equal(task.worker, worker.peerId)
  })
})
