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
/** A whole module transfer; 256 MiB at 1 MB/s. */
export const MAX_TRANSFER_MS = 300_000
export const MAX_MODULE_STREAMS_PER_PEER = 8
/** URLs of one module. */
export const MAX_MODULE_URLS = 8
/** The DHT hears of a new module this late: telling it keeps the processor from the task that the module came for. */
export const PROVIDE_AFTER_MS = 2_000
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
/** Values inside one value of a task. */
export const MAX_CBOR_ITEMS = 1_000_000
/** Values inside one frame: the largest task, and the small messages that a frame of 256 KiB may hold besides. */
export const MAX_FRAME_ITEMS = 1_500_000
/** Nesting of a frame, and of what a digest is made of: a task's value, and the arrays and maps that carry it. */
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
/** Leases that end without a result before a task fails. */
export const MAX_ATTEMPTS = 5
export const MAX_OPEN_TASKS = 200_000
export const MAX_FINISHED_TASKS = 16_384
/** Logs of all open tasks that a submitter keeps as they come, characters; results bring their own. */
export const MAX_LIVE_LOG_CHARS = 64 * MiB
/** Outputs and logs of finished tasks that a node keeps; the oldest go first. */
export const MAX_FINISHED_BYTES = 256 * MiB
/** The same for a node with a journal, which has them all on disk: a small task takes some 6 KB of memory. */
export const MAX_CACHED_TASKS = 8192
export const MAX_CACHED_BYTES = 64 * MiB
/** Programs that both ends of a work stream remember, those named last; one that was forgotten is sent again. */
export const MAX_STREAM_PROGRAMS = 256
/** Their memory together: the largest one has half a MiB of CBOR. */
export const MAX_STREAM_PROGRAM_BYTES = 16 * MiB
/** Leases that one worker may hold from one submitter. */
export const MAX_CLAIM_WINDOW = 2048
/** Leases that the messages of one frame name: all that a worker has of one submitter, running and ended, and nearly a frame of small messages. */
export const MAX_FRAME_REFS = 8 * MAX_CLAIM_WINDOW
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
/** Results whose receipts are still to come: how many, and the inputs and outputs that are kept for them, the newest result aside. */
export const MAX_AWAITED_RECEIPTS = 8192
export const MAX_AWAITED_RECEIPT_BYTES = 32 * MiB
// ---- maps ----
/** Inputs of one map; 8 bytes of memory each. */
export const MAX_MAP_ITEMS = 20_000_000
// ---- mailbox ----
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
/** Letters that a node holds: in all, and of one depositor or for one recipient, whose bytes are at most a quarter of all; a quarter of that of one for the other. */
export const MAX_LETTERS = 8_192
export const MAX_LETTERS_PER_PEER = 1_024
export const MAX_LETTER_TTL_MS = 7 * 86_400_000
// ---- control ----
/** How long Ctrl-C waits for the id of a task that may just have been accepted. */
export const CANCEL_GRACE_MS = 300
/** How long a command waits for its own node to stop once the task has ended. */
export const CLOSE_GRACE_MS = 1_000
/** `submit --timeout`: what a timer of Node can hold, rounded down to days. */
export const MAX_WAIT_SECONDS = 24 * 86_400
/** Tasks in one answer to `list`. */
export const MAX_LISTED_TASKS = 10_000
/** A submit without a daemon waits this long for a mesh. */
export const MESH_WAIT_MS = 500
/** With a mesh, it runs the task itself when nobody has finished it after this long. */
export const UNCLAIMED_WAIT_MS = 2_000
/** Peers that `explain` asks whether they would take a task, and how long it waits for their answers. */
export const MAX_PEERS_ASKED = 32
/** Open tasks of a job that `explain` explains one by one, at each level: people read them. */
export const MAX_PARTS_EXPLAINED = 8
export const EXPLAIN_ANSWER_MS = 2_000
/** How long a daemon lets running tasks finish after SIGTERM. */
export const DRAIN_MS = 10_000
// ---- journal ----
/** Changes of open tasks lie so long before they are written: most tasks end before, and then they never are. */
export const JOURNAL_LAZY_MS = 250
/** What waits for the disk; beyond it no new task is taken. */
export const MAX_JOURNAL_PENDING_BYTES = 64 * MiB
/** A journal that could not be written, as on a full disk, is tried again this often. */
export const JOURNAL_REOPEN_MS = 1_000
/** Tables of the journal whose checksums are looked at before each start, the newest: a fraction of a second. */
export const JOURNAL_CHECKED_BYTES = 32 * MiB
/** The rest, and all of it once a day, is looked at while the node runs, so many bytes a second: a few hundredths of a processor. */
export const JOURNAL_CHECK_BYTES_PER_SECOND = 8 * MiB
export const JOURNAL_CHECK_MS = 86_400_000
/** Changes of one open task that lie one by one; then they become one. */
export const MAX_TASK_CHANGES = 96
/** Finished tasks whose place in the journal is known without looking it up: receipts come shortly after results. */
export const MAX_RECENT_TASKS = 16_384
/** How often the oldest finished tasks are looked at, and how many are deleted in one write. */
export const RETENTION_SWEEP_MS = 60_000
/** They are looked at sooner when there are so many times what is kept, and then at most so often. */
export const RETENTION_SLACK = 1.25
export const RETENTION_EARLY_MS = 5_000
export const MAX_DELETED_AT_ONCE = 1_000
/** Space is given back to the disk when so many bytes were deleted. */
export const COMPACT_AFTER_BYTES = 64 * MiB
/** How long finished tasks are kept, how many at most, and their bytes. */
export const DEFAULT_KEEP_SECONDS = 7 * 86_400
export const MAX_KEEP_SECONDS = 3_650 * 86_400
export const DEFAULT_KEEP_TASKS = 1_000_000
export const MAX_KEEP_TASKS = 100_000_000
export const DEFAULT_KEEP_BYTES = 2048 * MiB
/** Finished tasks of one recurring task that is still open; the oldest go first. */
export const MAX_CHILDREN_OF_OPEN_JOB = 10_000
/** The part of the number and of the bytes above that the runs of all open recurring tasks may take together: they end tasks for ever, and most is for what users ran themselves. */
export const ENDLESS_JOBS_KEEP = 0.25
// ---- configuration ----
export const MAX_CONFIG_BYTES = 256 * KiB
/** More sandboxes than this on one machine is a typing mistake. */
export const MAX_WORKER_COUNT = 1024
/** The least that a task of any toolchain starts with. */
export const MIN_MEMORY_LIMIT_BYTES = 1 * MiB
export const MIN_STORE_BYTES = 1 * MiB
export const MAX_STORE_BYTES = 16 * 1024 * 1024 * MiB
export const MAX_LISTEN_ADDRESSES = 16
