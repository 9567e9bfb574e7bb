import assert from 'node:assert/strict'
import { createAloneNetwork } from '../../../src/network/alone.ts'
import { rejectsWith } from '../../support/rejects.ts'

describe('the network of a node alone', () => {
  it('reaches nobody and fails at nothing else', async () => {
    const network = createAloneNetwork()
    await network.start()
    await rejectsWith('ERR_DIAL', network.connect('x'))
    await rejectsWith('ERR_DIAL', network.open('x', '/p'))
    await rejectsWith('ERR_DIAL', network.openBytes('x', '/p'))
    assert.equal(await network.publish('/t', new Uint8Array()), 0)
    for await (const peer of network.findWorkers()) assert.fail(peer)
    assert.equal(await network.capabilityOf('x'), undefined)
    await rejectsWith('ERR_CONFIG', network.sign('letter', new Uint8Array()))
    assert.equal(await network.verify('x', 'letter', new Uint8Array(), new Uint8Array()), false)
    assert.deepEqual(network.peers(), [])
    await network.stop()
  })
})
