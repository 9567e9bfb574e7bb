/** Which letters a node holds, by recipient and depositor, and whether there is room for one more. */
import { createHash } from 'node:crypto'
import { CorebrumError } from '../../errors.ts'
import { MAX_LETTERS, MAX_LETTERS_PER_PEER } from '../../limits.ts'

export interface HeldLetter {
  /** Of its depositor and label: what one peer deposits never stands in the way of another. Hex. */
  readonly key: string
  /** Hex sha2-256 of the sealed bytes. */
  readonly id: string
  readonly size: number
  readonly recipient: string
  readonly depositor: string
  /** Unix milliseconds. */
  readonly expiresAtMs: number
}

export function letterKey (depositor: string, label: string): string {
  return createHash('sha256').update(`${depositor} ${label}`).digest('hex')
}

/** Letters of several depositors take turns: a recipient reads only so many that are of no use, and those of one come not before all others. */
export function inTurns (letters: readonly HeldLetter[]): HeldLetter[] {
  const rounds: HeldLetter[][] = []
  const counts = new Map<string, number>()
  for (const letter of letters) {
    const round = counts.get(letter.depositor) ?? 0
    counts.set(letter.depositor, round + 1)
    const others = rounds[round]
    if (others === undefined) rounds.push([letter])
    else others.push(letter)
  }
  return rounds.flat()
}

interface Share { letters: number, bytes: number }

/** One recipient, or one depositor, may have one part in so many of the space, and one depositor as small a part of what one recipient may have. */
const PARTS = 4

export class LetterLedger {
  private readonly maxBytes: number
  private readonly letters = new Map<string, HeldLetter>()
  private readonly shares = new Map<string, Share>()
  private readonly all: Share = { letters: 0, bytes: 0 }

  constructor (maxBytes: number) {
    this.maxBytes = maxBytes
  }

  get size (): number {
    return this.all.letters
  }

  get bytes (): number {
    return this.all.bytes
  }

  has (key: string): boolean {
    return this.letters.has(key)
  }

  values (): Iterable<HeldLetter> {
    return this.letters.values()
  }

  for (recipient: string): HeldLetter[] {
    return this.shares.has(`to ${recipient}`) ? [...this.letters.values()].filter((letter) => letter.recipient === recipient) : []
  }

  /** Throws ERR_QUEUE_FULL when there is no room. */
  add (letter: HeldLetter): void {
    const { recipient, depositor, size } = letter
    if (this.all.letters >= MAX_LETTERS || this.all.bytes + size > this.maxBytes) throw full('it holds as many letters as it may')
    for (const key of [`to ${recipient}`, `of ${depositor}`]) {
      const { letters, bytes } = this.share(key)
      if (letters >= MAX_LETTERS_PER_PEER || bytes + size > this.maxBytes / PARTS) throw full('it holds as many letters for one recipient, or of one depositor, as it may')
    }
    // The first letter may be a large one: nobody fills what a recipient may have with it.
    const { letters, bytes } = this.share(pairKey(letter))
    if (letters > 0 && (letters >= MAX_LETTERS_PER_PEER / PARTS || bytes + size > this.maxBytes / PARTS / PARTS)) throw full('it holds as many letters of one depositor for one recipient as it may')
    this.letters.set(letter.key, letter)
    this.count(letter, 1)
  }

  remove (letter: HeldLetter): void {
    if (!this.letters.delete(letter.key)) return
    this.count(letter, -1)
  }

  private share (key: string): Readonly<Share> {
    return this.shares.get(key) ?? { letters: 0, bytes: 0 }
  }

  private count (letter: HeldLetter, sign: 1 | -1): void {
    const { recipient, depositor, size } = letter
    this.all.letters += sign
    this.all.bytes += sign * size
    for (const key of [`to ${recipient}`, `of ${depositor}`, pairKey(letter)]) {
      const share = this.shares.get(key) ?? { letters: 0, bytes: 0 }
      share.letters += sign
      share.bytes += sign * size
      if (share.letters > 0) this.shares.set(key, share)
      else this.shares.delete(key)
    }
  }
}

function pairKey ({ depositor, recipient }: HeldLetter): string {
  return `of ${depositor} to ${recipient}`
}

function full (reason: string): CorebrumError {
  return new CorebrumError('ERR_QUEUE_FULL', reason)
}
