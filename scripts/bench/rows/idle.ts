/** A daemon that has nothing to do: its own memory, that of its sandboxes, and the processor time of all of them. */
import { startDaemon, stopDaemons } from '../../../test/support/daemon.ts'
import { proportionalBytes, residentBytes } from '../memory.ts'
import { family, processorMs } from '../processor.ts'
import type { Figure, Row, RowContext } from '../row.ts'
import { sleep } from '../statistics.ts'

const LIMIT_MB = 130
const LIMIT_PERCENT = 1
const SETTLE_MS = 10_000
const WATCH_MS = 10_000

async function run (context: RowContext): Promise<Figure[]> {
  const daemon = await startDaemon({ mdns: true })
  context.after(stopDaemons)
  const pid = daemon.process.pid ?? 0
  await sleep(SETTLE_MS)
  const before = processorMs(await family(pid))
  await sleep(WATCH_MS)
  const percent = (processorMs(await family(pid)) - before) / WATCH_MS * 100
  const megabytes = await residentBytes(pid) / 1e6
  const sandboxes = (await family(pid)).map((member) => member.pid).filter((member) => member !== pid)
  const shares = await Promise.all(sandboxes.map(proportionalBytes))
  return [{
    what: 'idle daemon, resident memory of its process',
    measured: megabytes,
    unit: 'MB',
    target: `<= ${LIMIT_MB} MB`,
    met: megabytes <= LIMIT_MB,
    details: {
      'its share (PSS) MB': await proportionalBytes(pid) / 1e6,
      'sandbox processes, not in the figure': sandboxes.length,
      'their share (PSS) together MB': shares.reduce((sum, bytes) => sum + bytes, 0) / 1e6,
    },
  }, {
    what: 'idle daemon, processor, with its sandboxes',
    measured: percent,
    unit: '%',
    target: `< ${LIMIT_PERCENT} %`,
    met: percent < LIMIT_PERCENT,
    details: { 'watched ms': WATCH_MS },
  }]
}

export const idle: Row = { name: 'idle', run }
