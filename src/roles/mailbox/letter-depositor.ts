/** Leaves results with other peers when the submitter that they are for cannot be reached. */
import { createHash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { LETTER_FILL_BYTES, MAX_LETTER_BYTES, MAX_LETTER_RESULTS, MAX_LETTER_TTL_MS } from '../../limits.ts'
import { MAILBOX_COPIES, MAILBOX_REFUSED_MS, MAX_HOLDERS_ASKED } from './limits.ts'
import type { Network } from '../../network/network.ts'
import type { ReceiptBody } from '../../task/receipt.ts'
import type { LetterMessage } from '../../wire/letter.ts'
import { MAILBOX_PROTOCOL } from '../../wire/mailbox.ts'
import { LetterExchange } from './letter-exchange.ts'
import { sealLetter, type LettersComponents, type SealedLetter } from './letters.ts'
import type { Owed } from '../worker/outbox.ts'

/** Peers of which it is remembered that they took no letter. */
const MAX_REFUSERS = 1024

export interface LetterDepositorComponents extends LettersComponents {
  network: LettersComponents['network'] & Pick<Network, 'peers' | 'open'>
  /** Receipts for results, as one message. Default: letters have none. */
  receipts?: (bodies: ReceiptBody[]) => Promise<LetterMessage>
  /** What a submitter is owed, oldest first. */
  owedTo: (peer: string) => Iterable<Owed>
  log: (message: string) => void
  /** 0 to 1, to choose among peers. Default Math.random. */
  random?: () => number
}

export interface LetterDepositor {
  /** Leaves what `recipient` is owed, and was not left with MAILBOX_COPIES peers yet. Never rejects; while it is at it, it is done once more afterwards. */
  leave (recipient: string): Promise<void>
  stop (): void
}

export function createLetterDepositor (components: LetterDepositorComponents, { copies = MAILBOX_COPIES }: { copies?: number } = {}): LetterDepositor {
  const { network, owedTo, log, random = Math.random } = components
  /** With whom each result was left. After a restart they are asked again, and know what they have. */
  const holders = new WeakMap<Owed, Set<string>>()
  const refusers = new LRUCache<string, true>({ max: MAX_REFUSERS, ttl: MAILBOX_REFUSED_MS })
  /** To whom letters are being left; true: there is more since. */
  const leaving = new Map<string, boolean>()
  let stopped = false

  const holdersOf = (owed: Owed): Set<string> => {
    const known = holders.get(owed) ?? new Set<string>()
    holders.set(owed, known)
    return known
  }

  async function deposit (holder: string, recipient: string, label: string, { id, bytes }: SealedLetter): Promise<boolean> {
    try {
      const exchange = new LetterExchange(await network.open(holder, MAILBOX_PROTOCOL))
      exchange.send({ kind: 'deposit', recipient, label, id, size: bytes.length, ttlMs: MAX_LETTER_TTL_MS })
      let answer = await exchange.next()
      if (answer.kind === 'go') {
        exchange.sendBytes(bytes)
        answer = await exchange.next()
      }
      void exchange.close()
      if (answer.kind === 'done') return true
      log(`${holder} takes no letter for ${recipient}: ${answer.kind === 'refused' ? answer.reason : answer.kind}`)
    } catch (error) {
      log(`no letter for ${recipient} could be left with ${holder}: ${(error as Error).message}`)
    }
    refusers.set(holder, true)
    return false
  }

  async function messagesOf (group: Owed[]): Promise<LetterMessage[]> {
    const bodies = group.flatMap(({ body, message: { fence } }) => body === undefined ? [] : [{ ...body, fence }])
    const results = group.map(({ message }) => message)
    return bodies.length === 0 || components.receipts === undefined ? results : [...results, await components.receipts(bodies)]
  }

  async function leaveOne (recipient: string, group: Owed[]): Promise<void> {
    const held = new Set(group.flatMap((owed) => [...holdersOf(owed)]))
    const candidates = network.peers().map(({ peer }) => peer).filter((peer) => peer !== recipient && !held.has(peer) && !refusers.has(peer))
    if (candidates.length === 0) return
    const letter = await sealLetter(recipient, await messagesOf(group), components)
    const label = labelOf(group)
    for (let asked = 0; asked < MAX_HOLDERS_ASKED && candidates.length > 0 && held.size < copies && !stopped; asked++) {
      const [holder] = candidates.splice(Math.floor(random() * candidates.length), 1)
      if (holder === undefined || !await deposit(holder, recipient, label, letter)) continue
      held.add(holder)
      for (const owed of group) holdersOf(owed).add(holder)
    }
  }

  /** Those that were left with the same peers may share letters: what one holder has already must not keep the rest from it. */
  function alike (waiting: Owed[]): Owed[][] {
    const byHolders = new Map<string, Owed[]>()
    for (const owed of waiting) {
      const key = [...holdersOf(owed)].sort().join(' ')
      const others = byHolders.get(key)
      if (others === undefined) byHolders.set(key, [owed])
      else others.push(owed)
    }
    return [...byHolders.values()]
  }

  async function leaveAll (recipient: string): Promise<void> {
    const waiting = [...owedTo(recipient)].filter((owed) => holdersOf(owed).size < copies && owed.bytes + owed.blobBytes <= MAX_LETTER_BYTES)
    for (const group of alike(waiting).flatMap(groupsOf)) {
      if (stopped) return
      await leaveOne(recipient, group).catch((error: unknown) => { log(`${group.length} results for ${recipient} cannot be left with others: ${(error as Error).message}`) })
    }
  }

  return {
    async leave (recipient) {
      if (stopped) return
      if (leaving.has(recipient)) {
        leaving.set(recipient, true)
        return
      }
      try {
        do {
          leaving.set(recipient, false)
          await leaveAll(recipient)
        } while (leaving.get(recipient) === true)
      } finally {
        leaving.delete(recipient)
      }
    },
    stop () { stopped = true },
  }
}

/** Small results share letters. In the order of their ids, so that the letters are the same ones after a restart. */
function groupsOf (waiting: Owed[]): Owed[][] {
  const sorted = waiting.toSorted((a, b) => (a.message.taskId < b.message.taskId ? -1 : 1))
  const groups: Owed[][] = []
  let bytes = 0
  for (const owed of sorted) {
    const group = groups.at(-1)
    const more = owed.bytes + owed.blobBytes
    if (group !== undefined && group.length < MAX_LETTER_RESULTS && bytes + more <= LETTER_FILL_BYTES) {
      group.push(owed)
      bytes += more
    } else {
      groups.push([owed])
      bytes = more
    }
  }
  return groups
}

function labelOf (group: Owed[]): string {
  const hash = createHash('sha256')
  for (const { message: { taskId, fence } } of group) hash.update(`${taskId} ${fence}\n`)
  return hash.digest('hex')
}
