/** One stream of the mailbox protocol, from either side: messages one after the other, and the bytes of letters in pieces. */
import { CorebrumError, toCorebrumError } from '../../errors.ts'
import { LETTER_PART_BYTES } from '../../limits.ts'
import { LETTER_TIMEOUT_MS } from './limits.ts'
import type { Channel } from '../../network/network.ts'
import { mailboxMessageFromWire, mailboxMessageToWire, type LetterName, type MailboxMessage } from '../../wire/mailbox.ts'
import { letterId } from './letters.ts'

/** Nobody has more to say before it is answered. */
const MAX_UNREAD = 4

type Said = Exclude<MailboxMessage, { kind: 'part' }>

export class LetterExchange {
  private readonly channel: Channel
  private readonly timeoutMs: number
  private readonly unread: Said[] = []
  /** The letter that was asked for, and how much of it is not here: in one piece, as a list of single bytes takes a hundred times as much. */
  private letter = Buffer.alloc(0)
  private missing = 0
  private ended?: CorebrumError
  private wake?: () => void

  /** `timeoutMs` is for one message of the other side, or one letter. To be made before the channel's owner returns to the event loop. */
  constructor (channel: Channel, { timeoutMs = LETTER_TIMEOUT_MS }: { timeoutMs?: number } = {}) {
    this.channel = channel
    this.timeoutMs = timeoutMs
    channel.onMessages = (messages) => { this.receive(messages) }
    channel.onClose = (error) => { this.end(toCorebrumError(error ?? new CorebrumError('ERR_STREAM_CLOSED', 'the other side ended the exchange of letters'), 'ERR_STREAM_CLOSED')) }
  }

  send (message: MailboxMessage): void {
    this.channel.send(mailboxMessageToWire(message))
  }

  /** What the other side says next. Rejects with ERR_STREAM_CLOSED at the end, ERR_PEER_TIMEOUT, ERR_PROTOCOL. */
  async next (): Promise<Said> {
    await this.until(() => this.unread.length > 0)
    const said = this.unread.shift()
    if (said === undefined) throw new CorebrumError('ERR_INTERNAL', 'nothing was said')
    return said
  }

  sendBytes (bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += LETTER_PART_BYTES) this.send({ kind: 'part', bytes: bytes.subarray(at, at + LETTER_PART_BYTES) })
  }

  /** Asks for a letter. Rejects as `next`, with ERR_PROTOCOL also when its bytes are not those that its id names. */
  async receiveBytes ({ id, size }: LetterName): Promise<Uint8Array> {
    this.letter = Buffer.alloc(size)
    this.missing = size
    this.send({ kind: 'go' })
    await this.until(() => this.missing === 0)
    const bytes = this.letter
    this.letter = Buffer.alloc(0)
    if (letterId(bytes) !== id) throw new CorebrumError('ERR_PROTOCOL', 'the bytes of a letter are not those that its id names')
    return bytes
  }

  async close (): Promise<void> {
    await this.channel.close()
  }

  abort (error: CorebrumError): void {
    this.end(error)
    this.channel.abort(error)
  }

  private receive (messages: unknown[]): void {
    try {
      for (const raw of messages) this.hear(mailboxMessageFromWire(raw))
    } catch (thrown) {
      this.abort(toCorebrumError(thrown))
    }
    this.wake?.()
  }

  private hear (message: MailboxMessage): void {
    if (message.kind === 'part') {
      if (message.bytes.length > this.missing) throw new CorebrumError('ERR_PROTOCOL', 'bytes of a letter that were not asked for')
      this.letter.set(message.bytes, this.letter.length - this.missing)
      this.missing -= message.bytes.length
    } else if (this.unread.push(message) > MAX_UNREAD) throw new CorebrumError('ERR_PROTOCOL', 'messages that nobody asked for')
  }

  private end (error: CorebrumError): void {
    this.ended ??= error
    this.wake?.()
  }

  private async until (isDone: () => boolean): Promise<void> {
    const late = (): void => { this.abort(new CorebrumError('ERR_PEER_TIMEOUT', `no answer about a letter within ${this.timeoutMs} ms`)) }
    const timer = setTimeout(late, this.timeoutMs).unref()
    try {
      while (!isDone()) {
        if (this.ended !== undefined) throw this.ended
        await new Promise<void>((resolve) => { this.wake = resolve })
      }
    } finally {
      clearTimeout(timer)
      this.wake = undefined
    }
  }
}
