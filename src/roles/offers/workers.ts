/** Who runs tasks in this mesh, as far as this node knows. */
import type { Network, SignalOptions } from '../../network/network.ts'
import type { Labels } from '../../task/labels.ts'
import type { LinkedWorker } from '../submitter/roster.ts'
import type { Explain } from './explain.ts'

export interface WorkerInfo {
  peer: string
  /** False of one that only the DHT knows. */
  connected: boolean
  slots: number
  /** Leases of this node's tasks that it holds now. */
  leases: number
  memoryLimitBytes: number
  engine: string
  features: string[]
  labels?: Labels | undefined
}

export interface WorkersComponents {
  /** With an open work stream to this node. */
  linked: () => Iterable<LinkedWorker>
  network: Pick<Network, 'peers' | 'findWorkers' | 'capabilityOf'>
  explain: Pick<Explain, 'ask'>
}

/** Connected peers that take tasks: those with an open work stream, and those that say so when asked. With `discover` also those that the DHT knows. */
export async function listWorkers ({ linked, network, explain }: WorkersComponents, { discover = false, ...options }: SignalOptions & { discover?: boolean } = {}): Promise<WorkerInfo[]> {
  const workers = new Map<string, WorkerInfo>()
  for (const { link: { peer }, capability, leases } of linked()) {
    if (capability !== undefined && capability.slots > 0) workers.set(peer, { peer, connected: true, leases: leases.size, ...capability })
  }
  const others = network.peers().map(({ peer }) => peer).filter((peer) => !workers.has(peer))
  for (const { peer, verdict, capability } of await explain.ask(others, undefined, options.signal)) {
    if (capability !== undefined && verdict !== 'declines') workers.set(peer, { peer, connected: true, leases: 0, ...capability })
  }
  if (!discover) return [...workers.values()]
  const connected = new Set(others)
  for await (const peer of network.findWorkers(options)) {
    if (workers.has(peer)) continue
    const capability = await network.capabilityOf(peer, options)
    if (capability !== undefined) workers.set(peer, { peer, connected: connected.has(peer), leases: 0, ...capability })
  }
  return [...workers.values()]
}
