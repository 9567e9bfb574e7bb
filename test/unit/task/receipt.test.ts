import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { leafHash, merkleTree, rootOf } from '../../../src/task/merkle.ts'
import { isPeerId, isSignedBy } from '../../../src/task/peer-signature.ts'
import { checkSignature, receiptFindings } from '../../../src/task/receipt-check.ts'
import { inputsDigest, MAX_DIGESTED_CHARS, outputsDigest, receiptLeaf, RECEIPT_CONTEXT, signedBytes } from '../../../src/task/receipt-digests.ts'
import { readReceipt } from '../../../src/task/receipt-form.ts'
import type { Receipt } from '../../../src/task/receipt.ts'
import { newTask, reduceTask, type TaskRecord } from '../../../src/task/state.ts'
import { NO_USAGE } from '../../../src/task/usage.ts'
import { MAX_MESSAGE_LENGTH } from '../../../src/wire/messages.ts'
import { bodyOf, makeSigner, receiptsBy } from '../../support/receipts.ts'
import { CorebrumError } from '../../../src/errors.ts'
import { MAX_VALUE_DEPTH } from '../../../src/limits.ts'
import type { Value } from '../../../src/task/values.ts'

function codeOf (action: () => unknown): string | undefined {
  try {
    action()
    return undefined
  } catch (error) {
    return error instanceof CorebrumError ? error.code : String(error)
  }
}

/** Section 2.1 of RFC 6962, word for word: the tree splits at the largest power of two below its size. */
function slowRoot (leaves: string[]): string {
  if (leaves.length === 1) return leaves[0] ?? ''
  let k = 1
  while (k * 2 < leaves.length) k *= 2
  const both = Buffer.concat([Buffer.from([1]), Buffer.from(slowRoot(leaves.slice(0, k)), 'hex'), Buffer.from(slowRoot(leaves.slice(k)), 'hex')])
  return createHash('sha256').update(both).digest('hex')
}

describe('Merkle trees', () => {
  it('hash as RFC 6962 does', () => {
    // The vectors of the certificate transparency log: leaves of these bytes, trees of the first n of them.
    const leaves = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'].map((hex) => leafHash(Buffer.from(hex, 'hex')))
    const roots = [
      '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
      'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
      'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
      '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
      '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
      'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
      '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
    ]
    assert.deepEqual(roots.map((_, n) => merkleTree(leaves.slice(0, n + 1)).root), roots)
  })

  it('lead each leaf to the root, and no other one', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 40 }), fc.nat(), (size, picked) => {
      const leaves = Array.from({ length: size }, (_, i) => leafHash(Buffer.from([i])))
      const tree = merkleTree(leaves)
      const index = picked % size
      assert.equal(tree.root, slowRoot(leaves))
      assert.equal(rootOf(leaves[index] ?? '', tree.path(index)), tree.root)
      assert.notEqual(rootOf(leafHash(Buffer.from('other')), tree.path(index)), tree.root)
    }))
  })
})

describe('signatures', () => {
  it('are checked by the PeerId alone', async () => {
    const [one, two] = [makeSigner(), makeSigner()]
    const root = '11'.repeat(32)
    const signature = await one.sign(Buffer.from(root, 'hex'))
    assert.deepEqual([isSignedBy(one.peer, signedBytes(root), signature), isSignedBy(two.peer, signedBytes(root), signature)], [true, false])
    assert.equal(isSignedBy(one.peer, Buffer.from(root, 'hex'), signature), false, 'the context belongs to it')
    assert.equal(Buffer.from(signedBytes(root)).toString('latin1').startsWith(RECEIPT_CONTEXT), true)
  })

  it('are of nobody where the text is no PeerId of an Ed25519 key', () => {
    const { peer } = makeSigner()
    for (const text of ['', 'local', peer.slice(1), `${peer}1`, 'QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N', '1'.repeat(65), 'ü'.repeat(52)]) {
      assert.equal(isPeerId(text), false, text)
      assert.equal(isSignedBy(text, new Uint8Array(32), new Uint8Array(64)), false)
    }
    assert.equal(isPeerId(peer), true)
  })
})

describe('digests', () => {
  it('are the same for equal values, whatever their order and the way that numbers are held', () => {
    // The deepest value that a peer may send, which a throw here would let end the process.
    let deep: Value = 1
    for (let depth = 0; depth < MAX_VALUE_DEPTH; depth++) deep = [deep]
    assert.equal(inputsDigest([deep], [{ index: 1, blob: { cid: 'c', size: 1, form: 'value' } }]).length, outputsDigest({ result: deep }).length)
    assert.equal(inputsDigest([{ a: 1, b: [2n] }, undefined]), inputsDigest([{ b: [2], a: 1n }, undefined]))
    assert.equal(outputsDigest({ a: 1, b: 2 }), outputsDigest({ b: 2, a: 1 }))
    assert.notEqual(inputsDigest([undefined]), inputsDigest([null]))
    assert.notEqual(inputsDigest([1]), inputsDigest([1, undefined]))
    assert.notEqual(inputsDigest([undefined], [{ index: 0, blob: { cid: 'a', size: 1, form: 'text' } }]), inputsDigest([undefined], [{ index: 0, blob: { cid: 'a', size: 1, form: 'bytes' } }]))
  })

  it('take as much of a message as travels', () => {
    assert.equal(MAX_DIGESTED_CHARS, MAX_MESSAGE_LENGTH)
    assert.equal(outputsDigest('x'.repeat(MAX_DIGESTED_CHARS)), outputsDigest('x'.repeat(MAX_DIGESTED_CHARS + 1)))
  })

  it('have golden bytes', () => {
    const body = bodyOf({ worker: '12D3KooWA', submitter: '12D3KooWB' })
    assert.equal(receiptLeaf(body), GOLDEN.leaf)
    assert.equal(inputsDigest([5, undefined]), GOLDEN.inputs)
    assert.equal(outputsDigest({ result: 120 }), GOLDEN.outputs)
  })
})

const GOLDEN = {
  leaf: 'c13f2138266fbc80a74645b7147ee4565b72c353a2b271a7bdfa8c2e622c828d',
  // Of the bytes 82 05 f7, and of a1 66 "result" 18 78.
  inputs: '426fe26d8013043bf584b9e28e927940d1514ef2f742966a8af9af8f33dcdd25',
  outputs: 'a7b0c61d1390afeb3c7d92efe9e516c512d065955ad855182a4a5daf2e365f79',
}

describe('receipts', () => {
  const worker = makeSigner()
  const bodies = ['aaaa', 'bbbb', 'cccc'].map((end) => bodyOf({ taskId: `00112233-4455-4677-8899-aabbccdd${end}` }))
  let receipt: Receipt

  beforeEach(async () => {
    receipt = (await receiptsBy(worker, bodies))[1] ?? assert.fail()
  })

  it('are good one by one, though many share a signature', async () => {
    for (const one of await receiptsBy(worker, bodies)) checkSignature(one)
    for (const one of await receiptsBy(worker, bodies.slice(0, 1))) {
      assert.deepEqual(one.path, [])
      checkSignature(one)
    }
  })

  it('come back from JSON as they were', () => {
    assert.deepEqual(readReceipt(JSON.parse(JSON.stringify(receipt))), receipt)
  })

  it('are refused when any character of an export was changed', () => {
    const text = JSON.stringify(receipt)
    let refused = 0
    for (let at = 0; at < text.length; at++) {
      for (const other of ['0', 'a', '"']) {
        if (text[at] === other) continue
        const changed = `${text.slice(0, at)}${other}${text.slice(at + 1)}`
        let parsed: unknown
        try { parsed = JSON.parse(changed) } catch { continue }
        // 1.250 is 1.25: what says the same is the same.
        if (JSON.stringify(parsed) === text) continue
        assert.equal(codeOf(() => { checkSignature(readReceipt(parsed)) }), 'ERR_RECEIPT', changed)
        refused++
      }
    }
    assert(refused > 1000, String(refused))
  })

  it('are refused with a field too many, one too few, or another spelling of the same bytes', () => {
    const { body } = receipt
    const spelled = `${receipt.signature.slice(0, -3)}${String.fromCharCode(receipt.signature.charCodeAt(85) + 1)}==`
    const less = Object.fromEntries(Object.entries(body).filter(([name]) => name !== 'program'))
    const cases: unknown[] = [
      null, [], 'text', {}, { ...receipt, more: 1 }, { ...receipt, body: { ...body, more: 1 } }, { ...receipt, body: less },
      { ...receipt, signature: spelled }, { ...receipt, signature: receipt.signature.replaceAll('=', '') }, { ...receipt, path: {} },
      { ...receipt, path: Array.from({ length: 33 }, () => receipt.path[0]) }, { ...receipt, path: [{ side: 'up', hash: 'ab'.repeat(32) }] },
      { ...receipt, path: [{ side: 'left', hash: 'AB'.repeat(32) }] }, { ...receipt, body: { ...body, version: 2 } },
      { ...receipt, body: { ...body, status: 'fine' } }, { ...receipt, body: { ...body, fence: -1 } }, { ...receipt, body: { ...body, usage: { wallMs: NaN, moduleBytes: 0 } } },
      { ...receipt, body: { ...body, module: body.module.toUpperCase() } }, { ...receipt, body: { ...body, worker: 'somebody' } },
    ]
    for (const raw of cases) assert.equal(codeOf(() => readReceipt(raw)), 'ERR_RECEIPT', JSON.stringify(raw))
  })

  it('are refused when another worker is named than the one that signed', () => {
    const other = { ...receipt, body: { ...receipt.body, worker: makeSigner().peer } }
    assert.equal(codeOf(() => { checkSignature(other) }), 'ERR_RECEIPT')
  })

  describe('beside the task that they are of', () => {
    const OUTPUTS = { result: 120 }
    let record: TaskRecord

    beforeEach(async () => {
      const body = bodyOf({ outputs: outputsDigest(OUTPUTS) })
      receipt = (await receiptsBy(worker, [body]))[0] ?? assert.fail()
      record = reduceTask(newTask(body.taskId, 'factorial', 1), { type: 'completed', worker: worker.peer, outputs: OUTPUTS, usage: NO_USAGE, logs: '', atMs: 2 })
    })

    const verdicts = (known: Parameters<typeof receiptFindings>[2] = {}, of = record): Record<string, boolean | undefined> =>
      Object.fromEntries(receiptFindings(receipt, of, known).map(({ part, fits }) => [part, fits]))

    it('fit, and what is not known is said to be unchecked', () => {
      assert.deepEqual(verdicts(), { signature: true, task: true, worker: true, program: undefined, inputs: undefined, status: true, outputs: true })
      assert.deepEqual(verdicts({ program: 'ab'.repeat(32), inputs: 'cd'.repeat(32) }), { signature: true, task: true, worker: true, program: true, inputs: true, status: true, outputs: true })
    })

    it('do not fit other outputs, another worker, another task', () => {
      assert.equal(verdicts({}, { ...record, outputs: { result: 121 } })['outputs'], false)
      assert.equal(verdicts({}, { ...record, worker: 'other' })['worker'], false)
      assert.equal(verdicts({}, { ...record, id: bodies[0]?.taskId ?? '' })['task'], false)
      assert.equal(verdicts({ program: 'ff'.repeat(32) })['program'], false)
    })

    it('fit the task that reused them, and the job of which one of its replicas is', () => {
      assert.equal(verdicts({}, { ...record, id: bodies[0]?.taskId ?? '', reusedFrom: record.id })['task'], true)
      receipt = { ...receipt, body: { ...receipt.body, taskId: `${record.id}-2` } }
      assert.equal(verdicts({}, { ...record, job: { kind: 'agreement', done: 3, failed: 0 } })['task'], true)
      assert.equal(verdicts({}, record)['task'], false)
    })

    it('fit a failure by its code and its message', async () => {
      receipt = (await receiptsBy(worker, [bodyOf({ status: 'ERR_TRAP', outputs: outputsDigest('it trapped') })]))[0] ?? assert.fail()
      const failed = reduceTask(newTask(record.id, 'factorial', 1), { type: 'failed', worker: worker.peer, failure: { code: 'ERR_TRAP', message: 'it trapped', by: worker.peer }, atMs: 2 })
      assert.deepEqual(Object.values(verdicts({}, failed)), [true, true, true, undefined, undefined, true, true])
      assert.equal(verdicts({}, { ...failed, failure: { code: 'ERR_TRAP', message: 'it did not', by: worker.peer } })['outputs'], false)
    })
  })
})
