/**
 * Takes letters that were left for this node. A holder may send what it likes: only results count that a worker signed and
 * that this node leased to it, and the submitter decides about those as if they came over the worker's stream.
 */
import { LRUCache } from 'lru-cache'
import { CorebrumError, toCorebrumError } from '../../errors.ts'
import { LETTERS_IGNORED_MS, MAX_BAD_LETTERS, MAX_LETTER_BYTES_MOVING } from './limits.ts'
import { MAX_LETTERS_PER_PEER } from '../../limits.ts'
import type { LetterName } from '../../wire/mailbox.ts'
import type { LetterExchange } from './letter-exchange.ts'
import { LettersMoving } from './letters-moving.ts'
import { openLetter, type LettersComponents, type OpenedLetter } from './letters.ts'

/** Letters that were taken and may come again, from another holder; and holders whose letters are counted. */
const MAX_TAKEN_REMEMBERED = 4096
const MAX_HOLDERS_REMEMBERED = 1024
/** Letters of one holder in LETTERS_IGNORED_MS: twice what it may hold; one that cannot be read counts as many. */
const MAX_LETTERS_COUNTED = 2 * MAX_LETTERS_PER_PEER
const BAD_LETTER_COUNTS = MAX_LETTERS_COUNTED / MAX_BAD_LETTERS

export interface LetterReaderComponents {
  network: LettersComponents['network']
  /** Resolves when all that the letter, which `holder` kept, says is on disk, or is of no use. */
  deliver: (letter: OpenedLetter, holder: string) => Promise<void>
  log: (message: string) => void
}

export class LetterReader {
  private readonly components: LetterReaderComponents
  private readonly taken = new LRUCache<string, true>({ max: MAX_TAKEN_REMEMBERED })
  /** Letters of each holder. Those that cannot be read are no breach of rules, as a depositor may have made them. */
  private readonly counts = new LRUCache<string, number>({ max: MAX_HOLDERS_REMEMBERED, ttl: LETTERS_IGNORED_MS, noUpdateTTL: true })
  private readonly moving = new LettersMoving(MAX_LETTER_BYTES_MOVING)

  constructor (components: LetterReaderComponents) {
    this.components = components
  }

  /** Answers for one letter that `holder` offers. Rejects as `LetterExchange`. */
  async offered (exchange: LetterExchange, holder: string, letter: LetterName): Promise<void> {
    if (this.taken.has(letter.id)) return exchange.send({ kind: 'done' })
    if ((this.counts.get(holder) ?? 0) >= MAX_LETTERS_COUNTED) return exchange.send({ kind: 'refused', code: 'ERR_DECLINED', reason: 'you had too many letters, or too many that could not be read' })
    if (!this.moving.begin(holder, letter.size)) return exchange.send({ kind: 'refused', code: 'ERR_QUEUE_FULL', reason: 'too many letters are on their way' })
    try {
      const opened = await this.read(holder, await exchange.receiveBytes(letter))
      if (opened !== undefined) {
        await this.components.deliver(opened, holder)
        this.taken.set(letter.id, true)
        this.count(holder, 1)
      }
      // What cannot be read now never can: its holder need not keep it either.
      exchange.send({ kind: 'done' })
    } catch (thrown) {
      const error = toCorebrumError(thrown)
      if (error.code !== 'ERR_WAIT_TIMEOUT') throw error
      this.components.log(`a letter of ${holder} must come again: ${error.message}`)
      exchange.send({ kind: 'refused', code: error.code, reason: 'its results cannot be kept now' })
    } finally {
      this.moving.end(holder, letter.size)
    }
  }

  private count (holder: string, letters: number): void {
    this.counts.set(holder, (this.counts.get(holder) ?? 0) + letters)
  }

  private async read (holder: string, sealed: Uint8Array): Promise<OpenedLetter | undefined> {
    try {
      return await openLetter(sealed, this.components.network)
    } catch (thrown) {
      const error = toCorebrumError(thrown)
      if (error.code !== 'ERR_PROTOCOL') throw new CorebrumError('ERR_WAIT_TIMEOUT', error.message, { cause: error })
      this.count(holder, BAD_LETTER_COUNTS)
      this.components.log(`a letter that ${holder} held is of no use: ${error.message}`)
      return undefined
    }
  }
}
