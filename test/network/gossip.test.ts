import assert from 'node:assert/strict'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { MAX_GOSSIP_RPC_BYTES, MAX_MARKS } from '../../src/network/limits.ts'
import type { Network } from '../../src/network/network.ts'
import { gossipRpc, lengthOf, prefixed, type HandMade } from '../support/gossip-wire.ts'
import { rejectsWith } from '../support/rejects.ts'
import { addressOf, connection, rawStream, settled, TOPIC, useMesh } from '../support/mesh.ts'

const MESHSUB = '/meshsub/1.1.0'
const REPEAT_MS = 50
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString()
const bytes = (value: string): Uint8Array => new TextEncoder().encode(value)

/** A node that notes what it is asked to judge and what it is given; words that begin with "bad" are invalid. */
interface Listener { network: Network, judged: string[], given: Array<[string, string]>, hears (word: string): Promise<void> }

describe('gossip', () => {
  const mesh = useMesh()

  async function listener (init: Parameters<typeof mesh.node>[0] = {}): Promise<Listener> {
    const network = await mesh.make(init)
    const judged: string[] = []
    const given: Array<[string, string]> = []
    const waiting: Array<() => void> = []
    network.subscribe(TOPIC, (data) => {
      judged.push(text(data))
      return text(data).startsWith('bad') ? 'reject' : text(data).startsWith('odd') ? 'ignore' : 'accept'
    }, (data, author) => {
      given.push([text(data), author])
      for (const look of waiting) look()
    })
    await network.start()
    return {
      network,
      judged,
      given,
      hears: (word) => new Promise((resolve) => {
        const look = (): void => { if (given.some(([heard]) => heard === word)) resolve() }
        waiting.push(look)
        look()
      }),
    }
  }

  /** As submitters do: says it again until somebody has heard it. */
  async function repeat (from: Network, word: string, heard: Promise<void>): Promise<void> {
    const timer = setInterval(() => { void from.publish(TOPIC, bytes(word)) }, REPEAT_MS)
    await heard.finally(() => { clearInterval(timer) })
  }

  /** A peer without a listening node behind it, that writes RPCs on one stream to `to`. */
  async function handPeer (to: Network): Promise<{ say (message: HandMade): Promise<void>, write (data: Uint8Array): void, ended: Promise<void>, id: string }> {
    const raw = await mesh.raw(to, { claims: [MESHSUB] })
    const stream = await rawStream(raw, to, MESHSUB)
    const queue: Uint8Array[] = []
    let wake = (): void => {}
    const ended = stream.sink((async function * () {
      while (true) {
        const next = queue.shift()
        if (next !== undefined) yield next
        else await new Promise<void>((resolve) => { wake = resolve })
      }
    })()).catch(() => {})
    const write = (data: Uint8Array): void => {
      queue.push(data)
      wake()
    }
    return { write, say: async (message) => { write(await gossipRpc(message)) }, ended, id: raw.peerId.toString() }
  }

  it('gives each message with its author, whoever passed it on', async () => {
    const b = await listener()
    const a = await listener({ peers: [addressOf(b.network)] })
    const c = await listener({ peers: [addressOf(b.network)] })
    await repeat(a.network, 'hello', Promise.all([b.hears('hello'), c.hears('hello')]).then(() => {}))
    for (const { given } of [b, c]) assert(given.every(([, author]) => author === a.network.peerId))
    assert.deepEqual(a.given, [])
  })

  it('does not pass on what the validator refuses, and marks who sent it', async () => {
    const marks: string[] = []
    const b = await listener({ log: (line) => { if (line.includes('broke a rule')) marks.push(line) } })
    const c = await listener({ peers: [addressOf(b.network)] })
    await connection(c.network, b.network.peerId)
    const a = await handPeer(b.network)
    const key = await generateKeyPair('Ed25519')
    let sequence = 0
    const sayUntil = async (word: string, heard: Promise<void>): Promise<void> => {
      const timer = setInterval(() => { void a.say({ topic: TOPIC, data: bytes(word), key, sequence: ++sequence }) }, REPEAT_MS)
      await heard.finally(() => { clearInterval(timer) })
    }
    await sayUntil('before', c.hears('before'))
    for (const word of ['bad', 'odd']) await a.say({ topic: TOPIC, data: bytes(word), key, sequence: ++sequence })
    await sayUntil('after', c.hears('after'))
    assert(b.judged.includes('bad') && b.judged.includes('odd'))
    assert.equal(c.judged.some((word) => word === 'bad' || word === 'odd'), false)
    assert.equal(b.given.some(([word]) => word === 'bad' || word === 'odd'), false)
    assert.equal(marks.length, 1)
    assert(marks[0]?.includes(a.id))
  })

  it(`disconnects a peer after ${MAX_MARKS} messages that are invalid`, async () => {
    const b = await listener()
    const a = await handPeer(b.network)
    const gone = connection(b.network, a.id, false)
    const key = await generateKeyPair('Ed25519')
    for (let sequence = 1; sequence <= MAX_MARKS; sequence++) await a.say({ topic: TOPIC, data: bytes(`bad ${sequence}`), key, sequence })
    await gone
  })

  it('refuses what is not signed by the author it names, before anybody judges it', async () => {
    const b = await listener()
    const a = await handPeer(b.network)
    const [key, victim] = [await generateKeyPair('Ed25519'), await generateKeyPair('Ed25519')]
    await a.say({ topic: TOPIC, data: bytes('not signed') })
    await a.say({ topic: TOPIC, data: bytes('not signed, with an author'), author: victim })
    await a.say({ topic: TOPIC, data: bytes('signed by another'), key, author: victim })
    await a.say({ topic: '/corebrum/other/1', data: bytes('another topic'), key, sequence: 2 })
    a.write(prefixed(new Uint8Array(100).fill(0xff)))
    a.write(prefixed(new Uint8Array()))
    await a.say({ topic: TOPIC, data: bytes('good'), key, sequence: 3 })
    await b.hears('good')
    await settled()
    assert.deepEqual(b.judged, ['good'])
  })

  it('takes messages up to the size of an RPC, and ends the stream of a peer that sends more', async () => {
    const b = await listener()
    const a = await handPeer(b.network)
    const key = await generateKeyPair('Ed25519')
    const large = 'x'.repeat(MAX_GOSSIP_RPC_BYTES / 2)
    await a.say({ topic: TOPIC, data: bytes(large), key })
    await b.hears(large)
    a.write(lengthOf(MAX_GOSSIP_RPC_BYTES + 1))
    await a.say({ topic: TOPIC, data: bytes('behind it'), key, sequence: 2 })
    const other = await handPeer(b.network)
    await other.say({ topic: TOPIC, data: bytes('good'), key, sequence: 3 })
    await b.hears('good')
    assert.equal(b.judged.includes('behind it'), false)
  })

  it('reaches nobody when nobody is there, and late joiners when it is said again', async () => {
    const a = await listener()
    assert.equal(await a.network.publish(TOPIC, bytes('early')), 0)
    const late = await listener({ peers: [addressOf(a.network)] })
    await repeat(a.network, 'early', late.hears('early'))
  })

  it('fails with a code before the node runs', async () => {
    await rejectsWith('ERR_STREAM_CLOSED', (await mesh.make()).publish(TOPIC, bytes('x')))
  })
})
