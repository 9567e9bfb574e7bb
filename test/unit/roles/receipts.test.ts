/** Receipts as a worker writes them and a submitter reads them: batches, bounds, and workers that lie. */
import assert from 'node:assert/strict'
import { CorebrumError } from '../../../src/errors.ts'
import { MAX_AWAITED_RECEIPT_BYTES, MAX_AWAITED_RECEIPTS, MAX_RECEIPTS_PER_MESSAGE } from '../../../src/limits.ts'
import { receiptBody } from '../../../src/roles/receipts/receipts-body.ts'
import { ReceiptReader, type AcceptedResult } from '../../../src/roles/receipts/receipts-reader.ts'
import { ReceiptWriter } from '../../../src/roles/receipts/receipts-writer.ts'
import { merkleTree } from '../../../src/task/merkle.ts'
import { checkSignature } from '../../../src/task/receipt-check.ts'
import { inputsDigest, receiptLeaf } from '../../../src/task/receipt-digests.ts'
import type { Receipt, ReceiptBody } from '../../../src/task/receipt.ts'
import type { Outcome, WorkerMessage } from '../../../src/wire/messages.ts'
import { makeSigner, type Signer } from '../../support/receipts.ts'
import { completed, linkPair, program, turn, useClock } from '../../support/roles.ts'

type Batch = Extract<WorkerMessage, { kind: 'receipts' }>

const SUBMITTER = makeSigner().peer
const PROGRAM = program()
const idOf = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`

function accepted (worker: string, n: number, outcome: Outcome = completed(n)): AcceptedResult {
  return { taskId: idOf(n), fence: 1, worker, program: PROGRAM, values: [n], refs: undefined, bytes: 16, outcome }
}

function bodyFor ({ taskId, fence, worker, program, values, outcome }: AcceptedResult): ReceiptBody {
  return receiptBody({ taskId, fence, worker, submitter: SUBMITTER, program, inputs: inputsDigest(values), startedAtMs: 5, endedAtMs: 6, outcome })
}

describe('a worker that writes receipts', () => {
  const clock = useClock()
  let signer: Signer
  let writer: ReceiptWriter
  let logged: string[]
  let signed: number

  beforeEach(() => {
    signer = makeSigner()
    logged = []
    signed = 0
    writer = new ReceiptWriter({ sign: (root) => { signed++; return signer.sign(root) }, log: (message) => { logged.push(message) }, now: clock.now })
  })

  function listen (): { toSubmitter: Parameters<ReceiptWriter['add']>[0], batches: Batch[] } {
    const { toWorker, toSubmitter } = linkPair(signer.peer, SUBMITTER)
    const batches: Batch[] = []
    toWorker.onMessages = (messages) => { for (const message of messages) if (message.kind === 'receipts') batches.push(message) }
    return { toSubmitter, batches }
  }

  const body = (n: number): ReceiptBody => bodyFor(accepted(signer.peer, n))

  it('signs once for all that was taken within some milliseconds', async () => {
    const { toSubmitter, batches } = listen()
    for (const n of [1, 2, 3]) writer.add(toSubmitter, body(n))
    await turn()
    assert.equal(batches.length, 0)
    clock.tick(25)
    await turn()
    assert.deepEqual([signed, batches.map(({ entries }) => entries.map(({ taskId }) => taskId))], [1, [[1, 2, 3].map(idOf)]])
    const [batch] = batches
    assert.deepEqual(batch?.entries.map(({ leaf, startedAtMs, endedAtMs, fence }) => [leaf, startedAtMs, endedAtMs, fence]), [1, 2, 3].map((n) => [receiptLeaf(body(n)), 5, 6, 1]))
  })

  it('writes a full message at once, and what waits when it is told to', async () => {
    const { toSubmitter, batches } = listen()
    for (let n = 0; n < MAX_RECEIPTS_PER_MESSAGE + 1; n++) writer.add(toSubmitter, body(n))
    await turn()
    assert.deepEqual(batches.map(({ entries }) => entries.length), [MAX_RECEIPTS_PER_MESSAGE])
    await writer.flush()
    await turn()
    assert.deepEqual(batches.map(({ entries }) => entries.length), [MAX_RECEIPTS_PER_MESSAGE, 1])
    clock.tick(100)
    await turn()
    assert.equal(signed, 2)
  })

  it('gives each submitter its own', async () => {
    const [one, two] = [listen(), listen()]
    writer.add(one.toSubmitter, body(1))
    writer.add(two.toSubmitter, body(2))
    await writer.flush()
    await turn()
    assert.deepEqual([one, two].map(({ batches }) => batches[0]?.entries.map(({ taskId }) => taskId)), [[idOf(1)], [idOf(2)]])
  })

  it('says so when it cannot sign, and goes on', async () => {
    const { toSubmitter, batches } = listen()
    const failing = new ReceiptWriter({ sign: () => Promise.reject(new CorebrumError('ERR_CONFIG', 'no key')), log: (message) => { logged.push(message) } })
    failing.add(toSubmitter, body(1))
    await failing.flush()
    await turn()
    assert.deepEqual([batches.length, logged.length], [0, 1])
  })

  it('makes a message for results that take another way', async () => {
    const { entries, signature } = await writer.together([body(1), body(2)])
    assert.equal(Buffer.from(signature).equals(Buffer.from(await signer.sign(Buffer.from(merkleTree(entries.map(({ leaf }) => leaf)).root, 'hex')))), true)
  })
})

describe('a submitter that reads receipts', () => {
  let worker: Signer
  let reader: ReceiptReader
  let read: Map<string, Receipt>
  let logged: string[]
  let aborted: Error[]

  beforeEach(() => {
    worker = makeSigner()
    read = new Map()
    logged = []
    aborted = []
    reader = new ReceiptReader({ peerId: SUBMITTER, onReceipt: ({ taskId }, receipt) => { read.set(taskId, receipt) }, log: (message) => { logged.push(message) } })
  })

  async function batchOf (bodies: ReceiptBody[], signer = worker): Promise<Batch> {
    const leaves = bodies.map(receiptLeaf)
    const entries = bodies.map(({ taskId, fence, startedAtMs, endedAtMs }, i) => ({ taskId, fence, startedAtMs, endedAtMs, leaf: leaves[i] ?? '' }))
    return { kind: 'receipts', signature: await signer.sign(Buffer.from(merkleTree(leaves).root, 'hex')), entries }
  }

  const receive = (batch: Batch, peer = worker.peer): void => { reader.receive({ peer, abort: (error) => { aborted.push(error) } }, batch) }
  const results = (...numbers: number[]): AcceptedResult[] => numbers.map((n) => accepted(worker.peer, n))

  it('makes each itself, and keeps it with its way to the root', async () => {
    const all = results(1, 2, 3)
    for (const one of all) reader.expect(one)
    receive(await batchOf(all.map(bodyFor)))
    assert.deepEqual([...read.keys()], [1, 2, 3].map(idOf))
    for (const receipt of read.values()) checkSignature(receipt)
    assert.deepEqual(aborted, [])
  })

  it('takes those that it waits for, also where others stand beside them', async () => {
    const [mine, other] = results(1, 2)
    assert(mine !== undefined && other !== undefined)
    reader.expect(mine)
    receive(await batchOf([bodyFor(other), bodyFor(mine)]))
    assert.deepEqual([...read.keys()], [idOf(1)])
    checkSignature(read.get(idOf(1)) ?? assert.fail())
  })

  it('does nothing for what it does not wait for: no signature is looked at', async () => {
    let looked = 0
    reader = new ReceiptReader({ peerId: SUBMITTER, onReceipt () {}, log () {}, isSigned: () => { looked++; return false } })
    for (let i = 0; i < 10; i++) receive(await batchOf(results(1, 2).map(bodyFor)))
    for (const one of results(3)) reader.expect(one)
    receive(await batchOf(results(3).map(bodyFor)), makeSigner().peer)
    receive(await batchOf(results(3).map((one) => ({ ...bodyFor(one), fence: 2 }))))
    assert.deepEqual([looked, aborted.length], [0, 0])
    receive(await batchOf(results(3).map(bodyFor)))
    receive(await batchOf(results(3).map(bodyFor)))
    assert.deepEqual([looked, aborted.length], [1, 1], 'once for each result, whatever is sent')
  })

  it('ends the stream of a worker whose signature is not over them', async () => {
    const forge: Array<(batch: Batch) => Promise<Batch>> = [
      async (batch) => ({ ...batch, signature: new Uint8Array(64) }),
      async (batch) => ({ ...batch, entries: batch.entries.map((entry) => ({ ...entry, leaf: 'ab'.repeat(32) })) }),
      async (batch) => ({ ...batch, entries: [...batch.entries].reverse() }),
      async () => batchOf(results(1, 2).map(bodyFor), makeSigner()),
    ]
    for (const change of forge) {
      aborted = []
      for (const one of results(1, 2)) reader.expect(one)
      receive(await change(await batchOf(results(1, 2).map(bodyFor))))
      assert.deepEqual(aborted.map((error) => error instanceof CorebrumError && error.code), ['ERR_PROTOCOL'])
    }
    assert.equal(read.size, 0)
  })

  it('takes no receipt that says something else than the result', async () => {
    for (const one of results(1, 2, 3, 4, 5)) reader.expect(one)
    const [one, two, three, four, five] = results(1, 2, 3, 4, 5).map(bodyFor)
    assert(one !== undefined && two !== undefined && three !== undefined && four !== undefined && five !== undefined)
    receive(await batchOf([{ ...one, outputs: 'ab'.repeat(32) }, { ...two, inputs: 'ab'.repeat(32) }, { ...three, status: 'ERR_TRAP' }, { ...four, usage: { wallMs: 0, moduleBytes: 1 } }, five]))
    assert.deepEqual([[...read.keys()], logged.length, aborted.length], [[idOf(5)], 4, 0])
  })

  it('waits for so many, and for so many bytes', async () => {
    for (let n = 0; n <= MAX_AWAITED_RECEIPTS; n++) reader.expect(accepted(worker.peer, n))
    receive(await batchOf([bodyFor(accepted(worker.peer, 0))]))
    assert.equal(read.size, 0, 'the oldest was given up')
    receive(await batchOf([bodyFor(accepted(worker.peer, 1))]))
    assert.equal(read.size, 1)
    reader.expect({ ...accepted(worker.peer, 5), bytes: MAX_AWAITED_RECEIPT_BYTES })
    receive(await batchOf([bodyFor(accepted(worker.peer, 2))]))
    assert.equal(read.size, 1, 'large inputs take the place of many')
    receive(await batchOf([bodyFor(accepted(worker.peer, 5))]))
    assert.equal(read.size, 2)
  })

  it('looks once at a result that is named many times', async () => {
    let looked = 0
    const [one] = results(1)
    assert(one !== undefined)
    const watched = { ...one }
    Object.defineProperty(watched, 'outcome', { get: () => { looked++; return one.outcome } })
    reader.expect(watched)
    looked = 0
    receive(await batchOf(Array.from({ length: MAX_RECEIPTS_PER_MESSAGE }, (_, i) => ({ ...bodyFor(one), startedAtMs: i }))))
    assert.deepEqual([looked, [...read.keys()]], [1, [idOf(1)]])
  })

  it('keeps the newest however large, and no other beside it', async () => {
    for (const [n, bytes] of [[1, 16], [2, 2 * MAX_AWAITED_RECEIPT_BYTES]] as const) reader.expect({ ...accepted(worker.peer, n), bytes })
    receive(await batchOf(results(1, 2).map(bodyFor)))
    assert.deepEqual([...read.keys()], [idOf(2)])
  })

  it('expects none of a failure that it made of outputs itself', async () => {
    const outcome = { ...completed(1), ok: false as const, code: 'ERR_RESULT_TYPE' as const, message: 'no' }
    reader.expect(accepted(worker.peer, 1, outcome))
    receive(await batchOf([bodyFor(accepted(worker.peer, 1))]))
    assert.deepEqual([read.size, logged], [0, []])
  })
})
