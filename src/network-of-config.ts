/** The network that a configuration asks for. The code of libp2p is loaded only here, by nodes that need it. */
import { join } from 'node:path'
import type { Config } from './config.ts'
import type { Network } from './network/network.ts'
import { OFFERS_TOPIC } from './roles/offers/offers.ts'

export async function networkOf (config: Config, log: (message: string, level: 'error' | 'warn' | 'info' | 'debug') => void): Promise<Network> {
  const { createNetwork } = await import('./network/create-network.ts')
  return createNetwork({
    ...(config.ephemeral ? {} : { identityPath: join(config.dataDir, 'identity.key'), addressBookPath: join(config.dataDir, 'addresses.json') }),
    listen: config.listen,
    peers: config.peers,
    mdns: config.mdns,
    topics: [OFFERS_TOPIC],
    log,
  })
}
