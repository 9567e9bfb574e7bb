import assert from 'node:assert/strict'
import fc from 'fast-check'
import { decode, encode } from '../../../src/cbor.ts'
import { CorebrumError } from '../../../src/errors.ts'
import { LETTER_PART_BYTES, MAX_LETTER_BYTES, MAX_LETTER_TTL_MS } from '../../../src/limits.ts'
import { letterContent, letterFromWire, signedLetter, type Letter } from '../../../src/wire/letter.ts'
import { mailboxMessageFromWire, mailboxMessageToWire, type MailboxMessage } from '../../../src/wire/mailbox.ts'
import { completed } from '../../support/roles.ts'

const id = 'ab'.repeat(32)
const label = 'cd'.repeat(32)
const taskId = '00112233-4455-6677-8899-aabbccddeeff'

const hex = (value: unknown): string => Buffer.from(encode(value)).toString('hex')

describe('mailbox messages', () => {
  const samples: Array<[MailboxMessage, string]> = [
    [{ kind: 'deposit', recipient: '12D3KooW', label, id, size: 70_000, ttlMs: 604_800_000 }, `8700016831324433` + `4b6f6f575820${label}5820${id}1a000111701a00093a80`],
    [{ kind: 'letter', id, size: 12 }, `8401015820${id}0c`],
    [{ kind: 'part', bytes: new Uint8Array([1, 2]) }, '8202420102'],
    [{ kind: 'go' }, '8110'],
    [{ kind: 'done' }, '8111'],
    [{ kind: 'refused', code: 'ERR_QUEUE_FULL', reason: 'no room' }, '8312183f676e6f20726f6f6d'],
  ]
  for (const [message, bytes] of samples) {
    it(`${message.kind} has the agreed bytes`, () => {
      assert.equal(hex(mailboxMessageToWire(message)), bytes)
      assert.deepEqual(mailboxMessageFromWire(decode(Buffer.from(bytes, 'hex'))), message)
    })
  }

  it('may have more items, of a later version', () => {
    assert.deepEqual(mailboxMessageFromWire([16, 'more']), { kind: 'go' })
  })

  const b32 = Buffer.alloc(32)
  const broken: unknown[] = [
    undefined, null, 5, 'go', {}, [], [99], [[16]], ['16'], [16n],
    [0], [0, 1], [0, 2, 'x', b32, b32, 1, 1], [0, 1, 5, b32, b32, 1, 1], [0, 1, 'x'.repeat(129), b32, b32, 1, 1], [0, 1, 'x', b32.subarray(1), b32, 1, 1], [0, 1, 'x', b32, 'id', 1, 1],
    [0, 1, 'x', b32, b32, 0, 1], [0, 1, 'x', b32, b32, -1, 1], [0, 1, 'x', b32, b32, 1.5, 1], [0, 1, 'x', b32, b32, MAX_LETTER_BYTES + 1, 1], [0, 1, 'x', b32, b32, 1, 0], [0, 1, 'x', b32, b32, 1, MAX_LETTER_TTL_MS / 1000 + 1],
    [1, 0, b32, 1], [1, 1, Buffer.alloc(33), 1], [1, 1, b32], [2], [2, 'text'], [2, new Uint8Array()], [2, new Uint8Array(LETTER_PART_BYTES + 1)],
    [18, 0, ''], [18, 1], [18, 'x', 'y'], [18, 1, 'x'.repeat(1025)],
  ]
  it('of another form are refused', () => {
    for (const raw of broken) assert.throws(() => mailboxMessageFromWire(raw), { code: 'ERR_PROTOCOL' }, String(raw))
  })

  it('are read or refused, whatever they are', () => {
    fc.assert(fc.property(fc.anything(), (raw) => {
      try {
        mailboxMessageFromWire(raw)
      } catch (error) {
        assert.ok(error instanceof CorebrumError && error.code === 'ERR_PROTOCOL')
      }
    }))
  })
})

describe('letters', () => {
  const letter: Letter = { worker: 'w', recipient: 'r', messages: [{ kind: 'result', taskId, fence: 1, outcome: completed(5, 0) }], blobs: [new Uint8Array([7])] }
  const content = '8501617761728187035000112233445566778899aabbccddeeff0100a166726573756c740586'

  it('have the agreed bytes, and are read back', () => {
    const bytes = letterContent(letter)
    assert.ok(Buffer.from(bytes).toString('hex').startsWith(content), Buffer.from(bytes).toString('hex'))
    const signed = signedLetter(bytes, new Uint8Array(64))
    const read = letterFromWire(signed)
    assert.deepEqual([read.letter, read.content, read.signature], [letter, new Uint8Array(bytes), new Uint8Array(64)])
  })

  it('hold results and receipts, and nothing else', () => {
    const others = [[1, 5], [2, [[Buffer.alloc(16), 1]]], [0, 1, {}], [99], 'x', []]
    for (const other of others) assert.throws(() => letterFromWire(signedLetter(encode([1, 'w', 'r', [other], []]), new Uint8Array(64))), { code: 'ERR_PROTOCOL' })
  })

  it('of another form are refused', () => {
    const good = decode(letterContent(letter))
    assert.ok(Array.isArray(good))
    const contents = [[2, ...good.slice(1)], good.slice(0, 4), [1, 5, ...good.slice(2)], [1, 'w', 'r', [], []], [1, 'w', 'r', 'x', []], [1, 'w', 'r', good[3], ['x']], 'x', {}]
    for (const raw of contents) assert.throws(() => letterFromWire(signedLetter(encode(raw), new Uint8Array(64))), { code: 'ERR_PROTOCOL' })
    const whole = signedLetter(letterContent(letter), new Uint8Array(64))
    for (let length = 0; length < whole.length; length++) assert.throws(() => letterFromWire(whole.subarray(0, length)), { code: 'ERR_PROTOCOL' })
    assert.throws(() => letterFromWire(encode([letterContent(letter)])), { code: 'ERR_PROTOCOL' })
    assert.throws(() => letterFromWire(encode([letterContent(letter), new Uint8Array()])), { code: 'ERR_PROTOCOL' })
  })
})
