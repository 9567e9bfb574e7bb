/** Who runs tasks in this mesh, as far as this node knows. */
import type { Network, SignalOptions } from '../../network/network.ts'
import type { Labels } from '../../task/labels.ts'
import type { LinkedWorker } from '../submitter/roster.ts'

export interface WorkerInfo {
  peer: string
  /** True when it holds an open work stream to this node. */
  connected: boolean
  slots: number
  /** Leases of this node's tasks that it holds now. */
  leases: number
  memoryLimitBytes: number
  engine: string
  features: string[]
  labels?: Labels | undefined
}

/** Workers with an open work stream; with `discover` also those that the DHT knows. */
export async function listWorkers (linked: Iterable<LinkedWorker>, network: Network, options: SignalOptions & { discover?: boolean } = {}): Promise<WorkerInfo[]> {
  const workers = new Map<string, WorkerInfo>()
  for (const { link: { peer }, capability, leases } of linked) {
    if (capability !== undefined) workers.set(peer, { peer, connected: true, leases: leases.size, ...capability })
  }
  if (options.discover !== true) return [...workers.values()]
  for await (const peer of network.findWorkers(options)) {
    if (workers.has(peer)) continue
    const capability = await network.capabilityOf(peer, options)
    if (capability !== undefined) workers.set(peer, { peer, connected: false, leases: 0, ...capability })
  }
  return [...workers.values()]
}
