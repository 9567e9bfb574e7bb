import assert from 'node:assert/strict'
import { createBlobFetcher, type BlobFetcher, type BlobFetcherInit } from '../../../src/modules/blob-fetch.ts'
import { cidOf } from '../../../src/modules/cid.ts'
import type { ByteSource } from '../../../src/modules/modules.ts'
import { encodeResponse, STATUS } from '../../../src/modules/peer-protocol.ts'
import { serveModules, type ModuleServerInit } from '../../../src/modules/peer-server.ts'
import { MODULE_PROTOCOL } from '../../../src/modules/peer-protocol.ts'
import { FakeMesh, type FakeNetwork } from '../../support/fake-network.ts'
import { rejectsWith } from '../../support/rejects.ts'
import { FakeBlobs } from '../../support/roles.ts'

const BYTES = Uint8Array.from({ length: 300_000 }, (_, i) => i % 251)
const BLOB = { cid: cidOf(BYTES), size: BYTES.length }

describe('blob fetcher', () => {
  let mesh: FakeMesh
  let client: FakeNetwork
  let server: FakeNetwork
  let blobs: FakeBlobs
  let fetcher: BlobFetcher

  function make (init: BlobFetcherInit = {}): void {
    fetcher = createBlobFetcher({ network: client, blobs }, { busyMs: 1, stallMs: 50, ...init })
  }

  beforeEach(() => {
    mesh = new FakeMesh()
    client = mesh.node('client')
    server = mesh.node('server')
    blobs = new FakeBlobs()
    make()
  })

  /** A source of one blob; `chunks` gives its bytes. */
  function source (overrides: Partial<ByteSource> = {}): ByteSource {
    return {
      find: async (cid) => cid === BLOB.cid,
      size: () => BLOB.size,
      hold: () => () => {},
      async * stream (_cid, offset) { yield BYTES.subarray(offset) },
      ...overrides,
    }
  }

  const serve = (overrides?: Partial<ByteSource>, init?: ModuleServerInit): Promise<void> => serveModules({ store: source(overrides), network: server }, init)

  it('gets the bytes from the peer, or from what this node keeps itself', async () => {
    await serve()
    assert.deepEqual(await fetcher.fetch('server', BLOB), BYTES)
    assert.deepEqual(client.opened, ['server'])
    const { cid } = await blobs.put(new Uint8Array([1]))
    assert.deepEqual(await fetcher.fetch('client', { cid, size: 1 }), new Uint8Array([1]))
    assert.equal(client.opened.length, 1)
  })

  it('finds values beside modules', async () => {
    await serveModules({ store: source({ find: async () => false }), blobs: source(), network: server })
    assert.deepEqual(await fetcher.fetch('server', BLOB), BYTES)
  })

  it('goes on where a stream broke off', async () => {
    const offsets: number[] = []
    await serve({
      async * stream (_cid, offset) {
        offsets.push(offset)
        yield BYTES.subarray(offset, offset + 70_000)
        if (offset + 70_000 < BYTES.length) throw new Error('cut')
      },
    })
    assert.deepEqual(await fetcher.fetch('server', BLOB), BYTES)
    assert.deepEqual(offsets, [0, 70_000, 140_000, 210_000, 280_000])
  })

  it('asks a busy peer again', async () => {
    let asked = 0
    await serve()
    const honest = server.handlerOf(MODULE_PROTOCOL)
    await server.serveBytes(MODULE_PROTOCOL, async (stream) => {
      if (++asked > 3) return await honest?.(stream)
      await stream.sink([encodeResponse({ status: STATUS.busy, size: 0 })])
    })
    assert.deepEqual(await fetcher.fetch('server', BLOB), BYTES)
    assert.equal(asked, 4)
  })

  it('takes so many streams to one peer', async () => {
    make({ maxStreamsPerPeer: 2 })
    let open = 0
    let most = 0
    await serve({
      async * stream () {
        most = Math.max(most, ++open)
        yield BYTES
        open--
      },
    })
    await Promise.all(Array.from({ length: 10 }, () => fetcher.fetch('server', BLOB)))
    assert.ok(most <= 2)
  })

  const lies: Record<string, Partial<ByteSource>> = {
    'has more bytes': { size: () => BLOB.size + 1 },
    'has fewer bytes': { size: () => BLOB.size - 1 },
    'has others': { async * stream () { yield new Uint8Array(BLOB.size) } },
    'sends more than it says': { async * stream () { yield new Uint8Array(BLOB.size + 1) } },
  }
  for (const [what, overrides] of Object.entries(lies)) {
    it(`refuses a peer that ${what}`, async () => {
      await serve(overrides)
      await rejectsWith('ERR_PROTOCOL', fetcher.fetch('server', BLOB))
    })
  }

  it('gives up on a peer that has nothing, is not there, or stalls', async () => {
    await serve({ find: async () => false })
    await rejectsWith('ERR_BLOB_NOT_FOUND', fetcher.fetch('server', BLOB))
    await rejectsWith('ERR_BLOB_NOT_FOUND', fetcher.fetch('nobody', BLOB))
    await server.serveBytes(MODULE_PROTOCOL, () => new Promise(() => {}))
    make({ stallMs: 5 })
    await rejectsWith('ERR_BLOB_NOT_FOUND', fetcher.fetch('server', BLOB))
  })

  it('gives up when it takes too long, and when it is told to', async () => {
    await server.serveBytes(MODULE_PROTOCOL, () => new Promise(() => {}))
    make({ stallMs: 60_000, timeoutMs: 10 })
    await rejectsWith('ERR_BLOB_NOT_FOUND', fetcher.fetch('server', BLOB))
    make({ stallMs: 60_000 })
    const stop = new AbortController()
    const fetching = fetcher.fetch('server', BLOB, { signal: stop.signal })
    stop.abort()
    await rejectsWith('ERR_CANCELLED', fetching)
  })
})
