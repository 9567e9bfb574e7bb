/** The limits of the module store and its sources alone; see src/limits.ts for shared ones. */

const KiB = 1024
const MiB = 1024 * 1024

/** No byte for this long ends a URL or a peer transfer. */
export const TRANSFER_STALL_MS = 10_000
/** Streams that a node serves modules on, of all peers together. */
export const MAX_MODULE_STREAMS = 64
/** How many providers of a module are asked at the same time. */
export const MAX_PROVIDERS_RACED = 3
/** Providers of one module that are remembered, and how often one is asked again after it broke off half way. */
export const MAX_PROVIDERS_KNOWN = 64
export const MAX_TRIES_PER_SOURCE = 3
/** Connected peers that are asked for a module when nobody in the DHT has it. */
export const MAX_NEIGHBOURS_ASKED = 16
/** The submitter is asked alone for this long; a LAN answers in a tenth of it. */
export const SUBMITTER_HEAD_START_MS = 150
/** Connected peers are asked when the DHT has named no provider for this long. */
export const NEIGHBOURS_AFTER_MS = 1_000
export const PROVIDER_LOOKUP_MS = 10_000
export const PROVIDE_TIMEOUT_MS = 30_000
/** A transfer that waits TRANSFER_STALL_MS for this many bytes counts as stalled: a trickle must not hold a task. */
export const MIN_BYTES_PER_STALL = 16 * KiB
/** Files in the module store; keeps the index small when modules are tiny. */
export const MAX_STORE_MODULES = 65_536
/** Partial downloads kept for a later attempt: bytes of all, files, and age. */
export const MAX_PARTIAL_BYTES = 512 * MiB
export const MAX_PARTIAL_FILES = 64
export const MAX_PARTIAL_AGE_MS = 24 * 3_600_000
/** Times of use reach the disk this late. */
export const MODULE_USE_FLUSH_MS = 30_000
/** Modules are read from disk and sent in pieces of this size. */
export const MODULE_CHUNK_BYTES = 256 * KiB
/** Transfers of values from one peer at the same time; fewer than it serves, as modules come the same way. */
export const MAX_BLOB_STREAMS_PER_PEER = 4
/** A peer that serves as many transfers as it will is asked again after this long, each time twice as long. */
export const BUSY_RETRY_MIN_MS = 100
export const BUSY_RETRY_MAX_MS = 5_000
