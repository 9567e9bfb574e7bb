import assert from 'node:assert/strict'
import { MAX_LETTERS_PER_PEER } from '../../../src/limits.ts'
import { LetterLedger, letterKey, type HeldLetter } from '../../../src/roles/mailbox/letter-ledger.ts'

const MiB = 1024 * 1024

describe('the letters that a node holds', () => {
  let ledger: LetterLedger
  let labels: number

  beforeEach(() => {
    ledger = new LetterLedger(256 * MiB)
    labels = 0
  })

  const letter = (depositor: string, recipient: string, size = 1): HeldLetter => {
    const key = letterKey(depositor, String(labels++))
    return { key, id: key, size, recipient, depositor, expiresAtMs: 0 }
  }

  /** As many as are taken. */
  function fill (depositor: string, recipient: string, size?: number): HeldLetter[] {
    const taken: HeldLetter[] = []
    for (let i = 0; i < 2 * MAX_LETTERS_PER_PEER; i++) {
      const one = letter(depositor, recipient, size)
      try {
        ledger.add(one)
        taken.push(one)
      } catch (error) {
        assert.equal((error as { code?: string }).code, 'ERR_QUEUE_FULL')
        return taken
      }
    }
    return taken
  }

  it('leave others room for a recipient, whatever one depositor leaves for it', () => {
    assert.equal(fill('liar', 'r').length, MAX_LETTERS_PER_PEER / 4)
    ledger.add(letter('worker', 'r'))
    ledger = new LetterLedger(256 * MiB)
    assert.equal(fill('liar', 'r', 8 * MiB).length, 2)
    ledger.add(letter('worker', 'r', 8 * MiB))
  })

  it('are as many of one depositor, for several recipients, as before, and have room again when they go', () => {
    const [first] = fill('d', 'r1')
    for (const recipient of ['r2', 'r3', 'r4', 'r5']) fill('d', recipient)
    assert.equal(ledger.size, MAX_LETTERS_PER_PEER)
    ledger.remove(first ?? assert.fail())
    ledger.add(letter('d', 'r1'))
    assert.throws(() => { ledger.add(letter('d', 'r1')) }, { code: 'ERR_QUEUE_FULL' })
  })

  it('may be one large one, also where there is little space', () => {
    ledger = new LetterLedger(32 * MiB)
    ledger.add(letter('d', 'r', 8 * MiB))
    assert.throws(() => { ledger.add(letter('d', 'r')) }, { code: 'ERR_QUEUE_FULL' })
  })
})
