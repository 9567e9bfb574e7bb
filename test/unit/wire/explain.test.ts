import assert from 'node:assert/strict'
import { decode, encode } from '../../../src/cbor.ts'
import { answerFromWire, answerToWire, questionFromWire, questionToWire, VERDICTS, type ExplainAnswer } from '../../../src/wire/explain.ts'
import { refusesWire } from '../../support/rejects.ts'
import { OFFER_HEX, PLACED_OFFER } from '../../support/wire-samples.ts'

const ANSWER: ExplainAnswer = { verdict: 'declines', reason: 'no room', load: 3, slots: 2 }
const CAPABILITY = { engine: 'v8', features: ['simd'], memoryLimitBytes: 1, slots: 2, labels: { gpu: 'yes' } }
const CAPABLE_ANSWER_HEX = '860102676e6f20726f6f6d0302a566656e67696e65627638686665617475726573816473696d64666d656d6f72790165736c6f747302666c6162656c73a16367707563796573'
const ANSWER_HEX = '850102676e6f20726f6f6d0302'

describe('explain messages', () => {
  it('have the agreed bytes', () => {
    assert.equal(Buffer.from(encode(answerToWire(ANSWER))).toString('hex'), ANSWER_HEX)
    assert.deepEqual(answerFromWire(decode(Buffer.from(ANSWER_HEX, 'hex'))), ANSWER)
    const question = Buffer.from(`8201${OFFER_HEX}`, 'hex')
    assert.equal(Buffer.from(encode(questionToWire(questionFromWire(decode(question))))).toString('hex'), question.toString('hex'))
  })

  it('come back as they were, and may have more fields', () => {
    for (const verdict of VERDICTS) {
      const answer = { verdict, reason: verdict, load: 0, slots: 4096, capability: CAPABILITY }
      assert.deepEqual(answerFromWire(decode(encode([...answerToWire(answer), 'later']))), answer)
    }
    assert.deepEqual(questionFromWire(decode(encode([...questionToWire(PLACED_OFFER), 'later']))), PLACED_OFFER)
  })

  it('ask without an offer, and tell then what the peer can run', () => {
    assert.deepEqual([questionToWire(undefined), questionFromWire([1, null])], [[1, null], undefined])
    const bytes = encode(answerToWire({ ...ANSWER, capability: CAPABILITY }))
    assert.equal(Buffer.from(bytes).toString('hex'), CAPABLE_ANSWER_HEX)
    assert.deepEqual(answerFromWire(decode(bytes)), { ...ANSWER, capability: CAPABILITY })
  })

  it('cut reasons that are too long', () => {
    assert.equal(answerFromWire(answerToWire({ ...ANSWER, reason: 'x'.repeat(10_000) })).reason.length, 1024)
  })

  for (const [what, raw] of [
    ['nothing', undefined], ['text', 'no'], ['an empty array', []], ['another version', [2, 0, '', 0, 0]], ['half an answer', [1, 0, '']],
    ['a verdict that there is not', [1, 3, '', 0, 0]], ['a verdict of 1.5', [1, 1.5, '', 0, 0]], ['a reason that is null', [1, 0, null, 0, 0]], ['a long reason', [1, 2, 'x'.repeat(1025), 0, 0]],
    ['a negative load', [1, 0, '', -1, 0]], ['an endless load', [1, 0, '', Infinity, 0]], ['too many slots', [1, 0, '', 0, 4097]], ['slots that are text', [1, 0, '', 0, '2']], ['a capability that is none', [1, 0, '', 0, 1, 'yes']],
  ] as Array<[string, unknown]>) {
    it(`refuse an answer that is ${what}`, () => { refusesWire(() => answerFromWire(raw)) })
  }
  for (const [what, raw] of [['nothing', undefined], ['another version', [2, []]], ['too little', [1]], ['text for an offer', [1, 'none']], ['an offer that is none', [1, [1, 2, 3]]], ['an offer of another version', [1, [9]]]] as Array<[string, unknown]>) {
    it(`refuse a question with ${what}`, () => { refusesWire(() => questionFromWire(raw)) })
  }
})
