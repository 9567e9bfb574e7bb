/**
 * `npm run soak`: three daemons under a steady load for half an hour; their memory, their open files and what they keep on disk
 * must stay flat once the first third is over.
 */
import { readdir } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { createControlClient } from '../../src/control/client.ts'
import { startDaemon, stopDaemons, type Daemon } from '../../test/support/daemon.ts'
import { createLedger, type Ledger } from '../chaos/ledger.ts'
import { makeTask } from '../chaos/load.ts'
import { createRandom } from '../chaos/random.ts'
import { growth, type Sample } from './flatness.ts'
import { INSPECTED, openLiveMemory, type LiveMemory } from './live-memory.ts'

/** Growth over the last two thirds that is still noise: pages that are not given back, a socket more. */
const MAX_GROWTH_BYTES = 24 * 1024 * 1024
const MAX_GROWTH_FILES = 8
const SAMPLE_MS = 10_000
const SAMPLES_PER_LINE = 6
const TASKS_PER_SECOND = 40
const MAX_OPEN = 200
/** Finished tasks are kept shortly, so that the journal must let go, too. */
const KEEP = ['--keep', '3m', '--keep-tasks', '3000']

const { values: flags } = parseArgs({ options: { minutes: { type: 'string', default: '30' } } })

interface Watched { name: string, daemon: Daemon, live: LiveMemory, memory: Sample[], files: Sample[] }

async function openFiles (pid: number): Promise<number> {
  return (await readdir(`/proc/${pid}/fd`)).length
}

function mebi (bytes: number): string {
  return `${(bytes / 1024 ** 2).toFixed(1)} MiB`
}

async function watch (watched: Watched[], start: number, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const seconds = (performance.now() - start) / 1000
    for (const { daemon: { process: { pid = 0 } }, live, memory, files } of watched) {
      memory.push({ seconds, value: await live.bytes() })
      files.push({ seconds, value: await openFiles(pid) })
    }
    if ((watched[0]?.memory.length ?? 0) % SAMPLES_PER_LINE === 0) {
      console.error(`  ${Math.round(seconds)} s: ${watched.map(({ name, memory, files }) => `${name} ${mebi(memory.at(-1)?.value ?? 0)}, ${files.at(-1)?.value} files`).join('; ')}`)
    }
    await sleep(SAMPLE_MS, undefined, { signal }).catch(() => {})
  }
}

/** A fresh ledger every few thousand tasks: it is the daemons that are watched, not this list. */
async function load (daemon: Daemon, endAt: number, say: (text: string) => void): Promise<string[]> {
  const client = createControlClient({ dataDir: daemon.dataDir })
  const random = createRandom(1)
  const faults: string[] = []
  let ledger: Ledger = createLedger()
  let submitted = 0
  while (performance.now() < endAt) {
    const begun = performance.now()
    const burst = Array.from({ length: TASKS_PER_SECOND }, () => makeTask(random))
    await Promise.all(burst.map(async ({ request, truth }) => { ledger.promised((await client.detach(request)).id, truth) }))
    submitted += burst.length
    do await ledger.look(client)
    while (ledger.size - ledger.ended > MAX_OPEN && performance.now() < endAt)
    if (ledger.size >= 2000 && ledger.ended === ledger.size) {
      faults.push(...ledger.faults)
      ledger = createLedger()
      say(`${submitted} tasks submitted`)
    }
    await sleep(Math.max(0, 1000 - (performance.now() - begun)))
  }
  while (ledger.ended < ledger.size) await ledger.look(client)
  return [...faults, ...ledger.faults]
}

function judge ({ name, memory, files }: Watched): string[] {
  const later = (samples: Sample[]): Sample[] => samples.slice(Math.floor(samples.length / 3))
  const [bytes, opened] = [growth(later(memory)), growth(later(files))]
  console.log(`${name}: memory ${mebi(later(memory)[0]?.value ?? 0)} to ${mebi(memory.at(-1)?.value ?? 0)}, line ${mebi(bytes)}; open files ${files.at(-1)?.value}, line ${opened.toFixed(1)}`)
  return [
    ...(bytes > MAX_GROWTH_BYTES ? [`${name}: memory grows by ${mebi(bytes)}, allowed: ${mebi(MAX_GROWTH_BYTES)}`] : []),
    ...(opened > MAX_GROWTH_FILES ? [`${name}: open files grow by ${opened.toFixed(1)}, allowed: ${MAX_GROWTH_FILES}`] : []),
  ]
}

async function main (): Promise<void> {
  const start = performance.now()
  const submitter = await startDaemon({ args: ['--worker-count', '0', '--log-level', 'warn', ...KEEP], env: INSPECTED })
  const [address = ''] = submitter.addresses
  const workers = await Promise.all([1, 2].map(() => startDaemon({ args: ['--worker-count', '1', '--log-level', 'warn', '--peer', address, ...KEEP], env: INSPECTED })))
  const watched = await Promise.all([submitter, ...workers].map(async (daemon, i): Promise<Watched> => (
    { name: i === 0 ? 'submitter' : `worker ${i}`, daemon, live: await openLiveMemory(daemon.process.pid ?? 0, daemon.log()), memory: [], files: [] })))
  const over = new AbortController()
  const watching = watch(watched, start, over.signal)
  const faults = await load(submitter, start + Number(flags.minutes) * 60_000, (text) => { console.error(`  ${text}`) })
  over.abort()
  await watching
  faults.push(...watched.flatMap(judge))
  for (const { live } of watched) live.close()
  await stopDaemons()
  for (const fault of faults) console.log(fault)
  console.log(faults.length === 0 ? `flat over ${flags.minutes} minutes` : `${faults.length} faults`)
  process.exitCode = faults.length === 0 ? 0 : 1
}

await main()
process.exit()
