/** The DHT: who runs tasks, who holds a module, what a peer can run. */
import type { KadDHT } from '@libp2p/kad-dht'
import type { Libp2p, PrivateKey } from '@libp2p/interface'
import { createHash } from 'node:crypto'
import { setMaxListeners } from 'node:events'
import { LRUCache } from 'lru-cache'
import { CID } from 'multiformats/cid'
import * as raw from 'multiformats/codecs/raw'
import { create as createDigest } from 'multiformats/hashes/digest'
import { ADVERTISE_EVERY_MS } from '../limits.ts'
import { DHT_QUERY_TIMEOUT_MS, MAX_CONNECTIONS } from './limits.ts'
import type { Capability } from '../wire/capability.ts'
import { openRecord, recordKey, signRecord } from './capability-record.ts'
import type { Network, SignalOptions } from './network.ts'

const SHA2_256 = 0x12
/** The content that every worker "provides": asking the DHT for its providers lists the workers. */
const WORKERS = CID.createV1(raw.code, createDigest(SHA2_256, createHash('sha256').update('corebrum/worker/wasm/1').digest()))

/** CIDs that were told to the DHT lately. */
const MAX_PROVIDED = 1024

export type Routing = Pick<Network, 'provide' | 'findProviders' | 'advertise' | 'findWorkers' | 'capabilityOf'>

export interface RoutingComponents {
  libp2p: Libp2p<{ dht: KadDHT }>
  privateKey: PrivateKey
}

export function createRouting ({ libp2p, privateKey }: RoutingComponents): Routing {
  const self = libp2p.peerId.toString()
  // A provide asks up to twenty peers; saying the same thing for each of a thousand tasks would drown the DHT.
  const provided = new LRUCache<string, true>({ max: MAX_PROVIDED, ttl: ADVERTISE_EVERY_MS / 2 })

  async function * providersOf (cid: CID, options: SignalOptions): AsyncGenerator<string> {
    const seen = new Set([self])
    try {
      for await (const { id, multiaddrs } of libp2p.contentRouting.findProviders(cid, { signal: bounded(options) })) {
        const peer = id.toString()
        if (seen.has(peer)) continue
        seen.add(peer)
        if (multiaddrs.length > 0) await libp2p.peerStore.merge(id, { multiaddrs })
        yield peer
      }
    } catch {
      // A query that finds nobody or runs out of time ends the list; what was found stands.
    }
  }

  return {
    async provide (cid, options = {}) {
      if (provided.has(cid)) return
      provided.set(cid, true)
      try {
        await libp2p.contentRouting.provide(CID.parse(cid), { signal: bounded(options) })
      } catch (error) {
        provided.delete(cid)
        throw error
      }
    },
    findProviders: (cid, options = {}) => providersOf(CID.parse(cid), options),
    findWorkers: (options = {}) => providersOf(WORKERS, options),
    async advertise (capability, options = {}) {
      const signal = bounded(options)
      const record = await signRecord(privateKey, capability)
      await Promise.all([
        libp2p.contentRouting.provide(WORKERS, { signal }),
        drain(libp2p.services.dht.put(recordKey(self), record, { signal })),
      ])
    },
    async capabilityOf (peer, options = {}): Promise<Capability | undefined> {
      try {
        const bytes = await libp2p.contentRouting.get(recordKey(peer), { signal: bounded(options) })
        return (await openRecord(peer, bytes)).capability
      } catch {
        return undefined
      }
    },
  }
}

function bounded ({ signal }: SignalOptions): AbortSignal {
  const timeout = AbortSignal.timeout(DHT_QUERY_TIMEOUT_MS)
  const either = signal === undefined ? timeout : AbortSignal.any([signal, timeout])
  // The DHT listens once for each peer that it asks.
  setMaxListeners(MAX_CONNECTIONS, either)
  return either
}

async function drain (events: AsyncIterable<unknown>): Promise<void> {
  for await (const event of events) void event
}
