import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdir, open, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { load } from 'js-yaml'
import { CLI, runCli } from '../support/run-cli.ts'
import { useTempDirs } from '../support/temp-dir.ts'

const COMMANDS = ['daemon', 'submit', 'status', 'results', 'logs', 'history', 'explain', 'verify', 'cancel', 'list', 'peers', 'workers', 'modules', 'modules list', 'modules add', 'modules rm', 'validate', 'new', 'test', 'inspect', 'init', 'version', 'completion']
const DEFINITION = `name: factorial
compute_logic:
  type: wasm
  wasm_binary: AGFzbQEAAAA=
  inputs: [{ name: number, type: integer }]
`

describe('corebrum: commands without a daemon', () => {
  const tempDir = useTempDirs()

  for (const command of COMMANDS) {
    it(`explains ${command} with an example`, async () => {
      const { code, stdout } = await runCli([...command.split(' '), '--help'])
      assert.equal(code, 0)
      assert.ok(stdout.startsWith(`Usage: corebrum ${command}`), stdout)
      assert.match(stdout, /Examples?:\n {2}corebrum /)
    })
  }

  it('says what is wrong with a command line, exit code 2, nothing on stdout, no stack', async () => {
    const lines = [
      [], ['submt'], ['submit'], ['submit', '--file'], ['status', '--nope'], ['results'], ['completion', 'tcsh'], ['list', '--state', 'lost'],
      ['list', '--limit', '0'], ['submit', '--file', 'x.yaml', '--timeout', '-1'], ['submit', '--file', 'x.yaml', '--detach', '--local'],
      ['submit', '--file', '-', '--input', '-'], ['submit', '--file', 'missing.yaml'], ['validate', '.'], ['validate', 'missing.yaml'],
      ['modules', 'add', 'missing.wasm'], ['daemon', '--worker-count', 'many'], ['daemon', '--config', 'missing.yaml'],
    ]
    const cwd = await tempDir()
    await Promise.all(lines.map(async (args) => {
      const { code, stdout, stderr } = await runCli(args, { cwd, env: { COREBRUM_DATA_DIR: join(cwd, 'data') } })
      assert.equal(code, 2, `${args.join(' ')}: ${stderr}`)
      assert.equal(stdout, '', args.join(' '))
      assert.notEqual(stderr, '', args.join(' '))
      assert.doesNotMatch(stderr, /\n\s+at /, args.join(' '))
    }))
  })

  it('suggests the command that was meant', async () => {
    assert.match((await runCli(['submt'])).stderr, /submit/)
  })

  it('has exit code 3 where only a daemon can answer', async () => {
    const dataDir = await tempDir()
    const file = join(dataDir, 'task.yaml')
    await writeFile(file, DEFINITION)
    const id = '3f0c2a1e'
    const lines = [
      ['status'], ['status', id], ['results', id], ['logs', id], ['cancel', id], ['list'], ['peers'], ['workers'],
      ['modules', 'list'], ['modules', 'rm', 'bafkrei'], ['submit', '--file', file, '--detach'],
    ]
    await Promise.all(lines.map(async (args) => {
      const { code, stdout } = await runCli([...args, '--data-dir', dataDir])
      assert.equal(code, 3, args.join(' '))
      assert.equal(stdout, '')
    }))
  })

  it('prints its version', async () => {
    const { version } = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'))
    assert.equal((await runCli(['version'])).stdout, `${version}\n`)
    assert.equal((await runCli(['--version'])).stdout, `${version}\n`)
    assert.equal(JSON.parse((await runCli(['version', '--json'])).stdout).corebrum, version)
  })

  it('validates a definition from a file and from standard input', async () => {
    const file = join(await tempDir(), 'task.yaml')
    await writeFile(file, DEFINITION)
    assert.equal((await runCli(['validate', file])).code, 0)
    const shown = await runCli(['validate', '-', '--json'], { stdin: DEFINITION })
    assert.equal(shown.code, 0)
    assert.equal(JSON.parse(shown.stdout).inputs[0].name, 'number')
    const wrong = await runCli(['validate', '-'], { stdin: 'name: 3\ncompute_logic: { type: python }\n' })
    assert.equal(wrong.code, 2)
    assert.match(wrong.stderr, /ERR_DEFINITION/)
    await writeFile(file, 'name: f\ncompute_logic: { type: wasm, wasm_source: { type: file, path: task.yaml } }\n')
    const text = await runCli(['validate', file])
    assert.equal(text.code, 2)
    assert.match(text.stderr, /ERR_NOT_WASM/)
  })

  it('writes a configuration once, and again with --force', async () => {
    const dataDir = join(await tempDir(), 'new')
    const path = join(dataDir, 'config.yaml')
    assert.deepEqual(await runCli(['init', '--data-dir', dataDir]), { code: 0, stdout: `${path}\n`, stderr: '' })
    assert.deepEqual(load(await readFile(path, 'utf8')) ?? {}, {})
    assert.equal((await stat(path)).mode & 0o777, 0o600)
    await writeFile(path, 'mdns: false\n')
    assert.equal((await runCli(['init', '--data-dir', dataDir])).code, 2)
    assert.equal(await readFile(path, 'utf8'), 'mdns: false\n')
    assert.equal((await runCli(['init', '--data-dir', dataDir, '--force'])).code, 0)
    assert.notEqual(await readFile(path, 'utf8'), 'mdns: false\n')
  })

  it('names the data folder that cannot be used', async () => {
    const dir = await tempDir()
    await mkdir(join(dir, 'deep'))
    await writeFile(join(dir, 'file'), '')
    const { code, stderr } = await runCli(['daemon', '--data-dir', join(dir, 'file')])
    assert.equal(code, 2)
    assert.ok(stderr.includes(join(dir, 'file')))
    assert.equal((await runCli(['daemon', '--data-dir', join(dir, 'deep', 'x'.repeat(120))])).code, 2)
  })

  it('survives a reader that goes away', async () => {
    const child = spawn(process.execPath, [CLI, 'completion', 'zsh'], { stdio: ['ignore', 'pipe', 'pipe'] })
    child.stdout.destroy()
    let stderr = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => { stderr += text })
    const code = await new Promise((resolve) => child.once('close', resolve))
    assert.deepEqual({ code, stderr }, { code: 0, stderr: '' })
  })

  it('says that standard output cannot be written, without a stack', async () => {
    // Opened for reading only, it fails as a full disk does.
    const path = join(await tempDir(), 'out')
    await writeFile(path, '')
    const file = await open(path, 'r')
    try {
      const child = spawn(process.execPath, [CLI, 'version'], { stdio: ['ignore', file.fd, 'pipe'] })
      let stderr = ''
      child.stderr?.setEncoding('utf8').on('data', (text: string) => { stderr += text })
      const code = await new Promise((resolve) => child.once('close', resolve))
      assert.equal(code, 1)
      assert.match(stderr, /^corebrum: standard output cannot be written: .+\n$/)
    } finally {
      await file.close()
    }
  })
})
