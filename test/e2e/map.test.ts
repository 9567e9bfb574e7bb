/** `corebrum submit --map`: the built command, with a real daemon and without one, interrupted and killed. */
import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { corebrum, CLI, ROOT, startDaemon, stopDaemons, type Finished } from '../support/daemon.ts'
import { useTempDirs } from '../support/temp-dir.ts'

const FACTORIAL = join(ROOT, 'task_definitions', 'wasm', 'factorial_wasm.yaml')
const STATS = join(ROOT, 'task_definitions', 'wasm', 'stats.yaml')
const COUNT = 20_000

const factorial = (n: number): bigint => n < 2 ? 1n : BigInt(n) * factorial(n - 1)
const inputs = (count: number): string => Array.from({ length: count }, (_, i) => `{"number":${i % 21}}\n`).join('')
const right = (index: number): string => `{"index":${index},"outputs":{"result":${factorial(index % 21)}}}`

/** Every index once, each with its own result. */
function checkAll (text: string, count: number, { ordered = true } = {}): void {
  const lines = text.trimEnd().split('\n')
  assert.equal(lines.length, count)
  if (!ordered) lines.sort((a, b) => Number(/\d+/.exec(a)?.[0]) - Number(/\d+/.exec(b)?.[0]))
  const wrong = lines.findIndex((line, index) => line !== right(index))
  assert.equal(wrong, -1, lines[wrong])
}

interface Running { child: ChildProcess, id: Promise<string>, ended: Promise<Finished> }

/** A command that is not waited for; `slow` reads a part of its output, then waits until `resume`. */
function start (args: string[], { detached = false } = {}): Running {
  const child = spawn(process.execPath, [CLI, ...args], { cwd: ROOT, detached, stdio: ['ignore', 'pipe', 'pipe'] })
  let stdout = ''
  let stderr = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => { stdout += text })
  const id = new Promise<string>((resolve, reject) => {
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
      const found = /^map (\S{36})$/m.exec(stderr)?.[1]
      if (found !== undefined) resolve(found)
    })
    child.once('close', () => { reject(new Error(`it ended without an id:\n${stderr}`)) })
  })
  id.catch(() => {})
  const ended = once(child, 'close').then(() => ({ code: child.exitCode, stdout, stderr }))
  return { child, id, ended }
}

/** Resolves when the command has printed so many lines. */
async function printed (child: ChildProcess, count: number): Promise<void> {
  let seen = 0
  await new Promise<void>((resolve, reject) => {
    child.stdout?.on('data', (text: string) => {
      seen += text.split('\n').length - 1
      if (seen >= count) resolve()
    })
    child.once('close', () => { reject(new Error(`it ended after ${seen} lines`)) })
  })
}

describe('corebrum submit --map', function () {
  this.timeout(180_000)
  const tempDir = useTempDirs()
  let folder: string
  let file: string

  beforeEach(async () => {
    folder = await tempDir()
    file = join(folder, 'inputs.ndjson')
    await writeFile(file, inputs(COUNT))
  })

  afterEach(stopDaemons)

  it('goes on after Ctrl-C in the middle: every input once, the finished ones not again', async () => {
    const daemon = await startDaemon()
    const args = ['submit', '--file', FACTORIAL, '--map', `@${file}`, '--data-dir', daemon.dataDir]
    const first = start(args)
    await printed(first.child, 3000)
    first.child.kill('SIGINT')
    const { code, stdout, stderr } = await first.ended
    const id = await first.id
    assert.equal(code, 5)
    assert.match(stderr, new RegExp(`^resume with: corebrum submit --resume ${id}$`, 'm'))
    const before = stdout.trimEnd().split('\n').length
    assert.ok(before >= 3000 && before < COUNT, String(before))
    const paused = JSON.parse((await daemon.run(['status', id, '--json'])).stdout) as { job?: { done: number, paused?: boolean } }
    assert.equal(paused.job?.paused, true)
    const output = join(folder, 'out.ndjson')
    const again = await daemon.run(['submit', '--resume', id, '--output', output])
    assert.deepEqual([again.code, again.stdout], [0, ''], again.stderr)
    checkAll(await readFile(output, 'utf8'), COUNT)
    const results = await daemon.run(['results', id])
    assert.equal(results.code, 0, results.stderr)
    checkAll(results.stdout, COUNT)
    assert.deepEqual((JSON.parse((await daemon.run(['results', id, '--json'])).stdout) as { outputs: unknown }).outputs, { total: COUNT })
  })

  it('goes on after kill -9 of the daemon, and of the command', async () => {
    const daemon = await startDaemon()
    const first = start(['submit', '--file', FACTORIAL, '--map', `@${file}`, '--unordered', '--data-dir', daemon.dataDir])
    await printed(first.child, 3000)
    const id = await first.id
    await daemon.kill('SIGKILL')
    const { code, stdout, stderr } = await first.ended
    assert.equal(code, 3, stderr)
    assert.match(stderr, new RegExp(`resume with: corebrum submit --resume ${id}`))
    const after = await startDaemon({ dataDir: daemon.dataDir })
    const second = start(['submit', '--resume', id, '--unordered', '--data-dir', after.dataDir])
    await printed(second.child, 6000)
    second.child.kill('SIGKILL')
    await second.ended
    const last = await after.run(['submit', '--resume', id, '--unordered'])
    assert.equal(last.code, 0, last.stderr)
    checkAll(last.stdout, COUNT, { ordered: false })
    // What was shown before the kill is what came first afterwards too.
    const whole = stdout.slice(0, stdout.lastIndexOf('\n') + 1)
    assert.equal(last.stdout.slice(0, whole.length), whole)
  })

  it('goes on by itself in the daemon when it was detached', async () => {
    const daemon = await startDaemon()
    const { code, stdout } = await daemon.run(['submit', '--file', FACTORIAL, '--map', `@${file}`, '--detach'])
    const id = stdout.trim()
    assert.deepEqual([code, id.length], [0, 36])
    await daemon.kill('SIGKILL')
    const after = await startDaemon({ dataDir: daemon.dataDir })
    const all = await after.run(['submit', '--resume', id])
    assert.equal(all.code, 0, all.stderr)
    checkAll(all.stdout, COUNT)
  })

  it('goes on without a daemon too, and leaves nothing behind', async () => {
    const args = ['--local', '--data-dir', folder]
    const first = start(['submit', '--file', FACTORIAL, '--map', `@${file}`, ...args])
    await printed(first.child, 3000)
    first.child.kill('SIGKILL')
    await first.ended
    const second = start(['submit', '--resume', await first.id, ...args])
    await printed(second.child, 4000)
    second.child.kill('SIGTERM')
    assert.equal((await second.ended).code, 5)
    const last = await corebrum(['submit', '--resume', await first.id, ...args])
    assert.equal(last.code, 0, last.stderr)
    checkAll(last.stdout, COUNT)
    assert.deepEqual(await readdir(join(folder, 'jobs')), [])
  })

  it('is completed in a daemon that went away, when a command without one has done the rest', async () => {
    const daemon = await startDaemon()
    const id = (await daemon.run(['submit', '--file', FACTORIAL, '--map', `@${file}`, '--detach'])).stdout.trim()
    await daemon.kill('SIGKILL')
    const alone = start(['submit', '--resume', id, '--no-mdns', '--data-dir', daemon.dataDir])
    await printed(alone.child, 100)
    const after = await startDaemon({ dataDir: daemon.dataDir })
    const view = async (): Promise<{ state: string, outputs?: unknown, job?: { done: number, holder?: number } }> => JSON.parse((await after.run(['status', id])).stdout) as Awaited<ReturnType<typeof view>>
    const before = await view()
    // It may be done by now on a fast machine.
    if (before.state === 'RUNNING') assert.equal(before.job?.holder, alone.child.pid)
    const { code, stdout, stderr } = await alone.ended
    assert.equal(code, 0, stderr)
    checkAll(stdout, COUNT)
    checkAll((await after.run(['submit', '--resume', id])).stdout, COUNT)
    const { state, outputs, job } = await view()
    assert.deepEqual({ state, outputs, job }, { state: 'COMPLETED', outputs: { total: COUNT }, job: { kind: 'map', total: COUNT, done: COUNT, failed: 0 } })
  })

  it('refuses what is wrong before there is a map', async () => {
    const daemon = await startDaemon()
    await writeFile(join(folder, 'wrong.ndjson'), '\n{"numbr":1}\n{"number":2}\n')
    const output = join(folder, 'out.ndjson')
    for (const bad of ['nope=1..3', '3..1', '@', `@${folder}`, '@/no/such/file', '[{"number":1},{"numbr":2}]', `@${join(folder, 'wrong.ndjson')}`]) {
      const { code, stdout, stderr } = await daemon.run(['submit', '--file', FACTORIAL, '--map', bad, '--output', output])
      assert.deepEqual([code, stdout], [2, ''], bad)
      assert.match(stderr, /^corebrum: --map: .*\(ERR_(?:USAGE|INPUT)\)$/m, bad)
    }
    assert.match((await daemon.run(['submit', '--file', FACTORIAL, '--map', `@${join(folder, 'wrong.ndjson')}`])).stderr, /line 2 of /)
    const unwritable = await daemon.run(['submit', '--file', FACTORIAL, '--map', '1..3', '--output', join(folder, 'none', 'x')])
    assert.equal(unwritable.code, 2)
    assert.match(unwritable.stderr, /--output: .*\(ERR_USAGE\)/)
    const itself = await daemon.run(['submit', '--file', FACTORIAL, '--map', `@${file}`, '--output', file])
    assert.equal(itself.code, 2)
    assert.equal((await readFile(file, 'utf8')).length, inputs(COUNT).length)
    assert.deepEqual(JSON.parse((await daemon.run(['list', '--json'])).stdout), [])
    assert.ok(!(await readdir(folder)).includes('out.ndjson'))
  })

  it('keeps what came before a line that is wrong, and goes on once that is right', async () => {
    const daemon = await startDaemon()
    const late = join(folder, 'late.ndjson')
    await writeFile(late, `${inputs(300)}{"number":0,"x":"${'x'.repeat(33 * 1024 * 1024)}"}\n`)
    const { code, stderr } = await daemon.run(['submit', '--file', FACTORIAL, '--map', `@${late}`, '--output', join(folder, 'out')])
    assert.equal(code, 2)
    assert.match(stderr, /line 301 .*\(ERR_INPUT\)/)
    const [, id = ''] = /^resume with: corebrum submit --resume (\S+) --map @/m.exec(stderr) ?? []
    await writeFile(late, inputs(301))
    const again = await daemon.run(['submit', '--resume', id, '--map', `@${late}`])
    assert.equal(again.code, 0, again.stderr)
    checkAll(again.stdout, 301)
  })

  it('waits for a reader that is slow, and ends when there is none', async () => {
    const daemon = await startDaemon()
    const args = ['submit', '--file', FACTORIAL, '--map', `@${file}`, '--data-dir', daemon.dataDir]
    const slow = start(args)
    slow.child.stdout?.pause()
    const id = await slow.id
    // The map itself does not wait for it.
    const all = await daemon.run(['submit', '--resume', id])
    checkAll(all.stdout, COUNT)
    slow.child.stdout?.resume()
    const { code, stdout } = await slow.ended
    assert.equal(code, 0)
    checkAll(stdout, COUNT)
    const left = start(args)
    await printed(left.child, 100)
    left.child.stdout?.destroy()
    const { stderr } = await left.ended
    assert.match(stderr, /resume with: corebrum submit --resume/)
  })

  it('names the line of each input that is wrong, takes a range and an array, and sums up at the end', async () => {
    const local = (args: string[], input?: string): Promise<Finished> => corebrum(['submit', '--local', '--data-dir', folder, ...args], input === undefined ? {} : { input })
    const wrong = await local(['--file', FACTORIAL, '--map', '-'], '{"number":1}\n\n{"number":\n{"number":2}')
    assert.equal(wrong.code, 1)
    const lines = wrong.stdout.trimEnd().split('\n').map((line) => JSON.parse(line) as { index: number, error?: { code: string, message: string } })
    assert.deepEqual(lines.map(({ index, error }) => [index, error?.code]), [[0, undefined], [1, 'ERR_INPUT'], [2, undefined]])
    assert.match(lines[1]?.error?.message ?? '', /^line 3:/)

    const array = await local(['--file', FACTORIAL, '--map', '[{"number": 3}, {"number": 20}]'])
    assert.equal(array.stdout, '{"index":0,"outputs":{"result":6}}\n{"index":1,"outputs":{"result":2432902008176640000}}\n')

    const stats = await local(['--file', FACTORIAL, '--map', '0..8..2', '--reduce', STATS])
    assert.equal(stats.code, 0, stats.stderr)
    const printedLines = stats.stdout.trimEnd().split('\n')
    assert.equal(printedLines.length, 6)
    const final = JSON.parse(printedLines[5] ?? '') as Record<string, unknown>
    assert.ok(JSON.stringify(final).includes(String((1 + 2 + 24 + 720 + 40320) / 5)), JSON.stringify(final))

    const fast = await local(['--file', FACTORIAL, '--map', 'number=15..40', '--fail-fast'])
    assert.equal(fast.code, 1)
    for (const bad of ['1..', 'x', '5..1', '1..5..0', '@/no/such/file', 'numbr=1..x', '{"number":1}']) assert.equal((await local(['--file', FACTORIAL, '--map', bad])).code, 2, bad)
    assert.equal((await local(['--resume', '00000000-0000-4000-8000-000000000000'])).code, 2)
    assert.equal((await local(['--file', FACTORIAL, '--map', '1..2', '--reduce', FACTORIAL])).code, 2)
  })
})
