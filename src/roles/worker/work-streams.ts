/** Opens this node's work streams to submitters: to answer offers, and to bring results to who went away. */
import { MAX_WORK_STREAMS } from '../../limits.ts'
import type { Network } from '../../network/network.ts'
import type { Offer } from '../../wire/offer.ts'
import { WORK_PROTOCOL } from '../../wire/messages.ts'
import { admitOffer, admitProgram, demandOfOffer, type Situation } from '../offers/admission.ts'
import { submitterLink } from '../link.ts'
import { createOfferBook } from '../offers/offer-book.ts'
import { createWaysBack } from './ways-back.ts'
import type { Worker } from './worker.ts'

export interface WorkStreamsComponents {
  network: Network
  worker: Worker
  situation: (cid: string) => Situation
  log: (message: string) => void
  /** See `WaysBackComponents`. */
  onAway?: (peer: string) => void
  /** 0 to 1. Default Math.random. */
  random?: () => number
  /** Monotonic milliseconds. Default performance.now. */
  now?: () => number
}

export interface WorkStreams {
  /** Considers an offer of `peer`; `direct` ones came from the submitter itself and are not left to chance. */
  heard (peer: string, offer: Offer, direct: boolean): void
  /** Tries to reach a submitter that left results of this node behind, until it is back or they are given up. */
  reopen (peer: string): void
  /** Submitters that left results behind and cannot be reached. */
  away (): string[]
  stop (): void
}

export function createWorkStreams ({ network, worker, situation, log, onAway, random = Math.random, now = () => performance.now() }: WorkStreamsComponents): WorkStreams {
  const book = createOfferBook()
  /** Peers that will be dialled after a wait. */
  const waits = new Map<string, NodeJS.Timeout>()
  const dials = new Map<string, Promise<void>>()
  const waysBack = createWaysBack({ worker, open, now, ...(onAway === undefined ? {} : { onAway }) })
  let stopped = false

  network.onPeer(({ peer, connected }) => { if (connected) waysBack.met(peer) })

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
    const { cid } = offer
    const demand = demandOfOffer(offer)
    const linked = worker.linkedTo(peer)
    // Over a stream that is open, a busy node shares itself out; it need not turn anybody away.
    const admission = linked
      ? admitProgram(demand, situation(cid))
      : admitOffer({ ...demand, chance }, situation(cid))
    if (!admission.admitted) log(`declined an offer of ${peer}: ${admission.reason}`)
    else if (linked) worker.noteWanting(peer)
    // An offer names any address, and costs its author nothing.
    else if (waits.size + dials.size < MAX_WORK_STREAMS && random() < chance) {
      waits.set(peer, setTimeout(() => {
        waits.delete(peer)
        void open(peer).then(() => { worker.noteWanting(peer) })
      }, random() * admission.maxDelayMs).unref())
    }
  }

  return {
    heard (peer, offer, direct) {
      if (peer === network.peerId || !book.note(peer, offer)) return
      network.learn(peer, offer.addresses)
      waysBack.met(peer)
      consider(peer, offer, direct ? 1 : offer.chance)
    },
    reopen: (peer) => { waysBack.find(peer) },
    away: () => waysBack.away(),
    stop () {
      stopped = true
      for (const timer of waits.values()) clearTimeout(timer)
      waits.clear()
      waysBack.stop()
    },
  }
}

