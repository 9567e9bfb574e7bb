/** What goes wrong in a mesh: workers die in mid-task, modules misbehave; tasks end with their own code and nodes go on. */
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { printedTask, startDaemon, stopDaemons, taskWhen, type Daemon } from '../support/daemon.ts'
import { HOSTILE, compileBomb } from '../support/hostile.ts'
import { SPIN } from '../support/spin.ts'
import { wat } from '../support/wat.ts'

describe('faults', () => {
  let dir: string

  const define = async (name: string, bytes: Uint8Array, fields: string): Promise<string> => {
    await writeFile(join(dir, `${name}.wasm`), bytes)
    const file = join(dir, `${name}.yaml`)
    await writeFile(file, `name: ${name}\ncompute_logic:\n  type: wasm\n  wasm_source: { type: file, path: ${name}.wasm }\n${fields}`)
    return file
  }

  before(async () => { dir = await mkdtemp(join(tmpdir(), 'corebrum-faults-')) })
  after(async () => {
    await stopDaemons()
    await rm(dir, { recursive: true, force: true })
  })

  it('runs a task elsewhere when its worker is killed in mid-task', async () => {
    const file = await define('spin', await wat(SPIN), '  function_name: spin\ninputs: [{ name: n, type: integer }]\n')
    const submitter = await startDaemon({ args: ['--worker-count', '0'] })
    const workers = await Promise.all([1, 2].map(() => startDaemon({ args: ['--worker-count', '1', '--peer', submitter.addresses[0] ?? ''] })))
    const id = (await submitter.run(['submit', '--file', file, '--input', '{"n": 3000000000}', '--detach'])).stdout.trim()
    assert.equal(id.length, 36)
    const { worker } = await taskWhen(submitter, id, ({ state }) => state === 'RUNNING')
    const [killed, other] = workers[0]?.peerId === worker ? workers : [...workers].reverse()
    await killed?.kill('SIGKILL')
    await taskWhen(submitter, id, ({ state }) => state === 'COMPLETED')
    const last = printedTask(await submitter.run(['status', id]))
    assert.equal(last.worker, other?.peerId)
    assert.deepEqual(last.outputs, { result: 7 })
  })

  describe('hostile modules', () => {
    let submitter: Daemon
    let worker: Daemon

    before(async () => {
      worker = await startDaemon({ args: ['--worker-count', '1'] })
      submitter = await startDaemon({ args: ['--worker-count', '0', '--peer', worker.addresses[0] ?? ''] })
    })

    const limits = '  function_name: run\n  timeout_seconds: 1\n  wasm_config: { memory_limit: 16MB }\n'
    for (const { name, source, code, fields = limits } of HOSTILE) {
      it(`${name} ends with ${code}, and the next task runs`, async () => {
        const file = await define(name.replaceAll(' ', '-'), await wat(source), fields)
        const failed = await submitter.run(['submit', '--file', file, '--json'])
        assert.equal(printedTask(failed).error?.code, code, failed.stdout + failed.stderr)
        assert.equal(failed.code, 1)
        const next = await submitter.run(['submit', '--file', 'task_definitions/wasm/factorial_wasm.yaml'])
        assert.equal(next.stdout, '{"result":120}\n', next.stderr)
      })
    }

    it('a compile bomb ends with ERR_TIME_LIMIT or is refused, and the next task runs', async () => {
      const file = await define('compile-bomb', compileBomb(), limits)
      const failed = await submitter.run(['submit', '--file', file, '--json'])
      assert.ok(['ERR_TIME_LIMIT', 'ERR_MODULE_INVALID', 'ERR_MODULE_UNSUPPORTED', 'ERR_MEMORY_LIMIT'].includes(printedTask(failed).error?.code ?? ''), failed.stdout)
      const next = await submitter.run(['submit', '--file', 'task_definitions/wasm/factorial_wasm.yaml'])
      assert.equal(next.stdout, '{"result":120}\n', next.stderr)
    })

    it('the worker is still the same process', () => {
      assert.equal(worker.process.exitCode, null)
    })
  })
})
