import assert from 'node:assert/strict'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { createPeerKeys, type PeerKeys } from '../../../src/network/peer-keys.ts'
import { rejectsWith } from '../../support/rejects.ts'

const bytes = new TextEncoder().encode('what was found')

async function peer (): Promise<PeerKeys & { id: string }> {
  const key = await generateKeyPair('Ed25519')
  return { ...createPeerKeys(key), id: peerIdFromPrivateKey(key).toString() }
}

describe('keys of peers', () => {
  it('sign, and anybody can tell who signed what for which purpose', async () => {
    const [alice, bob] = [await peer(), await peer()]
    const signature = await alice.sign('letter', bytes)
    assert.equal(await bob.verify(alice.id, 'letter', bytes, signature), true)
    assert.equal(await bob.verify(bob.id, 'letter', bytes, signature), false)
    assert.equal(await bob.verify(alice.id, 'receipt', bytes, signature), false)
    assert.equal(await bob.verify(alice.id, 'letter', bytes.subarray(1), signature), false)
  })

  it('take no signature that is damaged, and no peer that is none', async () => {
    const alice = await peer()
    const signature = await alice.sign('receipt', bytes)
    for (const damaged of [signature.subarray(1), new Uint8Array(), new Uint8Array(64), Buffer.concat([signature, signature])]) {
      assert.equal(await alice.verify(alice.id, 'receipt', bytes, damaged), false)
    }
    for (const id of ['', 'nobody', '12D3KooW', `${alice.id}x`, 'QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N']) {
      assert.equal(await alice.verify(id, 'receipt', bytes, signature), false)
    }
  })

  it('seal letters that the recipient alone can open', async () => {
    const [alice, bob] = [await peer(), await peer()]
    for (const content of [new Uint8Array(), bytes, new Uint8Array(1024 * 1024).fill(7)]) {
      const sealed = await alice.seal(bob.id, content)
      assert.deepEqual(await bob.unseal(sealed), new Uint8Array(content))
      await rejectsWith('ERR_PROTOCOL', alice.unseal(sealed))
    }
  })

  it('never seal twice alike', async () => {
    const [alice, bob] = [await peer(), await peer()]
    assert.notDeepEqual(await alice.seal(bob.id, bytes), await alice.seal(bob.id, bytes))
  })

  it('open nothing that is damaged, short or foreign', async () => {
    const [alice, bob] = [await peer(), await peer()]
    const sealed = await alice.seal(bob.id, bytes)
    for (let i = 0; i < sealed.length; i++) {
      const damaged = Uint8Array.from(sealed)
      damaged[i] = (damaged[i] ?? 0) ^ 1
      await rejectsWith('ERR_PROTOCOL', bob.unseal(damaged))
    }
    for (const short of [new Uint8Array(), sealed.subarray(0, 31), sealed.subarray(0, 32), sealed.subarray(0, -1), new Uint8Array(100)]) {
      await rejectsWith('ERR_PROTOCOL', bob.unseal(short))
    }
  })

  it('seal for nobody who has no such key', async () => {
    const alice = await peer()
    for (const id of ['', 'nobody', 'QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N']) await rejectsWith('ERR_PROTOCOL', alice.seal(id, bytes))
    const other = await generateKeyPair('secp256k1')
    await rejectsWith('ERR_PROTOCOL', alice.seal(peerIdFromPrivateKey(other).toString(), bytes))
    await rejectsWith('ERR_CONFIG', createPeerKeys(other).unseal(await alice.seal(alice.id, bytes)))
  })
})
