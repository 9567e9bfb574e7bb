/** The limits of the submitter alone; see src/limits.ts for shared ones. */

const MiB = 1024 * 1024

export const LEASE_MS = 10_000
/** How often a submitter looks for leases that have ended. */
export const LEASE_SWEEP_MS = 500
/** A task that ran where the stream broke is not given to others for so long: a worker that is only cut off is back sooner. */
export const RETURN_MS = 500
/** With each restart fences go on so far above the last one that was written: leases are written behind. */
export const FENCE_GAP = 1_000
/** Ends of tasks that could not be written are tried again, at first after this long, then each time twice as long. */
export const JOURNAL_RETRY_MIN_MS = 250
export const JOURNAL_RETRY_MAX_MS = 10_000
/** With more results than this unwritten, a submitter leases nothing more: it could not keep what comes of it. */
export const MAX_UNWRITTEN_ENDS = 10_000
/** How long a stop waits for the journal. */
export const JOURNAL_STOP_MS = 2_000
/** Late results that are looked up in the journal at the same time; of more, nothing is recorded. */
export const MAX_LATE_LOOKUPS = 64
/** What a worker gets on top of the time limit to fetch the module and to queue, before its lease ends whatever it says. */
export const LEASE_GRACE_MS = 300_000
/** A sandbox that a task has killed so often will not live longer the next time. */
export const MAX_SANDBOX_CRASHES = 3
/** A task that a worker failed waits this long before it is tried again there, each time twice as long; elsewhere it is tried at once. */
export const AVOID_WORKER_MIN_MS = 1_000
export const AVOID_WORKER_MAX_MS = 60_000
/** After the second failure in a row of workers a task waits this long, each time twice as long. */
export const FAULT_BACKOFF_MIN_MS = 250
export const FAULT_BACKOFF_MAX_MS = 30_000
/** A task that failed itself and has retries left waits this long, each time twice as long. */
export const RETRY_BACKOFF_MIN_MS = 1_000
export const RETRY_BACKOFF_MAX_MS = 300_000
/** Workers that one task avoids; the newest. */
export const MAX_AVOIDED_PER_TASK = 8
/** Peers whose troubles a submitter remembers. */
export const MAX_PEERS_JUDGED = 1024
/** Troubles of a worker weigh half as much after this long. */
export const TROUBLE_HALF_LIFE_MS = 600_000
/** How long a worker in trouble is avoided, each time twice as long. */
export const AVOID_PEER_MIN_MS = 30_000
export const AVOID_PEER_MAX_MS = 3_600_000
/** Groups of tasks that run apart and have none open, whose peers are remembered. */
export const MAX_IDLE_APART_GROUPS = 4096
/** Tasks with conditions of their own that one look at a batch considers. */
export const MAX_PARTICULAR_LOOKS = 256
/** How long a worker that gave a program back is not leased it again. */
export const DECLINE_MS = 30_000
/** Inputs that a submitter has out on lease to one worker, the last lease aside: well under what a writer buffers and a worker holds. */
export const MAX_LEASED_INPUT_BYTES = 16 * MiB
/** As that, of what the worker fetches: inputs beside the lease, and files. */
export const MAX_LEASED_BLOB_BYTES = 64 * MiB
/** Large outputs that a submitter fetches at the same time, of all workers together. */
export const MAX_COLLECTED_BYTES = 256 * MiB
