/** A daemon that has nothing to do: its own memory, that of its sandboxes, and the processor time of all of them. */
import { readdir, readFile } from 'node:fs/promises'
import { startDaemon, stopDaemons } from '../../../test/support/daemon.ts'
import { proportionalBytes, residentBytes } from '../memory.ts'
import type { Figure, Row, RowContext } from '../row.ts'
import { sleep } from '../statistics.ts'

const LIMIT_MB = 130
const LIMIT_PERCENT = 1
const SETTLE_MS = 10_000
const WATCH_MS = 10_000
/** Linux counts processor time in hundredths of a second (sysconf(_SC_CLK_TCK)). */
const MS_PER_TICK = 10

async function run (context: RowContext): Promise<Figure[]> {
  const daemon = await startDaemon({ mdns: true })
  context.after(stopDaemons)
  const pid = daemon.process.pid ?? 0
  await sleep(SETTLE_MS)
  const before = await processorMs(pid)
  await sleep(WATCH_MS)
  const percent = (await processorMs(pid) - before) / WATCH_MS * 100
  const megabytes = await residentBytes(pid) / 1e6
  const sandboxes = (await familyOf(pid)).filter((member) => member !== pid)
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

interface Stat { pid: number, parent: number, ms: number }

/** Fields of proc_pid_stat(5), counted behind the name, which may hold anything. */
async function statOf (pid: number): Promise<Stat | undefined> {
  try {
    const text = await readFile(`/proc/${pid}/stat`, 'utf8')
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return { pid, parent: Number(fields[1]), ms: (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK }
  } catch {
    return undefined
  }
}

async function familyStats (root: number): Promise<Stat[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number)
  const all = (await Promise.all(pids.map(statOf))).filter((stat) => stat !== undefined)
  const family = new Set([root])
  // Parents may have larger numbers than their children.
  for (let size = 0; size !== family.size;) {
    size = family.size
    for (const { pid, parent } of all) if (family.has(parent)) family.add(pid)
  }
  return all.filter(({ pid }) => family.has(pid))
}

async function familyOf (root: number): Promise<number[]> {
  return (await familyStats(root)).map(({ pid }) => pid)
}

async function processorMs (root: number): Promise<number> {
  return (await familyStats(root)).reduce((sum, { ms }) => sum + ms, 0)
}

export const idle: Row = { name: 'idle', run }
