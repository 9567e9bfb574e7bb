/** Runs the built command, `dist/cli.js`, as a process of its own. */
import { spawn, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url))

export interface CliResult {
  code: number | null
  stdout: string
  stderr: string
}

export interface CliOptions {
  env?: Record<string, string>
  stdin?: string
  cwd?: string
  /** Called with the process and all of stderr so far, each time that something is said. */
  onStderr?: (child: ChildProcess, text: string) => void
}

/** Ends with the process; a variable of the caller's shell cannot change what it does. */
export function runCli (args: string[], { env = {}, stdin = '', cwd, onStderr }: CliOptions = {}): Promise<CliResult> {
  return new Promise((resolve, reject) => {
    const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('COREBRUM_') && name !== 'NODE_OPTIONS'))
    const child = spawn(process.execPath, [CLI, ...args], { cwd, env: { ...inherited, ...env } })
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => { stdout += text })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
      onStderr?.(child, stderr)
    })
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, stdout, stderr }))
    // A command that does not read its input closes it.
    child.stdin.on('error', () => {})
    child.stdin.end(stdin)
  })
}
