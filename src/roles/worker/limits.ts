/** The limits of the worker alone; see src/limits.ts for shared ones. */

const MiB = 1024 * 1024

/** A lease is renewed this often; three renewals may be lost before it ends. */
export const LEASE_RENEW_MS = 2_500
/** So a worker that runs something dials a submitter whose stream broke this soon. */
export const RETURN_DIAL_MS = 50
/** Programs, inputs and results that a worker holds for all submitters; half of it for one alone: what that has out on lease, and one more lease. */
export const MAX_WORKER_BYTES = 512 * MiB
/** A lease that has waited so long for its turn is given back: sooner than its submitter takes it for held by somebody who does nothing. */
export const MAX_TURN_WAIT_MS = 240_000
/** A lease of higher priority that has waited so long takes the place of others that the executor has and has not begun. */
export const OVERTAKE_AFTER_MS = 25
/** Leases of one submitter that wait for their modules at the same time. */
export const MAX_FETCHING_LEASES = 8
/** How long a worker goes on with tasks whose submitter went away. */
export const ORPHAN_MS = 30_000
/** How long a worker without a journal tries to hand over results whose submitter went away. */
export const REDELIVER_MS = 600_000
/** How long one with a journal does: a week's holiday of a laptop. */
export const OWED_KEPT_MS = 7 * 86_400_000
/** A submitter that has been away for long is dialled this often. */
export const OWED_REDIAL_MAX_MS = 600_000
/** The result of a call that took longer than this is written with an fsync: that takes a few milliseconds, and a power cut would cost more. */
export const OWED_SYNC_MS = 100
/** Results for submitters that are away, of all of them: how many, their memory, and their large outputs on disk; the oldest of who has most go first. */
export const MAX_OWED_RESULTS = 50_000
export const MAX_OWED_BYTES = 128 * MiB
export const MAX_OWED_BLOB_BYTES = 512 * MiB
/** A work stream without tasks is closed after this long. */
export const IDLE_STREAM_MS = 300_000
/** Results that a worker keeps for submitters that went away, until they return. */
export const MAX_UNACKED_RESULTS = 10_000
/** Bytes of results that a worker keeps for one submitter until they are acknowledged. */
export const MAX_UNACKED_BYTES = 64 * MiB
/** As that, of large outputs, which are kept on disk. */
export const MAX_UNACKED_BLOB_BYTES = 256 * MiB
/** Results on their way, sent and not acknowledged: bytes, and how many one acknowledgement can name. */
export const MAX_RESULT_BYTES_IN_FLIGHT = 8 * MiB
export const MAX_RESULTS_IN_FLIGHT = 2048
/** Results that wait for a submitter that cannot be reached for so long are left with other peers. */
export const MAILBOX_AFTER_MS = 5_000
/** A worker whose disk refuses what tasks need says so to its owner this often at most: others decide how many tasks there are. */
export const DISK_WARNING_EVERY_MS = 10 * 60_000
