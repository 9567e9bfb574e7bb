/** Why a task is not running: what each worker that is linked to this node says against it, and what it waits for. Pure. */
import { isFinal, type Decline, type TaskRecord } from '../../task/state.ts'
import { durationText } from '../../task/duration.ts'
import type { Apart } from '../submitter/apart.ts'
import type { PeerAnswer } from './explain.ts'
import type { OpenTask } from '../submitter/open-task.ts'
import { avoids } from '../submitter/retry-policy.ts'
import { busyFor, unfitFor, type Lease, type LinkedWorker } from '../submitter/roster.ts'
import { unfitText } from './unfit-text.ts'

/** What keeps a linked worker from the task; `could` when nothing does. */
export interface WorkerVerdict {
  peer: string
  verdict: 'could' | 'busy' | 'no'
  reason: string
}

export interface Explanation {
  id: string
  name: string
  state: TaskRecord['state']
  /** In one sentence. */
  summary: string
  /** Of a task that waits; without, it is not known or does not matter. Unix milliseconds. */
  backoffUntilMs?: number
  nextOfferAtMs?: number
  deadlineAtMs?: number
  /** With an open work stream to this node. */
  workers: WorkerVerdict[]
  /** Others that are connected and were asked. */
  peers: PeerAnswer[]
  /** Who gave it back before, the newest last. */
  declines: readonly Decline[]
  /** Of a task that is made of others: its open ones, by number; of a map the one that has waited longest. */
  parts?: Explanation[]
}

export interface Circumstances {
  record: TaskRecord
  /** Absent: it has ended, or is made of others; see explain-job.ts. */
  task?: OpenTask | undefined
  workers: Iterable<LinkedWorker>
  apart: Pick<Apart, 'allows'>
  peers: PeerAnswer[]
  /** Monotonic milliseconds, as all others but those of the record. */
  now: number
  nextOfferAt?: number | undefined
  wallMs: number
}

export function explainTask ({ record, task, workers, apart, peers, now, nextOfferAt, wallMs }: Circumstances): Explanation {
  const { id, name, state, declines } = record
  const wall = (at: number): number => Math.round(wallMs + at - now)
  const isWaiting = state === 'pending' && task !== undefined && task.lease === undefined && task.ending === undefined
  const verdicts = isWaiting ? [...workers].map((worker) => verdictOf(worker, task, apart, now)) : []
  const backoff = task?.backoff?.at
  return {
    id,
    name,
    state,
    summary: isWaiting ? whyWaiting(task, verdicts, peers, now) : whatOf(record, task),
    ...(isWaiting && backoff !== undefined && { backoffUntilMs: wall(backoff) }),
    ...(isWaiting && backoff === undefined && nextOfferAt !== undefined && { nextOfferAtMs: wall(nextOfferAt) }),
    ...(task?.deadline !== undefined && { deadlineAtMs: wall(task.deadline.at) }),
    workers: verdicts,
    peers: isWaiting ? peers : [],
    declines,
  }
}

function whatOf ({ state, worker, failure }: TaskRecord, task: OpenTask | undefined): string {
  if (isFinal(state)) return failure === undefined ? `it has completed${worker === undefined ? '' : ` on ${worker}`}` : `it has ended as ${state}: ${failure.message} (${failure.code}, said by ${failure.by})`
  if (task?.ending !== undefined) return 'it has ended, and its end is being written to the journal'
  if (task?.absence !== undefined) return `${task.absence.peer} ran it when its stream broke, and has a moment to come back`
  if (state === 'running') return `it runs on ${worker}`
  if (state !== 'claimed') return 'nothing is known that it waits for'
  return `${worker} has it${task?.lease === undefined ? '' : placeText(task.lease)} and has not said yet that it runs`
}

/** What its worker runs before it, as far as this node has put it there. */
function placeText ({ task: { id, policy: { priority } }, worker: { leases, capability } }: Lease): string {
  let ahead = 0
  let isBefore = true
  for (const [other, { task }] of leases) {
    if (other === id) isBefore = false
    else if (task.policy.priority > priority || (isBefore && task.policy.priority === priority)) ahead++
  }
  return ahead < (capability?.slots ?? 1) ? '' : `, behind ${ahead} other${ahead === 1 ? '' : 's'} of this node,`
}

function whyWaiting (task: OpenTask, verdicts: WorkerVerdict[], peers: PeerAnswer[], now: number): string {
  if (task.backoff !== undefined) return `it failed and is tried again in ${durationText(Math.max(1, task.backoff.at - now))}`
  const count = (verdict: WorkerVerdict['verdict']): number => verdicts.filter((one) => one.verdict === verdict).length
  if (count('could') > 0) return 'a worker has room for it, and gets it next'
  if (count('busy') > 0) return `${workersText(count('busy'))} can run it, and ${count('busy') === 1 ? 'has' : 'have'} no room now`
  if (peers.some(({ verdict }) => verdict === 'admits')) return 'no worker that is linked can run it; a peer would take it when it hears the next offer'
  if (peers.some(({ verdict }) => verdict === 'busy')) return 'no worker that is linked can run it; peers that can are busy'
  if (verdicts.length + peers.length === 0) return 'no worker is linked to this node, and no peer is connected'
  const noneOf = (count: number, one: string, rest = ''): string[] => count === 0 ? [] : [count === 1 ? `not the one ${one}${rest}` : `none of the ${count} ${one}s${rest}`]
  return `nobody takes it: ${[...noneOf(verdicts.length, 'linked worker'), ...noneOf(peers.length, 'connected peer', ' without a work stream')].join(', and ')}`
}

function workersText (count: number): string {
  return `${count} linked worker${count === 1 ? '' : 's'}`
}

function verdictOf (worker: LinkedWorker, task: OpenTask, apart: Pick<Apart, 'allows'>, now: number): WorkerVerdict {
  const { link: { peer }, standing } = worker
  const { batch, trouble, apart: group } = task
  const no = (reason: string): WorkerVerdict => ({ peer, verdict: 'no', reason })
  const unfit = unfitFor(worker, batch, now)
  if (unfit !== undefined) return no(unfitText(unfit, worker, batch, now))
  if (trouble !== undefined && avoids(trouble, peer, now)) return no('it has failed this task, and gets it again only after a while')
  if (group !== undefined && !apart.allows(group, peer)) return no('it has another copy of this task, and the copies run on different peers')
  const busy = busyFor(worker, batch)
  if (busy !== undefined) return { peer, verdict: 'busy', reason: unfitText(busy, worker, batch, now) }
  if (standing.avoidedUntil > now) return no(`it has failed many tasks, and is avoided for ${durationText(standing.avoidedUntil - now)} as long as there are others`)
  return { peer, verdict: 'could', reason: '' }
}
