/** The network of a node that uses none: nobody is there. */
import { CorebrumError } from '../errors.ts'
import type { Network } from './network.ts'

async function * nobody (): AsyncGenerator<string> {
  yield * []
}

function unreachable (peer: string): Promise<never> {
  return Promise.reject(new CorebrumError('ERR_DIAL', `peer ${peer} cannot be reached: this node uses no network`))
}

function keyless (): Promise<never> {
  return Promise.reject(new CorebrumError('ERR_CONFIG', 'this node uses no network and has no key'))
}

export function createAloneNetwork (): Network {
  const nothing = (): Promise<void> => Promise.resolve()
  return {
    peerId: 'local',
    start: nothing,
    stop: nothing,
    addresses: () => [],
    peers: () => [],
    onPeer: () => {},
    learn: () => {},
    keepAddresses: () => {},
    connect: unreachable,
    open: unreachable,
    serve: nothing,
    openBytes: unreachable,
    serveBytes: nothing,
    publish: () => Promise.resolve(0),
    subscribe: () => {},
    provide: nothing,
    findProviders: nobody,
    advertise: nothing,
    findWorkers: nobody,
    capabilityOf: () => Promise.resolve(undefined),
    sign: keyless,
    verify: () => Promise.resolve(false),
    seal: keyless,
    unseal: keyless,
    penalize: () => {},
  }
}
