import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createControlServer, type ControlServer } from '../../src/control/server.ts'
import { CorebrumError } from '../../src/errors.ts'
import { createFakeNode, FakeTask, type FakeNode } from '../support/fake-node.ts'
import { CLI, runCli, type CliOptions, type CliResult } from '../support/run-cli.ts'
import { useTempDirs } from '../support/temp-dir.ts'

const DEFINITION = `name: factorial
compute_logic:
  type: wasm
  wasm_binary: AGFzbQEAAAA=
  inputs: [{ name: number, type: integer, default: 1 }, { name: text, type: string, required: false }]
  outputs: [{ name: result, type: integer }]
`

describe('corebrum: commands with a daemon', () => {
  const tempDir = useTempDirs()
  let dataDir: string
  let file: string
  let node: FakeNode
  let server: ControlServer

  beforeEach(async () => {
    dataDir = await tempDir()
    file = join(dataDir, 'task.yaml')
    await writeFile(file, DEFINITION)
    node = createFakeNode({ dataDir })
    server = createControlServer({ node: Promise.resolve(node) }, { dataDir })
    await server.start()
  })

  afterEach(async () => await server.stop())

  const run = (args: string[], options: CliOptions = {}): Promise<CliResult> => runCli([...args, '--data-dir', dataDir], options)
  const submit = (...args: string[]): Promise<CliResult> => run(['submit', '--file', file, ...args])

  it('prints the outputs on one line and nothing else on stdout, the id on stderr', async () => {
    const { code, stdout, stderr } = await submit('--input', '{"number": 5}')
    assert.deepEqual({ code, stdout }, { code: 0, stdout: '{"result":120}\n' })
    assert.match(stderr, /^task [0-9a-f-]{36}$/m)
    assert.deepEqual(node.submissions[0]?.inputs, { number: 5 })
    assert.equal(node.submissions[0]?.options.baseDir, dataDir)
  })

  it('keeps every digit of large integers', async () => {
    node.onSubmit = (_submission, task) => { task.complete({ result: 2432902008176640000n }) }
    assert.equal((await submit()).stdout, '{"result":2432902008176640000}\n')
  })

  it('knows submit-and-wait, --inputs, @file, standard input, --set, --quiet', async () => {
    await writeFile(join(dataDir, 'in.json'), '{"number": 6}')
    assert.equal((await run(['submit-and-wait', '--file', file, '--inputs', `@${join(dataDir, 'in.json')}`])).code, 0)
    assert.equal((await run(['submit', '--file', file, '--input', '-'], { stdin: '{"number": 7}' })).code, 0)
    assert.equal((await run(['submit', '--file', '-'], { stdin: DEFINITION })).code, 0)
    const { stderr } = await submit('--set', 'number=8', '--set', 'text=9', '--quiet')
    assert.deepEqual(node.submissions.map(({ inputs }) => inputs), [{ number: 6 }, { number: 7 }, {}, { number: 8, text: '9' }])
    assert.match(stderr, /^task [0-9a-f-]{36}\n$/)
  })

  it('prints the whole task with --json and the id alone with --detach', async () => {
    const task = JSON.parse((await submit('--json')).stdout)
    assert.equal(task.state, 'COMPLETED')
    assert.deepEqual(task.outputs, { result: 120 })
    assert.equal(task.timings.totalMs, 12)
    assert.match((await submit('--detach')).stdout, /^[0-9a-f-]{36}\n$/)
  })

  it('has an exit code for each end', async () => {
    node.onSubmit = (_submission, task) => { task.fail() }
    const failed = await submit()
    assert.deepEqual({ code: failed.code, stdout: failed.stdout }, { code: 1, stdout: '' })
    assert.match(failed.stderr, /ERR_TRAP/)
    node.onSubmit = (_submission, task) => { task.cancel() }
    assert.equal((await submit()).code, 5)
    node.onSubmit = () => { throw new CorebrumError('ERR_INPUT', 'no') }
    assert.equal((await submit()).code, 2)
    node.onSubmit = () => { throw new CorebrumError('ERR_QUEUE_FULL', 'no') }
    assert.equal((await submit()).code, 1)
  })

  it('reports mistakes in inputs by their flag', async () => {
    for (const args of [['--input', '{'], ['--input', '@missing.json'], ['--input', '[1]'], ['--set', 'number'], ['--set', 'numbr=1'], ['--set', 'number=x']]) {
      const { code, stdout, stderr } = await submit(...args)
      assert.deepEqual({ code, stdout }, { code: 2, stdout: '' }, args.join(' '))
      assert.ok(stderr.includes(args[0] ?? ''), stderr)
    }
  })

  it('stops waiting after --timeout and leaves the task to the daemon', async () => {
    node.onSubmit = () => {}
    const { code, stdout, stderr } = await submit('--timeout', '0.2')
    assert.deepEqual({ code, stdout }, { code: 4, stdout: '' })
    const [task] = await node.tasks()
    assert.equal(task?.state, 'pending')
    assert.ok(stderr.includes(task?.id ?? 'no task'))
  })

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    it(`cancels the task on ${signal}`, async () => {
      node.onSubmit = (_submission, task) => { task.set({ state: 'running' }) }
      let sent = false
      const { code } = await run(['submit', '--file', file], {
        onStderr: (child, text) => {
          if (sent || !text.includes('RUNNING')) return
          sent = true
          child.kill(signal)
        },
      })
      assert.equal(code, 5)
      assert.equal((await node.tasks())[0]?.state, 'cancelled')
    })
  }

  it('gives a submission up on Ctrl-C before there is an id', async () => {
    const interrupted = new Promise<void>((resolve) => {
      node.onSubmit = async ({ options }) => {
        child.kill('SIGINT')
        await new Promise<void>((aborted) => options.signal?.addEventListener('abort', () => aborted()))
        resolve()
        throw new CorebrumError('ERR_CANCELLED', 'the submit was cancelled')
      }
    })
    const child = spawn(process.execPath, [CLI, 'submit', '--file', file, '--data-dir', dataDir], { stdio: 'ignore' })
    const code = await new Promise((resolve) => child.once('close', resolve))
    assert.equal(code, 5)
    await interrupted
    assert.equal((await node.tasks()).length, 0)
  })

  it('says so when the daemon goes away', async () => {
    node.onSubmit = () => {}
    let stopped = false
    const { code } = await run(['submit', '--file', file], {
      onStderr: (_child, text) => {
        if (stopped || !text.includes('PENDING')) return
        stopped = true
        void server.stop()
      },
    })
    assert.equal(code, 3)
  })

  it('shows a task as JSON with its state in upper case', async () => {
    const task = node.add(new FakeTask()).complete()
    const { code, stdout } = await run(['status', task.id.slice(0, 8)])
    assert.equal(code, 0)
    assert.ok(stdout.includes('"state": "COMPLETED"'))
    assert.equal(JSON.parse(stdout).id, task.id)
    assert.equal(JSON.parse((await run(['status'])).stdout).peerId, node.peerId)
    assert.equal((await run(['status', 'ffffffff'])).code, 2)
  })

  it('prints results in each format, with an exit code for each state', async () => {
    const done = node.add(new FakeTask()).complete({ result: 'plain text' })
    const two = node.add(new FakeTask()).complete({ a: 1, b: [2] })
    assert.deepEqual(await run(['results', done.id, '--format', 'json']), { code: 0, stdout: '{"result":"plain text"}\n', stderr: '' })
    assert.equal((await run(['results', done.id, '--format', 'text'])).stdout, 'plain text\n')
    assert.equal((await run(['results', two.id, '--format', 'text'])).stdout, 'a: 1\nb: [2]\n')
    assert.equal(JSON.parse((await run(['results', done.id, '--json'])).stdout).state, 'COMPLETED')
    const waiting = node.add(new FakeTask())
    assert.equal((await run(['results', waiting.id])).code, 4)
    waiting.fail()
    assert.equal((await run(['results', waiting.id])).code, 1)
  })

  it('prints logs, cancels, lists', async () => {
    const task = node.add(new FakeTask({ logs: 'a line' }))
    assert.equal((await run(['logs', task.id])).stdout, 'a line\n')
    assert.match((await run(['list'])).stdout, new RegExp(`^ID .*\\n${task.id}  fake  PENDING`))
    assert.equal((await run(['cancel', task.id])).code, 0)
    assert.equal((await run(['cancel', task.id])).code, 1)
    assert.equal(JSON.parse((await run(['list', '--state', 'CANCELLED', '--json'])).stdout).length, 1)
    assert.equal(JSON.parse((await run(['list', '--state', 'running', '--json'])).stdout).length, 0)
  })

  it('shows peers, workers and modules as tables and as JSON', async () => {
    const wasm = join(dataDir, 'm.wasm')
    await writeFile(wasm, Buffer.from('\0asm\x01\0\0\0'))
    const cid = (await run(['modules', 'add', wasm])).stdout.trim()
    for (const args of [['peers'], ['workers'], ['workers', '--discover'], ['modules', 'list']]) {
      assert.equal((await run(args)).stdout.split('\n').length, 3, args.join(' '))
      assert.equal(JSON.parse((await run([...args, '--json'])).stdout).length, 1)
    }
    assert.equal((await run(['modules', 'rm', cid])).code, 0)
    assert.equal((await run(['modules', 'rm', cid])).code, 2)
  })

  it('refuses a second daemon on the same data folder', async () => {
    const { code, stderr } = await run(['daemon', '--no-mdns'])
    assert.equal(code, 1)
    assert.match(stderr, /ERR_DAEMON_RUNNING/)
  })

  it('survives a reader that goes away', async () => {
    const child = spawn(process.execPath, [CLI, 'submit', '--file', file, '--data-dir', dataDir], { stdio: ['ignore', 'pipe', 'pipe'] })
    child.stdout.destroy()
    let stderr = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => { stderr += text })
    assert.equal(await new Promise((resolve) => child.once('close', resolve)), 0)
    assert.doesNotMatch(stderr, /EPIPE/)
  })
})
