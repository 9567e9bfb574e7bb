import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { ByteStream } from '../../../src/network/network.ts'
import type { ModuleStore, Retriever } from '../../../src/modules/modules.ts'
import { encodeResponse, MODULE_PROTOCOL, readFrame, decodeRequest, STATUS } from '../../../src/modules/peer-protocol.ts'
import { serveModules } from '../../../src/modules/peer-server.ts'
import { createRetriever, type RetrieverInit } from '../../../src/modules/retriever.ts'
import { FakeMesh, type FakeNetwork } from '../../support/fake-network.ts'
import { closeServers, fileListener, serveHttp } from '../../support/http-server.ts'
import { sample, useStores, type Sample } from '../../support/module-fixtures.ts'
import { rejectsWith } from '../../support/rejects.ts'

/** Long enough never to pass in a test, short enough not to hang it. */
const NEVER_MS = 20_000

interface Setup {
  mesh: FakeMesh
  network: FakeNetwork
  store: ModuleStore
  retriever: Retriever
  dir: string
}

/** A peer that sends `bytes` as the module, from whatever offset it is asked for, and then does `after`. */
function sends (bytes: Uint8Array, size = bytes.length, after = async (): Promise<void> => {}) {
  return async (stream: ByteStream): Promise<void> => {
    const { offset } = decodeRequest((await readFrame(stream.source[Symbol.asyncIterator]())).body)
    await stream.sink((async function * () {
      yield encodeResponse({ status: STATUS.ok, size })
      if (offset < bytes.length) yield bytes.subarray(offset)
      await after()
    })())
  }
}

/** The same with the first `length` bytes only; then the stream stays open and silent. */
const stallsAfter = (bytes: Uint8Array, length: number): ReturnType<typeof sends> => sends(bytes.subarray(0, length), bytes.length, async () => await new Promise(() => {}))

const breaks = async (): Promise<void> => { throw new Error('gone') }

describe('retriever', () => {
  const { startedStore, tempDir } = useStores()
  afterEach(closeServers)

  async function setUp (init: RetrieverInit = {}): Promise<Setup> {
    const mesh = new FakeMesh()
    const network = mesh.node('self')
    const dir = await tempDir()
    const store = await startedStore({ dir })
    const retriever = createRetriever({ store, network }, { headStartMs: NEVER_MS, neighboursAfterMs: NEVER_MS, stallMs: NEVER_MS, allowPrivateUrls: true, provideAfterMs: 0, ...init })
    return { mesh, network, store, retriever, dir }
  }

  /** A peer with a real server and the module. */
  async function holder (mesh: FakeMesh, peer: string, { bytes, cid }: Sample, { provides = true } = {}): Promise<FakeNetwork> {
    const network = mesh.node(peer)
    const store = await startedStore()
    await store.put(bytes)
    await serveModules({ store, network })
    if (provides) await network.provide(cid)
    return network
  }

  async function fake (mesh: FakeMesh, peer: string, cid: string | undefined, serve: (stream: ByteStream) => Promise<void>): Promise<void> {
    const network = mesh.node(peer)
    await network.serveBytes(MODULE_PROTOCOL, serve)
    if (cid !== undefined) await network.provide(cid)
  }

  const holds = async (store: ModuleStore, { bytes, cid }: Sample): Promise<void> => assert.deepEqual(Buffer.from(await store.read(cid)), Buffer.from(bytes))

  describe('asks', () => {
    it('nobody when the module is there, on disk too', async () => {
      const { network, store, retriever, dir } = await setUp()
      const [mine, others] = [sample(), sample()]
      await store.put(mine.bytes)
      await (await startedStore({ dir })).put(others.bytes)
      for (const { cid } of [mine, others]) await retriever.ensure({ cid, size: 1000, urls: [] }, { submitter: 'submitter' })
      assert.deepEqual(network.opened, [])
    })

    it('the submitter first, and only it when it delivers; then provides the module', async () => {
      const { mesh, network, store, retriever } = await setUp()
      const module = sample(500_000)
      const server = await serveHttp(fileListener(module.bytes))
      await holder(mesh, 'submitter', module, { provides: false })
      await holder(mesh, 'provider', module)
      await retriever.ensure({ cid: module.cid, size: 500_000, urls: [server.url] }, { submitter: 'submitter' })
      await holds(store, module)
      assert.deepEqual([network.opened, server.requests.length], [['submitter'], 0])
      assert.deepEqual(network.provided, [module.cid])
    })

    it('providers when the submitter has no module, and no peer twice', async () => {
      const { mesh, network, store, retriever } = await setUp()
      const module = sample()
      await serveModules({ store: await startedStore(), network: mesh.node('submitter') })
      mesh.providers.set(module.cid, ['self', 'submitter'])
      await holder(mesh, 'provider', module)
      await retriever.ensure({ cid: module.cid, size: 0, urls: [] }, { submitter: 'submitter' })
      await holds(store, module)
      assert.deepEqual(network.opened, ['submitter', 'provider'])
    })

    it('the others when the submitter is silent for its head start', async () => {
      const { mesh, store, retriever } = await setUp({ headStartMs: 5 })
      const module = sample()
      await fake(mesh, 'submitter', undefined, async () => {})
      await holder(mesh, 'provider', module)
      await retriever.ensure({ cid: module.cid, size: 1000, urls: [] }, { submitter: 'submitter' })
      await holds(store, module)
    })

    it('the URLs one after the other', async () => {
      const { store, retriever } = await setUp()
      const module = sample()
      const down = await serveHttp((_request, response) => void response.writeHead(503).end())
      const up = await serveHttp(fileListener(module.bytes))
      await retriever.ensure({ cid: module.cid, size: 1000, urls: [down.url, up.url] })
      await holds(store, module)
      assert.equal(down.requests.length, 1)
    })

    it('connected peers when the DHT names nobody', async () => {
      const { mesh, store, retriever } = await setUp()
      const module = sample()
      await serveModules({ store: await startedStore(), network: mesh.node('empty') })
      await holder(mesh, 'neighbour', module, { provides: false })
      mesh.connected = ['self', 'empty', 'neighbour']
      await retriever.ensure({ cid: module.cid, size: 1000, urls: [] })
      await holds(store, module)
    })

    it('URLs alone without a network', async () => {
      const store = await startedStore()
      const module = sample()
      const { url } = await serveHttp(fileListener(module.bytes))
      await createRetriever({ store }, { allowPrivateUrls: true }).ensure({ cid: module.cid, size: 0, urls: [url] }, { submitter: 'submitter' })
      await holds(store, module)
    })
  })

  it('takes the first that delivers and stops the losers', async () => {
    const { mesh, network, store, retriever } = await setUp()
    const module = sample()
    for (const peer of ['slow', 'slower']) await fake(mesh, peer, module.cid, async () => {})
    let closed: Promise<unknown> | undefined
    const { url } = await serveHttp((_request, response) => { closed = once(response, 'close') })
    await holder(mesh, 'fast', module)
    await retriever.ensure({ cid: module.cid, size: 1000, urls: [url] })
    await closed
    await holds(store, module)
    assert.equal(network.resets, 2)
    assert.deepEqual(network.penalties, [])
  })

  describe('goes on with the next source', () => {
    for (const [how, serve] of Object.entries({
      stalls: (bytes: Uint8Array) => stallsAfter(bytes, 200_000),
      breaks: (bytes: Uint8Array) => sends(bytes.subarray(0, 200_000), bytes.length, breaks),
    })) {
      it(`where the first ${how}`, async () => {
        const { mesh, store, retriever } = await setUp({ stallMs: 100 })
        const module = sample(500_000)
        let first = true
        await fake(mesh, 'submitter', undefined, async (stream) => {
          if (!first) return await stream.sink([encodeResponse({ status: STATUS.notFound, size: 0 })])
          first = false
          await serve(module.bytes)(stream)
        })
        const { url, requests } = await serveHttp(fileListener(module.bytes))
        await retriever.ensure({ cid: module.cid, size: 500_000, urls: [url] }, { submitter: 'submitter' })
        await holds(store, module)
        assert.deepEqual(requests.map(({ headers }) => headers.range), ['bytes=200000-'])
      })
    }

    it('and asks a source again that broke off but delivered', async () => {
      const { mesh, network, store, retriever } = await setUp()
      const module = sample(300_000)
      let upTo = 0
      await fake(mesh, 'submitter', undefined, async (stream) => {
        upTo += 100_000
        await sends(module.bytes.subarray(0, upTo), module.bytes.length, upTo < 300_000 ? breaks : undefined)(stream)
      })
      await retriever.ensure({ cid: module.cid, size: 300_000, urls: [] }, { submitter: 'submitter' })
      await holds(store, module)
      assert.equal(network.opened.length, 3)
    })
  })

  describe('bytes that do not match', () => {
    it('are the fault of the peer that sent all of them', async () => {
      const { mesh, network, store, retriever } = await setUp()
      const [module, other] = [sample(), sample()]
      await fake(mesh, 'submitter', undefined, sends(other.bytes))
      await holder(mesh, 'provider', module)
      await retriever.ensure({ cid: module.cid, size: 1000, urls: [] }, { submitter: 'submitter' })
      await holds(store, module)
      assert.deepEqual(network.penalties.map(({ peer }) => peer), ['submitter'])
    })

    it('of several sources are nobody\'s fault; each is asked alone, and then it shows whose', async () => {
      const { mesh, network, store, retriever } = await setUp()
      const [module, other] = [sample(200_000), sample(200_000)]
      let calls = 0
      await fake(mesh, 'submitter', undefined, async (stream) => {
        await (++calls === 1 ? sends(other.bytes.subarray(0, 100_000), 200_000, breaks) : sends(other.bytes))(stream)
      })
      await holder(mesh, 'provider', module)
      await retriever.ensure({ cid: module.cid, size: 200_000, urls: [] }, { submitter: 'submitter' })
      await holds(store, module)
      assert(network.penalties.every(({ peer }) => peer === 'submitter'))
    })

    it('left by an earlier retrieval do not count against the peer that sent the rest', async () => {
      const { mesh, network, store, retriever, dir } = await setUp()
      const [module, other] = [sample(200_000), sample(200_000)]
      const writer = await store.writer(module.cid)
      await writer.write(other.bytes.subarray(0, 100_000))
      await writer.release()
      await holder(mesh, 'submitter', module, { provides: false })
      await retriever.ensure({ cid: module.cid, size: 200_000, urls: [] }, { submitter: 'submitter' })
      await holds(store, module)
      assert.deepEqual(network.penalties, [])
      assert.deepEqual(await readdir(join(dir, 'partial')), [])
    })

    it('left by an earlier retrieval and too long for the module are dropped', async () => {
      for (const size of [0, 1000]) {
        const { mesh, store, retriever } = await setUp()
        const module = sample()
        const writer = await store.writer(module.cid)
        await writer.write(new Uint8Array(2000))
        await writer.release()
        await holder(mesh, 'submitter', module, { provides: false })
        const ensure = async (): Promise<void> => await retriever.ensure({ cid: module.cid, size, urls: [] }, { submitter: 'submitter' })
        // With no size known, it takes one failure to see that the bytes on disk are to blame.
        if (size === 0) await rejectsWith('ERR_MODULE_NOT_FOUND', ensure())
        await ensure()
        await holds(store, module)
      }
    })

    it('from everybody end in an error that says what each source did', async () => {
      const { mesh, network, retriever, dir } = await setUp()
      const [module, other] = [sample(), sample()]
      await fake(mesh, 'submitter', undefined, sends(other.bytes))
      await fake(mesh, 'provider', module.cid, sends(other.bytes))
      const { url } = await serveHttp(fileListener(other.bytes))
      const error = await rejectsWith('ERR_MODULE_NOT_FOUND', retriever.ensure({ cid: module.cid, size: 1000, urls: [url] }, { submitter: 'submitter' }))
      assert.equal(error.problems.length, 3)
      for (const name of ['submitter', 'provider', url]) assert(error.problems.some((problem) => problem.includes(name)), name)
      assert.deepEqual(network.penalties.map(({ peer }) => peer).sort(), ['provider', 'submitter'])
      assert.deepEqual(await readdir(join(dir, 'partial')), [])
    })
  })

  describe('refuses', () => {
    it('a module that is too large, by its reference, by its sources, and by what comes', async () => {
      const { mesh, retriever } = await setUp({ maxModuleBytes: 999 })
      const module = sample()
      await rejectsWith('ERR_MODULE_TOO_LARGE', retriever.ensure({ cid: module.cid, size: 1000, urls: [] }))
      await holder(mesh, 'submitter', module, { provides: false })
      const { url } = await serveHttp((_request, response) => void response.end(module.bytes))
      await rejectsWith('ERR_MODULE_TOO_LARGE', retriever.ensure({ cid: module.cid, size: 0, urls: [url] }, { submitter: 'submitter' }))
    })

    it('bodies that are longer or shorter than the module', async () => {
      const { retriever } = await setUp()
      const module = sample()
      for (const bytes of [module.bytes.subarray(0, 999), Buffer.concat([module.bytes, new Uint8Array(1)]), new Uint8Array()]) {
        const { url } = await serveHttp((_request, response) => void response.end(bytes))
        await rejectsWith('ERR_MODULE_NOT_FOUND', retriever.ensure({ cid: module.cid, size: 1000, urls: [url] }))
      }
    })

    it('URLs to private addresses, and names that are no CIDs', async () => {
      const { retriever } = await setUp({ allowPrivateUrls: false })
      const { url, requests } = await serveHttp(fileListener(sample().bytes))
      const error = await rejectsWith('ERR_MODULE_NOT_FOUND', retriever.ensure({ cid: sample().cid, size: 0, urls: [url] }))
      assert(error.problems[0]?.includes('--allow-private-urls'))
      assert.equal(requests.length, 0)
      await rejectsWith('ERR_CID', retriever.ensure({ cid: '../x', size: 0, urls: [] }))
    })
  })

  it('says so when there is nobody to ask', async () => {
    const { retriever } = await setUp()
    await rejectsWith('ERR_MODULE_NOT_FOUND', retriever.ensure({ cid: sample().cid, size: 0, urls: [] }))
    await rejectsWith('ERR_MODULE_NOT_FOUND', retriever.ensure({ cid: sample().cid, size: 0, urls: [] }, { submitter: 'self' }))
  })

  it('shares one retrieval among all who wait, also with their sources', async () => {
    const { mesh, network, store, retriever } = await setUp()
    const module = sample()
    await fake(mesh, 'silent', undefined, async () => {})
    await holder(mesh, 'submitter', module, { provides: false })
    const ref = { cid: module.cid, size: 1000, urls: [] }
    await Promise.all([retriever.ensure(ref, { submitter: 'silent' }), retriever.ensure(ref, { submitter: 'submitter' }), retriever.ensure(ref, { submitter: 'submitter' })])
    await holds(store, module)
    assert.deepEqual(network.provided, [module.cid])
    assert(network.opened.filter((peer) => peer === 'submitter').length === 1)
  })

  it('tells the DHT of a module only once the task that waits for it has had its turn', async () => {
    const { mesh, network, retriever } = await setUp({ provideAfterMs: NEVER_MS })
    const module = sample()
    await holder(mesh, 'submitter', module, { provides: false })
    await retriever.ensure({ cid: module.cid, size: 1000, urls: [] }, { submitter: 'submitter' })
    assert.deepEqual(network.provided, [])
  })

  it('ends when the last who waits gives up, and keeps the bytes for the next time', async () => {
    const { mesh, network, store, retriever } = await setUp()
    const module = sample(300_000)
    const started: Array<() => void> = []
    const begun = new Promise<void>((resolve) => started.push(resolve))
    const stalling = sends(module.bytes.subarray(0, 200_000), 300_000, async () => {
      started.forEach((resolve) => resolve())
      await new Promise(() => {})
    })
    await fake(mesh, 'submitter', undefined, stalling)
    const [one, two] = [new AbortController(), new AbortController()]
    const ref = { cid: module.cid, size: 300_000, urls: [] }
    const [first, second] = [one, two].map(async ({ signal }) => await retriever.ensure(ref, { submitter: 'submitter', signal }))
    await begun
    one.abort()
    await rejectsWith('ERR_CANCELLED', first as Promise<void>)
    assert.equal(network.resets, 0)
    two.abort()
    await rejectsWith('ERR_CANCELLED', second as Promise<void>)
    await holder(mesh, 'submitter', module, { provides: false })
    await retriever.ensure(ref, { submitter: 'submitter' })
    await holds(store, module)
    await rejectsWith('ERR_CANCELLED', retriever.ensure(ref, { signal: AbortSignal.abort() }))
  })

  it('ends at its deadline', async () => {
    const { mesh, retriever } = await setUp({ timeoutMs: 20 })
    const { cid } = sample()
    await fake(mesh, 'submitter', undefined, async () => {})
    await rejectsWith('ERR_MODULE_NOT_FOUND', retriever.ensure({ cid, size: 0, urls: [] }, { submitter: 'submitter' }))
  })

  it('reports a store that cannot be written, and blames nobody', async () => {
    const { mesh, network, store, retriever, dir } = await setUp()
    const module = sample()
    await holder(mesh, 'submitter', module, { provides: false })
    await rm(dir, { recursive: true })
    await rejectsWith('ERR_STORE', retriever.ensure({ cid: module.cid, size: 1000, urls: [] }, { submitter: 'submitter' }))
    assert.deepEqual([network.penalties, store.has(module.cid)], [[], false])
  })
})
