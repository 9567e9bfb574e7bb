import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { cidOfDigest } from '../../src/modules/cid.ts'
import { recordKey, signRecord } from '../../src/network/capability-record.ts'
import type { Network } from '../../src/network/network.ts'
import { addressOf, connection, settled, useMesh } from '../support/mesh.ts'
import { CAPABILITY } from '../support/wire-samples.ts'

const CID = cidOfDigest(createHash('sha256').update('a module').digest())

async function all (peers: AsyncIterable<string>): Promise<string[]> {
  const found: string[] = []
  for await (const peer of peers) found.push(peer)
  return found
}

/** Asks again until there is an answer: the DHT fills while nodes identify each other. */
async function answer<T> (ask: () => Promise<T | undefined>): Promise<T> {
  while (true) {
    const found = await ask()
    if (found !== undefined) return found
    await settled()
  }
}

describe('routing', () => {
  const mesh = useMesh()

  /** A hub and nodes that know nobody else. */
  async function star (count: number): Promise<[Network, ...Network[]]> {
    const hub = await mesh.node()
    const nodes = await Promise.all(Array.from({ length: count }, () => mesh.node({ peers: [addressOf(hub)] })))
    await Promise.all(nodes.map((node) => connection(node, hub.peerId)))
    return [hub, ...nodes]
  }

  it('finds workers, what they can run, and who holds a module, through a third node', async () => {
    const [, worker, other, asker] = await star(3)
    assert(worker !== undefined && other !== undefined && asker !== undefined)
    const found = await answer(async () => {
      await worker.advertise(CAPABILITY)
      await other.provide(CID)
      const [workers, providers, capability] = await Promise.all([all(asker.findWorkers()), all(asker.findProviders(CID)), asker.capabilityOf(worker.peerId)])
      return workers.length > 0 && providers.length > 0 && capability !== undefined ? { workers, providers, capability } : undefined
    })
    assert.deepEqual(found, { workers: [worker.peerId], providers: [other.peerId], capability: CAPABILITY })
    await asker.connect(worker.peerId)
    assert.equal(await asker.capabilityOf(other.peerId), undefined)
  })

  it('keeps the newest capability', async () => {
    const [hub, worker] = await star(1)
    assert(worker !== undefined)
    await worker.advertise(CAPABILITY)
    await worker.advertise({ ...CAPABILITY, slots: 7 })
    const found = await answer(async () => {
      await worker.advertise({ ...CAPABILITY, slots: 8 })
      return hub.capabilityOf(worker.peerId)
    })
    assert.equal(found.slots, 8)
  })

  it('does not take a capability that another peer signed', async () => {
    const [hub, victim] = await star(1)
    assert(victim !== undefined)
    const liar = await generateKeyPair('Ed25519')
    const forged = await signRecord(liar, { ...CAPABILITY, slots: 4096 })
    const raw = await mesh.raw(hub, { privateKey: liar, dht: true })
    const put = async (key: Uint8Array, value: Uint8Array): Promise<void> => { await raw.contentRouting.put(key, value).catch(() => {}) }
    const own = peerIdFromPrivateKey(liar).toString()
    await answer(async () => {
      await put(recordKey(victim.peerId), forged)
      await put(recordKey(own), forged)
      return hub.capabilityOf(own)
    })
    assert.equal(await hub.capabilityOf(victim.peerId), undefined)
  })

  it('ends without an answer when the node is alone', async () => {
    const node = await mesh.node()
    await node.provide(CID).catch(() => {})
    await node.advertise(CAPABILITY).catch(() => {})
    assert.deepEqual(await all(node.findProviders(CID)), [])
    assert.deepEqual(await all(node.findWorkers()), [])
    assert.equal(await node.capabilityOf(peerIdFromPrivateKey(await generateKeyPair('Ed25519')).toString()), undefined)
    assert.equal(await node.capabilityOf('nobody'), undefined)
  })

  it('ends when it is told to', async () => {
    const [hub] = await star(2)
    const signal = AbortSignal.abort()
    assert.deepEqual(await all(hub.findProviders(CID, { signal })), [])
    assert.equal(await hub.capabilityOf(hub.peerId, { signal }), undefined)
    await assert.rejects(hub.provide(CID, { signal }))
  })
})
