/**
 * Keeps connections to configured and recently seen peers: libp2p redials a lost peer five times and then forgets it,
 * and mDNS discovers peers without dialling them.
 */
import type { Connection, Libp2p, PeerId } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr, type Multiaddr } from '@multiformats/multiaddr'
import { LRUCache } from 'lru-cache'
import { MAX_REMEMBERED_PEERS, REDIAL_MAX_MS, REDIAL_MIN_MS } from '../limits.ts'
import { DIAL_TIMEOUT_MS } from './limits.ts'

/** Dials in vain after which a peer that was only seen, not configured, is forgotten: about half an hour. */
const MAX_FAILURES_OF_SEEN = 60

interface Target {
  readonly key: string
  readonly dial: Multiaddr | PeerId
  readonly configured: boolean
  /** Who is there: from the address, or who answered the last dial. */
  peer?: PeerId
  /** Dials in vain in a row; a connection that did not last counts as one. */
  failures: number
  timer?: NodeJS.Timeout
  dialling: boolean
}

export interface Redial {
  start (): void
  stop (): void
}

export interface RedialComponents {
  libp2p: Pick<Libp2p, 'peerId' | 'dial' | 'getConnections' | 'addEventListener' | 'removeEventListener'>
  log: (message: string) => void
}

export interface RedialInit {
  /** Multiaddrs, with or without a PeerId. */
  peers: string[]
  /** Default REDIAL_MIN_MS. */
  minMs?: number
}

export function createRedial ({ libp2p, log }: RedialComponents, { peers, minMs = REDIAL_MIN_MS }: RedialInit): Redial {
  const configured = peers.map(configuredTarget)
  const seen = new LRUCache<string, Target>({
    max: MAX_REMEMBERED_PEERS,
    dispose: (target) => { clearTimeout(target.timer) },
  })
  const stopping = new AbortController()
  let running = false

  const connectedTo = ({ peer }: Target): boolean => peer !== undefined && libp2p.getConnections(peer).length > 0

  async function attempt (target: Target): Promise<void> {
    if (!running || target.dialling || connectedTo(target)) return
    target.dialling = true
    try {
      const signal = AbortSignal.any([stopping.signal, AbortSignal.timeout(DIAL_TIMEOUT_MS)])
      target.peer = (await libp2p.dial(target.dial, { signal })).remotePeer
    } catch (error) {
      target.failures++
      if (!running) return
      if (target.failures === 1 && target.configured) log(`cannot reach ${target.key} yet, trying again: ${(error as Error).message}`)
      if (!target.configured && target.failures >= MAX_FAILURES_OF_SEEN) seen.delete(target.key)
      else schedule(target)
    } finally {
      target.dialling = false
    }
  }

  function schedule (target: Target): void {
    if (!running) return
    const wait = Math.min(REDIAL_MAX_MS, minMs * 2 ** Math.min(target.failures, 16))
    clearTimeout(target.timer)
    // Half of the wait is random: two nodes that lost each other do not dial at the same moment for ever.
    target.timer = setTimeout(() => { void attempt(target) }, wait * (0.5 + Math.random() / 2))
    target.timer.unref()
  }

  function remember (id: PeerId): Target {
    const key = id.toString()
    const target = seen.get(key) ?? { key, dial: id, peer: id, configured: false, failures: 0, dialling: false }
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
  /** How long the last connection to each peer held says how soon it is worth another dial. */
  const onConnectionClose = (event: CustomEvent<Connection>): void => {
    const { remotePeer, timeline } = event.detail
    if (libp2p.getConnections(remotePeer).length > 0) return
    const lasted = (timeline.close ?? Date.now()) - timeline.open >= REDIAL_MAX_MS
    const lost = [remember(remotePeer), ...configured.filter(({ peer }) => peer?.equals(remotePeer) === true)]
    for (const target of lost) {
      target.failures = lasted ? 0 : target.failures + 1
      schedule(target)
    }
  }

  return {
    start () {
      running = true
      libp2p.addEventListener('peer:discovery', onDiscovery)
      libp2p.addEventListener('connection:close', onConnectionClose)
      for (const target of configured) void attempt(target)
    },
    stop () {
      running = false
      stopping.abort()
      libp2p.removeEventListener('peer:discovery', onDiscovery)
      libp2p.removeEventListener('connection:close', onConnectionClose)
      for (const target of configured) clearTimeout(target.timer)
      seen.clear()
    },
  }
}

function configuredTarget (address: string): Target {
  const dial = multiaddr(address)
  const id = dial.getPeerId()
  return { key: address, dial, configured: true, failures: 0, dialling: false, ...(id === null ? {} : { peer: peerIdFromString(id) }) }
}
