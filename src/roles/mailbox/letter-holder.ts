/** Keeps letters for peers that are away, and brings them when those are back. Neither side of a letter is trusted. */
import { CorebrumError, toCorebrumError } from '../../errors.ts'
import { MAX_LETTER_BYTES_LEAVING, MAX_LETTER_BYTES_MOVING } from './limits.ts'
import type { Network } from '../../network/network.ts'
import { MAILBOX_PROTOCOL, type MailboxMessage } from '../../wire/mailbox.ts'
import { LetterExchange } from './letter-exchange.ts'
import type { LetterFiles } from './letter-files.ts'
import { inTurns, letterKey, LetterLedger, type HeldLetter } from './letter-ledger.ts'
import { LettersMoving } from './letters-moving.ts'

/** Letters that expired leave the disk this late. */
const SWEEP_MS = 3_600_000
/** A recipient that is there and did not take its letters is asked again. */
const RETRY_MS = 60_000

export interface LetterHolderComponents {
  network: Pick<Network, 'peerId' | 'peers' | 'open'>
  files: LetterFiles
  log: (message: string) => void
}

export interface LetterHolderInit {
  /** Of all letters; 0: none is kept. */
  maxBytes: number
}

type Deposit = Extract<MailboxMessage, { kind: 'deposit' }>

export class LetterHolder {
  private readonly components: LetterHolderComponents
  private readonly ledger: LetterLedger
  /** Those whose bytes are not on disk yet. */
  private readonly arriving = new Set<string>()
  private readonly delivering = new Set<string>()
  private sweeper?: NodeJS.Timeout
  private readonly retries = new Map<string, NodeJS.Timeout>()
  private readonly moving = new LettersMoving(MAX_LETTER_BYTES_MOVING)
  private readonly leaving = new LettersMoving(MAX_LETTER_BYTES_LEAVING)
  private stopped = false

  constructor (components: LetterHolderComponents, { maxBytes }: LetterHolderInit) {
    this.components = components
    this.ledger = new LetterLedger(maxBytes)
  }

  get letters (): number {
    return this.ledger.size
  }

  get bytes (): number {
    return this.ledger.bytes
  }

  /** Takes up what an earlier process held; more than there is room for now is dropped. Rejects with ERR_STORE. */
  async start (): Promise<void> {
    for (const letter of await this.components.files.list()) {
      try {
        this.ledger.add(letter)
      } catch {
        await this.components.files.remove(letter)
      }
    }
    this.sweep()
    this.sweeper = setInterval(() => { this.sweep() }, SWEEP_MS).unref()
  }

  stop (): void {
    this.stopped = true
    clearInterval(this.sweeper)
    for (const timer of this.retries.values()) clearTimeout(timer)
    this.retries.clear()
  }

  /** Takes a letter of `depositor`, or says why not. Rejects as `LetterExchange`. */
  async deposited (exchange: LetterExchange, depositor: string, deposit: Deposit): Promise<void> {
    const { recipient, size, id, ttlMs } = deposit
    const letter: HeldLetter = { key: letterKey(depositor, deposit.label), id, size, recipient, depositor, expiresAtMs: Date.now() + ttlMs }
    const refusal = this.reserve(letter)
    if (refusal !== undefined) return exchange.send(refusal)
    try {
      const sealed = await exchange.receiveBytes(deposit)
      await this.components.files.write(letter, sealed)
      this.arriving.delete(letter.key)
      exchange.send({ kind: 'done' })
    } catch (thrown) {
      this.ledger.remove(letter)
      const error = toCorebrumError(thrown)
      if (error.code !== 'ERR_STORE') throw error
      this.components.log(error.message)
      exchange.send({ kind: 'refused', code: error.code, reason: 'it cannot be written' })
    } finally {
      this.arriving.delete(letter.key)
      this.moving.end(depositor, size)
    }
    if (this.isThere(recipient)) void this.deliver(recipient)
  }

  /** Brings a peer that is connected what is here for it; never rejects. */
  async deliver (recipient: string): Promise<void> {
    this.sweep()
    if (this.stopped || this.delivering.has(recipient) || this.waitingFor(recipient).length === 0) return
    this.delivering.add(recipient)
    try {
      const exchange = new LetterExchange(await this.components.network.open(recipient, MAILBOX_PROTOCOL))
      // Those that come meanwhile go with them.
      for (let letters = this.waitingFor(recipient); letters.length > 0; letters = this.waitingFor(recipient)) {
        for (const letter of inTurns(letters)) await this.bring(exchange, letter)
      }
      await exchange.close()
    } catch (error) {
      this.components.log(`letters for ${recipient} stay here: ${(error as Error).message}`)
    } finally {
      this.delivering.delete(recipient)
    }
    // Also one that came while the exchange was being closed.
    if (this.waitingFor(recipient).length > 0 && this.isThere(recipient)) this.retry(recipient)
  }

  private async bring (exchange: LetterExchange, letter: HeldLetter): Promise<void> {
    const { recipient, size } = letter
    if (!this.leaving.begin(recipient, size)) {
      exchange.abort(new CorebrumError('ERR_QUEUE_FULL', 'too many letters are on their way'))
      throw new CorebrumError('ERR_QUEUE_FULL', 'too many letters are on their way to others')
    }
    try {
      await this.hand(exchange, letter)
    } finally {
      this.leaving.end(recipient, size)
    }
  }

  private async hand (exchange: LetterExchange, letter: HeldLetter): Promise<void> {
    const { id, size } = letter
    let sealed
    try {
      sealed = await this.components.files.read(letter)
    } catch (error) {
      this.components.log(`a letter for ${letter.recipient} is lost: ${(error as Error).message}`)
      await this.drop(letter)
      return
    }
    exchange.send({ kind: 'letter', id, size })
    let answer = await exchange.next()
    if (answer.kind === 'go') {
      exchange.sendBytes(sealed)
      answer = await exchange.next()
    }
    if (answer.kind === 'done') return await this.drop(letter)
    exchange.abort(new CorebrumError('ERR_DECLINED', 'the rest is brought another time'))
    throw new CorebrumError('ERR_DECLINED', answer.kind === 'refused' ? answer.reason : 'its recipient answers something else')
  }

  /** Makes room for a letter, or says why it is not taken; also when it is here already. */
  private reserve (letter: HeldLetter): MailboxMessage | undefined {
    const { key, recipient, depositor, size } = letter
    const refused = (reason: string): MailboxMessage => ({ kind: 'refused', code: 'ERR_QUEUE_FULL', reason })
    if (this.arriving.has(key)) return refused('it is on its way')
    if (this.ledger.has(key)) return { kind: 'done' }
    if (this.stopped || recipient === this.components.network.peerId) return refused('it is not kept here')
    if (!this.moving.begin(depositor, size)) return refused('too many letters are on their way')
    this.sweep()
    try {
      this.ledger.add(letter)
    } catch (thrown) {
      this.moving.end(depositor, size)
      return refused(toCorebrumError(thrown).message)
    }
    this.arriving.add(key)
    return undefined
  }

  private isThere (recipient: string): boolean {
    return this.components.network.peers().some(({ peer }) => peer === recipient)
  }

  private retry (recipient: string): void {
    if (this.stopped || this.retries.has(recipient)) return
    this.retries.set(recipient, setTimeout(() => {
      this.retries.delete(recipient)
      if (this.isThere(recipient)) void this.deliver(recipient)
    }, RETRY_MS).unref())
  }

  private waitingFor (recipient: string): HeldLetter[] {
    return this.ledger.for(recipient).filter(({ key }) => !this.arriving.has(key))
  }

  private async drop (letter: HeldLetter): Promise<void> {
    this.ledger.remove(letter)
    await this.components.files.remove(letter)
  }

  private sweep (): void {
    const now = Date.now()
    for (const letter of [...this.ledger.values()]) if (letter.expiresAtMs <= now && !this.arriving.has(letter.key)) void this.drop(letter)
  }
}
