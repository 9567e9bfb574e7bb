/** Every byte, count and time limit, each finite, with its unit in the name and its reason beside it. */

const KiB = 1024
const MiB = 1024 * KiB

// ---- task definitions ----
/** A definition is text that people write; an embedded module of 16 MiB is 22 MiB of base64. */
export const MAX_DEFINITION_BYTES = 32 * MiB
/** Nesting of a definition or of JSON inputs; deeper input overflows recursive code. */
export const MAX_VALUE_DEPTH = 64
export const MAX_INPUTS = 256
/** Examples of one definition, which `corebrum test` runs one after the other. */
export const MAX_EXAMPLES = 1000
/** Values in a definition once its aliases are written out; stops alias bombs. */
export const MAX_DEFINITION_NODES = 100_000
/** Names of tasks, inputs and outputs; they travel with offers and programs. */
export const MAX_NAME_CHARS = 256
export const MAX_URL_CHARS = 2048
/** A JSON Schema's own values, and the length of one `pattern` in it: both become code. */
export const MAX_SCHEMA_NODES = 5_000
export const MAX_PATTERN_CHARS = 1_000
/** Arguments and environment variables of a program, each, and the files that it is given or leaves, each. */
export const MAX_PROGRAM_ARGS = 1024
export const MAX_PROGRAM_VARIABLES = 1024
export const MAX_PROGRAM_FILES = 256
/** Arguments, environment and standard input of a program together: they travel with it. */
export const MAX_SETUP_BYTES = 64 * KiB
/** Files that travel inside a program, together; larger ones are fetched by their hash. */
export const MAX_INLINE_FILE_BYTES = 64 * KiB
/** Path of a file in a program's root, one name of it, and how many folders deep it lies. */
export const MAX_FILE_PATH_BYTES = 1024
export const MAX_FILE_NAME_BYTES = 255
export const MAX_FILE_PATH_DEPTH = 16
/** Hosts that a definition lets a program send requests to. */
export const MAX_ALLOWED_HOSTS = 64
/** Counted exactly, in JavaScript too. */
export const MAX_FUEL = Number.MAX_SAFE_INTEGER
/** Priorities go from minus this to this. */
export const MAX_PRIORITY = 2 ** 31 - 1
/** Runs after failures of a task itself: more hide a mistake. */
export const MAX_RETRIES = 100
/** A deadline farther away is a typing mistake. */
export const MAX_DEADLINE_MS = 366 * 86_400_000
/** Labels of a node, and labels that a task may require. */
export const MAX_LABELS = 64
export const MAX_REQUIRED_LABELS = 16
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
/** Streams that a node serves modules on, of all peers together. */
export const MAX_MODULE_STREAMS = 64
/** How many providers of a module are asked at the same time. */
export const MAX_PROVIDERS_RACED = 3
/** Providers of one module that are remembered, and how often one is asked again after it broke off half way. */
export const MAX_PROVIDERS_KNOWN = 64
export const MAX_TRIES_PER_SOURCE = 3
/** URLs of one module. */
export const MAX_MODULE_URLS = 8
/** Connected peers that are asked for a module when nobody in the DHT has it. */
export const MAX_NEIGHBOURS_ASKED = 16
/** The submitter is asked alone for this long; a LAN answers in a tenth of it. */
export const SUBMITTER_HEAD_START_MS = 150
/** Connected peers are asked when the DHT has named no provider for this long. */
export const NEIGHBOURS_AFTER_MS = 1_000
export const PROVIDER_LOOKUP_MS = 10_000
export const PROVIDE_TIMEOUT_MS = 30_000
/** The DHT hears of a new module this late: telling it keeps the processor from the task that the module came for. */
export const PROVIDE_AFTER_MS = 2_000
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
// ---- executor ----
export const WASM_PAGE_BYTES = 64 * KiB
export const DEFAULT_MEMORY_LIMIT_BYTES = 512 * MiB
export const MAX_MEMORY_LIMIT_BYTES = 4096 * MiB
/** The outputs of one task, encoded. */
export const MAX_OUTPUT_BYTES = 64 * MiB
/** stderr and console text kept with a result. */
export const MAX_LOG_BYTES = 256 * KiB
export const MAX_WASI_FILE_BYTES = 64 * MiB
export const MAX_WASI_PATH_BYTES = 4096
/** Tasks that wait in the executor for a slot. */
export const MAX_EXECUTOR_QUEUE = 4096
/** Digits of an integer in a definition and in JSON, in and out: the range of a double; longer ones cost quadratic time. */
export const MAX_INTEGER_DIGITS = 309
/** One HTTP request of a program, until its whole answer is there. */
export const HTTP_TIMEOUT_MS = 30_000
/** The body of such a request, and of its answer. */
export const MAX_HTTP_BODY_BYTES = 4 * MiB
export const MAX_HTTP_HEADERS = 64
// ---- wire ----
/** Inputs of one task, encoded. */
export const MAX_INPUT_BYTES = 64 * MiB
/** A larger value travels beside its message, named by CID: frames stay short, and small tasks do not wait behind it. */
export const INLINE_VALUE_BYTES = 64 * KiB
/** Values of one task inside a frame; the largest leave it until the rest fits. */
export const MAX_INLINE_BYTES = 512 * KiB
/** One value beside its message, one file of a program, or one that a command hands to its daemon. */
export const MAX_BLOB_BYTES = 64 * MiB
/** Transfers of values from one peer at the same time; fewer than it serves, as modules come the same way. */
export const MAX_BLOB_STREAMS_PER_PEER = 4
/** A peer that serves as many transfers as it will is asked again after this long, each time twice as long. */
export const BUSY_RETRY_MIN_MS = 100
export const BUSY_RETRY_MAX_MS = 5_000
/** Values inside one value of a task. */
export const MAX_CBOR_ITEMS = 1_000_000
/** Values inside one frame: the largest task, and the small messages that a frame of 256 KiB may hold besides. */
export const MAX_FRAME_ITEMS = 1_500_000
/** Nesting of a frame: a task's value, and the arrays and maps that carry it. */
export const MAX_CBOR_DEPTH = MAX_VALUE_DEPTH + 8
/** An integer of MAX_INTEGER_DIGITS has 129; reading a large one takes quadratic time. */
export const MAX_BIGINT_BYTES = 256
// ---- network ----
export const MAX_WORK_STREAMS = 256
/** How long a stream may stay silent before its first frame. */
export const FIRST_FRAME_TIMEOUT_MS = 10_000
/** How often a node repeats its capability and its modules in the DHT. */
export const ADVERTISE_EVERY_MS = 600_000
/** Modules that a node tells the DHT of, the most recently used. */
export const MAX_ADVERTISED_MODULES = 200
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
/** How often a submitter looks for leases that have ended. */
export const LEASE_SWEEP_MS = 500
/** A lease is renewed this often; three renewals may be lost before it ends. */
export const LEASE_RENEW_MS = 2_500
/** A task that ran where the stream broke is not given to others for so long: a worker that is only cut off is back sooner. */
export const RETURN_MS = 500
/** So a worker that runs something dials a submitter whose stream broke this soon. */
export const RETURN_DIAL_MS = 50
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
/** Leases that end without a result before a task fails. */
export const MAX_ATTEMPTS = 5
export const MAX_OPEN_TASKS = 200_000
export const MAX_FINISHED_TASKS = 50_000
/** Logs of all open tasks that a submitter keeps as they come, characters; results bring their own. */
export const MAX_LIVE_LOG_CHARS = 64 * MiB
/** Outputs and logs of finished tasks that a node keeps; the oldest go first. */
export const MAX_FINISHED_BYTES = 256 * MiB
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
/** Inputs and files that a worker holds for one submitter: what that has out on lease, and one more lease. */
export const MAX_HELD_INPUT_BYTES = 256 * MiB
/** Inputs that a submitter has out on lease to one worker, the last lease aside: well under what a writer buffers and a worker holds. */
export const MAX_LEASED_INPUT_BYTES = 16 * MiB
/** As that, of what the worker fetches: inputs beside the lease, and files. */
export const MAX_LEASED_BLOB_BYTES = 64 * MiB
/** Inputs and results that a worker holds for all submitters; beyond it takes no more leases. */
export const MAX_WORKER_BYTES = 512 * MiB
/** Programs that both ends of a work stream remember, those named last; one that was forgotten is sent again. */
export const MAX_STREAM_PROGRAMS = 256
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
/** Leases that one worker may hold from one submitter. */
export const MAX_CLAIM_WINDOW = 2048
/** Results that a worker keeps for submitters that went away, until they return. */
export const MAX_UNACKED_RESULTS = 10_000
/** Bytes of results that a worker keeps for one submitter until they are acknowledged. */
export const MAX_UNACKED_BYTES = 64 * MiB
/** As that, of large outputs, which are kept on disk. */
export const MAX_UNACKED_BLOB_BYTES = 256 * MiB
/** Large outputs that a submitter fetches at the same time, of all workers together. */
export const MAX_COLLECTED_BYTES = 256 * MiB
/** Results on their way, sent and not acknowledged: bytes, and how many one acknowledgement can name. */
export const MAX_RESULT_BYTES_IN_FLIGHT = 8 * MiB
export const MAX_RESULTS_IN_FLIGHT = 2048
// ---- jobs ----
/** What the journal keeps of one job besides its tasks: its definition, and inputs of MAX_INPUT_BYTES. */
export const MAX_JOB_BYTES = 96 * MiB
/** Steps of one pipeline. */
export const MAX_STEPS = 1000
/** A condition of a step: characters, and how deep it may nest. */
export const MAX_CONDITION_CHARS = 2000
export const MAX_CONDITION_DEPTH = 32
/** Between the beginnings of two runs of a recurring task; a day is the longest that a task may take. */
export const MIN_INTERVAL_MS = 10
export const MAX_INTERVAL_MS = 24 * 3_600_000
/** Workers whose results a node takes as its own. */
export const MAX_TRUSTED_PEERS = 256
/** Results that a node without a journal can reuse, the newest. */
export const MAX_REUSABLE_RESULTS = 10_000
// ---- agreement ----
/** Peers that one task runs on at the same time. */
export const MAX_REPLICAS = 16
/** Paths in the outputs that are not compared. */
export const MAX_IGNORED_PATHS = 64
// ---- receipts ----
/** Receipts under one signature: some milliseconds of work, for whoever writes and for whoever reads them. */
export const MAX_RECEIPTS_PER_MESSAGE = 512
/** How long a command waits for the receipt of a task that has just ended; it comes some ten milliseconds behind the result. */
export const RECEIPT_WAIT_MS = 1_000
/** A file of exported receipts, each of about 2 KiB. */
export const MAX_RECEIPT_FILE_BYTES = 1 * MiB
/** Results whose receipts are still to come: how many, and the inputs that are kept for them. */
export const MAX_AWAITED_RECEIPTS = 8192
export const MAX_AWAITED_RECEIPT_BYTES = 32 * MiB
// ---- maps ----
/** Inputs of one map; 8 bytes of memory each. */
export const MAX_MAP_ITEMS = 20_000_000
/** One line of a map's inputs. */
export const MAX_MAP_LINE_BYTES = 32 * MiB
/** Lines are written and read back in blocks of about this size. */
export const SPOOL_BLOCK_BYTES = 256 * KiB
/** Inputs of a map that are on disk and not looked at yet: beyond, no more are taken from whoever sends them. */
export const MAX_SPOOL_AHEAD_BYTES = 1024 * MiB
/** Tasks of a map that are open at the same time, and the bytes of their inputs. */
export const MAX_MAP_OPEN_TASKS = 2048
export const MAX_MAP_OPEN_BYTES = 16 * MiB
/** Results that are not on disk yet; beyond, no more tasks are begun. */
export const MAX_UNWRITTEN_RESULT_BYTES = 16 * MiB
/** One result as JSON: MAX_OUTPUT_BYTES in base64, and what stands around it. */
export const MAX_MAP_RESULT_BYTES = 96 * MiB
/** Results reach the disk together, this often. */
export const MAP_COMMIT_MS = 50
/** How often a map looks whether a full queue takes its tasks again, and tells how far it is. */
export const MAP_RETRY_MS = 200
/** Unfinished maps whose files a node holds open. */
export const MAX_OPEN_MAPS = 64
// ---- mailbox ----
/** Results that wait for a submitter that cannot be reached for so long are left with other peers. */
export const MAILBOX_AFTER_MS = 5_000
/** Peers with which each is left. */
export const MAILBOX_COPIES = 2
/** Peers that are asked for that at one time; one that refuses is asked again after MAILBOX_REFUSED_MS. */
export const MAX_HOLDERS_ASKED = 8
export const MAILBOX_REFUSED_MS = 600_000
/** One letter, sealed: its messages, and the large outputs that they name. */
export const MAX_LETTER_BYTES = 8 * MiB
/** Results that share a letter: so many, while they are small together. */
export const MAX_LETTER_RESULTS = 256
export const LETTER_FILL_BYTES = 1 * MiB
/** Letters move in pieces of this size. */
export const LETTER_PART_BYTES = 256 * KiB
/** Disk space for letters of others, where nothing else is said. */
export const DEFAULT_MAILBOX_BYTES = 256 * MiB
export const MAX_MAILBOX_BYTES = 64 * 1024 * MiB
/** Letters that a node holds: in all, and of one depositor or for one recipient, whose bytes are at most a quarter of all. */
export const MAX_LETTERS = 8_192
export const MAX_LETTERS_PER_PEER = 1_024
export const MAX_LETTER_TTL_MS = 7 * 86_400_000
/** Letters that are on their way in or out of this node at the same time, in bytes. */
export const MAX_LETTER_BYTES_MOVING = 32 * MiB
/** One letter on its way, with all answers: 8 MiB at 300 KB/s. */
export const LETTER_TIMEOUT_MS = 30_000
/** Letters that cannot be read after which what a holder has is ignored for LETTERS_IGNORED_MS. */
export const MAX_BAD_LETTERS = 64
export const LETTERS_IGNORED_MS = 3_600_000
// ---- control ----
export const MAX_CONTROL_BODY_BYTES = 64 * MiB
/** Ids and names in one request; HTTP of Node reads 16 KiB besides the body. */
export const MAX_CONTROL_PATH_CHARS = 8 * KiB
/** One JSON text of the daemon: outputs of MAX_OUTPUT_BYTES in base64, or text with some escapes. */
export const MAX_CONTROL_ANSWER_BYTES = 256 * MiB
/** A file that a command has handed to its daemon waits this long for the task that names it. */
export const UPLOAD_KEPT_MS = 600_000
/** Files that wait so at the same time. */
export const MAX_UPLOADS = 256
/** How long a socket that may belong to a dead daemon has to answer. */
export const CONTROL_PROBE_MS = 2_000
/** How long a command waits for the daemon's answer to anything but a task. */
export const CONTROL_ANSWER_MS = 60_000
/** How long Ctrl-C waits for the id of a task that may just have been accepted. */
export const CANCEL_GRACE_MS = 300
/** How long `cancel` waits until the end of the task is on disk. */
export const CANCEL_WRITE_MS = 10_000
/** How long a command waits for its own node to stop once the task has ended. */
export const CLOSE_GRACE_MS = 1_000
/** `submit --timeout`: what a timer of Node can hold, rounded down to days. */
export const MAX_WAIT_SECONDS = 24 * 86_400
/** A start-up lock older than this was left by a daemon that died while it started. */
export const STALE_LOCK_MS = 10_000
/** Characters of a task id that are enough to name it, where only one task has them. */
export const MIN_ID_PREFIX = 4
/** Tasks of a job in one answer; each may have large outputs. */
export const MAX_CHILDREN_PAGE = 100
/** Tasks in one answer to `list`. */
export const MAX_LISTED_TASKS = 10_000
/** A submit without a daemon waits this long for a mesh. */
export const MESH_WAIT_MS = 500
/** With a mesh, it runs the task itself when nobody has finished it after this long. */
export const UNCLAIMED_WAIT_MS = 2_000
/** Peers that `explain` asks whether they would take a task, and how long it waits for their answers. */
export const MAX_PEERS_ASKED = 32
export const EXPLAIN_ANSWER_MS = 2_000
/** How long a daemon lets running tasks finish after SIGTERM. */
export const DRAIN_MS = 10_000
// ---- journal ----
/** Changes of open tasks lie so long before they are written: most tasks end before, and then they never are. */
export const JOURNAL_LAZY_MS = 100
/** What waits for the disk; beyond it no new task is taken. */
export const MAX_JOURNAL_PENDING_BYTES = 64 * MiB
/** A journal that could not be written, as on a full disk, is tried again this often. */
export const JOURNAL_REOPEN_MS = 1_000
/** Encoded outputs of a finished task that lie in its record; larger ones lie in a file of their own. */
export const MAX_RECORD_OUTPUT_BYTES = INLINE_VALUE_BYTES
/** Changes of one open task that lie one by one; then they become one. */
export const MAX_TASK_CHANGES = 96
/** Finished tasks whose place in the journal is known without looking it up: receipts come shortly after results. */
export const MAX_RECENT_TASKS = 16_384
/** How often the oldest finished tasks are looked at, and how many are deleted in one write. */
export const RETENTION_SWEEP_MS = 60_000
export const MAX_DELETED_AT_ONCE = 1_000
/** Space is given back to the disk when so many bytes were deleted. */
export const COMPACT_AFTER_BYTES = 64 * MiB
/** How long finished tasks are kept, how many at most, and their bytes. */
export const DEFAULT_KEEP_SECONDS = 7 * 86_400
export const MAX_KEEP_SECONDS = 3_650 * 86_400
export const DEFAULT_KEEP_TASKS = 1_000_000
export const MAX_KEEP_TASKS = 100_000_000
export const DEFAULT_KEEP_BYTES = 2048 * MiB
/** Finished tasks of one job that is still open; the oldest go first. No job but one that runs for ever has so many. */
export const MAX_CHILDREN_OF_OPEN_JOB = 10_000
// ---- configuration ----
export const MAX_CONFIG_BYTES = 256 * KiB
/** More sandboxes than this on one machine is a typing mistake. */
export const MAX_WORKER_COUNT = 1024
/** The least that a task of any toolchain starts with. */
export const MIN_MEMORY_LIMIT_BYTES = 1 * MiB
export const MIN_STORE_BYTES = 1 * MiB
export const MAX_STORE_BYTES = 16 * 1024 * 1024 * MiB
export const MAX_LISTEN_ADDRESSES = 16
