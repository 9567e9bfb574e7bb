/** Receipts, reuse and agreement on the command line, with real daemons. */
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { corebrum, startDaemon, stopDaemons, type Daemon } from '../support/daemon.ts'
import { useTempDirs } from '../support/temp-dir.ts'
import { wat } from '../support/wat.ts'

const ADD = '(module (func (export "add") (param i32) (result i32) (i32.add (local.get 0) (i32.const 1))))'

describe('receipts on the command line', function () {
  const tempDir = useTempDirs()
  let dir: string
  let file: string

  beforeEach(async () => {
    dir = await tempDir()
    file = join(dir, 'add.yaml')
    const binary = Buffer.from(await wat(ADD)).toString('base64')
    await writeFile(file, `name: add\ndeterministic: true\ncompute_logic: { type: wasm, wasm_binary: "${binary}", function_name: add }\ninputs: [{ name: n, type: integer }]\n`)
  })
  afterEach(stopDaemons)

  async function submit (daemon: Daemon, ...more: string[]): Promise<{ id: string, reusedFrom?: string, outputs: unknown, state: string, error?: { code: string } }> {
    const { stdout, stderr } = await daemon.run(['submit', '--file', file, '--input', '{"n": 5}', '--json', ...more])
    assert.notEqual(stdout, '', stderr)
    return JSON.parse(stdout)
  }

  it('are checked with the daemon, exported, and checked anywhere without one', async () => {
    const daemon = await startDaemon()
    const { id } = await submit(daemon)
    const verified = await daemon.run(['verify', id, '--json'])
    assert.equal(verified.code, 0, verified.stderr)
    assert.equal(JSON.parse(verified.stdout).ok, true)
    const exported = await daemon.run(['results', id, '--receipt'])
    assert.equal(exported.code, 0, exported.stderr)
    await stopDaemons()

    const receipt = join(dir, 'receipt.json')
    await writeFile(receipt, exported.stdout)
    const nowhere = { env: { COREBRUM_DATA_DIR: join(dir, 'none') } }
    assert.equal((await corebrum(['verify', receipt], nowhere)).code, 0)
    assert.equal((await corebrum(['verify', '-'], { ...nowhere, input: exported.stdout })).code, 0)
    for (const [from, to] of [['"ok"', '"ERR_TRAP"'], ['"fence": 1', '"fence": 2'], ['"signature": "', '"signature": "A'], ['"timeMs"', '"timems"'], ['{', '']] as const) {
      const { code, stderr } = await corebrum(['verify', '-'], { ...nowhere, input: exported.stdout.replace(from, to) })
      assert.deepEqual([code, /ERR_RECEIPT/.test(stderr)], [1, true], `${to}: ${stderr}`)
    }
    assert.equal((await corebrum(['verify', id], nowhere)).code, 3)
  })

  it('let a result be reused, which is said, until it is asked to be run', async () => {
    const daemon = await startDaemon()
    const first = await submit(daemon)
    await daemon.run(['verify', first.id])
    const { stdout, stderr } = await daemon.run(['submit', '--file', file, '--input', '{"n": 5}'])
    assert.equal(stdout, '{"result":6}\n')
    assert.match(stderr, new RegExp(`reused the result of task ${first.id}, run by …\\w{8}\\)`))
    const second = await submit(daemon)
    assert.deepEqual([second.reusedFrom, second.outputs], [first.id, { result: 6 }])
    assert.match((await daemon.run(['history', second.id])).stdout, /reused/)
    assert.equal((await submit(daemon, '--no-cache')).reusedFrom, undefined)
  })

  it('come from every worker that agreed', async () => {
    const one = await startDaemon()
    const two = await startDaemon({ args: one.addresses.flatMap((address) => ['--peer', address]) })
    const job = await submit(two, '--replicas', '2', '--quorum', '2')
    assert.deepEqual([job.state, job.outputs], ['COMPLETED', { result: 6 }])
    const { stdout, stderr } = await two.run(['results', job.id, '--receipt'])
    const receipts = JSON.parse(stdout) as Array<{ body: { worker: string } }>
    assert.deepEqual(receipts.map(({ body }) => body.worker).sort(), [one.peerId, two.peerId].sort(), stderr)
    assert.equal((await two.run(['verify', job.id])).code, 0)
    const refused = await two.run(['submit', '--file', file, '--input', '{"n": 5}', '--replicas', '2', '--quorum', '3'])
    assert.deepEqual([refused.code, /ERR_USAGE/.test(refused.stderr)], [2, true])
  })
})
