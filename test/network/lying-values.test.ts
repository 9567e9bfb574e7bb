/** A submitter's node against workers that name large outputs which they do not have, or which are not what they say. */
import assert from 'node:assert/strict'
import { createNode, type Node } from '../../src/node.ts'
import { cidOf } from '../../src/modules/cid.ts'
import type { ByteSource } from '../../src/modules/modules.ts'
import { serveModules } from '../../src/modules/peer-server.ts'
import { createNetwork } from '../../src/network/create-network.ts'
import type { Channel, Network } from '../../src/network/network.ts'
import { OFFERS_TOPIC } from '../../src/roles/offers/offers.ts'
import { submitterLink, type SubmitterLink } from '../../src/roles/link.ts'
import type { BlobForm } from '../../src/task/blob.ts'
import { NO_USAGE } from '../../src/task/usage.ts'
import { WORK_PROTOCOL } from '../../src/wire/messages.ts'
import { echoDefinition } from '../support/echo-module.ts'
import { ensureSandboxBundle } from '../support/sandbox-bundle.ts'
import { removeTempDirs, tempDir } from '../support/temp-dir.ts'

const LISTEN = ['/ip4/127.0.0.1/tcp/0']
const NAMED = new Uint8Array(100_000).fill(1)

interface Lie {
  name: string
  /** What stands in the record of the task for the first worker. */
  code: string
  size?: number
  form?: BlobForm
  /** What it sends for the output that it named; absent: it has nothing. */
  sends?: Uint8Array
  /** Called when it is asked for the output. */
  onAsked?: (liar: Network) => void
}

const LIES: Lie[] = [
  { name: 'has nothing', code: 'ERR_BLOB_NOT_FOUND' },
  { name: 'has another size', code: 'ERR_PROTOCOL', sends: NAMED.subarray(1) },
  { name: 'named another size', code: 'ERR_PROTOCOL', sends: NAMED, size: 99_999 },
  { name: 'sends other bytes', code: 'ERR_PROTOCOL', sends: new Uint8Array(100_000).fill(2) },
  { name: 'sends bytes that are no value', code: 'ERR_PROTOCOL', sends: NAMED, form: 'value' },
  { name: 'dies when it is asked', code: 'ERR_STREAM_CLOSED', sends: NAMED, onAsked: (liar) => { void liar.stop() } },
]

describe('a worker that names a large output', () => {
  let submitter: Node
  let honest: Node | undefined
  let liar: Network
  let link: SubmitterLink

  beforeEach(async () => {
    await ensureSandboxBundle()
    submitter = await createNode({ dataDir: await tempDir(), workerCount: 0, mdns: false, listen: LISTEN })
    await submitter.start()
    liar = await createNetwork({ listen: LISTEN, peers: [], mdns: false, topics: [OFFERS_TOPIC] })
    liar.subscribe(OFFERS_TOPIC, () => 'accept', () => {})
    await liar.start()
    liar.learn(submitter.peerId, submitter.addresses())
    const channel: Channel = await liar.open(submitter.peerId, WORK_PROTOCOL)
    link = submitterLink(channel, () => {})
  })
  afterEach(async () => {
    await liar.stop()
    await submitter.stop()
    await honest?.stop()
    await removeTempDirs()
  })

  for (const { name, code, size = NAMED.length, form = 'bytes', sends, onAsked } of LIES) {
    it(`and ${name}: the task runs elsewhere`, async () => {
      const source: ByteSource = {
        find: async (cid) => {
          onAsked?.(liar)
          return sends !== undefined && cid === cidOf(NAMED)
        },
        size: () => sends?.length,
        hold: () => () => {},
        async * stream (_cid, offset) { if (sends !== undefined) yield sends.subarray(offset) },
      }
      await serveModules({ store: source, network: liar })
      link.onMessages = (messages) => {
        for (const message of messages) {
          if (message.kind !== 'lease') continue
          const { taskId, fence } = message
          link.send({ kind: 'result', taskId, fence, outcome: { ok: true, outputs: {}, refs: [{ name: 'result', blob: { cid: cidOf(NAMED), size, form } }], usage: NO_USAGE, logs: '' } })
        }
      }
      link.send({ kind: 'hello', capability: { engine: 'v8', features: [], memoryLimitBytes: 2 ** 30, slots: 1 } })
      link.send({ kind: 'claim', slots: 1 })

      const task = await submitter.submit(await echoDefinition(), { data: new Uint8Array([1, 2, 3]) })
      for await (const { declines } of task.events()) if (declines.length > 0) break
      honest = await createNode({ dataDir: await tempDir(), workerCount: 1, mdns: false, listen: LISTEN, peers: submitter.addresses() })
      await honest.start()
      const { state, worker, outputs, declines } = await task.done()
      assert.deepEqual([state, worker, outputs], ['completed', honest.peerId, { result: new Uint8Array([1, 2, 3]) }])
      assert.deepEqual(declines.slice(0, 1).map((decline) => [decline.peer, decline.code]), [[liar.peerId, code]])
    })
  }
})
