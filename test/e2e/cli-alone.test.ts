import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runCli, type CliOptions, type CliResult } from '../support/run-cli.ts'
import { useTempDirs } from '../support/temp-dir.ts'

const FACTORIAL = fileURLToPath(new URL('../../task_definitions/wasm/factorial_wasm.yaml', import.meta.url))
const MODULE = fileURLToPath(new URL('../../task_definitions/wasm/factorial.wasm', import.meta.url))
/** (module (func (export "main") (loop br 0))) */
const ENDLESS = `name: endless
compute_logic:
  type: wasm
  wasm_binary: AGFzbQEAAAABBAFgAAADAgEABwgBBG1haW4AAAoJAQcAA0AMAAsL
  function_name: main
`

/** (module (func (export "main") unreachable)), tried twice. */
const TRAP = `name: trap
retries: 1
compute_logic:
  type: wasm
  wasm_binary: AGFzbQEAAAABBAFgAAADAgEABwgBBG1haW4AAAoFAQMAAAs=
  function_name: main
`

describe('corebrum: submit without a daemon', () => {
  const tempDir = useTempDirs()
  let dataDir: string

  beforeEach(async () => { dataDir = await tempDir() })

  const submit = (file: string, args: string[], options?: CliOptions): Promise<CliResult> => (
    runCli(['submit', '--file', file, '--data-dir', dataDir, '--no-mdns', '--listen', '/ip4/127.0.0.1/tcp/0', ...args], options))
  const local = (file: string, args: string[], options?: CliOptions): Promise<CliResult> => (
    runCli(['submit', '--file', file, '--data-dir', dataDir, '--local', ...args], options))

  it('runs the task itself when there is no mesh', async () => {
    const { code, stdout } = await submit(FACTORIAL, ['--input', '{"number": 5}'])
    assert.deepEqual({ code, stdout }, { code: 0, stdout: '{"result":120}\n' })
  })

  it('runs it in its own sandbox with --local, to the last digit', async () => {
    const { code, stdout } = await local(FACTORIAL, ['--set', 'number=20'])
    assert.deepEqual({ code, stdout }, { code: 0, stdout: '{"result":2432902008176640000}\n' })
  })

  it('tries a task again with --local, where nothing but its own timer keeps the process', async () => {
    const file = join(dataDir, 'trap.yaml')
    await writeFile(file, TRAP)
    const { code, stderr } = await local(file, [])
    assert.equal(code, 1, stderr)
    assert.match(stderr, /ERR_TRAP/)
  })

  it('refuses what could never end, or would not be done', async () => {
    const only = ['--output', 'x']
    for (const run of [local(FACTORIAL, ['--replicas', '3']), local(FACTORIAL, only), local(FACTORIAL, ['--unordered']), runCli(['submit', '--resume', 'x', '--fail-fast']), runCli(['verify', join(dataDir, 'none.json')])]) {
      const { code, stdout, stderr } = await run
      assert.deepEqual({ code, stdout }, { code: 2, stdout: '' }, stderr)
    }
  })

  it('ends at once on mistakes, without waiting for a mesh', async () => {
    for (const args of [['--input', '{"numbr": 5}'], ['--input', '{'], ['--peer', 'nowhere']]) {
      const { code, stdout, stderr } = await submit(FACTORIAL, args)
      assert.deepEqual({ code, stdout }, { code: 2, stdout: '' }, stderr)
      assert.doesNotMatch(stderr, /\n\s+at /)
    }
  })

  it('cancels the task when the wait ends, because nobody goes on with it', async () => {
    const file = join(dataDir, 'endless.yaml')
    await writeFile(file, ENDLESS)
    const { code, stdout, stderr } = await local(file, ['--timeout', '1'])
    assert.deepEqual({ code, stdout }, { code: 4, stdout: '' })
    assert.match(stderr, /cancelled/)
  })

  it('cancels the task on Ctrl-C', async () => {
    const file = join(dataDir, 'endless.yaml')
    await writeFile(file, ENDLESS)
    let sent = false
    const { code } = await local(file, [], {
      onStderr: (child, text) => {
        if (sent || !/RUNNING|CLAIMED/.test(text)) return
        sent = true
        child.kill('SIGINT')
      },
    })
    assert.equal(code, 5)
  })

  it('inspects a module and runs the definition that it suggests', async () => {
    const { code, stdout } = await runCli(['inspect', MODULE, '--definition'])
    assert.equal(code, 0)
    const file = join(dataDir, 'suggested.yaml')
    await writeFile(file, stdout.replace(/path: .*/, `path: ${JSON.stringify(MODULE)}`))
    const run = await local(file, ['--set', 'input_1=5'])
    assert.deepEqual({ code: run.code, stdout: run.stdout }, { code: 0, stdout: '{"result":120}\n' })
    assert.equal((await runCli(['inspect', FACTORIAL])).code, 2)
  })
})

describe('corebrum daemon', () => {
  const tempDir = useTempDirs()

  it('says when it is ready, serves, drains on SIGTERM and ends with 0', async () => {
    const dataDir = await tempDir()
    let served: Promise<CliResult> | undefined
    const { code, stderr } = await runCli(['daemon', '--no-mdns', '--worker-count', '1', '--listen', '/ip4/127.0.0.1/tcp/0', '--data-dir', dataDir], {
      onStderr: (child, text) => {
        if (served !== undefined || !text.includes('ready')) return
        served = runCli(['submit', '--file', FACTORIAL, '--data-dir', dataDir, '--quiet']).finally(() => child.kill('SIGTERM'))
      },
    })
    assert.equal(code, 0, stderr)
    assert.match(stderr, /ready: peer 12D3\w+, listening on \/ip4\/127\.0\.0\.1\/tcp\/[1-9]\d*/)
    assert.equal((await served)?.stdout, '{"result":120}\n')
    assert.equal((await runCli(['status', '--data-dir', dataDir])).code, 3)
  })

  it('names the address that is taken', async () => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const { port } = other.address() as AddressInfo
    try {
      const { code, stderr } = await runCli(['daemon', '--no-mdns', '--listen', `/ip4/127.0.0.1/tcp/${port}`, '--data-dir', await tempDir()])
      assert.equal(code, 2, stderr)
      assert.match(stderr, /ERR_CONFIG/)
      assert.ok(stderr.includes(String(port)))
    } finally {
      await new Promise((resolve) => other.close(resolve))
    }
  })
})
