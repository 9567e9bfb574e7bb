import assert from 'node:assert/strict'
import { LETTER_PART_BYTES } from '../../../src/limits.ts'
import { LetterExchange } from '../../../src/roles/mailbox/letter-exchange.ts'
import { letterId } from '../../../src/roles/mailbox/letters.ts'
import { rejectsWith } from '../../support/rejects.ts'
import { FakeChannel, turn, useClock } from '../../support/roles.ts'

describe('an exchange of letters', () => {
  const clock = useClock()
  let channel: FakeChannel
  let exchange: LetterExchange

  beforeEach(() => {
    channel = new FakeChannel('peer')
    exchange = new LetterExchange(channel, { timeoutMs: 1_000 })
  })

  const hear = (...messages: unknown[]): void => { channel.onMessages?.(messages) }
  const bytes = new Uint8Array(2 * LETTER_PART_BYTES + 5).map((_, i) => i % 251)

  it('gives what is said in order, also what was said before the end', async () => {
    hear([16], [17])
    channel.onClose?.()
    assert.deepEqual([await exchange.next(), await exchange.next()], [{ kind: 'go' }, { kind: 'done' }])
    await rejectsWith('ERR_STREAM_CLOSED', exchange.next())
  })

  it('moves a letter in pieces, however they are cut', async () => {
    exchange.sendBytes(bytes)
    assert.equal(channel.sent.length, 3)
    const received = exchange.receiveBytes({ id: letterId(bytes), size: bytes.length })
    hear([2, bytes.subarray(0, 1)], [2, bytes.subarray(1, LETTER_PART_BYTES)])
    await turn()
    hear([2, bytes.subarray(LETTER_PART_BYTES, 2 * LETTER_PART_BYTES)])
    hear([2, bytes.subarray(2 * LETTER_PART_BYTES)])
    assert.ok(Buffer.from(bytes).equals(await received))
  })

  it('takes no more memory for a letter than it has bytes, in however many pieces it comes', async () => {
    const size = 300_000
    const one = new Uint8Array(1)
    const letter = new Uint8Array(size)
    const received = exchange.receiveBytes({ id: letterId(letter), size })
    const before = process.memoryUsage().arrayBuffers
    for (let i = 0; i < size - 1; i++) channel.onMessages?.([[2, one]])
    assert.equal(Object.values(exchange).some((held) => Array.isArray(held) && held.length > 4), false)
    assert.ok(process.memoryUsage().arrayBuffers - before < 2 * size)
    channel.onMessages?.([[2, one]])
    assert.equal((await received).length, size)
  })

  it('ends when the other side stalls, before an answer and in the middle of a letter', async () => {
    const answer = exchange.next()
    clock.tick(1_000)
    await rejectsWith('ERR_PEER_TIMEOUT', answer)
    assert.ok(channel.aborted !== undefined)

    channel = new FakeChannel('peer')
    exchange = new LetterExchange(channel, { timeoutMs: 1_000 })
    const received = exchange.receiveBytes({ id: letterId(bytes), size: bytes.length })
    for (let i = 0; i < 10; i++) {
      hear([2, bytes.subarray(i, i + 1)])
      clock.tick(100)
    }
    await rejectsWith('ERR_PEER_TIMEOUT', received)
    assert.ok(channel.aborted !== undefined)
  })

  it('ends when the other side does', async () => {
    const received = exchange.receiveBytes({ id: letterId(bytes), size: bytes.length })
    hear([2, bytes.subarray(0, 1)])
    channel.onClose?.(new Error('reset'))
    await rejectsWith('ERR_STREAM_CLOSED', received)
  })

  it('ends with bytes that were not asked for, too many of them, or other ones', async () => {
    hear([2, new Uint8Array(1)])
    await rejectsWith('ERR_PROTOCOL', exchange.next())
    for (const wrong of [new Uint8Array(11), new Uint8Array(10).fill(1)]) {
      channel = new FakeChannel('peer')
      exchange = new LetterExchange(channel)
      const received = exchange.receiveBytes({ id: letterId(new Uint8Array(10)), size: 10 })
      hear([2, wrong])
      await rejectsWith('ERR_PROTOCOL', received)
    }
  })
})
