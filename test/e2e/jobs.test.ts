/** Pipelines and recurring tasks with real daemons: over several workers, and with the submitter killed in between. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { CLI, printedTask, startDaemon, stopDaemons, type Daemon, type PrintedTask } from '../support/daemon.ts'
import { wat } from '../support/wat.ts'

/** Counts down from its second input, about a nanosecond each, and gives its first one plus one. */
const SLOW = `(module (func (export "slow") (param i64 i64) (result i64)
  (loop $l (local.set 1 (i64.sub (local.get 1) (i64.const 1))) (br_if $l (i64.gt_s (local.get 1) (i64.const 0))))
  (i64.add (local.get 0) (i64.const 1))))`

interface PrintedJob extends PrintedTask {
  job?: { kind: string, done: number, total?: number, failed: number }
  chain: Array<PrintedTask & { number: number, name: string, endedAt?: string }>
}

describe('jobs', () => {
  let dir: string

  const step = (name: string, source: string, work: number, more = ''): string => `  - name: ${name}
    compute_logic: {type: wasm, wasm_source: {type: file, path: slow.wasm}, function_name: slow}
    inputs: [{name: value, type: integer, source: ${source}}, {name: work, type: integer, default: ${work}}]
    outputs: [{name: value, type: integer}]
${more}`
  const define = async (name: string, text: string): Promise<string> => {
    const file = join(dir, `${name}.yaml`)
    await writeFile(file, text)
    return file
  }
  const status = async (daemon: Daemon, id: string): Promise<PrintedJob> => {
    const printed = await daemon.run(['status', id, '--chain'])
    const job: PrintedJob = { chain: [], ...printedTask(printed) }
    return job
  }
  const until = async (daemon: Daemon, id: string, enough: (job: PrintedJob) => boolean): Promise<PrintedJob> => {
    while (true) {
      const job = await status(daemon, id)
      if (enough(job)) return job
      assert.ok(['PENDING', 'CLAIMED', 'RUNNING'].includes(job.state), JSON.stringify(job))
    }
  }

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'corebrum-jobs-'))
    await writeFile(join(dir, 'slow.wasm'), await wat(SLOW))
  })
  afterEach(stopDaemons)
  after(() => rm(dir, { recursive: true, force: true }))

  const workers = async (): Promise<Daemon[]> => await Promise.all([1, 2].map(() => startDaemon({ args: ['--worker-count', '1'] })))
  const submitterOf = async (others: Daemon[], dataDir?: string): Promise<Daemon> => {
    const peers = others.flatMap(({ addresses }) => ['--peer', addresses[0] ?? ''])
    return await startDaemon({ args: ['--worker-count', '0', ...peers], ...(dataDir === undefined ? {} : { dataDir }) })
  }

  it('run the steps of a pipeline on several workers', async () => {
    const others = await workers()
    const [left, right] = others.map(({ peerId }) => `    on: ${peerId}\n`)
    const file = await define('fork', `name: fork\ninputs: [{name: start, type: integer}]\ntasks:\n${step('left', 'input.start', 1, left)}${step('right', 'input.start', 1, right)}${step('last', 'right.value', 1, '    condition: left.value == right.value\n')}`)
    const submitter = await submitterOf(others)
    const { id, state, outputs } = printedTask(await submitter.run(['submit', '--file', file, '--set', 'start=5', '--json']))
    assert.deepEqual([state, outputs], ['COMPLETED', { value: 7 }])
    const { job, chain } = await status(submitter, id)
    assert.deepEqual(job, { kind: 'pipeline', total: 3, done: 3, failed: 0 })
    assert.deepEqual(chain.map(({ id: child, name, state }) => [child, name, state]), [[`${id}-0`, 'left', 'COMPLETED'], [`${id}-1`, 'right', 'COMPLETED'], [`${id}-2`, 'last', 'COMPLETED']])
    assert.deepEqual(chain.slice(0, 2).map(({ worker }) => worker), others.map(({ peerId }) => peerId))
    const results = await submitter.run(['results', id, '--chain'])
    assert.deepEqual(results.stdout.trim().split('\n').map((line) => JSON.parse(line).outputs), [{ value: 6 }, { value: 6 }, { value: 7 }])
    assert.equal((await submitter.run(['results', id, '--chain', '--format', 'text'])).stdout, 'left: 6\nright: 6\nlast: 7\n')
    assert.equal((await submitter.run(['logs', `${id}`, '--chain'])).stdout.split('\n').filter((line) => line.startsWith('==> ')).length, 3)
    assert.equal((await submitter.run(['results', `${id}-1`])).stdout, '{"value":6}\n', 'a step is a task of its own')
    assert.deepEqual(JSON.parse((await submitter.run(['list', '--json'])).stdout).map((task: PrintedTask) => task.id), [id], 'which stands in no list')
  })

  it('go on with a pipeline where it was, when the submitter was killed', async () => {
    const file = await define('chain', `name: chain\ninputs: [{name: start, type: integer}]\ntasks:\n${step('a', 'input.start', 1)}${step('b', 'a.value', 3e9)}${step('c', 'b.value', 1)}`)
    const others = await workers()
    const first = await submitterOf(others)
    const id = (await first.run(['submit', '--file', file, '--set', 'start=1', '--detach'])).stdout.trim()
    const before = await until(first, id, ({ chain }) => chain[0]?.state === 'COMPLETED')
    await first.kill('SIGKILL')
    const second = await submitterOf(others, first.dataDir)
    const { outputs, chain } = await until(second, id, ({ state }) => state === 'COMPLETED')
    assert.deepEqual(outputs, { value: 4 })
    assert.deepEqual([chain[0]?.endedAt, chain[0]?.worker], [before.chain[0]?.endedAt, before.chain[0]?.worker], 'what had ended was not run again')
    assert.deepEqual(chain.map((each) => each.outputs), chain.map(() => undefined), 'outputs are for results')
  })

  it('cancel a pipeline with its steps', async () => {
    const file = await define('long', `name: long\ninputs: [{name: start, type: integer}]\ntasks:\n${step('a', 'input.start', 1e12)}${step('b', 'a.value', 1)}`)
    const others = await workers()
    const submitter = await submitterOf(others)
    const id = (await submitter.run(['submit', '--file', file, '--set', 'start=1', '--detach'])).stdout.trim()
    await until(submitter, id, ({ chain }) => chain[0]?.state === 'RUNNING')
    await submitter.run(['cancel', id])
    const { state, chain } = await status(submitter, id)
    assert.deepEqual([state, chain.map((each) => each.state)], ['CANCELLED', ['CANCELLED']])
  })

  describe('that recur', () => {
    const beat = (more: string): string => `name: beat\nexecution_mode: recurring\nstream_config: {time_interval: 200ms${more}}\ncompute_logic: {type: wasm, wasm_source: {type: file, path: slow.wasm}, function_name: slow}\ninputs: [{name: value, type: integer, default: 1}, {name: work, type: integer, default: 1}]\noutputs: [{name: value, type: integer}]\n`

    it('go on with the next run, when the daemon was killed', async () => {
      const file = await define('beat', beat(''))
      const first = await startDaemon({ args: ['--worker-count', '1'] })
      const id = (await first.run(['submit', '--file', file, '--detach'])).stdout.trim()
      const { job: before } = await until(first, id, ({ job }) => (job?.done ?? 0) >= 2)
      await first.kill('SIGKILL')
      const second = await startDaemon({ args: ['--worker-count', '1'], dataDir: first.dataDir })
      const { job } = await until(second, id, ({ job }) => (job?.done ?? 0) >= (before?.done ?? 0) + 2)
      assert.equal(job?.failed, 0)
      await second.run(['cancel', id])
      const { state, chain } = await status(second, id)
      assert.equal(state, 'CANCELLED')
      assert.deepEqual(chain.map(({ number }) => number), chain.map((_each, at) => at), 'each run has been once')
      assert.ok(chain.slice(0, -1).every((run) => run.state === 'COMPLETED'), JSON.stringify(chain))
    })

    it('print each run on a line, and end with Ctrl-C', async () => {
      const file = await define('endless', beat(''))
      const daemon = await startDaemon({ args: ['--worker-count', '1'] })
      const follower = spawn(process.execPath, [CLI, 'submit', '--file', file, '--data-dir', daemon.dataDir], { stdio: ['ignore', 'pipe', 'ignore'] })
      const exited = once(follower, 'exit')
      const lines: string[] = []
      for await (const line of createInterface({ input: follower.stdout })) {
        lines.push(line)
        if (lines.length === 3) follower.kill('SIGINT')
      }
      const [code] = await exited
      assert.equal(code, 5)
      assert.ok(lines.length >= 3 && lines.every((line) => line === '{"value":2}'), lines.join('\n'))
      assert.equal(JSON.parse((await daemon.run(['list', '--json'])).stdout)[0].state, 'CANCELLED')
    })

    it('end by themselves after as many runs as they may have, without a daemon too', async () => {
      const file = await define('three', beat(', max_runs: 3'))
      const daemon = await startDaemon({ args: ['--worker-count', '1'] })
      for (const args of [[], ['--local']]) {
        const { code, stdout } = await daemon.run(['submit', '--file', file, '--quiet', ...args])
        assert.deepEqual([code, stdout], [0, '{"value":2}\n{"value":2}\n{"value":2}\n'])
      }
    })
  })
})
