/** Says why a task is not running, from what this node knows and what its peers answer. */
import { MAX_PARTS_EXPLAINED } from '../../limits.ts'
import type { Network, SignalOptions } from '../../network/network.ts'
import type { TaskRecord } from '../../task/state.ts'
import { offerOfBatch, type Announcer } from './announcer.ts'
import type { Explain, PeerAnswer } from './explain.ts'
import { explainJob, isOpenJob, partsToExplain } from './explain-job.ts'
import { explainTask, type Explanation } from './explain-task.ts'
import type { Batch } from '../submitter/backlog.ts'
import type { Submitter } from '../submitter/submitter.ts'

export interface ExplanationsComponents {
  submitter: Pick<Submitter, 'openTask' | 'linked' | 'attempts'>
  announcer: Pick<Announcer, 'nextOfferAt'>
  network: Pick<Network, 'peers'>
  explain: Pick<Explain, 'ask'>
  /** The tasks of a job that have not ended, by number. */
  openParts: (job: string) => TaskRecord[]
  /** Monotonic milliseconds. Default performance.now. */
  now?: () => number
}

export interface Explanations {
  /** Asks the peers that hold no work stream, for a task that waits; of a job, for those of its open tasks that are shown. Never rejects. */
  of (record: TaskRecord, options?: SignalOptions): Promise<Explanation>
}

/** What the peers say of a batch. */
type Ask = (batch: Batch) => Promise<PeerAnswer[]>

export function createExplanations ({ submitter, announcer, network, explain, openParts, now = () => performance.now() }: ExplanationsComponents): Explanations {
  async function explained (record: TaskRecord, ask: Ask): Promise<Explanation> {
    if (isOpenJob(record)) {
      const open = openParts(record.id)
      return explainJob(record, open, await Promise.all(partsToExplain(record, open, MAX_PARTS_EXPLAINED).map((part) => explained(part, ask))))
    }
    const task = submitter.openTask(record.id)
    const waits = record.state === 'pending' && task !== undefined && task.backoff === undefined
    const peers = waits ? await ask(task.batch) : []
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
  }

  return {
    of (record, { signal } = {}) {
      // Tasks of one batch, such as the copies of a task, have the same answers.
      const asked = new Map<string, Promise<PeerAnswer[]>>()
      return explained(record, (batch) => {
        const known = asked.get(batch.key)
        if (known !== undefined) return known
        const linked = new Set([...submitter.linked()].map(({ link }) => link.peer))
        const others = network.peers().map(({ peer }) => peer).filter((peer) => !linked.has(peer))
        const answers = explain.ask(others, offerOfBatch(batch, { chance: 1, addresses: [] }), signal)
        asked.set(batch.key, answers)
        return answers
      })
    },
  }
}
