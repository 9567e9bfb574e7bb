/** Would you take this, and what can you run? Asks peers, and answers others from this node's own admission; nothing is taken by it. */
import { CorebrumError, toCorebrumError } from '../../errors.ts'
import { EXPLAIN_ANSWER_MS, MAX_PEERS_ASKED } from '../../limits.ts'
import type { Channel, Network } from '../../network/network.ts'
import { answerFromWire, answerToWire, EXPLAIN_PROTOCOL, questionFromWire, questionToWire, type ExplainAnswer } from '../../wire/explain.ts'
import type { Offer } from '../../wire/offer.ts'
import { admitOffer, admitProgram, demandOfOffer, type Demand, type Situation } from './admission.ts'

/** What one peer said; `silent` when it gave no answer, and then `reason` says why. */
export interface PeerAnswer extends Omit<ExplainAnswer, 'verdict'> {
  peer: string
  verdict: ExplainAnswer['verdict'] | 'silent'
}

/** What any task demands. */
const NO_DEMAND: Demand = { memoryLimitBytes: 0, moduleBytes: 0 }

export interface ExplainComponents {
  network: Pick<Network, 'open' | 'serve' | 'penalize'>
  /** `cid` is absent where no module is meant. */
  situation: (cid?: string) => Situation
}

export interface Explain {
  /** Answers the questions of others. */
  start (): Promise<void>
  /**
   * Asks peers at the same time, at most MAX_PEERS_ASKED, whether they would take the offer, or, without one, what they can run;
   * each has EXPLAIN_ANSWER_MS. Never rejects.
   */
  ask (peers: readonly string[], offer?: Offer, signal?: AbortSignal): Promise<PeerAnswer[]>
}

export function createExplain ({ network, situation }: ExplainComponents): Explain {
  function answer (channel: Channel): void {
    let answered = false
    channel.onMessages = (messages) => {
      try {
        const [question] = messages
        if (messages.length !== 1 || answered) throw new CorebrumError('ERR_PROTOCOL', 'more than one question on a stream')
        answered = true
        const offer = questionFromWire(question)
        channel.send(answerToWire(answerTo(offer, situation(offer?.cid))))
        void channel.close()
      } catch (error) {
        network.penalize(channel.peer, (error as Error).message)
        channel.abort(toCorebrumError(error, 'ERR_PROTOCOL'))
      }
    }
  }

  async function askOne (peer: string, offer: Offer | undefined, signal: AbortSignal): Promise<PeerAnswer> {
    let channel: Channel | undefined
    try {
      channel = await network.open(peer, EXPLAIN_PROTOCOL, { signal })
      const answer = await answerOf(channel, offer, signal)
      void channel.close()
      return { peer, ...answer }
    } catch (error) {
      const { code, message } = toCorebrumError(error, 'ERR_PROTOCOL')
      channel?.abort(toCorebrumError(error, 'ERR_PROTOCOL'))
      if (code === 'ERR_PROTOCOL' && channel !== undefined) network.penalize(peer, message)
      return { peer, verdict: 'silent', reason: message, load: 0, slots: 0 }
    }
  }

  return {
    start: () => network.serve(EXPLAIN_PROTOCOL, answer),
    ask: (peers, offer, given) => {
      const late = AbortSignal.timeout(EXPLAIN_ANSWER_MS)
      const signal = given === undefined ? late : AbortSignal.any([late, given])
      return Promise.all(peers.slice(0, MAX_PEERS_ASKED).map((peer) => askOne(peer, offer, signal)))
    },
  }
}

/** What this node says of an offer now; without one, of the least that a task may demand. */
function answerTo (offer: Offer | undefined, situation: Situation): ExplainAnswer {
  const { load, capability } = situation
  const said = { load, slots: capability.slots, ...(offer === undefined ? { capability } : {}) }
  const demand = offer === undefined ? NO_DEMAND : demandOfOffer(offer)
  const possible = admitProgram(demand, situation)
  if (!possible.admitted) return { verdict: 'declines', reason: possible.reason, ...said }
  const now = admitOffer({ ...demand, chance: 0 }, situation)
  return now.admitted ? { verdict: 'admits', reason: '', ...said } : { verdict: 'busy', reason: now.reason, ...said }
}

function answerOf (channel: Channel, offer: Offer | undefined, signal: AbortSignal): Promise<ExplainAnswer> {
  return new Promise((resolve, reject) => {
    const giveUp = (): void => { reject(new CorebrumError('ERR_PEER_TIMEOUT', `it did not answer within ${EXPLAIN_ANSWER_MS / 1000} s`)) }
    if (signal.aborted) giveUp()
    signal.addEventListener('abort', giveUp, { once: true })
    channel.onClose = (error) => { reject(error ?? new CorebrumError('ERR_STREAM_CLOSED', 'it ended the stream without an answer')) }
    channel.onMessages = (messages) => {
      try {
        resolve(answerFromWire(messages[0]))
      } catch (error) {
        reject(error as Error)
      }
    }
    channel.send(questionToWire(offer))
  })
}
