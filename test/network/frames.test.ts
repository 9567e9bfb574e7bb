import assert from 'node:assert/strict'
import type { Stream } from '@libp2p/interface'
import { encode } from '../../src/cbor.ts'
import { CorebrumError } from '../../src/errors.ts'
import { MAX_FRAME_BYTES, MAX_FRAME_MESSAGES, MAX_MARKS, MAX_WRITE_BUFFER_BYTES } from '../../src/network/limits.ts'
import type { Channel, Network } from '../../src/network/network.ts'
import { multiaddr } from '@multiformats/multiaddr'
import { varint as varints } from 'multiformats'
import { addressOf, connection, rawStream, settled, useMesh } from '../support/mesh.ts'

const ECHO = '/corebrum/test-echo/1.0.0'
const SINK = '/corebrum/test-sink/1.0.0'

interface Ended { error?: Error }

function ends (channel: Channel): Promise<Ended> {
  return new Promise((resolve) => { channel.onClose = (error) => { resolve(error === undefined ? {} : { error }) } })
}

function frames (channel: Channel, count: number): Promise<unknown[][]> {
  const got: unknown[][] = []
  return new Promise((resolve) => {
    channel.onMessages = (messages) => {
      got.push(messages)
      if (got.length === count) resolve(got)
    }
  })
}

function codeOf ({ error }: Ended): string | undefined {
  assert(error === undefined || error instanceof CorebrumError)
  return error?.code
}

describe('frames on libp2p streams', () => {
  const mesh = useMesh()

  /** Two nodes and the two ends of one channel between them. */
  async function pair (init: Parameters<typeof mesh.node>[0] = {}): Promise<{ here: Channel, there: Channel, client: Network, server: Network }> {
    const server = await mesh.node(init)
    let accept!: (channel: Channel) => void
    const accepted = new Promise<Channel>((resolve) => { accept = resolve })
    await server.serve(SINK, accept)
    const client = await mesh.node({ ...init, peers: [addressOf(server)] })
    await connection(client, server.peerId)
    const here = await client.open(server.peerId, SINK)
    return { here, there: await accepted, client, server }
  }

  it('carry all messages of one turn as one frame, in order', async () => {
    const { here, there } = await pair()
    const received = frames(there, 2)
    const sent = Array.from({ length: 5000 }, (_, i) => [i, 'x'])
    for (const message of sent) here.send(message)
    await settled()
    here.send(['later'])
    assert.deepEqual(await received, [sent, [['later']]])
  })

  it('carry messages both ways at once', async () => {
    const { here, there } = await pair()
    const both = [frames(here, 1), frames(there, 1)] as const
    here.send({ from: 'here' })
    there.send({ from: 'there' })
    assert.deepEqual(await Promise.all(both), [[[{ from: 'there' }]], [[{ from: 'here' }]]])
  })

  it('are cut where a batch is large or has many messages, and keep their order', async () => {
    const { here, there } = await pair()
    const sizes: number[] = []
    const numbers: number[] = []
    const done = new Promise<void>((resolve) => {
      there.onMessages = (messages) => {
        sizes.push(messages.length)
        for (const message of messages as Array<[number]>) numbers.push(message[0])
        if (numbers.length === 20_100) resolve()
      }
    })
    for (let i = 0; i < 20_000; i++) here.send([i])
    for (let i = 20_000; i < 20_100; i++) here.send([i, new Uint8Array(10_000)])
    await done
    assert.deepEqual(numbers, Array.from({ length: 20_100 }, (_, i) => i))
    assert(Math.max(...sizes) <= MAX_FRAME_MESSAGES)
    assert(sizes.length > 5)
  })

  it('carry one message up to the largest size, and end the stream for a larger one', async () => {
    const { here, there } = await pair()
    const received = frames(there, 1)
    const largest = new Uint8Array(MAX_FRAME_BYTES - 3 - 5).fill(7)
    here.send(largest)
    const [[bytes]] = await received as [[Uint8Array]]
    assert(Buffer.from(bytes).equals(largest))
    const ended = Promise.all([ends(here), ends(there)])
    here.send(new Uint8Array(MAX_FRAME_BYTES - 3 - 4))
    const [mine, theirs] = await ended
    assert.equal(codeOf(mine), 'ERR_FRAME_TOO_LARGE')
    assert.equal(codeOf(theirs), 'ERR_STREAM_CLOSED')
  })

  it('count what is not taken, from the moment it is sent', async () => {
    const server = await mesh.node()
    const reader = await mesh.raw(server)
    await reader.handle(SINK, () => {})
    const channel = await server.open(reader.peerId.toString(), SINK)
    const ended = ends(channel)
    assert.equal(channel.bufferedBytes, 0)
    for (let i = 0; i < 4; i++) channel.send(new Uint8Array(1_000_000))
    assert(channel.bufferedBytes >= 4_000_000)
    await settled()
    // The peer reads nothing: all but the window of the stream stays here.
    assert(channel.bufferedBytes > 3_000_000)
    for (let i = 0; i * 1_000_000 <= MAX_WRITE_BUFFER_BYTES; i++) channel.send(new Uint8Array(1_000_000))
    assert.equal(codeOf(await ended), 'ERR_PEER_TIMEOUT')
    assert.equal(channel.bufferedBytes, 0)
  })

  it('end the stream in the turn in which they become too many', async () => {
    const { here } = await pair()
    const ended = ends(here)
    let most = 0
    for (let i = 0; i < 200; i++) {
      here.send(new Uint8Array(1_000_000))
      most = Math.max(most, here.bufferedBytes)
    }
    assert(most < MAX_WRITE_BUFFER_BYTES + 2_000_000)
    assert.equal(codeOf(await ended), 'ERR_PEER_TIMEOUT')
  })

  it('arrive all when the sender closes behind them, and both ends hear of it once', async () => {
    const { here, there } = await pair()
    let received = 0
    there.onMessages = (messages) => { received += messages.length }
    const ended = Promise.all([ends(here), ends(there)])
    for (let i = 0; i < 100; i++) here.send(new Uint8Array(100_000))
    await Promise.all([here.close(), here.close()])
    assert.deepEqual(await ended, [{}, {}])
    assert.equal(received, 100)
    here.send('too late')
    assert.equal(here.bufferedBytes, 0)
  })

  it('that come after the end of the other side are dropped, and both ends let go', async () => {
    const { here, there } = await pair()
    const ended = Promise.all([ends(here), ends(there)])
    there.onMessages = () => { for (let i = 0; i < 20; i++) there.send(new Uint8Array(100_000)) }
    here.send('question')
    await here.close()
    assert.deepEqual(await ended, [{}, {}])
  })

  it('do not wait for ever for a peer that takes nothing, when they close', async () => {
    const server = await mesh.node({ frames: { stallMs: 100 } })
    const reader = await mesh.raw(server)
    await reader.handle(SINK, () => {})
    const channel = await server.open(reader.peerId.toString(), SINK)
    const ended = ends(channel)
    channel.send(new Uint8Array(1_000_000))
    await channel.close()
    assert.equal(codeOf(await ended), 'ERR_PEER_TIMEOUT')
  })

  it('end on both sides with an error when one aborts', async () => {
    const { here, there } = await pair()
    const ended = Promise.all([ends(here), ends(there)])
    here.abort(new CorebrumError('ERR_PROTOCOL', 'enough'))
    here.abort(new CorebrumError('ERR_PROTOCOL', 'once more'))
    const [mine, theirs] = await ended
    assert.equal(codeOf(mine), 'ERR_PROTOCOL')
    assert.equal(codeOf(theirs), 'ERR_STREAM_CLOSED')
  })

  it('end with an error when the connection is lost', async () => {
    const server = await mesh.node()
    const lost = new Promise<Ended>((resolve) => { void server.serve(SINK, (channel) => { resolve(ends(channel)) }) })
    const peer = await mesh.raw(server)
    await rawStream(peer, server, SINK)
    for (const it of peer.getConnections()) it.abort(new Error('the cable was cut'))
    assert.equal(codeOf(await lost), 'ERR_STREAM_CLOSED')
  })

  it('end with an error when a handler fails, and leave the node alone', async () => {
    const { here, there, server, client } = await pair()
    const ended = Promise.all([ends(here), ends(there)])
    there.onMessages = () => { throw new TypeError('a defect') }
    here.send(1)
    const [, theirs] = await ended
    assert.equal(codeOf(theirs), 'ERR_INTERNAL')
    assert.equal(server.peers().length, 1)
    await client.open(server.peerId, SINK)
  })

  it('end with an error for a message that cannot be encoded, in a turn of their own', async () => {
    const { here } = await pair()
    const ended = ends(here)
    here.send({ call: () => {} })
    here.send('behind it')
    assert.equal(codeOf(await ended), 'ERR_INTERNAL')
  })

  describe('from a hostile peer', () => {
    const QUICK = { firstFrameTimeoutMs: 150, stallMs: 150 }
    const never = new Promise<Uint8Array>(() => {})
    const frame = (...messages: unknown[]): Uint8Array => framed(encode(messages))

    async function * write (...chunks: Array<Uint8Array | Promise<Uint8Array>>): AsyncGenerator<Uint8Array> {
      for (const chunk of chunks) yield await chunk
    }

    /** Serves ECHO, lets a raw peer write, and tells how the stream of that peer ended and what it was marked for. */
    async function attack (chunks: AsyncIterable<Uint8Array>, init: Parameters<typeof mesh.node>[0] = {}): Promise<{ ended: Ended, received: unknown[], marks: number }> {
      let marks = 0
      const server = await mesh.node({ ...init, log: (text) => { if (text.includes('broke a rule')) marks++ } })
      const victim = new Promise<{ ended: Promise<Ended>, received: unknown[] }>((resolve) => {
        void server.serve(SINK, (channel) => {
          const received: unknown[] = []
          channel.onMessages = (messages) => { received.push(...messages) }
          resolve({ ended: ends(channel), received })
        })
      })
      await serveEcho(server)
      const hostile = await mesh.raw(server)
      const stream = await rawStream(hostile, server, SINK)
      void stream.sink(chunks).catch(() => {})
      const { ended, received } = await victim
      const result = { ended: await ended, received, marks }
      await assertServes(server)
      assert.equal(await echoes(await rawStream(hostile, server, ECHO)), true, 'the other streams of the peer go on')
      return result
    }

    async function assertServes (server: Network): Promise<void> {
      const honest = await mesh.node({ peers: [addressOf(server)] })
      await connection(honest, server.peerId)
      const channel = await honest.open(server.peerId, ECHO)
      const answer = frames(channel, 1)
      channel.send('hello')
      assert.deepEqual(await answer, [['hello']])
    }

    for (const [what, chunks, code, marked, init] of [
      ['a length over the limit', () => write(varint(MAX_FRAME_BYTES + 1)), 'ERR_FRAME_TOO_LARGE', true],
      ['a length that does not end', () => write(Uint8Array.of(0x80, 0x80, 0x80, 0x80, 0x80)), 'ERR_PROTOCOL', true],
      ['an empty frame', () => write(Uint8Array.of(0)), 'ERR_PROTOCOL', true],
      ['bytes that are not CBOR', () => write(framed(Buffer.from('GET / HTTP/1.1'))), 'ERR_PROTOCOL', true],
      ['CBOR that is not an array', () => write(framed(encode({ a: 1 }))), 'ERR_PROTOCOL', true],
      ['an array without messages', () => write(framed(encode([]))), 'ERR_PROTOCOL', true],
      ['too many messages', () => write(framed(encode(new Array(MAX_FRAME_MESSAGES + 1).fill(0)))), 'ERR_PROTOCOL', true],
      ['two items in a frame', () => write(framed(Buffer.concat([encode([1]), encode([2])]))), 'ERR_PROTOCOL', true],
      ['nesting without end', () => write(framed(new Uint8Array(1_000_000).fill(0x81))), 'ERR_PROTOCOL', true],
      ['a good frame and a broken one', () => write(Buffer.concat([frame(1), framed(Uint8Array.of(0xff))])), 'ERR_PROTOCOL', true],
      ['no frame at all', () => write(never), 'ERR_PEER_TIMEOUT', false, { frames: QUICK }],
      ['a frame that stalls', () => write(frame('x'.repeat(100)).subarray(0, 50), never), 'ERR_PEER_TIMEOUT', false, { frames: QUICK }],
      ['a length that stalls', () => write(frame(1), Uint8Array.of(0x80), never), 'ERR_PEER_TIMEOUT', false, { frames: QUICK }],
      ['a good frame and one that stalls in the same chunk', () => write(Buffer.concat([frame(1), frame('x'.repeat(100)).subarray(0, 50)]), never), 'ERR_PEER_TIMEOUT', false, { frames: QUICK }],
      ['a frame that trickles', () => trickle(frame('x'.repeat(100_000))), 'ERR_PEER_TIMEOUT', false, { frames: QUICK }],
      ['more unfinished frames than fit into memory', () => write(framed(new Uint8Array(100_000)).subarray(0, 50_000), never), 'ERR_QUEUE_FULL', false, { frames: { budget: { freeBytes: 10_000 } } }],
      ['a frame cut off by the end of the stream', () => write(frame('x'.repeat(100)).subarray(0, 50)), 'ERR_STREAM_CLOSED', false],
      ['an end before the first frame', () => write(), undefined, false],
    ] as Array<[string, () => AsyncIterable<Uint8Array>, string | undefined, boolean, { frames: object }?]>) {
      it(`${what}: ends that stream only`, async () => {
        const { ended, marks } = await attack(chunks(), init)
        assert.equal(codeOf(ended), code)
        assert.equal(marks, marked ? 1 : 0)
      })
    }

    it('a flood of tiny frames: the node goes on serving', async () => {
      const server = await mesh.node()
      let received = 0
      await server.serve(SINK, (channel) => { channel.onMessages = (messages) => { received += messages.length } })
      await serveEcho(server)
      const hostile = await mesh.raw(server)
      let enough = false
      const many = Buffer.concat(new Array(1000).fill(frame(1)))
      async function * flood (): AsyncGenerator<Uint8Array> { while (!enough) yield many }
      const stream = await rawStream(hostile, server, SINK)
      const sinking = stream.sink(flood()).catch(() => {})
      for (let i = 0; i < 3; i++) await assertServes(server)
      enough = true
      await sinking
      assert(received > 0)
    })

    it(`is disconnected and refused after ${MAX_MARKS} broken rules`, async () => {
      const warnings: string[] = []
      const server = await mesh.node({ log: (text, level) => { if (level === 'warn') warnings.push(text) } })
      await server.serve(SINK, () => {})
      const hostile = await mesh.raw(server)
      const id = hostile.peerId.toString()
      const gone = connection(server, id, false)
      for (let i = 0; i < MAX_MARKS; i++) {
        const stream = await rawStream(hostile, server, SINK)
        await stream.sink(write(Uint8Array.of(0))).catch(() => {})
        await drained(stream)
      }
      await gone
      assert.equal(warnings.filter((text) => text.includes(id)).length, 1)
      // The refusal comes after the handshake: the dial fails, or the connection it gives is closed at once.
      await hostile.dial(multiaddr(addressOf(server))).then((it) => it.newStream(SINK)).then(() => { assert.fail('a refused peer got a stream') }, () => {})
      assert.equal(server.peers().some(({ peer }) => peer === id), false)
      await assert.rejects(server.open(id, SINK))
    })

    async function serveEcho (server: Network): Promise<void> {
      await server.serve(ECHO, (channel) => { channel.onMessages = (messages) => { for (const message of messages) channel.send(message) } })
    }

    async function echoes (stream: Stream): Promise<boolean> {
      const sent = frame('still here')
      void stream.sink(write(sent, never)).catch(() => {})
      for await (const chunk of stream.source) return Buffer.from(chunk.subarray()).equals(sent)
      return false
    }

    /** A byte at a time, and never the last one. */
    async function * trickle (bytes: Uint8Array): AsyncGenerator<Uint8Array> {
      for (const byte of bytes.subarray(0, -1)) {
        await settled(1)
        yield Uint8Array.of(byte)
      }
      yield await never
    }
  })
})

function framed (body: Uint8Array): Uint8Array {
  return Buffer.concat([varint(body.length), body])
}

function varint (value: number): Uint8Array {
  const bytes = new Uint8Array(varints.encodingLength(value))
  varints.encodeTo(value, bytes)
  return bytes
}

async function drained (stream: Stream): Promise<void> {
  try {
    for await (const chunk of stream.source) void chunk
  } catch {
    // A reset also ends it.
  }
}
