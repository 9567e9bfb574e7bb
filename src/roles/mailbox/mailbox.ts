/**
 * The mailbox: results for a submitter that is away wait with other peers until it is back. Every node may leave letters and
 * takes its own; it holds those of others when it has space for them.
 */
import { CorebrumError, toCorebrumError } from '../../errors.ts'
import type { Blobs } from '../../modules/blobs.ts'
import type { Network } from '../../network/network.ts'
import { MAILBOX_PROTOCOL } from '../../wire/mailbox.ts'
import { deliverLetter } from './letter-delivery.ts'
import { createLetterDepositor, type LetterDepositorComponents } from './letter-depositor.ts'
import { LetterExchange } from './letter-exchange.ts'
import { createLetterFiles, NO_LETTER_FILES, type LetterFiles } from './letter-files.ts'
import { LetterHolder } from './letter-holder.ts'
import { LetterReader } from './letter-reader.ts'
import type { Submitter } from '../submitter/submitter.ts'
import type { Worker } from '../worker/worker.ts'

export interface MailboxComponents {
  network: Network
  worker: Pick<Worker, 'owedTo'>
  /** Submitters that cannot be reached and are owed something. Default: nobody. */
  away?: () => string[]
  submitter: Pick<Submitter, 'hear'>
  /** See `LetterDepositorComponents`. */
  receipts?: LetterDepositorComponents['receipts']
  blobs: Pick<Blobs, 'read'>
  log: (message: string) => void
}

export interface MailboxInit {
  /** Folder of the letters that are held for others, made when it is needed; without one and without `files` none are held. */
  dir?: string
  /** Space for them; 0: none are held. */
  maxBytes: number
  /** Default: on disk. */
  files?: LetterFiles
}

export interface Mailbox {
  /** Serves the protocol; to be called when the submitter knows its tasks again. Rejects with ERR_STORE. */
  start (): Promise<void>
  stop (): void
  /** Leaves what `recipient` is owed with other peers; never rejects. */
  leave (recipient: string): Promise<void>
  /** Letters that are held for others, and their bytes. */
  readonly held: { letters: number, bytes: number }
}

export function createMailbox ({ network, worker, away = () => [], submitter, receipts, blobs, log }: MailboxComponents, { dir, maxBytes, files = dir === undefined ? undefined : createLetterFiles(dir) }: MailboxInit): Mailbox {
  const holder = new LetterHolder({ network, files: files ?? NO_LETTER_FILES, log }, { maxBytes: files === undefined ? 0 : maxBytes })
  const reader = new LetterReader({ network, deliver: (letter, from) => deliverLetter(submitter, letter, from), log })
  const depositor = createLetterDepositor({ network, blobs, owedTo: (peer) => worker.owedTo(peer), log, ...(receipts === undefined ? {} : { receipts }) })

  /** The first message says what the other side wants; of letters to this node there may be many. */
  async function serve (exchange: LetterExchange, peer: string): Promise<void> {
    let said = await exchange.next()
    if (said.kind === 'deposit') await holder.deposited(exchange, peer, said)
    else if (said.kind !== 'letter') throw new CorebrumError('ERR_PROTOCOL', 'an exchange of letters begins with one')
    while (said.kind === 'letter') {
      await reader.offered(exchange, peer, said)
      said = await exchange.next()
    }
    await exchange.close()
  }

  return {
    async start () {
      await holder.start()
      await network.serve(MAILBOX_PROTOCOL, (channel) => {
        const exchange = new LetterExchange(channel)
        serve(exchange, channel.peer).catch((thrown: unknown) => {
          const error = toCorebrumError(thrown)
          if (error.code === 'ERR_PROTOCOL') network.penalize(channel.peer, error.message)
          exchange.abort(error)
        })
      })
      network.onPeer(({ peer, connected }) => {
        if (!connected) return
        void holder.deliver(peer)
        for (const recipient of away()) void depositor.leave(recipient)
      })
    },
    stop () {
      depositor.stop()
      holder.stop()
    },
    leave: (recipient) => depositor.leave(recipient),
    get held () { return { letters: holder.letters, bytes: holder.bytes } },
  }
}
