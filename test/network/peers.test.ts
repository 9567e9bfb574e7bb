import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { join } from 'node:path'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { MAX_CONNECTIONS_PER_PEER } from '../../src/network/limits.ts'
import { rejectsWith } from '../support/rejects.ts'
import { addressOf, connection, useMesh } from '../support/mesh.ts'
import { useTempDirs } from '../support/temp-dir.ts'

const PROTOCOL = '/corebrum/test/1.0.0'
const QUICK = { redialMinMs: 10 }

describe('peers', () => {
  const mesh = useMesh()
  const tempDir = useTempDirs()
  const servers: Server[] = []
  afterEach(() => { for (const server of servers.splice(0)) server.close() })

  /** A TCP server without libp2p behind it. */
  async function tcpServer (init: { port?: number, onConnection?: (end: () => void) => void } = {}): Promise<{ port: number, close(): Promise<void> }> {
    const sockets = new Set<{ destroy(): void }>()
    const server = createServer((socket) => {
      sockets.add(socket)
      socket.on('error', () => {})
      init.onConnection?.(() => socket.destroy())
    })
    servers.push(server)
    await new Promise<void>((resolve) => { server.listen(init.port ?? 0, '127.0.0.1', resolve) })
    const { port } = server.address() as AddressInfo
    const close = (): Promise<void> => new Promise((resolve) => {
      for (const socket of sockets) socket.destroy()
      server.close(() => { resolve() })
    })
    return { port, close }
  }

  /** A TCP server that ends every connection, and counts them. */
  async function refusing (): Promise<{ port: number, dials: () => number, dialled: (times: number) => Promise<void>, close: () => Promise<void> }> {
    let dials = 0
    const events = new EventEmitter()
    const { port, close } = await tcpServer({ onConnection: (end) => { end(); dials++; events.emit('dial') } })
    const dialled = async (times: number): Promise<void> => { while (dials < times) await once(events, 'dial') }
    return { port, dials: () => dials, dialled, close }
  }

  async function freePort (): Promise<number> {
    const { port, close } = await tcpServer()
    await close()
    return port
  }

  const at = (port: number): string => `/ip4/127.0.0.1/tcp/${port}`
  const stranger = async (): Promise<string> => peerIdFromPrivateKey(await generateKeyPair('Ed25519')).toString()

  it('are listed with address and direction, and announced when they come and go', async () => {
    const server = await mesh.node()
    const events: string[] = []
    server.onPeer(({ peer, connected }) => { events.push(`${peer} ${connected}`) })
    const client = await mesh.node({ peers: [addressOf(server)] })
    await Promise.all([connection(client, server.peerId), connection(server, client.peerId)])
    const [seen] = client.peers()
    assert.equal(seen?.peer, server.peerId)
    assert.equal(seen?.direction, 'outbound')
    assert(seen.addresses[0]?.startsWith('/ip4/127.0.0.1/tcp/'))
    assert(seen.connectedAtMs <= Date.now())
    assert.deepEqual(server.peers().map(({ peer, direction }) => [peer, direction]), [[client.peerId, 'inbound']])
    const gone = connection(server, client.peerId, false)
    await client.stop()
    await gone
    assert.deepEqual(server.peers(), [])
    assert.deepEqual(events, [`${client.peerId} true`, `${client.peerId} false`])
  })

  it('that are learnt of can be reached at once', async () => {
    const [a, b] = [await mesh.node(), await mesh.node()]
    a.learn(b.peerId, b.addresses())
    await a.connect(b.peerId)
    assert.equal(a.peers()[0]?.peer, b.peerId)
  })

  it('that nobody knows cannot be reached', async () => {
    const node = await mesh.node()
    await rejectsWith('ERR_DIAL', node.connect(await stranger()))
    await rejectsWith('ERR_DIAL', node.open(await stranger(), PROTOCOL))
    await rejectsWith('ERR_DIAL', node.openBytes(await stranger(), PROTOCOL))
    await rejectsWith('ERR_DIAL', node.connect('not a peer'))
    await rejectsWith('ERR_DIAL', node.connect(node.peerId))
    node.learn('not a peer', ['/ip4/127.0.0.1/tcp/1'])
    node.learn(await stranger(), ['not an address'])
  })

  it('that do not speak a protocol cannot be opened a stream to', async () => {
    const [a, b] = [await mesh.node(), await mesh.node()]
    a.learn(b.peerId, b.addresses())
    await rejectsWith('ERR_DIAL', a.open(b.peerId, PROTOCOL))
  })

  it('that say nothing, that are not who they should be, and dials that are cancelled each have a code', async () => {
    const silent = await tcpServer()
    const [hasty, node, other] = [await mesh.node({ dialTimeoutMs: 200 }), await mesh.node(), await mesh.node()]
    const peer = await stranger()
    for (const one of [hasty, node]) one.learn(peer, [at(silent.port)])
    await rejectsWith('ERR_PEER_TIMEOUT', hasty.connect(peer))
    await rejectsWith('ERR_CANCELLED', node.connect(peer, { signal: AbortSignal.timeout(10) }))
    await rejectsWith('ERR_CANCELLED', node.open(peer, PROTOCOL, { signal: AbortSignal.timeout(10) }))
    const impostor = await stranger()
    node.learn(impostor, [addressOf(other).replace(/\/p2p\/.*/, '')])
    await rejectsWith('ERR_DIAL', node.connect(impostor))
    await silent.close()
  })

  it('that are configured and start later are connected to', async () => {
    const port = await freePort()
    const early = await mesh.node({ ...QUICK, peers: [at(port)] })
    const late = await mesh.node({ listen: [at(port)] })
    await connection(early, late.peerId)
  })

  it('that restart are connected to again, with the old identity or a new one', async () => {
    const port = await freePort()
    const identityPath = join(await tempDir(), 'identity.key')
    const first = await mesh.node({ listen: [at(port)], identityPath })
    const node = await mesh.node({ ...QUICK, peers: [at(port)] })
    await connection(node, first.peerId)
    const restart = async (init: object): Promise<string> => {
      const next = await mesh.node({ listen: [at(port)], ...init })
      await connection(node, next.peerId)
      return next.peerId
    }
    const lost = connection(node, first.peerId, false)
    await first.stop()
    await lost
    const again = await mesh.node({ listen: [at(port)], identityPath })
    assert.equal(again.peerId, first.peerId)
    await connection(node, first.peerId)
    const lostAgain = connection(node, first.peerId, false)
    await again.stop()
    await lostAgain
    assert.notEqual(await restart({}), first.peerId)
  })

  it('that were only seen are connected to again', async () => {
    const port = await freePort()
    const identityPath = join(await tempDir(), 'identity.key')
    const server = await mesh.node(QUICK)
    const client = await mesh.node({ listen: [at(port)], identityPath, peers: [addressOf(server)] })
    const opened = await new Promise<string>((resolve) => {
      void server.serve(PROTOCOL, (channel) => { resolve(channel.peer) })
      void connection(client, server.peerId).then(() => client.open(server.peerId, PROTOCOL))
    })
    assert.equal(opened, client.peerId)
    server.learn(client.peerId, client.addresses())
    const lost = connection(server, client.peerId, false)
    await client.stop()
    await lost
    await mesh.node({ listen: [at(port)], identityPath })
    await connection(server, client.peerId)
  })

  it('are not dialled any more after stop', async () => {
    const [stopped, going] = [await refusing(), await refusing()]
    const node = await mesh.node({ redialMinMs: 1, peers: [at(stopped.port)] })
    await stopped.dialled(2)
    await node.stop()
    const before = stopped.dials()
    // Another one, which begins now, dials as often again.
    await mesh.node({ redialMinMs: 1, peers: [at(going.port)] })
    await going.dialled(before + 2)
    assert.equal(stopped.dials(), before)
    for (const server of [stopped, going]) await server.close()
  })

  it('have a limited number of connections each, and leave room for others', async () => {
    const server = await mesh.node()
    const greedy = await mesh.raw(server)
    const dial = async (): Promise<void> => {
      const it = await greedy.dial(multiaddr(addressOf(server)), { force: true })
      await it.newStream('/ipfs/ping/1.0.0')
    }
    const results = await Promise.allSettled(Array.from({ length: MAX_CONNECTIONS_PER_PEER * 2 }, dial))
    assert(results.some(({ status }) => status === 'rejected'))
    const [seen] = server.peers()
    assert.equal(seen?.peer, greedy.peerId.toString())
    assert((seen?.addresses.length ?? 0) <= MAX_CONNECTIONS_PER_PEER)
    const honest = await mesh.node({ peers: [addressOf(server)] })
    await connection(honest, server.peerId)
  })
})
