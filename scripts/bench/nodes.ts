/** Nodes for benchmarks: on loopback, with a data folder of their own, without mDNS, and without a journal unless a row is about that. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createNode, type Config, type Node, type NodeInit } from 'corebrum'

export async function temporaryFolder (): Promise<{ folder: string, remove: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'corebrum-bench-'))
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) }
}

export async function startNode (config: Partial<Config>, init: NodeInit = { durable: false }): Promise<{ node: Node, stop: () => Promise<void> }> {
  const { folder, remove } = await temporaryFolder()
  const node = await createNode({ dataDir: folder, listen: ['/ip4/127.0.0.1/tcp/0'], mdns: false, ...config }, init)
  await node.start()
  return {
    node,
    async stop () {
      await node.stop()
      await remove()
    },
  }
}

/** A node that runs nothing itself, connected to the worker at `address`. */
export async function startSubmitter (address: string, init?: NodeInit): Promise<{ node: Node, stop: () => Promise<void> }> {
  const started = await startNode({ workerCount: 0, peers: [address] }, init)
  if (!await started.node.waitForPeer(10_000)) throw new Error(`no connection to ${address}`)
  return started
}
