/** Real corebrum processes: the built command, each daemon with its own data folder, all on this machine. */
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { createControlClient } from '../../src/control/client.ts'
import type { View } from '../../src/control/views.ts'

export const ROOT = fileURLToPath(new URL('../..', import.meta.url))
export const CLI = join(ROOT, 'dist', 'cli.js')

export interface Finished { code: number | null, stdout: string, stderr: string }

export interface RunOptions {
  input?: string
  cwd?: string
  env?: Record<string, string>
  /** Name of a network namespace to run in. */
  netns?: string
}

function commandLine (args: string[], netns?: string): [string, string[]] {
  return netns === undefined ? [process.execPath, [CLI, ...args]] : ['ip', ['netns', 'exec', netns, process.execPath, CLI, ...args]]
}

/** Runs one command to its end. */
export async function corebrum (args: string[], { input, cwd = ROOT, env = {}, netns }: RunOptions = {}): Promise<Finished> {
  const [file, argv] = commandLine(args, netns)
  return await new Promise((resolve) => {
    const child = execFile(file, argv, { cwd, env: { ...process.env, ...env }, maxBuffer: 64 * 1024 * 1024 }, (_error, stdout, stderr) => {
      resolve({ code: child.exitCode, stdout, stderr })
    })
    child.stdin?.end(input ?? '')
  })
}

export interface DaemonOptions {
  args?: string[]
  netns?: string
  mdns?: boolean
  listen?: string
  /** Keeps the data folder of an earlier daemon. */
  dataDir?: string
  env?: Record<string, string>
}

export interface Daemon {
  readonly peerId: string
  readonly addresses: string[]
  readonly dataDir: string
  readonly process: ChildProcess
  /** Runs a command against this daemon. */
  run (args: string[], options?: RunOptions): Promise<Finished>
  /** Everything it wrote to stderr. */
  log (): string
  /** Resolves when a line of its log matches. */
  logged (pattern: RegExp): Promise<void>
  kill (signal?: NodeJS.Signals): Promise<void>
}

const running = new Set<Daemon>()

/** Starts a daemon and waits until it says that it is ready. */
export async function startDaemon ({ args = [], netns, mdns = false, listen = '/ip4/127.0.0.1/tcp/0', dataDir, env = {} }: DaemonOptions = {}): Promise<Daemon> {
  const folder = dataDir ?? await mkdtemp(join(tmpdir(), 'corebrum-e2e-'))
  const [file, argv] = commandLine(['daemon', '--data-dir', folder, '--listen', listen, '--log-level', 'debug', ...(mdns ? [] : ['--no-mdns']), ...args], netns)
  const child = spawn(file, argv, { stdio: ['ignore', 'ignore', 'pipe'], cwd: ROOT, env: { ...process.env, ...env } })
  const lines: string[] = []
  const watchers = new Set<{ pattern: RegExp, resolve: () => void }>()
  let left = false
  child.once('exit', () => { left = true })
  createInterface({ input: child.stderr }).on('line', (line) => {
    lines.push(line)
    for (const watcher of watchers) if (watcher.pattern.test(line)) { watchers.delete(watcher); watcher.resolve() }
  })
  const logged = (pattern: RegExp): Promise<void> => new Promise((resolve, reject) => {
    if (lines.some((line) => pattern.test(line))) { resolve(); return }
    watchers.add({ pattern, resolve })
    child.once('exit', (code) => { reject(new Error(`the daemon ended with ${code} before it logged ${pattern}:\n${lines.join('\n')}`)) })
  })
  await logged(/ready: peer /)
  const ready = /ready: peer (\S+), listening on (.*)$/.exec(lines.find((line) => line.includes('ready: peer ')) ?? '')
  const daemon: Daemon = {
    peerId: ready?.[1] ?? '',
    addresses: ready?.[2]?.split(', ') ?? [],
    dataDir: folder,
    process: child,
    run: (commandArgs, options) => corebrum([...commandArgs, '--data-dir', folder], { ...(netns === undefined ? {} : { netns }), ...options }),
    log: () => lines.join('\n'),
    logged,
    async kill (signal = 'SIGKILL') {
      running.delete(daemon)
      if (!left) {
        child.kill(signal)
        await once(child, 'exit')
      }
    },
  }
  running.add(daemon)
  return daemon
}

/** Ends every daemon that a test left, and removes their data folders. */
export async function stopDaemons (): Promise<void> {
  for (const daemon of [...running]) {
    await daemon.kill()
    await rm(daemon.dataDir, { recursive: true, force: true })
  }
}

/** A task as `submit --json` and `status` print it. */
export interface PrintedTask { id: string, state: string, worker?: string, outputs?: Record<string, unknown>, error?: { code: string, message: string } }

/** A task of this daemon as it is when `holds` becomes true of it; rejects when it ends before. */
export async function taskWhen ({ dataDir }: Daemon, id: string, holds: (task: View) => boolean): Promise<View> {
  let last: View | undefined
  for await (const event of createControlClient({ dataDir }).followLogs(id)) {
    if (event.type !== 'task') continue
    last = event.task
    if (holds(last)) return last
  }
  throw new Error(`task ${id} ended otherwise: ${JSON.stringify(last)}`)
}

export function printedTask ({ stdout, stderr }: Finished): PrintedTask {
  try {
    return JSON.parse(stdout) as PrintedTask
  } catch {
    throw new Error(`not JSON:\n${stdout}\n${stderr}`)
  }
}
