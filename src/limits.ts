/** Every byte, count and time limit, each finite, with its unit in the name and its reason beside it. */

const KiB = 1024
const MiB = 1024 * KiB

// ---- task definitions ----
/** A definition is text that people write; an embedded module of 16 MiB is 22 MiB of base64. */
export const MAX_DEFINITION_BYTES = 32 * MiB
/** Nesting of a definition or of JSON inputs; deeper input overflows recursive code. */
export const MAX_VALUE_DEPTH = 64
export const MAX_INPUTS = 256
export const DEFAULT_TIME_LIMIT_MS = 300_000
export const MAX_TIME_LIMIT_MS = 24 * 3_600_000

// ---- modules ----
export const MAX_MODULE_BYTES = 256 * MiB
export const DEFAULT_STORE_BYTES = 2048 * MiB
export const MAX_URL_REDIRECTS = 5
/** No byte for this long ends a URL or a peer transfer. */
export const TRANSFER_STALL_MS = 10_000
/** A whole module transfer; 256 MiB at 1 MB/s. */
export const MAX_TRANSFER_MS = 300_000
export const MAX_MODULE_STREAMS_PER_PEER = 8
/** How many providers of a module are asked at the same time. */
export const MAX_PROVIDERS_RACED = 3

// ---- executor ----
export const WASM_PAGE_BYTES = 64 * KiB
export const DEFAULT_MEMORY_LIMIT_BYTES = 512 * MiB
export const MAX_MEMORY_LIMIT_BYTES = 4096 * MiB
export const MAX_TABLE_ENTRIES = 100_000
export const MAX_TABLES = 16
/** One function body; larger ones are compile bombs. */
export const MAX_FUNCTION_BODY_BYTES = 8 * MiB
export const MAX_LOCALS_PER_FUNCTION = 50_000
export const MAX_GLOBALS = 100_000
/** The outputs of one task as they travel inside one frame. */
export const MAX_OUTPUT_BYTES = 4 * MiB
/** stderr and console text kept with a result. */
export const MAX_LOG_BYTES = 256 * KiB
export const MAX_WASI_FILES = 4096
export const MAX_WASI_FILE_BYTES = 64 * MiB
export const MAX_WASI_DESCRIPTORS = 256
export const MAX_WASI_PATH_BYTES = 4096
/** Compiled modules a slot keeps. */
export const MAX_WARM_MODULES = 64
/** Bytes of modules whose compiled form a slot keeps. */
export const MAX_WARM_MODULE_BYTES = 256 * MiB
/** Tasks handed to a slot ahead of the one that runs, so that small tasks do not wait for the pipe. */
export const MAX_SLOT_BACKLOG = 256
/** Tasks that wait in the executor for a slot. */
export const MAX_EXECUTOR_QUEUE = 4096

// ---- wire ----
/** One frame on a work or offers stream. */
export const MAX_FRAME_BYTES = 8 * MiB
/** Messages in one frame. */
export const MAX_FRAME_MESSAGES = 8192
/** Inputs of one task, encoded. */
export const MAX_INPUT_BYTES = 4 * MiB
/** A writer stops taking more when a peer leaves this much unread. */
export const MAX_WRITE_BUFFER_BYTES = 32 * MiB
export const MAX_CBOR_ITEMS = 1_000_000

// ---- network ----
export const MAX_CONNECTIONS = 300
export const INBOUND_CONNECTIONS_PER_SECOND = 100
export const DIAL_TIMEOUT_MS = 5_000
export const STREAM_OPEN_TIMEOUT_MS = 5_000
export const MAX_WORK_STREAMS = 256
/** How long a stream may stay silent before its first frame. */
export const FIRST_FRAME_TIMEOUT_MS = 10_000
export const REDIAL_MIN_MS = 500
export const REDIAL_MAX_MS = 30_000
/** Peers that the redial loop remembers. */
export const MAX_REMEMBERED_PEERS = 256

// ---- offers ----
/** An offer holds no inputs and no bytes of modules; a few hundred bytes are usual. */
export const MAX_OFFER_BYTES = 8 * KiB
export const MAX_OFFERS_PER_PEER = 32
export const MAX_OFFERS_KNOWN = 4096
export const OFFER_TTL_MS = 60_000
export const OFFER_REPEAT_MIN_MS = 500
export const OFFER_REPEAT_MAX_MS = 10_000

// ---- tasks and leases ----
export const LEASE_MS = 10_000
/** A lease is renewed this often; three renewals may be lost before it ends. */
export const LEASE_RENEW_MS = 2_500
/** Leases that end without a result before a task fails. */
export const MAX_ATTEMPTS = 5
export const MAX_OPEN_TASKS = 200_000
export const MAX_FINISHED_TASKS = 50_000
/** Leases that one worker may hold from one submitter. */
export const MAX_CLAIM_WINDOW = 2048
/** Results that a worker keeps for submitters that went away, until they return. */
export const MAX_UNACKED_RESULTS = 10_000

// ---- control ----
export const MAX_CONTROL_BODY_BYTES = 64 * MiB
/** A submit without a daemon waits this long for a mesh. */
export const MESH_WAIT_MS = 500
/** How long a daemon lets running tasks finish after SIGTERM. */
export const DRAIN_MS = 10_000
