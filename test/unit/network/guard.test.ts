import assert from 'node:assert/strict'
import '../../../src/network/with-resolvers.ts'
import { generateKeyPair } from '@libp2p/crypto/keys'
import type { Connection, MultiaddrConnection, PeerId } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { createGuard, type Guard } from '../../../src/network/guard.ts'

const from = (remotePeer: PeerId, address: string): Connection => ({ remotePeer, remoteAddr: multiaddr(address) }) as Connection
const socket = (address: string): MultiaddrConnection => ({ remoteAddr: multiaddr(address) }) as MultiaddrConnection
const deniesPeer = (guard: Guard, peer: PeerId): unknown => guard.gater.denyInboundEncryptedConnection?.(peer, socket('/ip4/10.0.0.9/tcp/1'))
const deniesHost = (guard: Guard, address: string): unknown => guard.gater.denyInboundConnection?.(socket(address))

describe('guard', () => {
  let a: PeerId
  let b: PeerId
  before(async () => {
    [a, b] = [peerIdFromPrivateKey(await generateKeyPair('Ed25519')), peerIdFromPrivateKey(await generateKeyPair('Ed25519'))]
  })

  it('refuses a peer with enough marks, in both directions, and nobody else', () => {
    const guard = createGuard({ maxMarks: 3 })
    assert.deepEqual([1, 2, 3, 4].map(() => guard.mark(a.toString())), [false, false, true, true])
    assert.equal(deniesPeer(guard, a), true)
    assert.equal(guard.gater.denyDialPeer?.(a), true)
    assert.equal(deniesPeer(guard, b), false)
    assert.equal(guard.gater.denyDialPeer?.(b), false)
  })

  it('lets a peer have some connections and not all', () => {
    const guard = createGuard({ maxConnectionsPerPeer: 2 })
    const connections = [from(a, '/ip4/10.0.0.1/tcp/1')]
    guard.watch(() => connections)
    assert.equal(deniesPeer(guard, a), false)
    connections.push(from(a, '/ip4/10.0.0.2/tcp/1'))
    assert.equal(deniesPeer(guard, a), true)
    assert.equal(deniesPeer(guard, b), false)
  })

  it('lets a host have some connections and not all', () => {
    const guard = createGuard({ maxConnectionsPerHost: 2 })
    const connections = [from(a, '/ip4/10.0.0.1/tcp/1'), from(b, '/ip4/10.0.0.1/tcp/2')]
    guard.watch(() => connections)
    assert.equal(deniesHost(guard, '/ip4/10.0.0.1/tcp/3'), true)
    assert.equal(deniesHost(guard, '/ip4/10.0.0.2/tcp/3'), false)
    assert.equal(deniesHost(guard, '/dns4/example.org/tcp/3'), false)
  })

  it('refuses another peer than the one that was dialled', () => {
    const { gater } = createGuard()
    const answers = (peer: PeerId, address: string): unknown => gater.denyOutboundEncryptedConnection?.(peer, socket(address))
    assert.equal(answers(a, `/ip4/10.0.0.1/tcp/1/p2p/${a.toString()}`), false)
    assert.equal(answers(b, `/ip4/10.0.0.1/tcp/1/p2p/${a.toString()}`), true)
    assert.equal(answers(b, '/ip4/10.0.0.1/tcp/1'), false)
  })

  it('dials private addresses', () => {
    assert.equal(createGuard().gater.denyDialMultiaddr?.(multiaddr('/ip4/192.168.1.1/tcp/1')), false)
  })
})
