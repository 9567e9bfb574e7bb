/** Whole commands, from start to exit: `submit` through a daemon and without one, against a Node that does nothing. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { CLI, startDaemon, stopDaemons } from '../../../test/support/daemon.ts'
import { temporaryFolder } from '../nodes.ts'
import type { Figure, Row, RowContext } from '../row.ts'
import { median, timed } from '../statistics.ts'
import { TASKS } from '../tasks.ts'

const DAEMON_LIMIT = 2.5
const ALONE_LIMIT_MS = 1_000
const WARM_UP = 2
const SUBMIT = [CLI, 'submit', '--file', `${TASKS}factorial_wasm.yaml`, '--input', '{"number": 5}']

/** Milliseconds of a Node process; it must end well. */
async function runNode (args: string[]): Promise<number> {
  return await timed(async () => {
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] })
    let text = ''
    child.stdout.on('data', (chunk: Buffer) => { text += chunk.toString() })
    const [code] = await once(child, 'close')
    if (code !== 0 || (args[0] === CLI && text !== '{"result":120}\n')) throw new Error(`${args.join(' ')} ended with ${String(code)}: ${text}`)
  })
}

async function runWithDaemon (context: RowContext): Promise<Figure[]> {
  const daemon = await startDaemon()
  context.after(stopDaemons)
  const submits: number[] = []
  const nothings: number[] = []
  const samples = context.samples(15)
  for (let i = 0; i < WARM_UP + samples; i++) {
    const nothing = await runNode(['-e', '0'])
    const submit = await runNode([...SUBMIT, '--data-dir', daemon.dataDir])
    if (i < WARM_UP) continue
    nothings.push(nothing)
    submits.push(submit)
  }
  const ratio = median(submits) / median(nothings)
  return [{
    what: '`submit` with a daemon, whole command',
    measured: median(submits),
    unit: 'ms',
    baseline: { what: 'node -e 0', value: median(nothings) },
    ratio,
    target: `<= ${DAEMON_LIMIT} x`,
    met: ratio <= DAEMON_LIMIT,
    details: { samples, 'ratio of the fastest': Math.min(...submits) / Math.min(...nothings), 'fastest ms': Math.min(...submits), 'fastest node ms': Math.min(...nothings) },
  }]
}

async function runAlone (context: RowContext): Promise<Figure[]> {
  const { folder, remove } = await temporaryFolder()
  context.after(remove)
  const submits: number[] = []
  const samples = context.samples(10)
  for (let i = 0; i < 1 + samples; i++) {
    // Without mDNS: another daemon of this machine or its LAN would be a mesh.
    const submit = await runNode([...SUBMIT, '--data-dir', folder, '--no-mdns'])
    if (i > 0) submits.push(submit)
  }
  const measured = median(submits)
  return [{
    what: '`submit` with no daemon and no mesh, whole command',
    measured,
    unit: 'ms',
    target: `<= ${ALONE_LIMIT_MS} ms`,
    met: measured <= ALONE_LIMIT_MS,
    details: { samples, 'fastest ms': Math.min(...submits), 'slowest ms': Math.max(...submits) },
  }]
}

export const submitWithDaemon: Row = { name: 'submit-daemon', run: runWithDaemon }
export const submitAlone: Row = { name: 'submit-alone', run: runAlone }
