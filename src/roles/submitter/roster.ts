/** The workers that hold a work stream to this submitter: what they can run, what they hold, who gets the next task. */
import { LRUCache } from 'lru-cache'
import { DECLINE_MS, LEASE_GRACE_MS, LEASE_MS, MAX_LEASED_BLOB_BYTES, MAX_LEASED_INPUT_BYTES } from './limits.ts'
import { MAX_CLAIM_WINDOW, MAX_STREAM_PROGRAMS } from '../../limits.ts'
import { programBytes } from '../../task/program.ts'
import { programMemory, type ProgramMemory } from '../program-memory.ts'
import { missingLabel } from '../../task/labels.ts'
import type { Capability } from '../../wire/capability.ts'
import { Acks } from './acks.ts'
import type { Batch } from './backlog.ts'
import { Levels } from './levels.ts'
import type { WorkerLink } from '../link.ts'
import type { OpenTask } from './open-task.ts'
import { trustIn, type Standing } from './reputation.ts'

/** A worker whose stream holds this much unread gets nothing more until it has read. */
const MAX_UNREAD_BYTES = 4 * 1024 * 1024

export interface Lease {
  readonly task: OpenTask
  readonly worker: LinkedWorker
  readonly fence: number
  /** Monotonic milliseconds; moved on by renewals. */
  expiresAt: number
  /** Monotonic milliseconds; no renewal moves it. */
  readonly endsAt: number
}

export interface LinkedWorker {
  readonly link: WorkerLink
  readonly acks: Acks
  capability?: Capability
  /** Leases of one priority that it is willing to hold at once. */
  window: number
  readonly leases: Map<string, Lease>
  /** Those leases by priority. */
  readonly levels: Levels
  /** How far it is trusted; see reputation.ts. */
  readonly standing: Standing
  /** Memory of the inputs of its leases, about. */
  leasedBytes: number
  /** What it fetches for its leases, bytes. */
  leasedBlobBytes: number
  /** Digests of the programs that it remembers: it forgets in the same order, the one named longest ago first. */
  readonly programs: ProgramMemory<true>
  /** Keys of batches that it gave back, until when (monotonic milliseconds) it is not asked again. */
  readonly declined: LRUCache<string, number>
}

/** `standing` is of the peer, and outlives its stream; default: one of nobody that was ever in trouble. */
export function newLinkedWorker (link: WorkerLink, standing: Standing = { avoidedUntil: 0, weight: 0, at: 0 }): LinkedWorker {
  return {
    link,
    acks: new Acks(link),
    window: 0,
    leases: new Map(),
    levels: new Levels(),
    standing,
    leasedBytes: 0,
    leasedBlobBytes: 0,
    programs: programMemory(),
    declined: new LRUCache({ max: MAX_STREAM_PROGRAMS }),
  }
}

/** Why a worker does not get a task now. The last four pass by themselves. */
export type Unfit = 'unknown' | 'no-slots' | 'on' | 'memory' | 'labels' | 'declined' | 'full' | 'unread' | 'inputs'

/**
 * The least loaded worker that may take a task of the batch now; among equals this node itself. Workers that are avoided are
 * left out as long as there are others that could take it, now or later. Called for every task: it allocates nothing.
 * `also` is a condition of one task, on the peer.
 */
export function pickWorker (workers: Iterable<LinkedWorker>, batch: Batch, now: number, also?: (peer: string) => boolean): LinkedWorker | undefined {
  let best: LinkedWorker | undefined
  let bestLoad = Infinity
  let avoided: LinkedWorker | undefined
  let avoidedLoad = Infinity
  let hasOthers = false
  for (const worker of workers) {
    if (unfitFor(worker, batch, now) !== undefined || (also !== undefined && !also(worker.link.peer))) continue
    const load = loadFor(worker, batch, now)
    if (worker.standing.avoidedUntil > now) {
      if (load < avoidedLoad) [avoided, avoidedLoad] = [worker, load]
      continue
    }
    hasOthers ||= worker.window > 0
    if (load < bestLoad || (load === bestLoad && load !== Infinity && worker.link.local)) {
      best = worker
      bestLoad = load
    }
  }
  return hasOthers ? best : best ?? avoided
}

/** Why a worker cannot take tasks of the batch, however busy or idle it is. */
export function unfitFor ({ capability, link, declined }: LinkedWorker, { program, placement, key }: Batch, now: number): Unfit | undefined {
  if (capability === undefined) return 'unknown'
  if (capability.slots === 0) return 'no-slots'
  if (placement.on !== undefined && placement.on !== link.peer) return 'on'
  if ((program.memoryLimitBytes ?? 0) > capability.memoryLimitBytes) return 'memory'
  if (placement.require !== undefined && missingLabel(placement.require, capability.labels) !== undefined) return 'labels'
  const until = declined.get(key)
  if (until === undefined) return undefined
  if (until > now) return 'declined'
  declined.delete(key)
  return undefined
}

/** Why a worker that could take a task of the batch does not get one at this moment. */
export function busyFor ({ capability, leases, levels, window, link, leasedBytes, leasedBlobBytes }: LinkedWorker, { pace, placement: { priority } }: Batch): Unfit | undefined {
  // What it holds of lower priority waits there behind this, so it does not count.
  if (levels.atLeast(priority) >= Math.min(window, pace.depth(capability?.slots ?? 0)) || leases.size >= MAX_CLAIM_WINDOW) return 'full'
  if (link.bufferedBytes > MAX_UNREAD_BYTES) return 'unread'
  if (leasedBytes >= MAX_LEASED_INPUT_BYTES || leasedBlobBytes >= MAX_LEASED_BLOB_BYTES) return 'inputs'
  return undefined
}

/** Leases for each slot, more for who is trusted less; Infinity when the worker cannot take a task of the batch now. */
function loadFor (worker: LinkedWorker, batch: Batch, now: number): number {
  if (busyFor(worker, batch) !== undefined) return Infinity
  const { capability, leases, levels, standing } = worker
  const ahead = levels.atLeast(batch.placement.priority)
  // Those of lower priority decide among equals: a slot that is free is better than one that must first be left.
  const load = (ahead + (leases.size - ahead) / MAX_CLAIM_WINDOW) / (capability?.slots ?? 1)
  return standing.weight === 0 ? load : (load + 1) / trustIn(standing, now)
}

export function decline (worker: LinkedWorker, key: string, now: number): void {
  worker.declined.set(key, now + DECLINE_MS)
}

/** Notes the lease of a task that nobody holds. `endsAt`: when it ends whatever the worker says, where that goes on from an earlier one. */
export function grant (worker: LinkedWorker, task: OpenTask, fence: number, now: number, endsAt = now + task.batch.program.timeLimitMs + LEASE_GRACE_MS): void {
  const lease = { task, worker, fence, expiresAt: Math.min(now + LEASE_MS, endsAt), endsAt }
  worker.leases.set(task.id, lease)
  worker.levels.add(task.policy.priority)
  worker.leasedBytes += task.bytes
  worker.leasedBlobBytes += task.blobBytes
  task.lease = lease
}

/** Ends whatever lease there is of a task; returns it. */
export function endLease (task: OpenTask): Lease | undefined {
  const { lease } = task
  if (lease === undefined) return undefined
  lease.worker.leases.delete(task.id)
  lease.worker.levels.remove(task.policy.priority)
  lease.worker.leasedBytes -= task.bytes
  lease.worker.leasedBlobBytes -= task.blobBytes
  task.lease = undefined
  return lease
}

export function renew (lease: Lease, now: number): void {
  lease.expiresAt = Math.min(now + LEASE_MS, lease.endsAt)
}

/** Sends the lease of a task, and before it its program where the worker does not remember that. */
export function sendLease ({ link, acks, programs }: LinkedWorker, { id, batch: { key, digest, program, placement }, values, refs }: OpenTask, fence: number): void {
  acks.flush()
  // `get`, as it counts as a use: the worker forgets programs in the order of their last use.
  if (programs.get(digest) === undefined) {
    programs.set(digest, true, { size: programBytes(program) })
    link.send({ kind: 'program', digest, program })
  }
  link.send({ kind: 'lease', taskId: id, fence, digest, leaseMs: LEASE_MS, values, ...(refs === undefined ? {} : { refs }), ...(key === digest ? {} : { placement }) })
}

/** The leases that were not renewed in time. */
export function expired (workers: Iterable<LinkedWorker>, now: number): Lease[] {
  return [...workers].flatMap(({ leases }) => [...leases.values()].filter(({ expiresAt }) => expiresAt <= now))
}
