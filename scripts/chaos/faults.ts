/** What goes wrong, at random: kills with restarts, cut links, slow and stalled links, clocks that jump. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { ChaosMesh, Host } from './mesh.ts'
import type { Random } from './random.ts'

export interface FaultsInit {
  /** Wait between two faults, milliseconds. */
  everyMs: [least: number, most: number]
  /** Kill the submitter so often, milliseconds; absent: never. */
  submitterEveryMs?: number
  say: (text: string) => void
}

export interface Faults {
  /** How often each kind happened. */
  readonly counts: Record<string, number>
  /** Ends the faults and repairs everything. */
  stop (): Promise<void>
}

const SLOW_MS = 200

export function startFaults (mesh: ChaosMesh, random: Random, { everyMs, submitterEveryMs, say }: FaultsInit): Faults {
  const counts: Record<string, number> = {}
  const ended = new AbortController()
  /** Faults whose repair is still to come; at most one for each host. */
  const open = new Map<Host, Promise<void>>()
  const workers = mesh.hosts.filter((host) => host !== mesh.submitter)

  async function happen (kind: string, host: Host, ms: number, begin: () => unknown, repair: () => unknown): Promise<void> {
    counts[kind] = (counts[kind] ?? 0) + 1
    say(`${kind}: ${host.name} for ${ms} ms`)
    await begin()
    await pause(ms, ended.signal)
    await repair()
  }

  function fault (host: Host): Promise<void> {
    const long = random.integer(200, 6_000)
    const cut = (): Promise<void> => happen('cut', host, long, () => { mesh.lan.cut(host.index) }, () => { mesh.lan.restore(host.index) })
    const kill = (): Promise<void> => happen('kill', host, long, () => mesh.kill(host), () => mesh.restart(host))
    const spoil = (kind: string, quality: { delayMs: number, stalled: boolean }) => (): Promise<void> =>
      happen(kind, host, long * 2, () => { mesh.spoil(host, quality) }, () => { mesh.spoil(host, { delayMs: 0, stalled: false }) })
    const clock = (): Promise<void> => happen('clock', host, 0, () => { mesh.shiftClock(host) }, () => {})
    const possible = host.relayed
      ? [kill, spoil('slow', { delayMs: SLOW_MS, stalled: false }), spoil('stall', { delayMs: 0, stalled: true })]
      : [kill, cut, clock]
    return random.pick(possible)()
  }

  async function spoilWorkers (): Promise<void> {
    while (!ended.signal.aborted) {
      await pause(random.integer(...everyMs), ended.signal)
      const host = random.pick(workers)
      // At most half of the workers are down at a time: it is the tasks that are under test, not patience.
      if (ended.signal.aborted || open.has(host) || open.size > workers.length / 2) continue
      open.set(host, fault(host).finally(() => { open.delete(host) }))
    }
  }

  async function killSubmitter (): Promise<void> {
    if (submitterEveryMs === undefined) return
    while (!ended.signal.aborted) {
      await pause(random.integer(submitterEveryMs / 2, submitterEveryMs * 1.5), ended.signal)
      if (!ended.signal.aborted) await happen('kill submitter', mesh.submitter, random.integer(50, 1_500), () => mesh.kill(mesh.submitter), () => mesh.restart(mesh.submitter))
    }
  }

  const running = Promise.all([spoilWorkers(), killSubmitter()])
  return {
    counts,
    async stop () {
      ended.abort()
      await running
      await Promise.all(open.values())
    },
  }
}

/** Ends early when `signal` aborts. */
async function pause (ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => {})
}
