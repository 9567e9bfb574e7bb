/** Whole nodes against peers that lie, break off and send rubbish on each served protocol; afterwards an honest peer is served. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { setImmediate } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { createNode, type Node } from '../../src/node.ts'
import { encode } from '../../src/cbor.ts'
import { cidOf } from '../../src/modules/cid.ts'
import { MODULE_PROTOCOL } from '../../src/modules/peer-protocol.ts'
import { createNetwork } from '../../src/network/create-network.ts'
import type { Network } from '../../src/network/network.ts'
import { OFFERS_PROTOCOL, OFFERS_TOPIC } from '../../src/roles/offers/offers.ts'
import { DEADLINE_MS } from '../support/deadline.ts'
import { parseTask } from '../support/parse-task.ts'
import type { TaskDefinition } from '../../src/task/definition.ts'
import { MAILBOX_PROTOCOL } from '../../src/wire/mailbox.ts'
import { WORK_PROTOCOL } from '../../src/wire/messages.ts'
import { ensureSandboxBundle } from '../support/sandbox-bundle.ts'
import { SHIPPED } from '../support/shipped.ts'
import { removeTempDirs, tempDir } from '../support/temp-dir.ts'

const LISTEN = ['/ip4/127.0.0.1/tcp/0']
const ID = new Uint8Array(16).fill(7)
const DIGEST = new Uint8Array(32).fill(9)
const HELLO = [0, 1, { engine: 'v8', features: [], memory: 2 ** 30, slots: 4 }]

/** Frames of one message each, on a stream that the attacker opens to the submitter. */
const WORK: ReadonlyArray<{ name: string, messages: unknown[], ends: boolean }> = [
  { name: 'an unknown version', messages: [[0, 99, HELLO[2]]], ends: true },
  { name: 'a hello without a capability', messages: [[0, 1]], ends: true },
  { name: 'a message that is no array', messages: ['hello'], ends: true },
  { name: 'a claim beyond the window', messages: [HELLO, [1, 1_000_000]], ends: true },
  { name: 'a claim of a negative number', messages: [HELLO, [1, -1]], ends: true },
  { name: 'a result with a task id of 3 bytes', messages: [HELLO, [3, new Uint8Array(3), 1, 0, {}, [1, 1], '']], ends: true },
  { name: 'a result whose usage is not a number', messages: [HELLO, [3, ID, 1, 0, {}, [Number.NaN, 1], '']], ends: true },
  { name: 'a renewal of nothing', messages: [HELLO, [4, []]], ends: true },
  { name: 'a result for a task that it was never leased', messages: [HELLO, [1, 1], [3, ID, 1, 0, { result: 666 }, [1, 1, 1, 1, 1, null], '']], ends: false },
  { name: 'a message of a kind to come', messages: [HELLO, [1, 0], [200, 'later']], ends: false },
]

const OFFERS: ReadonlyArray<{ name: string, messages: unknown[] }> = [
  { name: 'rubbish', messages: [{ not: 'an offer' }] },
  { name: 'an offer of another version', messages: [[2, DIGEST, 1]] },
  { name: 'more tasks than any node holds', messages: [[1, DIGEST, 1e9, 'bafkrei', 1, 0, false, false, 1, [], 1, 1000]] },
  { name: 'a chance of 7', messages: [[1, DIGEST, 1, 'bafkrei', 1, 0, false, false, 7, [], 1, 1000]] },
  { name: 'more offers than allowed', messages: Array.from({ length: 40 }, () => [1, DIGEST, 1, 'bafkrei', 1, 0, false, false, 1, [], 1, 1000]) },
]

const MODULE_REQUESTS: ReadonlyArray<{ name: string, bytes: Uint8Array }> = [
  { name: 'a length without an end', bytes: Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff) },
  { name: 'bytes that are not CBOR', bytes: Uint8Array.of(3, 0xff, 0xff, 0xff) },
  { name: 'an unknown version', bytes: Uint8Array.of(4, ...encode([9, 1, 2]).subarray(0, 4)) },
]

const LETTER_ID = new Uint8Array(32).fill(3)

const MAILBOX: ReadonlyArray<{ name: string, messages: unknown[] }> = [
  { name: 'rubbish', messages: [{ not: 'a letter' }] },
  { name: 'a message of no known kind', messages: [[200]] },
  { name: 'a deposit of another version', messages: [[0, 9, 'x', LETTER_ID, LETTER_ID, 10, 10]] },
  { name: 'a letter of another version', messages: [[1, 9, LETTER_ID, 10]] },
  { name: 'a letter that is too large', messages: [[1, 1, LETTER_ID, 2 ** 30]] },
  { name: 'a deposit that is too large', messages: [[0, 1, 'x', LETTER_ID, LETTER_ID, 2 ** 30, 10]] },
  { name: 'bytes before they are asked for', messages: [[2, new Uint8Array(1000)]] },
  { name: 'more bytes than announced', messages: [[1, 1, LETTER_ID, 10], [2, new Uint8Array(11)]] },
  { name: 'other bytes than announced', messages: [[1, 1, LETTER_ID, 10], [2, new Uint8Array(10)]] },
  { name: 'a deposit of other bytes than announced', messages: [[0, 1, 'x', LETTER_ID, LETTER_ID, 10, 10], [2, new Uint8Array(10)]] },
  { name: 'an answer to nothing', messages: [[17]] },
  { name: 'a frame of many letters', messages: Array.from({ length: 1000 }, () => [1, 1, LETTER_ID, 10]) },
]

describe('hostile peers', () => {
  let submitter: Node
  let worker: Node
  let definition: TaskDefinition
  let attackers: Network[] = []

  before(async () => {
    await ensureSandboxBundle()
    const file = fileURLToPath(new URL('factorial_wasm.yaml', SHIPPED))
    definition = (await parseTask(await readFile(file, 'utf8'), { fileName: file })).definition
    worker = await createNode({ dataDir: await tempDir(), workerCount: 1, mdns: false, listen: LISTEN })
    await worker.start()
    submitter = await createNode({ dataDir: await tempDir(), workerCount: 0, mdns: false, listen: LISTEN, peers: [...worker.addresses()] })
    await submitter.start()
    assert.ok(await submitter.waitForPeer(DEADLINE_MS))
  })
  afterEach(async () => {
    for (const attacker of attackers) await attacker.stop()
    attackers = []
    const task = await submitter.submit(definition, { number: 6 })
    const { state, worker: by, outputs } = await task.done()
    assert.deepEqual({ state, by, outputs }, { state: 'completed', by: worker.peerId, outputs: { result: 720 } })
  })
  after(async () => {
    await submitter.stop()
    await worker.stop()
    await removeTempDirs()
  })

  const attacker = async (target: Node): Promise<Network> => {
    const network = await createNetwork({ listen: LISTEN, peers: [], mdns: false, topics: [OFFERS_TOPIC] })
    network.subscribe(OFFERS_TOPIC, () => 'accept', () => {})
    await network.start()
    network.learn(target.peerId, target.addresses())
    attackers.push(network)
    return network
  }

  describe('on the work protocol', () => {
    for (const { name, messages, ends } of WORK) {
      it(`send ${name}: the stream ${ends ? 'ends' : 'stays'}`, async () => {
        const channel = await (await attacker(submitter)).open(submitter.peerId, WORK_PROTOCOL)
        const closed = new Promise<void>((resolve) => { channel.onClose = () => { resolve() } })
        const acknowledged = new Promise<void>((resolve) => { channel.onMessages = () => { resolve() } })
        for (const message of messages) channel.send(message)
        // A result is acknowledged even when nobody asked for it, so that whoever sent it forgets it.
        if (ends) await closed
        else if (name.startsWith('a result')) await acknowledged
        await channel.close()
      })
    }

    it('claim tasks and keep silent: the task runs elsewhere', async () => {
      const silent = await attacker(submitter)
      const channel = await silent.open(submitter.peerId, WORK_PROTOCOL)
      const leased = new Promise<void>((resolve) => {
        channel.onMessages = (messages) => { if (messages.some((message) => Array.isArray(message) && message[0] === 17)) resolve() }
      })
      channel.send([0, 1, { engine: 'v8', features: [], memory: 2 ** 30, slots: 64 }])
      channel.send([1, 64])
      while (!(await submitter.workers()).some(({ peer }) => peer === silent.peerId)) await setImmediate()
      const tasks = await Promise.all(Array.from({ length: 8 }, () => submitter.submit(definition, { number: 4 })))
      await leased
      channel.abort(new Error('gone'))
      for (const task of tasks) assert.deepEqual(await task.result(), { result: 24 })
      for (const task of tasks) assert.equal(task.record().worker, worker.peerId)
    })
  })

  describe('on the offers protocol', () => {
    for (const { name, messages } of OFFERS) {
      it(`send ${name}: the stream ends`, async () => {
        const channel = await (await attacker(worker)).open(worker.peerId, OFFERS_PROTOCOL)
        const closed = new Promise<void>((resolve) => { channel.onClose = () => { resolve() } })
        for (const message of messages) channel.send(message)
        await closed
      })
    }
  })

  describe('on the mailbox protocol', () => {
    for (const { name, messages } of MAILBOX) {
      it(`send ${name}: the stream ends`, async () => {
        const channel = await (await attacker(submitter)).open(submitter.peerId, MAILBOX_PROTOCOL)
        const closed = new Promise<void>((resolve) => { channel.onClose = () => { resolve() } })
        const answered = new Promise<void>((resolve) => { channel.onMessages = () => { resolve() } })
        const [first, ...rest] = messages
        channel.send(first)
        // Bytes are void before they are asked for.
        if (rest.length > 0) await Promise.race([answered, closed])
        for (const message of rest) channel.send(message)
        await closed
      })
    }

    it('break off in the middle of a letter, or of a deposit', async () => {
      for (const first of [[1, 1, LETTER_ID, 1_000_000], [0, 1, 'x', LETTER_ID, LETTER_ID, 1_000_000, 10]]) {
        const channel = await (await attacker(submitter)).open(submitter.peerId, MAILBOX_PROTOCOL)
        const answered = new Promise<void>((resolve) => { channel.onMessages = () => { resolve() } })
        channel.send(first)
        await answered
        channel.send([2, new Uint8Array(1000)])
        channel.abort(new Error('gone'))
      }
      while (submitter.keptForOthers().letters > 0) await setImmediate()
    })
  })

  describe('on the module protocol', () => {
    for (const { name, bytes } of MODULE_REQUESTS) {
      it(`ask with ${name}: they get no module`, async () => {
        const stream = await (await attacker(worker)).openBytes(worker.peerId, MODULE_PROTOCOL)
        stream.sink([bytes]).catch(() => {})
        let received = 0
        try {
          for await (const chunk of stream.source) received += chunk.length
        } catch {
          // A reset is an answer too.
        }
        assert.ok(received < 64, `${received} bytes`)
      })
    }

    it('serve other bytes than were asked for: the module is not taken, and the task says so', async () => {
      const wanted = cidOf(new TextEncoder().encode('what was promised'))
      const liar = await attacker(worker)
      await liar.serveBytes(MODULE_PROTOCOL, async (stream) => {
        const body = new TextEncoder().encode('something different')
        const head = encode([0, body.length])
        await stream.sink([Uint8Array.of(head.length), head, body])
      })
      // The liar is a submitter too: it leases a task for that module over a work stream that the worker opens.
      const refused = new Promise<unknown[]>((resolve) => {
        void liar.serve(WORK_PROTOCOL, (channel) => {
          channel.onMessages = (messages) => {
            for (const message of messages) if (Array.isArray(message) && message[0] === 5) resolve(message)
            if (messages.some((message) => Array.isArray(message) && message[0] === 1)) {
              channel.send([16, DIGEST, { name: 'lie', cid: wanted, size: 0, urls: [], in: [], out: [['result', 'json']], time: 1000, net: false, fs: false }])
              channel.send([17, ID, 1, DIGEST, 10_000, []])
            }
          }
        })
      })
      await liar.connect(worker.peerId)
      const offers = await liar.open(worker.peerId, OFFERS_PROTOCOL)
      offers.send([1, DIGEST, 1, wanted, 0, 0, false, false, 1, liar.addresses(), Date.now(), 10_000])
      await offers.close()
      const [, , , status] = await refused
      assert.ok(status === 23 || status === 24, `status ${String(status)}`)
      assert.equal(worker.modules.has(wanted), false)
    })
  })

  it('gossip an invalid offer: it is not heard, and the node goes on', async () => {
    const network = await attacker(worker)
    await network.connect(worker.peerId)
    await network.publish(OFFERS_TOPIC, encode([1, 'no digest']))
    await network.publish(OFFERS_TOPIC, new Uint8Array(6000))
  })
})
