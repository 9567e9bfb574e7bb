/**
 * Keeps connections to configured and recently seen peers: libp2p redials a lost peer five times and then forgets it,
 * and mDNS discovers peers without dialling them.
 */
import type { Libp2p, PeerId } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr, type Multiaddr } from '@multiformats/multiaddr'
import { LRUCache } from 'lru-cache'
import { DIAL_TIMEOUT_MS, MAX_REMEMBERED_PEERS, REDIAL_MAX_MS, REDIAL_MIN_MS } from '../limits.ts'

/** Dials in vain after which a peer that was only seen, not configured, is forgotten: about half an hour. */
const MAX_FAILURES_OF_SEEN = 60

interface Target {
  readonly key: string
  readonly dial: Multiaddr | PeerId
  readonly configured: boolean
  failures: number
  timer?: NodeJS.Timeout
  dialling: boolean
}

export interface Redial {
  start (): void
  stop (): void
}

export interface RedialComponents {
  libp2p: Libp2p
  log: (message: string) => void
}

export function createRedial ({ libp2p, log }: RedialComponents, init: { peers: string[] }): Redial {
  const configured = init.peers.map((address): Target => (
    { key: address, dial: multiaddr(address), configured: true, failures: 0, dialling: false }))
  const seen = new LRUCache<string, Target>({
    max: MAX_REMEMBERED_PEERS,
    dispose: (target) => { clearTimeout(target.timer) },
  })
  let running = false

  const connectedTo = (target: Target): boolean => {
    const id = 'getComponents' in target.dial ? target.dial.getPeerId() : target.dial.toString()
    return id === null
      ? libp2p.getConnections().some((connection) => connection.remoteAddr.decapsulateCode(421).equals(target.dial as Multiaddr))
      : libp2p.getConnections(peerIdFromString(id)).length > 0
  }

  async function attempt (target: Target): Promise<void> {
    if (!running || target.dialling || connectedTo(target)) return
    target.dialling = true
    try {
      await libp2p.dial(target.dial, { signal: AbortSignal.timeout(DIAL_TIMEOUT_MS) })
      target.failures = 0
    } catch (error) {
      target.failures++
      if (target.failures === 1 && target.configured) log(`cannot reach ${target.key} yet, trying again: ${(error as Error).message}`)
      if (!target.configured && target.failures >= MAX_FAILURES_OF_SEEN) seen.delete(target.key)
      else schedule(target)
    } finally {
      target.dialling = false
    }
  }

  function schedule (target: Target): void {
    const wait = Math.min(REDIAL_MAX_MS, REDIAL_MIN_MS * 2 ** Math.min(target.failures, 16))
    clearTimeout(target.timer)
    // Half of the wait is random: two nodes that lost each other do not dial at the same moment for ever.
    target.timer = setTimeout(() => { void attempt(target) }, wait * (0.5 + Math.random() / 2))
    target.timer.unref()
  }

  function remember (id: PeerId): Target {
    const key = id.toString()
    const target = seen.get(key) ?? { key, dial: id, configured: false, failures: 0, dialling: false }
    seen.set(key, target)
    return target
  }

  const onDiscovery = (event: CustomEvent<{ id: PeerId, multiaddrs: Multiaddr[] }>): void => {
    const { id, multiaddrs } = event.detail
    if (id.equals(libp2p.peerId) || multiaddrs.length === 0) return
    const target = remember(id)
    target.failures = 0
    void attempt(target)
  }
  const onDisconnect = (event: CustomEvent<PeerId>): void => {
    const target = remember(event.detail)
    target.failures = 0
    schedule(target)
    for (const peer of configured) if (!connectedTo(peer)) schedule(peer)
  }

  return {
    start () {
      running = true
      libp2p.addEventListener('peer:discovery', onDiscovery)
      libp2p.addEventListener('peer:disconnect', onDisconnect)
      for (const target of configured) void attempt(target)
    },
    stop () {
      running = false
      libp2p.removeEventListener('peer:discovery', onDiscovery)
      libp2p.removeEventListener('peer:disconnect', onDisconnect)
      for (const target of configured) clearTimeout(target.timer)
      seen.clear()
    },
  }
}
