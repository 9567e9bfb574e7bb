/** Opens this node's work streams to submitters: to answer offers, and to bring results to who went away. */
import { REDELIVER_MS, REDIAL_MAX_MS, REDIAL_MIN_MS } from '../limits.ts'
import type { Network } from '../network/network.ts'
import type { Offer } from '../wire/offer.ts'
import { WORK_PROTOCOL } from '../wire/messages.ts'
import { admitOffer, admitProgram, type Situation } from './admission.ts'
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
  /** Monotonic milliseconds. Default performance.now. */
  now?: () => number
}

/** The way back to a submitter that left results behind. */
interface Return {
  /** When it went, monotonic milliseconds; a stream that ends at once does not move it. */
  readonly since: number
  /** Dials so far. */
  failures: number
  timer?: NodeJS.Timeout
}

export interface WorkStreams {
  /** Considers an offer of `peer`; `direct` ones came from the submitter itself and are not left to chance. */
  heard (peer: string, offer: Offer, direct: boolean): void
  /** Tries to reach a submitter that left results of this node behind, until it is back or REDELIVER_MS are over. */
  reopen (peer: string): void
  stop (): void
}

export function createWorkStreams ({ network, worker, situation, log, random = Math.random, now = () => performance.now() }: WorkStreamsComponents): WorkStreams {
  const book = createOfferBook()
  /** Peers that will be dialled after a wait. */
  const waits = new Map<string, NodeJS.Timeout>()
  const dials = new Map<string, Promise<void>>()
  const returns = new Map<string, Return>()
  let stopped = false

  /** Opens a stream unless there is one; of several calls for one peer, only the first dials. */
  function open (peer: string): Promise<void> {
    if (stopped || worker.linkedTo(peer)) return Promise.resolve()
    const dialled = dials.get(peer) ?? dial(peer).finally(() => { dials.delete(peer) })
    dials.set(peer, dialled)
    return dialled
  }

  async function dial (peer: string): Promise<void> {
    try {
      const channel = await network.open(peer, WORK_PROTOCOL)
      if (stopped) await channel.close()
      else worker.attach(submitterLink(channel, (who, reason) => { network.penalize(who, reason) }))
    } catch (error) {
      log(`no work stream to ${peer}: ${(error as Error).message}`)
    }
  }

  function consider (peer: string, offer: Offer, chance: number): void {
    if (stopped || waits.has(peer) || dials.has(peer)) return
    const { cid, memoryLimitBytes, moduleBytes, networking } = offer
    const demand = { memoryLimitBytes, moduleBytes, ...(networking ? { hosts: [] } : {}) }
    const linked = worker.linkedTo(peer)
    // Over a stream that is open, a busy node shares itself out; it need not turn anybody away.
    const admission = linked
      ? admitProgram(demand, situation(cid))
      : admitOffer({ ...demand, chance }, situation(cid))
    if (!admission.admitted) log(`declined an offer of ${peer}: ${admission.reason}`)
    else if (linked) worker.noteWanting(peer)
    else if (random() < chance) {
      waits.set(peer, setTimeout(() => {
        waits.delete(peer)
        void open(peer).then(() => { worker.noteWanting(peer) })
      }, random() * admission.maxDelayMs).unref())
    }
  }

  function redial (peer: string, way: Return): void {
    if (now() - way.since > REDELIVER_MS && !worker.linkedTo(peer)) {
      log(`gave up ${worker.undeliveredFor(peer)} results for ${peer}, which did not come back`)
      returns.delete(peer)
      worker.giveUpOn(peer)
      return
    }
    const wait = Math.min(REDIAL_MAX_MS, REDIAL_MIN_MS * 2 ** Math.min(way.failures++, 16))
    way.timer = setTimeout(() => {
      // A stream that is open now, after the wait, is one that takes the results; one that ended at once was none.
      if (worker.undeliveredFor(peer) === 0 || worker.linkedTo(peer)) returns.delete(peer)
      else void open(peer).then(() => { if (!stopped) redial(peer, way) })
    }, wait).unref()
  }

  return {
    heard (peer, offer, direct) {
      if (peer === network.peerId || !book.note(peer, offer)) return
      network.learn(peer, offer.addresses)
      consider(peer, offer, direct ? 1 : offer.chance)
    },
    reopen (peer) {
      if (stopped || returns.has(peer)) return
      const way: Return = { since: now(), failures: 0 }
      returns.set(peer, way)
      redial(peer, way)
    },
    stop () {
      stopped = true
      for (const timer of waits.values()) clearTimeout(timer)
      for (const { timer } of returns.values()) clearTimeout(timer)
      waits.clear()
      returns.clear()
    },
  }
}

