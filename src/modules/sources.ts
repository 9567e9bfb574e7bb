/** Where one module may come from, each place with its name, its kind and a way to open it at an offset. */
import { MAX_NEIGHBOURS_ASKED, MAX_PROVIDERS_KNOWN } from './limits.ts'
import type { Network } from '../network/network.ts'
import { openPeer } from './peer-source.ts'
import type { Transfer } from './transfer.ts'
import { openUrl, type UrlOptions } from './url-source.ts'
import { shownUrl } from '../web/url-policy.ts'

export interface Source {
  readonly kind: 'submitter' | 'peer' | 'url'
  /** The peer id or the URL. */
  readonly name: string
  /** Set when a peer answers for the bytes. */
  readonly peer?: string
  open (offset: number, signal: AbortSignal): Promise<Transfer>
}

export interface Wanted {
  cid: string
  /** 0: unknown. */
  size: number
  maxBytes: number
  stallMs: number
}

export function peerSource (network: Network, peer: string, kind: 'submitter' | 'peer', wanted: Wanted): Source {
  const { cid, size, maxBytes, stallMs } = wanted
  return {
    kind,
    name: `peer ${peer}`,
    peer,
    open: async (offset, signal) => await openPeer(network, peer, cid, { offset, size, maxBytes, stallMs, signal }),
  }
}

export function urlSource (url: string, wanted: Wanted, policy: Pick<UrlOptions, 'policy' | 'allowPrivate' | 'resolve'>): Source {
  let etag: string | undefined
  return {
    kind: 'url',
    name: shownUrl(url),
    open: async (offset, signal) => {
      const transfer = await openUrl(url, { ...policy, offset, signal, maxBytes: wanted.maxBytes, stallMs: wanted.stallMs, ...(etag === undefined ? {} : { etag }) })
      etag = transfer.etag
      return transfer
    },
  }
}

/** Adds what the DHT says, and the connected peers too when that is nothing or late: the DHT may not know of them. */
export async function findPeers (network: Network, cid: string, found: (peer: string) => void, options: { signal: AbortSignal, neighboursAfterMs: number }): Promise<void> {
  const others = new Set<string>([network.peerId])
  const add = (peer: string): void => {
    if (others.has(peer)) return
    others.add(peer)
    found(peer)
  }
  const addNeighbours = (): void => {
    for (const { peer } of network.peers().slice(0, MAX_NEIGHBOURS_ASKED)) add(peer)
  }
  const late = setTimeout(addNeighbours, options.neighboursAfterMs).unref()
  try {
    let named = 0
    for await (const peer of network.findProviders(cid, { signal: options.signal })) {
      add(peer)
      if (++named >= MAX_PROVIDERS_KNOWN) break
    }
  } finally {
    clearTimeout(late)
    addNeighbours()
  }
}
