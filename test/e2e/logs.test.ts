/** Two daemons: what a module logs on one is seen at the other while it runs, and what it used when it has ended. */
import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CLI, corebrum, startDaemon, stopDaemons, type Daemon } from '../support/daemon.ts'
import { wat } from '../support/wat.ts'

/** Logs `first`, sleeps, logs `second` in red, prints 7, and ends with an exit code. */
const SLEEPER = (sleepMs: number, exitCode = 0): string => `(module
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll_oneoff (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 1) (data (i32.const 1024) "first\\n\\1b[31msecond\\n7\\n")
  (func $write (param $fd i32) (param $from i32) (param $length i32)
    (i32.store (i32.const 0) (local.get $from)) (i32.store (i32.const 4) (local.get $length))
    (drop (call $fd_write (local.get $fd) (i32.const 0) (i32.const 1) (i32.const 8))))
  (func (export "_start")
    (call $write (i32.const 2) (i32.const 1024) (i32.const 6))
    (i64.store (i32.const 88) (i64.const ${sleepMs * 1_000_000})) (drop (call $poll_oneoff (i32.const 64) (i32.const 128) (i32.const 1) (i32.const 192)))
    (call $write (i32.const 2) (i32.const 1030) (i32.const 12))
    (call $write (i32.const 1) (i32.const 1042) (i32.const 2))
    (call $proc_exit (i32.const ${exitCode}))))`

/** A command under way: what it has written, and when that matches. */
class Running {
  readonly child: ChildProcess
  readonly ended: Promise<number | null>
  text = ''
  private watch: () => void = () => {}

  constructor (args: string[], from: 'stdout' | 'stderr') {
    this.child = spawn(process.execPath, [CLI, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
    this.ended = new Promise((resolve) => { this.child.once('close', resolve) })
    this.child[from]?.setEncoding('utf8').on('data', (text: string) => {
      this.text += text
      this.watch()
    })
  }

  async says (pattern: RegExp): Promise<string> {
    while (true) {
      const found = pattern.exec(this.text)
      if (found !== null) return found[1] ?? found[0]
      const more = new Promise<void>((resolve) => { this.watch = resolve })
      const code = await Promise.race([more, this.ended])
      if (code !== undefined && !pattern.test(this.text)) throw new Error(`ended with ${code} before it said ${pattern}:\n${this.text}`)
    }
  }
}

describe('logs of a task', () => {
  let dir: string
  let submitter: Daemon

  const define = async (name: string, source: string): Promise<string> => {
    await writeFile(join(dir, `${name}.wasm`), await wat(source))
    const file = join(dir, `${name}.yaml`)
    await writeFile(file, `name: ${name}\ncompute_logic:\n  type: wasm\n  wasm_source: { type: file, path: ${name}.wasm }\noutputs: [{ name: result, type: integer }]\n`)
    return file
  }

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'corebrum-logs-'))
    const worker = await startDaemon({ args: ['--worker-count', '1'] })
    submitter = await startDaemon({ args: ['--worker-count', '0', '--peer', worker.addresses[0] ?? ''] })
  })
  after(async () => {
    await stopDaemons()
    await rm(dir, { recursive: true, force: true })
  })

  it('are seen while it runs, by who submitted it and by who asks', async () => {
    const file = await define('long', SLEEPER(600_000))
    const submit = new Running(['submit', '--file', file, '--data-dir', submitter.dataDir], 'stderr')
    const id = await submit.says(/^task (.*)$/m)
    await submit.says(/^first$/m)
    assert.equal((await submitter.run(['logs', id])).stdout, 'first\n')
    const follow = new Running(['logs', id, '--follow', '--data-dir', submitter.dataDir], 'stdout')
    await follow.says(/^first\n/)
    assert.equal((await submitter.run(['cancel', id])).code, 0)
    assert.deepEqual([await submit.ended, await follow.ended, follow.text], [5, 0, 'first\n'])
    assert.equal((await submitter.run(['logs', id])).stdout, 'first\n')
  })

  it('come in order with the states, once, and without power over the terminal', async () => {
    const { stdout, stderr, code } = await submitter.run(['submit', '--file', await define('short', SLEEPER(1_000))])
    assert.deepEqual([stdout, code], ['{"result":7}\n', 0])
    const lines = stderr.split('\n').filter((line) => /first|second|^RUNNING|^COMPLETED/.test(line)).map((line) => line.split(' ')[0])
    assert.deepEqual(lines, ['RUNNING', 'first', '\\x1b[31msecond', 'COMPLETED'])
    assert.match(stderr, /^COMPLETED .* ran \S+ ms \(cpu \S+ ms\), memory 64 KiB, module \d+ B$/m)
  })

  it('are shown once when the task fails, and not at all when that is asked for', async () => {
    const file = await define('failing', SLEEPER(0, 3))
    const times = (text: string): number => text.split('\n').filter((line) => line === 'first').length
    const shown = await submitter.run(['submit', '--file', file])
    assert.deepEqual([shown.code, times(shown.stderr)], [1, 1], shown.stderr)
    const quiet = await submitter.run(['submit', '--file', file, '--quiet'])
    assert.deepEqual([quiet.code, times(quiet.stderr)], [1, 0], quiet.stderr)
    // Nobody else keeps what a task without a daemon wrote.
    const alone = await corebrum(['submit', '--file', file, '--quiet', '--local', '--data-dir', dir])
    assert.deepEqual([alone.code, times(alone.stderr)], [1, 1], alone.stderr)
  })

  it('and usage are known of a task that was killed at its limit', async () => {
    const file = await define('late', SLEEPER(600_000))
    await writeFile(file, 'name: late\ncompute_logic:\n  type: wasm\n  wasm_source: { type: file, path: late.wasm }\n  wasm_config: { timeout_ms: 1000 }\n')
    const task = JSON.parse((await submitter.run(['submit', '--file', file, '--json'])).stdout)
    assert.equal(task.state, 'TIMEOUT')
    assert.deepEqual(Object.keys(task.usage).sort(), ['moduleBytes', 'wallMs'])
    assert.equal(task.usage.wallMs, 1000)
    assert.equal((await submitter.run(['logs', task.id])).stdout, 'first\n')
    const status = await submitter.run(['status', task.id])
    assert.deepEqual(JSON.parse(status.stdout).usage, task.usage)
    assert.match(status.stderr, /^ran 1000 ms, module \d+ B$/m)
  })
})
