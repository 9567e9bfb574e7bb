/** The URL example: the file is served, then the server is gone and peers stand in for it. */
import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { ROOT, printedTask, startDaemon, stopDaemons } from '../support/daemon.ts'

const FILE = 'task_definitions/wasm/factorial_wasm_url.yaml'

describe('a module from a URL', () => {
  let server: ChildProcess

  before(async () => {
    server = spawn(process.execPath, ['scripts/serve.mjs', 'task_definitions/wasm'], { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] })
    assert.ok(server.stdout)
    const [line] = await once(createInterface({ input: server.stdout }), 'line') as [string]
    assert.match(line, /serving .* at http:\/\/127\.0\.0\.1:8765\//)
  })
  after(async () => {
    server.kill()
    await stopDaemons()
  })

  it('runs while the URL answers, and from peers when it is down', async () => {
    const holder = await startDaemon({ args: ['--worker-count', '1'] })
    const peer = ['--peer', holder.addresses[0] ?? '']
    const first = await startDaemon({ args: ['--worker-count', '0', ...peer] })
    const served = await first.run(['submit', '--file', FILE, '--input', '{"number": 6}'])
    assert.equal(served.stdout, '{"result":720}\n', served.stderr)

    server.kill()
    await once(server, 'exit')
    // A submitter that never held the module: only the peer has it now.
    const late = await startDaemon({ args: ['--worker-count', '0', ...peer] })
    await first.kill('SIGTERM')
    const task = printedTask(await late.run(['submit', '--file', FILE, '--input', '{"number": 7}', '--json']))
    assert.deepEqual(task.outputs, { result: 5040 })
    assert.equal(task.worker, holder.peerId)
  })

  it('says what is wrong when neither the URL nor a peer has it', async () => {
    const alone = await startDaemon({ args: ['--worker-count', '1'] })
    const { code, stderr } = await alone.run(['submit', '--file', FILE])
    assert.equal(code, 1)
    assert.match(stderr, /ERR_URL_FAILED/)
    assert.match(stderr, /127\.0\.0\.1:8765/)
  })
})
