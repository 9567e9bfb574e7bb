/** The workers that hold a work stream to this submitter: what they can run, what they hold, who gets the next task. */
import { LRUCache } from 'lru-cache'
import { DECLINE_MS, LEASE_GRACE_MS, LEASE_MS, MAX_LEASED_BLOB_BYTES, MAX_LEASED_INPUT_BYTES, MAX_STREAM_PROGRAMS } from '../limits.ts'
import type { Capability } from '../wire/capability.ts'
import { Acks } from './acks.ts'
import type { Batch } from './backlog.ts'
import type { WorkerLink } from './link.ts'
import type { OpenTask } from './open-task.ts'

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
  /** Leases that it is willing to hold at once. */
  window: number
  readonly leases: Map<string, Lease>
  /** Memory of the inputs of its leases, about. */
  leasedBytes: number
  /** What it fetches for its leases, bytes. */
  leasedBlobBytes: number
  /** Digests of the programs that it remembers: it forgets in the same order, the one named longest ago first. */
  readonly programs: LRUCache<string, true>
  /** Programs that it gave back, until when (monotonic milliseconds) it is not asked again. */
  readonly declined: LRUCache<string, number>
}

export function newLinkedWorker (link: WorkerLink): LinkedWorker {
  return {
    link,
    acks: new Acks(link),
    window: 0,
    leases: new Map(),
    leasedBytes: 0,
    leasedBlobBytes: 0,
    programs: new LRUCache({ max: MAX_STREAM_PROGRAMS }),
    declined: new LRUCache({ max: MAX_STREAM_PROGRAMS }),
  }
}

/** The least loaded worker that may take a task of the batch now; among equals this node itself. */
export function pickWorker (workers: Iterable<LinkedWorker>, batch: Batch, now: number): LinkedWorker | undefined {
  let best: LinkedWorker | undefined
  let bestLoad = Infinity
  for (const worker of workers) {
    const load = loadFor(worker, batch, now)
    if (load < bestLoad || (load === bestLoad && load !== Infinity && worker.link.local)) {
      best = worker
      bestLoad = load
    }
  }
  return best
}

/** Leases for each slot; Infinity when the worker cannot take a task of the batch now. */
function loadFor (worker: LinkedWorker, batch: Batch, now: number): number {
  const { capability, leases, link } = worker
  if (capability === undefined || capability.slots === 0) return Infinity
  if (leases.size >= Math.min(worker.window, batch.pace.depth(capability.slots))) return Infinity
  if ((batch.program.memoryLimitBytes ?? 0) > capability.memoryLimitBytes) return Infinity
  if (link.bufferedBytes > MAX_UNREAD_BYTES || worker.leasedBytes >= MAX_LEASED_INPUT_BYTES || worker.leasedBlobBytes >= MAX_LEASED_BLOB_BYTES) return Infinity
  const until = worker.declined.get(batch.digest)
  if (until !== undefined) {
    if (until > now) return Infinity
    worker.declined.delete(batch.digest)
  }
  return leases.size / capability.slots
}

export function decline (worker: LinkedWorker, digest: string, now: number): void {
  worker.declined.set(digest, now + DECLINE_MS)
}

/** Notes the lease of a task that nobody holds. */
export function grant (worker: LinkedWorker, task: OpenTask, fence: number, now: number): void {
  const endsAt = now + task.batch.program.timeLimitMs + LEASE_GRACE_MS
  const lease = { task, worker, fence, expiresAt: now + LEASE_MS, endsAt }
  worker.leases.set(task.id, lease)
  worker.leasedBytes += task.bytes
  worker.leasedBlobBytes += task.blobBytes
  task.lease = lease
}

/** Ends whatever lease there is of a task; returns it. */
export function endLease (task: OpenTask): Lease | undefined {
  const { lease } = task
  if (lease === undefined) return undefined
  lease.worker.leases.delete(task.id)
  lease.worker.leasedBytes -= task.bytes
  lease.worker.leasedBlobBytes -= task.blobBytes
  task.lease = undefined
  return lease
}

export function renew (lease: Lease, now: number): void {
  lease.expiresAt = Math.min(now + LEASE_MS, lease.endsAt)
}

/** Sends the lease of a task, and before it its program where the worker does not remember that. */
export function sendLease ({ link, acks, programs }: LinkedWorker, { id, batch: { digest, program }, values, refs }: OpenTask, fence: number): void {
  acks.flush()
  // `get`, as it counts as a use: the worker forgets programs in the order of their last use.
  if (programs.get(digest) === undefined) {
    programs.set(digest, true)
    link.send({ kind: 'program', digest, program })
  }
  link.send({ kind: 'lease', taskId: id, fence, digest, leaseMs: LEASE_MS, values, ...(refs === undefined ? {} : { refs }) })
}

/** The leases that were not renewed in time. */
export function expired (workers: Iterable<LinkedWorker>, now: number): Lease[] {
  return [...workers].flatMap(({ leases }) => [...leases.values()].filter(({ expiresAt }) => expiresAt <= now))
}
