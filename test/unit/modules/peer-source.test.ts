import assert from 'node:assert/strict'
import { encode } from '../../../src/cbor.ts'
import type { ErrorCode } from '../../../src/errors.ts'
import type { ByteStream } from '../../../src/network/network.ts'
import { decodeRequest, decodeResponse, encodeRequest, encodeResponse, MODULE_PROTOCOL, readFrame, STATUS } from '../../../src/modules/peer-protocol.ts'
import { serveModules, type ModuleServerInit } from '../../../src/modules/peer-server.ts'
import { openPeer, type PeerOptions } from '../../../src/modules/peer-source.ts'
import { FakeMesh, type FakeNetwork } from '../../support/fake-network.ts'
import { collect, sample, useStores } from '../../support/module-fixtures.ts'
import { rejectsWith } from '../../support/rejects.ts'

const EMPTY_CID = 'bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku'
const EMPTY_CID_HEX = '01551220e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const unframed = async (frame: Uint8Array): Promise<Uint8Array> => (await readFrame(chunksOf(frame))).body

async function * chunksOf (...chunks: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield * chunks
}

function framed (value: unknown): Buffer {
  const body = encode(value)
  return Buffer.concat([Uint8Array.of(body.length), body])
}

describe('module protocol', () => {
  it('has these bytes', () => {
    assert.equal(hex(encodeRequest({ cid: EMPTY_CID, offset: 0 })), `2983015824${EMPTY_CID_HEX}00`)
    assert.equal(hex(encodeRequest({ cid: EMPTY_CID, offset: 65_536 })), `2d83015824${EMPTY_CID_HEX}1a00010000`)
    assert.equal(hex(encodeResponse({ status: STATUS.ok, size: 1000 })), '0582001903e8')
    assert.equal(hex(encodeResponse({ status: STATUS.notFound, size: 0 })), '03820100')
    assert.equal(hex(encodeResponse({ status: STATUS.busy, size: 0 })), '03820200')
    assert.equal(hex(encodeResponse({ status: STATUS.badRequest, size: 0 })), '03820300')
  })

  it('reads what it writes, and ignores items that it does not know', async () => {
    assert.deepEqual(decodeRequest(await unframed(encodeRequest({ cid: EMPTY_CID, offset: 7 }))), { cid: EMPTY_CID, offset: 7 })
    assert.deepEqual(decodeRequest(encode([1, Buffer.from(EMPTY_CID_HEX, 'hex'), 7, 'later'])), { cid: EMPTY_CID, offset: 7 })
    assert.deepEqual(decodeResponse(await unframed(encodeResponse({ status: STATUS.ok, size: 9 }))), { status: STATUS.ok, size: 9 })
    assert.deepEqual(decodeResponse(encode([0, 9, 'later'])), { status: STATUS.ok, size: 9 })
  })

  it('reads a frame cut anywhere, and keeps what follows it', async () => {
    const bytes = Buffer.concat([encodeResponse({ status: STATUS.ok, size: 1000 }), Buffer.from('rest')])
    for (let cut = 0; cut <= bytes.length; cut++) {
      const source = chunksOf(bytes.subarray(0, cut), bytes.subarray(cut))
      const { body, rest } = await readFrame(source)
      assert.deepEqual(decodeResponse(body), { status: STATUS.ok, size: 1000 })
      assert.equal(Buffer.concat([rest, await collect(source)]).toString(), 'rest')
    }
  })
})

describe('peer source', () => {
  const { startedStore } = useStores()

  async function pair (init: ModuleServerInit = {}): Promise<{ client: FakeNetwork, server: FakeNetwork, bytes: Uint8Array, cid: string }> {
    const mesh = new FakeMesh()
    const [client, server] = [mesh.node('client'), mesh.node('server')]
    const store = await startedStore()
    const { bytes } = sample(700_000)
    const cid = await store.put(bytes)
    await serveModules({ store, network: server }, init)
    return { client, server, bytes, cid }
  }

  it('gets a module, from any offset', async () => {
    const { client, bytes, cid } = await pair()
    for (const offset of [0, 1, 262_144, 699_999, 700_000]) {
      const transfer = await openPeer(client, 'server', cid, { offset, size: 700_000 })
      assert.equal(transfer.size, 700_000)
      assert.deepEqual(await collect(transfer.body), Buffer.from(bytes.subarray(offset)))
    }
    assert.equal(client.resets, 0)
  })

  it('leaves no timer behind, whatever the answer is', async () => {
    const { client, cid } = await pair()
    const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
    const before = timers()
    await collect((await openPeer(client, 'server', cid)).body)
    const left = (await openPeer(client, 'server', cid)).body[Symbol.asyncIterator]()
    await left.next()
    await left.return?.()
    await rejectsWith('ERR_MODULE_NOT_FOUND', openPeer(client, 'server', sample().cid))
    // The server's own timers end with its streams, in later turns.
    while (timers() > before) await new Promise((resolve) => setImmediate(resolve))
  })

  it('says when the peer does not have it, or less than is there', async () => {
    const { client, cid } = await pair()
    await rejectsWith('ERR_MODULE_NOT_FOUND', openPeer(client, 'server', sample().cid))
    await rejectsWith('ERR_MODULE_HASH_MISMATCH', openPeer(client, 'server', cid, { offset: 700_001 }))
    await rejectsWith('ERR_DIAL', openPeer(client, 'nobody', cid))
  })

  it('ends the stream when the caller leaves or gives up', async () => {
    const { client, cid } = await pair()
    const left = await openPeer(client, 'server', cid)
    const reading = left.body[Symbol.asyncIterator]()
    await reading.next()
    await reading.return?.()
    assert.equal(client.resets, 1)
    const stop = new AbortController()
    const given = await openPeer(client, 'server', cid, { signal: stop.signal })
    stop.abort()
    await rejectsWith('ERR_CANCELLED', collect(given.body))
  })

  describe('as a server', () => {
    it('serves so many streams to one peer, and so many in all', async () => {
      const { client, cid } = await pair({ maxStreamsPerPeer: 2, maxStreams: 3 })
      const held = [await openPeer(client, 'server', cid), await openPeer(client, 'server', cid)]
      const busy = await rejectsWith('ERR_QUEUE_FULL', openPeer(client, 'server', cid))
      assert(busy.message.includes('as many transfers'))
      for (const { body } of held) await collect(body)
      assert.equal((await collect((await openPeer(client, 'server', cid)).body)).length, 700_000)
    })

    const requests: Record<string, { sent: Uint8Array, status?: number, penalty: boolean }> = {
      'another version': { sent: framed([2, Buffer.from(EMPTY_CID_HEX, 'hex'), 0]), status: 3, penalty: true },
      'no array': { sent: framed('hello'), status: 3, penalty: true },
      'a negative offset': { sent: framed([1, Buffer.from(EMPTY_CID_HEX, 'hex'), -1]), status: 3, penalty: true },
      'an offset that is no integer': { sent: framed([1, Buffer.from(EMPTY_CID_HEX, 'hex'), 1.5]), status: 3, penalty: true },
      'a CID that is text': { sent: framed([1, EMPTY_CID, 0]), status: 3, penalty: true },
      'a CID of another codec': { sent: framed([1, Buffer.from(EMPTY_CID_HEX.replace('0155', '0170'), 'hex'), 0]), status: 3, penalty: true },
      'bytes that are no CBOR': { sent: Uint8Array.of(3, 0xff, 0xff, 0xff), status: 3, penalty: true },
      'an oversized frame': { sent: Uint8Array.of(0xff, 0x7f), penalty: true },
      'an endless length': { sent: Uint8Array.of(0xff, 0xff, 0xff), penalty: true },
      'a cut frame': { sent: Uint8Array.of(40, 0x83), penalty: false },
      nothing: { sent: new Uint8Array(), penalty: false },
    }
    for (const [what, { sent, status, penalty }] of Object.entries(requests)) {
      it(`refuses ${what}`, async () => {
        const { client, server } = await pair()
        const stream = await client.openBytes('server', MODULE_PROTOCOL)
        await stream.sink([sent].filter((chunk) => chunk.length > 0)).catch(() => {})
        if (status === undefined) await assert.rejects(collect(stream.source))
        else assert.deepEqual(decodeResponse(await unframed(await collect(stream.source))), { status, size: 0 })
        assert.deepEqual(server.penalties.map(({ peer }) => peer), penalty ? ['client'] : [])
      })
    }

    it('cuts off who asks nothing and who takes nothing', async () => {
      const { client, cid } = await pair({ requestTimeoutMs: 250, stallMs: 20 })
      const silent = await client.openBytes('server', MODULE_PROTOCOL)
      await assert.rejects(collect(silent.source))
      const stuck = await client.openBytes('server', MODULE_PROTOCOL)
      await stuck.sink([encodeRequest({ cid, offset: 0 })])
      const source = stuck.source[Symbol.asyncIterator]()
      await source.next()
      // The silent stream below ends long after the stuck one, whose time begins when its bytes are read from the disk.
      await assert.rejects(collect((await client.openBytes('server', MODULE_PROTOCOL)).source))
      await assert.rejects(async () => { while ((await source.next()).done !== true); })
    })
  })

  describe('as a client', () => {
    const ok = (size: number): Uint8Array => encodeResponse({ status: STATUS.ok, size })
    const peers: Record<string, { sends: (stream: ByteStream) => Promise<void>, code: ErrorCode, options?: PeerOptions }> = {
      'announces too much': { sends: async (stream) => await stream.sink([ok(2000)]), code: 'ERR_MODULE_TOO_LARGE', options: { maxBytes: 1999 } },
      'announces 2^53': { sends: async (stream) => await stream.sink([framed([0, 2 ** 53])]), code: 'ERR_PROTOCOL' },
      'announces another size': { sends: async (stream) => await stream.sink([ok(999)]), code: 'ERR_MODULE_HASH_MISMATCH', options: { size: 1000 } },
      'announces less than is there': { sends: async (stream) => await stream.sink([ok(10)]), code: 'ERR_MODULE_HASH_MISMATCH', options: { offset: 11 } },
      'sends less': { sends: async (stream) => await stream.sink([ok(1000), new Uint8Array(999)]), code: 'ERR_STREAM_CLOSED' },
      'sends more': { sends: async (stream) => await stream.sink([ok(1000), new Uint8Array(1001)]), code: 'ERR_PROTOCOL' },
      'sends more with the header': { sends: async (stream) => await stream.sink([Buffer.concat([ok(1), new Uint8Array(2)])]), code: 'ERR_PROTOCOL' },
      'answers an unknown status': { sends: async (stream) => await stream.sink([framed([9, 0])]), code: 'ERR_PROTOCOL' },
      'answers no array': { sends: async (stream) => await stream.sink([framed({})]), code: 'ERR_PROTOCOL' },
      'answers garbage': { sends: async (stream) => await stream.sink([Buffer.from('HTTP/1.1 200 OK\r\n')]), code: 'ERR_STREAM_CLOSED' },
      'answers more garbage': { sends: async (stream) => await stream.sink([new Uint8Array(1000).fill(0xff)]), code: 'ERR_PROTOCOL' },
      'answers nothing': { sends: async (stream) => await stream.close(), code: 'ERR_STREAM_CLOSED' },
      'resets at once': { sends: async () => { throw new Error('reset') }, code: 'ERR_STREAM_CLOSED' },
      'is silent': { sends: async () => {}, code: 'ERR_PEER_TIMEOUT', options: { stallMs: 20 } },
      'stalls after the header': {
        sends: async (stream) => {
          await stream.sink((async function * () {
            yield ok(1000)
            yield new Uint8Array(10)
            await new Promise(() => {})
          })())
        },
        code: 'ERR_PEER_TIMEOUT',
        options: { stallMs: 20 },
      },
      'sends empty chunks': {
        sends: async (stream) => {
          await stream.sink((async function * () {
            yield ok(1000)
            while (true) yield await new Promise<Uint8Array>((resolve) => setImmediate(resolve, new Uint8Array()))
          })())
        },
        code: 'ERR_PEER_TIMEOUT',
        options: { stallMs: 20 },
      },
    }
    for (const [what, { sends, code, options }] of Object.entries(peers)) {
      it(`gives up on a peer that ${what}`, async () => {
        const mesh = new FakeMesh()
        const client = mesh.node('client')
        await mesh.node('server').serveBytes(MODULE_PROTOCOL, sends)
        await rejectsWith(code, openPeer(client, 'server', EMPTY_CID, options).then(async ({ body }) => await collect(body)))
        assert.equal(client.resets, 1)
      })
    }
  })
})
