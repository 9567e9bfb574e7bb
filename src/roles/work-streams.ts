/** Opens this node's work streams to submitters: to answer offers, and to bring results to who went away. */
import { REDELIVER_MS, REDIAL_MAX_MS, REDIAL_MIN_MS } from '../limits.ts'
import type { Network } from '../network/network.ts'
import type { Offer } from '../wire/offer.ts'
import { WORK_PROTOCOL } from '../wire/messages.ts'
import { admitOffer, type Situation } from './admission.ts'
import { submitterLink } from './link.ts'
import { createOfferBook } from './offer-book.ts'
import type { Worker } from './worker.ts'

export interface WorkStreamsComponents {
  network: Network
  worker: Worker
  situation: (cid: string) => Situation
  log: (message: string) => void
  /** 0 to 1. Default Math.random. */
  random?: () => number
}

export interface WorkStreams {
  /** Considers an offer of `peer`; `direct` ones came from the submitter itself and are not left to chance. */
  heard (peer: string, offer: Offer, direct: boolean): void
  /** Tries to reach a submitter that left results of this node behind, until it is back or REDELIVER_MS are over. */
  reopen (peer: string): void
  /** There is room again: looks at the offers that still stand. */
  reconsider (): void
  stop (): void
}

export function createWorkStreams ({ network, worker, situation, log, random = Math.random }: WorkStreamsComponents): WorkStreams {
  const book = createOfferBook()
  const opening = new Set<string>()
  const timers = new Set<NodeJS.Timeout>()
  let stopped = false

  function after (ms: number, action: () => void): void {
    const timer = setTimeout(() => {
      timers.delete(timer)
      action()
    }, ms).unref()
    timers.add(timer)
  }

  async function open (peer: string): Promise<boolean> {
    if (stopped || worker.linkedTo(peer)) return true
    try {
      const channel = await network.open(peer, WORK_PROTOCOL)
      if (stopped) await channel.close()
      else worker.attach(submitterLink(channel, (who, reason) => { network.penalize(who, reason) }))
      return true
    } catch (error) {
      log(`no work stream to ${peer}: ${(error as Error).message}`)
      return false
    }
  }

  function consider (peer: string, offer: Offer, chance: number): void {
    if (stopped || opening.has(peer)) return
    const { cid, memoryLimitBytes, moduleBytes } = offer
    const admission = admitOffer({ memoryLimitBytes, moduleBytes }, situation(cid))
    if (!admission.admitted) {
      log(`declined an offer of ${peer}: ${admission.reason}`)
      return
    }
    if (worker.linkedTo(peer)) {
      worker.noteWanting(peer)
      return
    }
    if (random() >= chance) return
    opening.add(peer)
    after(random() * admission.maxDelayMs, () => {
      void open(peer).then(() => {
        opening.delete(peer)
        worker.noteWanting(peer)
      })
    })
  }

  function redial (peer: string, since: number, failures: number): void {
    if (stopped || worker.undeliveredFor(peer) === 0 || worker.linkedTo(peer)) return
    if (performance.now() - since > REDELIVER_MS) {
      log(`gave up ${worker.undeliveredFor(peer)} results for ${peer}, which did not come back`)
      worker.giveUpOn(peer)
      return
    }
    after(Math.min(REDIAL_MAX_MS, REDIAL_MIN_MS * 2 ** Math.min(failures, 16)), () => {
      void open(peer).then((opened) => { if (!opened) redial(peer, since, failures + 1) })
    })
  }

  return {
    heard (peer, offer, direct) {
      if (peer === network.peerId || !book.note(peer, offer)) return
      network.learn(peer, offer.addresses)
      consider(peer, offer, direct ? 1 : offer.chance)
    },
    reopen (peer) { redial(peer, performance.now(), 0) },
    reconsider () {
      for (const { peer, offer } of book.standing()) if (!worker.linkedTo(peer)) consider(peer, offer, offer.chance)
    },
    stop () {
      stopped = true
      for (const timer of timers) clearTimeout(timer)
    },
  }
}

