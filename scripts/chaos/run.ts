/** One chaos run: a mesh of real daemons, tasks with known results, faults at random; then everything is repaired and counted. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { ControlClient } from '../../src/control/client.ts'
import { toCorebrumError } from '../../src/errors.ts'
import { formatJson } from '../../src/task/json.ts'
import { startFaults } from './faults.ts'
import { createLedger, type Ledger } from './ledger.ts'
import { makeTask } from './load.ts'
import { startMesh, type ChaosMesh } from './mesh.ts'
import { createRandom } from './random.ts'

export interface ChaosInit {
  seed: number
  tasks: number
  /** Daemons, one of which only submits; at least 3. */
  hosts: number
  /** Wait between two faults, milliseconds. */
  faultsEveryMs: [least: number, most: number]
  /** The submitter is killed about so often, milliseconds. */
  submitterEveryMs?: number
  /** How long everything may take to end once all is repaired, milliseconds. */
  settleMs: number
  say: (text: string) => void
}

export interface ChaosReport {
  promised: number
  ended: number
  seconds: number
  counts: Record<string, number>
  /** Broken promises; empty when all went well. */
  faults: string[]
}

/** Tasks that wait or run at a time: enough to keep every worker busy, few enough to spread them over all faults. */
const MAX_OPEN = 150
const MAX_BURST = 60
/** For each task: a run of thousands meets faults for a minute or two. */
const PACE_MS = 10
const LOOK_EVERY_MS = 250
const RELAYED = 2

export async function runChaos (init: ChaosInit): Promise<ChaosReport> {
  const { seed, tasks, hosts, faultsEveryMs, submitterEveryMs, settleMs, say } = init
  const start = performance.now()
  const mesh = await startMesh({ hosts, relayed: Math.min(RELAYED, hosts - 2), shifted: 1 })
  const ledger = createLedger()
  try {
    const faults = startFaults(mesh, createRandom(seed), { everyMs: faultsEveryMs, say, ...(submitterEveryMs === undefined ? {} : { submitterEveryMs }) })
    try {
      await submitAll(mesh, ledger, { seed: seed + 1, tasks, say })
    } finally {
      say('repairing everything')
      await faults.stop()
    }
    await settle(mesh, ledger, settleMs)
    await ledger.audit(mesh.client())
    const unended = await Promise.all(ledger.unended().slice(0, 5).map((id) => describe(mesh.client(), id)))
    return {
      promised: ledger.size,
      ended: ledger.ended,
      seconds: (performance.now() - start) / 1000,
      counts: faults.counts,
      faults: [...ledger.faults, ...unended],
    }
  } finally {
    await mesh.stop()
  }
}

/** Submits until `tasks` ids were given. A submit that failed gave no id: nothing was promised. */
async function submitAll (mesh: ChaosMesh, ledger: Ledger, { seed, tasks, say }: { seed: number, tasks: number, say: (text: string) => void }): Promise<void> {
  const random = createRandom(seed)
  let lookedAt = performance.now()
  let said = 0
  while (ledger.size < tasks) {
    // In bursts, so that faults meet queues.
    const burst = Array.from({ length: random.integer(1, Math.min(MAX_BURST, tasks - ledger.size)) }, () => makeTask(random))
    await Promise.all(burst.map(({ request, truth }) => attempt(async () => { ledger.promised((await mesh.client().detach(request)).id, truth) })))
    await sleep(burst.length * PACE_MS)
    while (ledger.size - ledger.ended >= MAX_OPEN || performance.now() - lookedAt > LOOK_EVERY_MS) {
      await attempt(() => ledger.look(mesh.client()))
      lookedAt = performance.now()
      if (ledger.size - ledger.ended >= MAX_OPEN) await sleep(LOOK_EVERY_MS / 5)
    }
    if (ledger.ended - said < 500) continue
    said = ledger.ended
    say(`${ledger.ended} of ${tasks} have ended, ${ledger.size - ledger.ended} are open`)
  }
}

async function settle (mesh: ChaosMesh, ledger: Ledger, settleMs: number): Promise<void> {
  const end = performance.now() + settleMs
  while (ledger.ended < ledger.size && performance.now() < end) {
    await attempt(() => ledger.look(mesh.client()))
    await sleep(LOOK_EVERY_MS)
  }
}

/** The submitter may be down just now; whatever else it says is a failure of the run. */
async function attempt (work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (toCorebrumError(error).code !== 'ERR_NO_DAEMON') throw error
    await sleep(LOOK_EVERY_MS / 5)
  }
}

async function describe (client: ControlClient, id: string): Promise<string> {
  const history = await client.get(`/v1/tasks/${id}/history`)
  return `${id} has not ended: ${formatJson(history)}`
}
