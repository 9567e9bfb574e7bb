/** The README: its transcripts are run, command by command, and its tables are held against the code. */
import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ERRORS } from '../../src/errors.ts'
import { CLI, ROOT } from '../support/daemon.ts'
import { freePort } from '../support/free-port.ts'

interface Step { command: string, expected: string[] }

/** The commands of all `console` blocks, in order, each with the lines that it is shown to print. */
function transcripts (markdown: string): Step[] {
  const steps: Step[] = []
  for (const [, block] of markdown.matchAll(/```console\n([\s\S]*?)```/g)) {
    for (const line of (block ?? '').trimEnd().split('\n')) {
      if (line.startsWith('$ ')) steps.push({ command: line.slice(2), expected: [] })
      else steps.at(-1)?.expected.push(line)
    }
  }
  return steps
}

/** A shown line or run of lines as a pattern: `…` stands for anything, runs of blanks for any blanks. */
function pattern (lines: string[]): RegExp {
  const body = lines.map((line) => line.split('…').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/ +/g, '\\s+')).join('[\\s\\S]*'))
  return new RegExp(body.map((line) => `(?=[\\s\\S]*${line})`).join(''))
}

describe('README', () => {
  let markdown: string
  let dir: string
  let shell: ChildProcess
  let output = ''
  let notify: (() => void) | undefined

  const until = async (found: () => boolean): Promise<void> => {
    while (!found()) await new Promise<void>((resolve) => { notify = resolve })
  }

  before(async () => {
    markdown = await readFile(join(ROOT, 'README.md'), 'utf8')
    dir = await mkdtemp(join(tmpdir(), 'corebrum-readme-'))
    for (const name of ['task_definitions', 'examples', 'scripts']) await symlink(join(ROOT, name), join(dir, name))
    await writeFile(join(dir, 'corebrum'), `#!/bin/sh\nexec "${process.execPath}" "${CLI}" "$@"\n`)
    await chmod(join(dir, 'corebrum'), 0o755)
    // A group of its own, so that what the transcripts leave in the background ends with it.
    shell = spawn('bash', ['--noprofile', '--norc'], {
      cwd: dir, detached: true, stdio: 'pipe', env: { ...process.env, PATH: `${dir}:${process.env.PATH}`, COREBRUM_MDNS: 'false' },
    })
    for (const stream of [shell.stdout, shell.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        output += chunk.toString()
        notify?.()
      })
    }
  })
  after(async () => {
    if (shell.pid !== undefined) process.kill(-shell.pid, 'SIGKILL')
    await once(shell, 'close')
    await rm(dir, { recursive: true, force: true })
  })

  it('shows what its commands print', async () => {
    const ports = new Map([['4101', await freePort()]])
    const steps = transcripts(markdown)
    assert.ok(steps.length > 20)
    for (const [i, { command, expected }] of steps.entries()) {
      output = ''
      const background = command.endsWith('&')
      const exit = /^\[exit (\d)\]$/.exec(expected.at(-1) ?? '')?.[1] ?? '0'
      const shown = expected.filter((line) => !/^\[exit \d\]$/.test(line) && line !== '…')
      let line = command
      for (const [shownPort, port] of ports) line = line.replaceAll(`tcp/${shownPort}`, `tcp/${port}`)
      shell.stdin?.write(background ? `${line}\n` : `${line}; echo "[ended ${i} $?]"\n`)
      if (background) await until(() => pattern(shown).test(output))
      else {
        await until(() => output.includes(`[ended ${i} `))
        assert.match(output, new RegExp(`\\[ended ${i} ${exit}\\]`), `${command}\n${output}`)
        assert.match(output, pattern(shown), command)
      }
    }
  })

  it('names the two commands, which the package knows', async () => {
    const { scripts, bin } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { scripts: Record<string, string>, bin: Record<string, string> }
    assert.match(markdown, /^npm ci && npx corebrum submit --file task_definitions\/wasm\/factorial_wasm\.yaml --input '\{"number": 5\}'$/m)
    assert.match(markdown, /^npm ci && npm test$/m)
    assert.ok(scripts.test)
    assert.ok(bin.corebrum)
  })

  it('lists every error code with its number and meaning', () => {
    for (const [code, { status, meaning }] of Object.entries(ERRORS)) assert.ok(markdown.includes(`| \`${code}\` | ${status} | ${meaning} |`), code)
  })
})
