/** Starts sandbox processes, with every confinement that Node and the system offer. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { realpathSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { SANDBOX_HEAP_BYTES, SANDBOX_OVERHEAD_BYTES } from '../limits.ts'
import { WATCH_ARGUMENT } from './watchdog.ts'

/** What the system has to confine a process; found once. */
export interface Confinement {
  /** prlimit sets a hard limit on what the process can map. */
  dataLimit: boolean
  /** setpriv makes the kernel end the process together with its parent. */
  diesWithParent: boolean
}

let found: Promise<Confinement> | undefined

export function findConfinement (): Promise<Confinement> {
  found ??= Promise.all([
    succeeds('prlimit', ['--data=1073741824', 'true']),
    succeeds('setpriv', ['--pdeathsig', 'KILL', 'true']),
  ]).then(([dataLimit, diesWithParent]) => ({ dataLimit, diesWithParent }))
  return found
}

function succeeds (program: string, args: string[]): Promise<boolean> {
  if (process.platform !== 'linux') return Promise.resolve(false)
  return new Promise((resolve) => execFile(program, args, { timeout: 2000 }, (error) => resolve(error === null)))
}

/** The bundle stands beside this file once that is bundled too; under tsx it is where the build puts it. */
function entryPath (): string {
  const relative = import.meta.url.endsWith('.ts') ? '../../dist/sandbox.js' : './sandbox.js'
  return realpathSync(fileURLToPath(new URL(relative, import.meta.url)))
}

/** Node's flags for a sandbox. The module has no way to JavaScript; they bound what a hole in the engine would give it. */
function nodeFlags (entry: string, watch: boolean): string[] {
  const known = process.allowedNodeEnvironmentFlags
  const permission = ['--permission', '--experimental-permission'].find((flag) => known.has(flag))
  return [
    '--no-warnings',
    '--disallow-code-generation-from-strings',
    `--max-old-space-size=${SANDBOX_HEAP_BYTES / 1048576}`,
    ...(permission === undefined ? [] : [permission, `--allow-fs-read=${entry}`, ...(watch ? ['--allow-worker'] : [])]),
  ]
}

/** A new sandbox process, not yet ready. Its standard input and output are the pipes of `protocol.ts`. */
export function launchSandbox (memoryLimitBytes: number, confinement: Confinement): ChildProcess {
  const entry = entryPath()
  const watch = !confinement.diesWithParent
  const command = [process.execPath, ...nodeFlags(entry, watch), entry, ...(watch ? [WATCH_ARGUMENT] : [])]
  if (confinement.diesWithParent) command.unshift('setpriv', '--pdeathsig', 'KILL')
  if (confinement.dataLimit) command.unshift('prlimit', `--data=${memoryLimitBytes + SANDBOX_OVERHEAD_BYTES}`)
  const [program = process.execPath, ...args] = command
  // setpriv and prlimit are looked up, so they need a path; the sandbox itself reads no variable.
  return spawn(program, args, { env: {}, stdio: ['pipe', 'pipe', 'pipe'], windowsHide: true })
}
