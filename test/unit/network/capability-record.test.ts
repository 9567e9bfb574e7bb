import assert from 'node:assert/strict'
import '../../../src/network/with-resolvers.ts'
import { generateKeyPair, generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { decode, encode } from '../../../src/cbor.ts'
import { openRecord, recordKey, selectors, signRecord, validators } from '../../../src/network/capability-record.ts'
import { MAX_LABELS } from '../../../src/limits.ts'
import { rejectsWith } from '../../support/rejects.ts'
import { CAPABILITY, RECORD_HEX, RECORD_PAYLOAD_HEX } from '../../support/wire-samples.ts'

const ISSUED = 1_700_000_000_000

describe('capability record', () => {
  const key = generateKeyPairFromSeed('Ed25519', new Uint8Array(32).fill(7))
  const peer = key.then((own) => peerIdFromPrivateKey(own).toString())

  it('has the agreed bytes', async () => {
    const record = await signRecord(await key, CAPABILITY, ISSUED)
    assert.equal(Buffer.from(record).toString('hex'), RECORD_HEX)
    const [payload] = decode(record) as [Uint8Array]
    assert.equal(Buffer.from(payload).toString('hex'), RECORD_PAYLOAD_HEX)
    assert.deepEqual(await openRecord(await peer, record), { issuedAtMs: ISSUED, capability: CAPABILITY })
  })

  it('has room for as many labels as a node may have', async () => {
    const labels = Object.fromEntries(Array.from({ length: MAX_LABELS }, (_, i) => [String(i).padStart(64, 'k'), 'v'.repeat(64)]))
    const record = await signRecord(await key, { ...CAPABILITY, labels }, ISSUED)
    assert.deepEqual((await openRecord(await peer, record)).capability.labels, labels)
    await validators.corebrum(recordKey(await peer), record)
  })

  it('is refused for another peer, another key, or when anything was changed', async () => {
    const own = await key
    const record = await signRecord(own, CAPABILITY, ISSUED)
    const stranger = peerIdFromPrivateKey(await generateKeyPair('Ed25519')).toString()
    const changed = async (at: number): Promise<void> => {
      const copy = Uint8Array.from(record)
      copy[at] = (copy[at] ?? 0) ^ 1
      await rejectsWith('ERR_PROTOCOL', openRecord(await peer, copy))
    }
    await rejectsWith('ERR_PROTOCOL', openRecord(stranger, record))
    await rejectsWith('ERR_PROTOCOL', openRecord('nobody', record))
    for (const at of [0, 10, 60, record.length - 1]) await changed(at)
    await validators.corebrum(recordKey(await peer), record)
    await rejectsWith('ERR_PROTOCOL', validators.corebrum(recordKey(stranger), record))
    for (const odd of [`/corebrum/${await peer}/more`, '/corebrum/', '/corebrum', `/other/${await peer}`, '']) {
      await rejectsWith('ERR_PROTOCOL', validators.corebrum(new TextEncoder().encode(odd), record))
    }
  })

  it('is refused in another version or form, also with a good signature', async () => {
    const own = await key
    const sign = async (payload: Uint8Array): Promise<Uint8Array> => {
      const context = new TextEncoder().encode('corebrum capability 1:')
      return encode([payload, await own.sign(Buffer.concat([context, payload]))])
    }
    for (const payload of [[2, ISSUED, {}], [1, -1, {}], [1, ISSUED], [1, ISSUED, { engine: 'x' }], 'text']) {
      await rejectsWith('ERR_PROTOCOL', openRecord(await peer, await sign(encode(payload))))
    }
    await rejectsWith('ERR_PROTOCOL', openRecord(await peer, await sign(Uint8Array.of(0xff))))
    for (const bytes of [new Uint8Array(), encode([]), encode([1, 2]), encode([new Uint8Array(5000), new Uint8Array(64)])]) {
      await rejectsWith('ERR_PROTOCOL', openRecord(await peer, bytes))
    }
  })

  it('that is newest is selected', async () => {
    const own = await key
    const records = await Promise.all([ISSUED, ISSUED + 2, ISSUED + 1].map((at) => signRecord(own, CAPABILITY, at)))
    assert.equal(selectors.corebrum(recordKey(await peer), records), 1)
  })
})
