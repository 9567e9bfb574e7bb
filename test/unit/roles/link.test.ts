import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { MAX_CLAIM_WINDOW, MAX_FRAME_REFS } from '../../../src/limits.ts'
import { localLink, submitterLink, workerLink } from '../../../src/roles/link.ts'
import type { WorkerMessage } from '../../../src/wire/messages.ts'
import { FakeChannel, capability, turn } from '../../support/roles.ts'

const hello: WorkerMessage = { kind: 'hello', capability: capability() }

describe('links', () => {
  it('carry typed messages over a channel, and pass over kinds that a newer peer sends', () => {
    const [up, down] = [new FakeChannel('submitter'), new FakeChannel('worker')]
    const received: WorkerMessage[] = []
    const link = workerLink(down, () => {})
    link.onMessages = (messages) => { received.push(...messages) }
    submitterLink(up, () => {}).send(hello)
    down.onMessages?.([...up.sent, [99, 'new'], [1, 5]])
    assert.deepEqual(received, [hello, { kind: 'claim', slots: 5 }])
  })

  const broken: Array<[string, unknown]> = [
    ['no array', 'hello'],
    ['an empty message', []],
    ['another version', [0, 2, {}]],
    ['a claim of too many', [1, 2049]],
    ['a claim of less than none', [1, -1]],
    ['a fence that is no number', [5, new Uint8Array(16), 'x', 62, '']],
    ['an id of the wrong length', [5, new Uint8Array(15), 1, 62, '']],
    ['an empty list of leases', [4, []]],
    ['too many leases', [4, Array.from({ length: 2049 }, () => [new Uint8Array(16), 1])]],
  ]
  it('end and mark a peer whose frame names more leases than any needs to, before it reads them', () => {
    const list = Array.from({ length: MAX_CLAIM_WINDOW }, () => [new Uint8Array(16), 1])
    for (const [lists, ends] of [[MAX_FRAME_REFS / MAX_CLAIM_WINDOW, false], [200, true]] as const) {
      for (const [make, kind] of [[workerLink, 4], [submitterLink, 18]] as const) {
        const channel = new FakeChannel('peer')
        const marks: string[] = []
        let received = 0
        const link = make(channel, (peer) => { marks.push(peer) })
        link.onMessages = () => { received++ }
        channel.onMessages?.(Array.from({ length: lists }, () => [kind, list]))
        assert.deepEqual([marks.length, received, channel.aborted !== undefined], ends ? [1, 0, true] : [0, 1, false])
      }
    }
  })

  for (const [what, message] of broken) {
    it(`end and mark the peer, and hand on nothing of the frame: ${what}`, () => {
      const channel = new FakeChannel('worker')
      const marks: string[] = []
      let received = 0
      let closed = 0
      const link = workerLink(channel, (peer) => { marks.push(peer) })
      link.onMessages = () => { received++ }
      link.onClose = () => { closed++ }
      channel.onMessages?.([[1, 5], message])
      assert.deepEqual([marks, received, closed, channel.aborted !== undefined], [['worker'], 0, 1, true])
    })
  }

  describe('within one node', () => {
    it('hand over all messages of a turn at once, after it', async () => {
      const { toWorker, toSubmitter } = localLink('self')
      const batches: number[] = []
      toWorker.onMessages = (messages) => { batches.push(messages.length) }
      toSubmitter.send(hello)
      toSubmitter.send({ kind: 'claim', slots: 1 })
      assert.deepEqual(batches, [])
      await turn()
      toSubmitter.send({ kind: 'claim', slots: 2 })
      await turn()
      assert.deepEqual(batches, [2, 1])
    })

    it('close for both ends, once, and carry nothing afterwards', async () => {
      const { toWorker, toSubmitter } = localLink('self')
      const closed: string[] = []
      let received = 0
      toWorker.onClose = () => { closed.push('worker') }
      toSubmitter.onClose = () => { closed.push('submitter') }
      toSubmitter.onMessages = () => { received++ }
      toWorker.send({ kind: 'cancel', taskId: randomUUID(), fence: 1 })
      await toWorker.close()
      await toSubmitter.close()
      toWorker.send({ kind: 'cancel', taskId: randomUUID(), fence: 1 })
      await turn()
      assert.deepEqual([closed, received], [['worker', 'submitter'], 0])
    })
  })
})
