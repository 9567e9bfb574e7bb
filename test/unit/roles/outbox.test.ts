import assert from 'node:assert/strict'
import { MAX_RESULT_BYTES_IN_FLIGHT } from '../../../src/roles/worker/limits.ts'
import { localLink, type SubmitterLink } from '../../../src/roles/link.ts'
import { Outbox, type ResultMessage } from '../../../src/roles/worker/outbox.ts'
import { completed } from '../../support/roles.ts'

const MiB = 1024 * 1024

describe('outbox', () => {
  const result = (taskId: string, fence = 1, bytes = 0): ResultMessage => ({ kind: 'result', taskId, fence, outcome: completed(new Uint8Array(bytes)) })

  function linkOf (): { link: SubmitterLink, sent: string[] } {
    const sent: string[] = []
    const link = localLink('self').toSubmitter
    link.send = (message) => { if (message.kind === 'result') sent.push(`${message.taskId}${message.fence}`) }
    return { link, sent }
  }

  it('sends at once, and all again over the next stream until it is acknowledged', () => {
    const outbox = new Outbox()
    const [first, second] = [linkOf(), linkOf()]
    outbox.connect(first.link)
    for (const id of ['a', 'b', 'c']) outbox.add(result(id))
    outbox.acknowledged({ taskId: 'b', fence: 1 })
    outbox.acknowledged({ taskId: 'c', fence: 2 })
    outbox.disconnect()
    outbox.add(result('d'))
    outbox.connect(second.link)
    assert.deepEqual([first.sent, second.sent, outbox.size], [['a1', 'b1', 'c1'], ['a1', 'c1', 'd1'], 3])
  })

  it('sends as many bytes as are acknowledged', () => {
    const outbox = new Outbox()
    const { link, sent } = linkOf()
    outbox.connect(link)
    for (const id of 'abcdef') outbox.add(result(id, 1, MAX_RESULT_BYTES_IN_FLIGHT / 2))
    assert.deepEqual(sent, ['a1', 'b1'])
    assert.deepEqual(outbox.refs().map(({ taskId }) => taskId), ['c', 'd', 'e', 'f'])
    outbox.acknowledged({ taskId: 'a', fence: 1 })
    assert.deepEqual(sent, ['a1', 'b1', 'c1'])
  })

  it('is congested when half full, and gives up the oldest when full', () => {
    const outbox = new Outbox({ maxBytes: 10 * MiB })
    let bytes = 0
    const counted = new Outbox({ maxBytes: 10 * MiB, onBytes: (change) => { bytes += change } })
    for (const id of 'abcde') {
      outbox.add(result(id, 1, MiB))
      counted.add(result(id, 1, 3 * MiB))
    }
    assert.equal(outbox.isCongested, true)
    outbox.acknowledged({ taskId: 'a', fence: 1 })
    assert.equal(outbox.isCongested, false)
    assert.equal(counted.size, 3)
    assert(bytes > 9 * MiB && bytes < 10 * MiB)
    counted.dropOlder(Infinity)
    assert.deepEqual([bytes, counted.size], [0, 0])
  })

  it('keeps a result that is over the limit by itself', () => {
    const outbox = new Outbox({ maxBytes: 10 })
    outbox.add(result('a', 1, 100))
    assert.equal(outbox.size, 1)
  })

  it('answers for a new lease of the same task', () => {
    const outbox = new Outbox()
    const { link, sent } = linkOf()
    outbox.add(result('a'))
    assert.equal(outbox.answer({ taskId: 'a', fence: 2 }), true)
    assert.equal(outbox.answer({ taskId: 'b', fence: 2 }), false)
    outbox.connect(link)
    assert.deepEqual(sent, ['a2'])
  })

  describe('large outputs', () => {
    const named = (taskId: string, size: number): ResultMessage => ({
      kind: 'result', taskId, fence: 1, outcome: { ...completed(), refs: [{ name: 'big', blob: { cid: 'bafkrei', size, form: 'bytes' } }] } as ResultMessage['outcome'],
    })

    it('are let go of once, with their result, however that goes', () => {
      const outbox = new Outbox()
      const { link } = linkOf()
      const released: string[] = []
      const add = (id: string): void => { outbox.add(named(id, 1), () => { released.push(id) }) }
      outbox.connect(link)
      add('acknowledged')
      outbox.acknowledged({ taskId: 'acknowledged', fence: 1 })
      outbox.acknowledged({ taskId: 'acknowledged', fence: 1 })
      outbox.disconnect()
      add('cancelled')
      outbox.cancel({ taskId: 'cancelled', fence: 1 })
      add('replaced')
      add('replaced')
      assert.deepEqual(released, ['acknowledged', 'cancelled', 'replaced'])
      assert.ok(outbox.answer({ taskId: 'replaced', fence: 2 }))
      assert.equal(released.length, 3, 'it answers for the new lease, and still has its outputs')
      outbox.dropOlder(Infinity)
      assert.deepEqual(released.slice(3), ['replaced'])
    })

    it('hold up others at half of the limit, and drop the oldest beyond it', () => {
      const outbox = new Outbox({ maxBlobBytes: 10 })
      outbox.add(named('a', 5))
      assert.ok(!outbox.isCongested)
      outbox.add(named('b', 5))
      assert.ok(outbox.isCongested)
      assert.equal(outbox.size, 2)
      outbox.add(named('c', 5))
      assert.equal(outbox.size, 2)
      outbox.connect(linkOf().link)
      outbox.acknowledged({ taskId: 'b', fence: 1 })
      assert.ok(!outbox.isCongested)
    })

    it('make room among themselves: small results stay', () => {
      const outbox = new Outbox({ maxBlobBytes: 10 })
      outbox.add(result('small'))
      outbox.add(named('a', 6))
      outbox.add(named('b', 6))
      outbox.add(named('larger than all', 11))
      assert.deepEqual([...outbox.results()].map(({ message: { taskId } }) => taskId), ['small', 'larger than all'])
      outbox.dropOldest(({ blobBytes }) => blobBytes)
      assert.deepEqual([outbox.size, outbox.blobBytes], [1, 0])
    })
  })

  it('drops what the submitter does not want, unless it is on its way', () => {
    const outbox = new Outbox()
    outbox.add(result('a'))
    outbox.cancel({ taskId: 'a', fence: 2 })
    assert.equal(outbox.size, 1)
    outbox.cancel({ taskId: 'a', fence: 1 })
    assert.equal(outbox.size, 0)
    outbox.connect(linkOf().link)
    outbox.add(result('b'))
    outbox.cancel({ taskId: 'b', fence: 1 })
    assert.equal(outbox.size, 1)
  })
})
