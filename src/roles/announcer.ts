/**
 * Makes offers of what waits. Gossip loses messages and is heard only by who listens at that moment, so an offer is repeated
 * with back-off until nothing waits. A large mesh must not answer as one: an offer carries the chance with which a worker
 * should answer, and repeats raise it.
 */
import { OFFER_REPEAT_MAX_MS, OFFER_REPEAT_MIN_MS, OFFER_TTL_MS } from '../limits.ts'
import type { Offer } from '../wire/offer.ts'
import type { Batch } from './backlog.ts'

/** Workers that should answer an offer of one task, on average, when it is first made. */
const WANTED_ANSWERS = 4
/** How many times more likely an answer becomes with each repeat. */
const CHANCE_GROWTH = 3
/** Repeats in vain after which the DHT is asked for workers. */
const REPEATS_BEFORE_SEARCH = 1

export interface AnnouncerComponents {
  publish: (offer: Offer) => Promise<void>
  /** Peers that may hear an offer. */
  audience: () => number
  /** Where this node can be reached. */
  addresses: () => string[]
  /** Asks the DHT for workers and connects to them. */
  searchWorkers: () => Promise<void>
}

export interface Announcer {
  /** Takes the batches that wait now; the rest is no longer offered. */
  update (batches: Batch[]): void
  /** What is offered now, for a peer that has just connected. */
  current (): Offer[]
  stop (): void
}

interface Announcement { batch: Batch, repeats: number, timer?: NodeJS.Timeout }

export function createAnnouncer ({ publish, audience, addresses, searchWorkers }: AnnouncerComponents): Announcer {
  const announcements = new Map<string, Announcement>()
  let searching = false
  let stopped = false

  function offerOf ({ batch, repeats }: Announcement): Offer {
    const { program, digest } = batch
    const wanted = WANTED_ANSWERS * batch.queue.length * CHANCE_GROWTH ** Math.min(repeats, 10)
    return {
      digest,
      tasks: Math.max(1, batch.queue.length),
      cid: program.module.cid,
      moduleBytes: program.module.size,
      memoryLimitBytes: program.memoryLimitBytes ?? 0,
      networking: program.grants.networking,
      fileSystem: program.grants.fileSystem,
      chance: Math.min(1, wanted / Math.max(1, audience())),
      addresses: addresses(),
      issuedAtMs: Date.now(),
      ttlMs: OFFER_TTL_MS,
    }
  }

  async function announce (announcement: Announcement): Promise<void> {
    const wait = Math.min(OFFER_REPEAT_MAX_MS, OFFER_REPEAT_MIN_MS * 2 ** Math.min(announcement.repeats, 16))
    announcement.timer = setTimeout(() => { void announce(announcement) }, wait).unref()
    const offer = offerOf(announcement)
    announcement.repeats++
    await publish(offer)
    if (announcement.repeats > REPEATS_BEFORE_SEARCH && !searching && !stopped) {
      searching = true
      await searchWorkers().finally(() => { searching = false })
    }
  }

  return {
    update (batches) {
      if (stopped) return
      const waiting = new Set(batches.map(({ digest }) => digest))
      for (const [digest, { timer }] of announcements) {
        if (waiting.has(digest)) continue
        clearTimeout(timer)
        announcements.delete(digest)
      }
      for (const batch of batches) {
        if (announcements.has(batch.digest)) continue
        const announcement = { batch, repeats: 0 }
        announcements.set(batch.digest, announcement)
        void announce(announcement)
      }
    },
    current: () => [...announcements.values()].map(offerOf),
    stop () {
      stopped = true
      for (const { timer } of announcements.values()) clearTimeout(timer)
      announcements.clear()
    },
  }
}
