/**
 * Makes offers of what waits. Gossip loses messages and is heard only by who listens at that moment, so an offer is repeated
 * with back-off until nothing waits. A large mesh must not answer as one: an offer carries the chance with which a worker
 * should answer, and repeats raise it.
 */
import { LRUCache } from 'lru-cache'
import { MAX_OFFERS_PER_PEER, OFFER_REPEAT_MAX_MS, OFFER_REPEAT_MIN_MS, OFFER_TTL_MS } from '../../limits.ts'
import type { Offer } from '../../wire/offer.ts'
import type { Batch } from '../submitter/backlog.ts'

/** Workers that should answer an offer of one task, on average, when it is first made. */
const WANTED_ANSWERS = 4
/** How many of those that hear an offer have not the labels that it requires, for each that has, about. */
const PICKY_FACTOR = 10
/** How many times more likely an answer becomes with each repeat. */
const CHANCE_GROWTH = 3
/** Repeats in vain after which the DHT is asked for workers. */
const REPEATS_BEFORE_SEARCH = 1
/** Times that a batch is offered before it makes room for one that has no offer: peers keep only so many of a submitter. */
const OFFERS_BEFORE_YIELDING = 3
/** Batches of which it is known when they were last offered. */
const MAX_TIMES_KNOWN = 4096

export interface AnnouncerComponents {
  publish: (offer: Offer) => Promise<void>
  /** Peers that may hear an offer. */
  audience: () => number
  /** Where this node can be reached. */
  addresses: () => string[]
  /** Connects to the workers that the DHT knows; with `only`, to this peer. */
  searchWorkers: (only?: string) => Promise<void>
  log?: (message: string) => void
  /** Monotonic milliseconds. Default performance.now. */
  now?: () => number
}

export interface Announcer {
  /** Takes the batches that wait now; the rest is no longer offered. */
  update (batches: Batch[]): void
  /** When a batch, by its key, is offered next; monotonic milliseconds, undefined when that is not planned. */
  nextOfferAt (key: string): number | undefined
  /** What is offered now, for a peer that has just connected. */
  current (): Offer[]
  stop (): void
}

interface Announcement { batch: Batch, repeats: number, timer?: NodeJS.Timeout, nextAt?: number }

export function createAnnouncer ({ publish, audience, addresses, searchWorkers, log = () => {}, now = () => performance.now() }: AnnouncerComponents): Announcer {
  const announcements = new Map<string, Announcement>()
  /** When each batch was last offered, monotonic milliseconds. */
  const offeredAt = new LRUCache<string, number>({ max: MAX_TIMES_KNOWN })
  let unannounced: Batch[] = []
  let searching = false
  let stopped = false

  function offerOf ({ batch, repeats }: Announcement): Offer {
    const { waiting, placement: { require, on } } = batch
    const wanted = WANTED_ANSWERS * waiting * CHANCE_GROWTH ** Math.min(repeats, 10) * (require === undefined ? 1 : PICKY_FACTOR)
    // Of those who hear it, only one can answer.
    const chance = on === undefined ? Math.min(1, wanted / Math.max(1, audience())) : 1
    return offerOfBatch(batch, { chance, addresses: addresses() })
  }

  /** Offers a program now, or, when it was offered only just, in a moment: tasks may come and go many times a second. */
  function begin (batch: Batch): void {
    const announcement: Announcement = { batch, repeats: 0 }
    announcements.set(batch.key, announcement)
    const early = (offeredAt.get(batch.key) ?? -Infinity) + OFFER_REPEAT_MIN_MS - now()
    if (early > 0) announceIn(announcement, early)
    else announce(announcement)
  }

  function announceIn (announcement: Announcement, ms: number): void {
    announcement.nextAt = now() + ms
    announcement.timer = setTimeout(() => { announce(announcement) }, ms).unref()
  }

  function announce (announcement: Announcement): void {
    const { batch: { key }, repeats } = announcement
    if (repeats >= OFFERS_BEFORE_YIELDING && unannounced.length > 0) {
      announcements.delete(key)
      fill()
      return
    }
    announceIn(announcement, Math.min(OFFER_REPEAT_MAX_MS, OFFER_REPEAT_MIN_MS * 2 ** Math.min(repeats, 16)))
    announcement.repeats++
    offeredAt.set(key, now())
    offer(announcement, repeats).catch((error: Error) => { log(`could not offer tasks: ${error.message}`) })
  }

  async function offer (announcement: Announcement, repeats: number): Promise<void> {
    await publish(offerOf({ ...announcement, repeats }))
    const isOver = announcements.get(announcement.batch.key) !== announcement
    if (isOver || searching || announcement.repeats <= REPEATS_BEFORE_SEARCH) return
    searching = true
    try {
      await searchWorkers(announcement.batch.placement.on)
    } finally {
      searching = false
    }
  }

  /** Begins announcements as long as there is room, with the programs whose last offer is the longest ago. */
  function fill (): void {
    const byAge = unannounced.map((batch) => ({ batch, at: offeredAt.get(batch.key) ?? -Infinity })).sort((a, b) => b.batch.placement.priority - a.batch.placement.priority || (a.at === b.at ? 0 : a.at - b.at))
    unannounced = []
    for (const { batch } of byAge) {
      if (announcements.size < MAX_OFFERS_PER_PEER) begin(batch)
      else unannounced.push(batch)
    }
  }

  return {
    update (batches) {
      if (stopped) return
      const waiting = new Set(batches)
      for (const [key, { batch, timer }] of announcements) {
        if (waiting.has(batch)) continue
        clearTimeout(timer)
        announcements.delete(key)
      }
      unannounced = batches.filter(({ key }) => !announcements.has(key))
      if (unannounced.length > 0 && announcements.size < MAX_OFFERS_PER_PEER) fill()
    },
    nextOfferAt: (key) => announcements.get(key)?.nextAt,
    current: () => [...announcements.values()].map(offerOf),
    stop () {
      stopped = true
      for (const { timer } of announcements.values()) clearTimeout(timer)
      announcements.clear()
      unannounced = []
    },
  }
}

/** What is said of the tasks of a batch. */
export function offerOfBatch ({ program, digest, key, placement, waiting }: Batch, { chance, addresses }: Pick<Offer, 'chance' | 'addresses'>): Offer {
  return {
    digest,
    tasks: Math.max(1, waiting),
    cid: program.module.cid,
    moduleBytes: program.module.size,
    memoryLimitBytes: program.memoryLimitBytes ?? 0,
    networking: program.grants.networking,
    fileSystem: program.grants.fileSystem,
    chance,
    addresses,
    issuedAtMs: Date.now(),
    ttlMs: OFFER_TTL_MS,
    ...(key === digest ? {} : { placement }),
  }
}
