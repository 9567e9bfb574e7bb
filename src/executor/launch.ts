/** Starts sandbox processes, with every confinement that Node and the system offer. */
import { type ChildProcessWithoutNullStreams, execFile, spawn } from 'node:child_process'
import { realpathSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { CorebrumError } from '../errors.ts'
import { SANDBOX_HEAP_BYTES, SANDBOX_OVERHEAD_BYTES } from './limits.ts'
import { WATCH_ARGUMENT } from './watchdog.ts'

/** What the system has to confine a process; found once. */
interface Confinement {
  /** prlimit sets a hard limit on what the process can map. */
  dataLimit: boolean
  /** setpriv makes the kernel end the process together with its parent. */
  diesWithParent: boolean
}

let found: Promise<Confinement> | undefined

function findConfinement (): Promise<Confinement> {
  found ??= Promise.all([
    succeeds('prlimit', ['--data=1073741824', 'true']),
    succeeds('setpriv', ['--pdeathsig', 'KILL', 'true']),
  ]).then(([dataLimit, diesWithParent]) => ({ dataLimit, diesWithParent }))
  return found
}

function succeeds (program: string, args: string[]): Promise<boolean> {
  if (process.platform !== 'linux') return Promise.resolve(false)
  return new Promise((resolve) => execFile(program, args, { timeout: 2000, env: {} }, (error) => resolve(error === null)))
}

export type SandboxChild = ChildProcessWithoutNullStreams

/** Starts one sandbox process, not yet ready. Its standard input and output are the pipes of `protocol.ts`. */
export type Launcher = (memoryLimitBytes: number) => SandboxChild

/** Finds what is needed to start sandboxes. Rejects with ERR_SANDBOX_CRASHED when the sandbox's program is missing. */
export async function createLauncher (): Promise<Launcher> {
  const entry = entryPath()
  const { dataLimit, diesWithParent } = await findConfinement()
  const watch = !diesWithParent
  const command = [process.execPath, ...nodeFlags(entry, watch), entry, ...(watch ? [WATCH_ARGUMENT] : [])]
  if (diesWithParent) command.unshift('setpriv', '--pdeathsig', 'KILL')
  return (memoryLimitBytes) => {
    const limited = dataLimit ? ['prlimit', `--data=${memoryLimitBytes + SANDBOX_OVERHEAD_BYTES}`, ...command] : command
    const [program = process.execPath, ...args] = limited
    // Without PATH in the environment, the system's default path finds prlimit and setpriv, here as in the probe.
    return spawn(program, args, { env: {}, stdio: ['pipe', 'pipe', 'pipe'], windowsHide: true })
  }
}

/** The bundle stands beside this file once that is bundled too; under tsx it is where the build puts it. */
function entryPath (): string {
  const relative = import.meta.url.endsWith('.ts') ? '../../dist/sandbox.js' : './sandbox.js'
  const path = fileURLToPath(new URL(relative, import.meta.url))
  try {
    return realpathSync(path)
  } catch (cause) {
    throw new CorebrumError('ERR_SANDBOX_CRASHED', `the sandbox's program ${path} is missing: install corebrum again, or run \`npm run build\` in its sources`, { cause })
  }
}

/** Node's flags for a sandbox. The module has no way to JavaScript; they bound what a hole in the engine would give it. */
function nodeFlags (entry: string, watch: boolean): string[] {
  const known = process.allowedNodeEnvironmentFlags
  const permission = ['--permission', '--experimental-permission'].find((flag) => known.has(flag))
  return [
    '--no-warnings',
    '--disallow-code-generation-from-strings',
    // What a call leaves behind is collected when it is large: without an event loop the engine finds no idle time for it.
    '--expose-gc',
    `--max-old-space-size=${SANDBOX_HEAP_BYTES / 1048576}`,
    ...(permission === undefined ? [] : [permission, `--allow-fs-read=${entry}`, ...(watch ? ['--allow-worker'] : [])]),
  ]
}
