/** Tells the DHT what this node can run and which modules it holds, from the first peer on. */
import { ADVERTISE_EVERY_MS, MAX_ADVERTISED_MODULES, PROVIDE_AFTER_MS } from '../../limits.ts'
import type { ModuleStore } from '../../modules/modules.ts'
import type { Network } from '../../network/network.ts'
import type { Capability } from '../../wire/capability.ts'

export interface AdvertiserComponents {
  network: Network
  modules: ModuleStore
  capability: Capability
  log: (message: string) => void
}

export interface Advertiser {
  /** There is a peer: begins, unless it has begun. */
  begin (): void
  /** The store has a new module: says so a little later, when the task that brought it is likely over. */
  provideSoon (cid: string): void
  stop (): void
}

/**
 * Nodes ask their own peers before the DHT, so all of this can wait: what is said at once, while a first task runs, doubles
 * the time of that task. A round that fails waits for the next one.
 */
export function createAdvertiser ({ network, modules, capability, log }: AdvertiserComponents): Advertiser {
  const soon = new Set<string>()
  let timer: NodeJS.Timeout | undefined
  let stopped = false

  const later = (action: () => Promise<void>): void => {
    setTimeout(() => { if (!stopped) void action() }, PROVIDE_AFTER_MS).unref()
  }

  async function advertise (): Promise<void> {
    const recent = modules.list().sort((a, b) => b.usedAtMs - a.usedAtMs).slice(0, MAX_ADVERTISED_MODULES)
    try {
      await network.advertise(capability)
      for (const { cid } of recent) if (!stopped) await network.provide(cid)
    } catch (error) {
      log(`the DHT was not told of this node: ${(error as Error).message}`)
    }
  }

  return {
    begin () {
      if (stopped || timer !== undefined) return
      timer = setInterval(() => { void advertise() }, ADVERTISE_EVERY_MS).unref()
      later(advertise)
    },
    provideSoon (cid) {
      if (stopped || soon.has(cid)) return
      soon.add(cid)
      later(async () => {
        soon.delete(cid)
        if (network.peers().length > 0) await network.provide(cid).catch((error: Error) => { log(error.message) })
      })
    },
    stop () {
      stopped = true
      clearInterval(timer)
    },
  }
}
