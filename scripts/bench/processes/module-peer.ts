/** A peer that keeps modules: our store, retriever and network, and beside them a bare libp2p node that counts bytes. */
import { randomBytes } from 'node:crypto'
import { multiaddr } from '@multiformats/multiaddr'
import { serveModules } from '../../../src/modules/peer-server.ts'
import { createRetriever } from '../../../src/modules/retriever.ts'
import { createModuleStore } from '../../../src/modules/store.ts'
import { createNetwork } from '../../../src/network/create-network.ts'
import { addressOf, createBare, SINK } from '../bare.ts'
import { serveCalls } from '../child.ts'
import { peakBytes, residentBytes, resetPeak } from '../memory.ts'
import { temporaryFolder } from '../nodes.ts'
import { renewed, renew } from '../tasks.ts'

const CHUNK_BYTES = 64 * 1024
const MODULE_HEADER = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0)

const { folder, remove } = await temporaryFolder()
const store = createModuleStore({ dir: folder })
const network = await createNetwork({ listen: ['/ip4/127.0.0.1/tcp/0'], peers: [], mdns: false, topics: [] })
const retriever = createRetriever({ store, network })
await store.start()
await serveModules({ store, network })
await network.start()

/** Made once and changed in place: garbage of this size would be collected in the middle of the next transfer. */
let module: Uint8Array | undefined

const bare = await createBare()
const payload = randomBytes(CHUNK_BYTES)
/** Sends as many bytes as the first eight say. */
await bare.handle(SINK, async ({ stream }) => {
  const first = await stream.source[Symbol.asyncIterator]().next()
  const bytes = first.done === true ? 0 : Number(Buffer.from(first.value.subarray(0, 8)).readBigUInt64BE())
  await stream.sink((function * () { for (let sent = 0; sent < bytes; sent += CHUNK_BYTES) yield payload })())
})

const methods = {
  addresses: () => ({ peer: network.peerId, node: network.addresses(), bare: addressOf(bare) }),
  async connect (peer: string, addresses: string[]) {
    network.learn(peer, addresses)
    await network.connect(peer)
  },
  /** Makes a module of at least `bytes` that nobody else has. */
  async make (bytes: number) {
    module ??= renewed(MODULE_HEADER, bytes)
    renew(module)
    return { cid: await store.put(module), size: module.length }
  },
  async drop (cid: string) { await store.remove(cid) },
  /** Gets a module from `peer`: time until it is checked and in the store, and how far memory rose above what it was. */
  async fetch (peer: string, cid: string, size: number) {
    await resetPeak()
    const before = await residentBytes()
    const start = performance.now()
    await retriever.ensure({ cid, size, urls: [] }, { submitter: peer })
    const ms = performance.now() - start
    return { ms, grownBytes: await peakBytes() - before }
  },
  /** Takes `bytes` from the bare stream of `address` and only counts them. */
  async drain (address: string, bytes: number) {
    await resetPeak()
    const before = await residentBytes()
    const start = performance.now()
    const stream = await bare.dialProtocol(multiaddr(address), SINK)
    const size = Buffer.alloc(8)
    size.writeBigUInt64BE(BigInt(bytes))
    void stream.sink([size])
    let counted = 0
    for await (const chunk of stream.source) counted += chunk.byteLength
    if (counted < bytes) throw new Error(`${counted} bytes came, not ${bytes}`)
    return { ms: performance.now() - start, grownBytes: await peakBytes() - before }
  },
  async close () {
    await Promise.all([network.stop(), bare.stop()])
    await store.stop()
    await remove()
  },
}

export type ModulePeer = typeof methods
serveCalls(methods)
