import assert from 'node:assert/strict'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { MAX_ADDRESSES_PER_PEER } from '../../../src/network/limits.ts'
import { createLearnedAddresses } from '../../../src/network/learned-addresses.ts'
import { createLibp2pNode, type Libp2pNode } from '../../../src/network/libp2p.ts'
import { createGuard } from '../../../src/network/guard.ts'
import { temporaryIdentity } from '../../../src/network/identity.ts'

describe('addresses that peers say they have', () => {
  let libp2p: Libp2pNode
  let now: number
  let log: string[]

  beforeEach(async () => {
    now = 0
    log = []
    libp2p = await createLibp2pNode({ privateKey: await temporaryIdentity(), gater: createGuard().gater, listen: [], mdns: false, topics: [] })
  })
  afterEach(async () => { await libp2p.stop() })

  const addressesOf = (n: number): string[] => Array.from({ length: MAX_ADDRESSES_PER_PEER }, (_, i) => `/ip4/10.0.${n}.${i + 1}/tcp/4001`)

  it('are few, and the newest, whatever one peer says', async () => {
    const id = peerIdFromPrivateKey(await generateKeyPair('Ed25519'))
    const peer = id.toString()
    const learned = createLearnedAddresses({ libp2p, log: (message) => { log.push(message) }, now: () => now })
    for (let n = 0; n < 20; n++) {
      now += 1_000
      learned.learn(peer, addressesOf(n))
      for (let i = 0; i < 100; i++) learned.learn(peer, addressesOf(100 + i))
      await learned.settled(peer)
    }
    const known = (await libp2p.peerStore.get(id)).addresses.map(({ multiaddr }) => multiaddr.toString())
    assert.ok(known.length <= 2 * MAX_ADDRESSES_PER_PEER)
    for (const address of addressesOf(19)) assert.ok(known.includes(address))
    assert.deepEqual(log, [])
  })

  it('are left out where they cannot be used', async () => {
    const learned = createLearnedAddresses({ libp2p, log: (message) => { log.push(message) }, now: () => now })
    learned.learn('nobody', ['/ip4/10.0.0.1/tcp/1'])
    learned.learn(libp2p.peerId.toString(), ['nowhere'])
    await Promise.all([learned.settled('nobody'), learned.settled(libp2p.peerId.toString()), learned.settled('other')])
    assert.equal(log.length, 2)
  })
})
