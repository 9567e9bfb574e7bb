/** The limits that only the executor knows, each finite, with its unit in the name and its reason beside it. */

const KiB = 1024
const MiB = 1024 * KiB

/** Larger memories are not cleared for the next call but made anew, which is then cheaper. */
export const MAX_RECYCLED_MEMORY_BYTES = 2 * MiB
/** Larger memories are not kept after a module's first call: clearing them makes the system provide pages that were never used. */
export const MAX_MEMORY_BYTES_KEPT_AT_ONCE = 256 * KiB
export const MAX_TABLE_ENTRIES = 100_000
export const MAX_TABLES = 16
/** One function body; larger ones are compile bombs. */
export const MAX_FUNCTION_BODY_BYTES = 8 * MiB
/** One function body with the instructions that count its fuel; the engine takes no more. */
export const MAX_METERED_BODY_BYTES = 7_654_321
export const MAX_LOCALS_PER_FUNCTION = 50_000
export const MAX_GLOBALS = 100_000
/** Parts in which a call's log is reported while it runs: at once, and then a second; faster than people read, too few to slow a call down. */
export const LIVE_LOG_BURST = 20
export const LIVE_LOG_PARTS_PER_SECOND = 50
/** Part of a line waits this long for its end. */
export const LIVE_LOG_PART_LINE_MS = 20
/** So much of a log leaves at once however many parts have left. */
export const LIVE_LOG_BLOCK_BYTES = 4 * KiB
/** Clock of a deterministic task: where it starts, 2025-01-01T00:00:00Z, and how far each reading moves it; nanoseconds. */
export const DETERMINISTIC_START_NS = 1_735_689_600_000_000_000n
export const DETERMINISTIC_STEP_NS = 1_000n
export const MAX_WASI_FILES = 4096
export const MAX_WASI_DESCRIPTORS = 256
/** What a component may define, its nested components counted: types with their parts, functions, aliases, imports; real ones have up to 1,500. */
export const MAX_COMPONENT_DEFINITIONS = 200_000
/** Nesting of components, and of types, in a component. */
export const MAX_COMPONENT_DEPTH = 32
/** Core modules and components that one component instantiates. */
export const MAX_COMPONENT_INSTANCES = 256
/** Functions that a component imports, and that it exports; WASI 0.2 has 200 in all. */
export const MAX_COMPONENT_FUNCTIONS = 5_000
/** A value of fixed size, as the Component Model allows it. */
export const MAX_COMPONENT_VALUE_BYTES = 256 * MiB
/** Cases of a variant, fields of a record. */
export const MAX_COMPONENT_LABELS = 10_000
/** Handles to resources that one component instance holds. */
export const MAX_COMPONENT_HANDLES = 65_536
/** Values, and bytes of strings and byte lists, that cross between components or to the host in one call. */
export const MAX_COMPONENT_VALUES = 1_000_000
export const MAX_COMPONENT_CALL_BYTES = 64 * MiB
/** Compiled modules a slot keeps. */
export const MAX_WARM_MODULES = 64
/** Bytes of modules whose compiled form a slot keeps. */
export const MAX_WARM_MODULE_BYTES = 256 * MiB
/** Tasks handed to a slot ahead of the one that runs, so that small tasks do not wait for the pipe. */
export const MAX_SLOT_BACKLOG = 256
/** Calls whose recent runs were shorter than this are handed to a slot several at a time. */
export const FAST_CALL_MS = 2
/** Work handed to a slot ahead of the call that runs, by its recent run times: what a slow call can hold up. */
export const MAX_SLOT_BACKLOG_MS = 10
/** A call that runs this long gives the calls behind it back to other slots. */
export const SLOW_CALL_MS = 20
/** After a call this long a sandbox asks which of the calls it was handed are still its own. */
export const RESUME_AFTER_MS = 5
/** How long a sandbox process may take to start or to receive a module, besides the call's time limit. */
export const SANDBOX_START_MS = 30_000
/** JavaScript heap of a sandbox process; linear memory is outside of it. */
export const SANDBOX_HEAP_BYTES = 192 * MiB
/** What a sandbox process may map besides the linear memory of the module it runs. */
export const SANDBOX_OVERHEAD_BYTES = 1024 * MiB
/** Linear memory of ended calls after which a sandbox collects its garbage. */
export const SANDBOX_GARBAGE_BYTES = 64 * MiB
/** Memory that an Extism plug-in shares with the sandbox: input, output and what lies between; its blocks, and its variables, as Extism has it. */
export const MAX_EXTISM_BYTES = 192 * MiB
export const MAX_EXTISM_BLOCKS = 100_000
export const MAX_EXTISM_VARIABLE_BYTES = 1 * MiB
/** JavaScript values that the sandbox holds for one Go program; well within SANDBOX_HEAP_BYTES, which would end the process. */
export const MAX_GO_HOST_BYTES = 96 * MiB
/** One text that a Go program and the sandbox pass each other. */
export const MAX_GO_TEXT_BYTES = 32 * MiB
/** How much a Go program makes the sandbox keep until that is measured again. */
export const GO_HOST_CHECK_BYTES = 8 * MiB
/** Timers that wait at the same time for one Go program; its runtime uses one or two for all its goroutines. */
export const MAX_GO_TIMERS = 10_000
/** Where the linker lets a Go program's data begin: its arguments and environment lie between 4096 and there. */
export const GO_ARGUMENT_BYTES = 4 * KiB
/** JavaScript values that the sandbox holds at the same time for one wasm-bindgen module. */
export const MAX_BINDGEN_VALUES = 500_000
/** Bytes of all byte arrays that such a module makes in the sandbox in one call. */
export const MAX_BINDGEN_BYTES = 256 * MiB
/** Parameters of a function that such a module describes, and words of the description. */
export const MAX_BINDGEN_PARAMETERS = 256
export const MAX_BINDGEN_WORDS = 10_000
/** Instructions that are read to find the descriptions of one module. */
export const MAX_BINDGEN_STEPS = 1_000_000
/** Text of a dying sandbox process that is kept to say why it died. */
export const MAX_SANDBOX_STDERR_BYTES = 4 * KiB
/** Bytes that may wait for a sandbox to read them when it asks for one more HTTP answer: those of the calls that it was handed ahead. */
export const MAX_SANDBOX_UNREAD_BYTES = 256 * MiB
/** Programs that a slot keeps bound to their module, and functions whose run times are remembered. */
export const MAX_WARM_PROGRAMS = 256
/** Requests of one call; each may take HTTP_TIMEOUT_MS and a connection. */
export const MAX_HTTP_REQUESTS_PER_CALL = 256
