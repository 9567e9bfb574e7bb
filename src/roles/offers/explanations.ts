/** Says why a task is not running, from what this node knows and what its peers answer. */
import type { Network, SignalOptions } from '../../network/network.ts'
import type { TaskRecord } from '../../task/state.ts'
import { offerOfBatch, type Announcer } from './announcer.ts'
import type { Explain, PeerAnswer } from './explain.ts'
import { explainTask, type Explanation } from './explain-task.ts'
import type { Submitter } from '../submitter/submitter.ts'

export interface ExplanationsComponents {
  submitter: Pick<Submitter, 'openTask' | 'linked' | 'attempts'>
  announcer: Pick<Announcer, 'nextOfferAt'>
  network: Pick<Network, 'peers'>
  explain: Pick<Explain, 'ask'>
  /** Monotonic milliseconds. Default performance.now. */
  now?: () => number
}

export interface Explanations {
  /** Asks the peers that hold no work stream, for a task that waits. Never rejects. */
  of (record: TaskRecord, options?: SignalOptions): Promise<Explanation>
}

export function createExplanations ({ submitter, announcer, network, explain, now = () => performance.now() }: ExplanationsComponents): Explanations {
  return {
    async of (record, { signal } = {}) {
      const task = submitter.openTask(record.id)
      const waits = record.state === 'pending' && task !== undefined && task.backoff === undefined
      let peers: PeerAnswer[] = []
      if (waits) {
        const linked = new Set([...submitter.linked()].map(({ link }) => link.peer))
        const others = network.peers().map(({ peer }) => peer).filter((peer) => !linked.has(peer))
        peers = await explain.ask(others, offerOfBatch(task.batch, { chance: 1, addresses: [] }), signal)
      }
      return explainTask({
        record,
        task,
        workers: submitter.linked(),
        apart: submitter.attempts.apart,
        peers,
        now: now(),
        wallMs: Date.now(),
        nextOfferAt: task === undefined ? undefined : announcer.nextOfferAt(task.batch.key),
      })
    },
  }
}
