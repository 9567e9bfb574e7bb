/** Tells the DHT what this node can run and which modules it holds, from the first peer on. */
import { ADVERTISE_EVERY_MS, MAX_ADVERTISED_MODULES } from '../limits.ts'
import type { ModuleStore } from '../modules/modules.ts'
import type { Network } from '../network/network.ts'
import type { Capability } from '../wire/capability.ts'

export interface AdvertiserComponents {
  network: Network
  modules: ModuleStore
  capability: Capability
  log: (message: string) => void
}

export interface Advertiser {
  /** There is a peer: begins, unless it has begun. */
  begin (): void
  stop (): void
}

/** Nodes ask their own peers before the DHT, so a round that fails simply waits for the next one. */
export function createAdvertiser ({ network, modules, capability, log }: AdvertiserComponents): Advertiser {
  let timer: NodeJS.Timeout | undefined
  let stopped = false

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
      void advertise()
    },
    stop () {
      stopped = true
      clearInterval(timer)
    },
  }
}
