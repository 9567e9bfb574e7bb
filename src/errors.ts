/**
 * Every error that corebrum raises on purpose: one class, one table of codes.
 * The numeric status is what travels on the wire; it never changes once released.
 */

/** What each code means: its wire status and one sentence for the reference in README. */
export const ERRORS = {
  ERR_INTERNAL: { status: 1, meaning: 'a defect in corebrum itself; please report it' },
  ERR_USAGE: { status: 2, meaning: 'the command line is wrong' },
  ERR_CONFIG: { status: 3, meaning: 'the configuration file, an environment variable or a flag has a wrong value' },
  ERR_DEFINITION: { status: 4, meaning: 'the task definition has mistakes' },
  ERR_INPUT: { status: 5, meaning: 'the inputs do not fit the task definition' },
  ERR_NO_DAEMON: { status: 6, meaning: 'no daemon answers on the control socket' },
  ERR_DAEMON_RUNNING: { status: 7, meaning: 'a daemon already uses this data folder' },
  ERR_TASK_UNKNOWN: { status: 8, meaning: 'no task has this id' },
  ERR_WAIT_TIMEOUT: { status: 9, meaning: 'the wait ended before the task did' },
  ERR_NOT_WASM: { status: 20, meaning: 'the bytes are not a WebAssembly module' },
  ERR_MODULE_INVALID: { status: 21, meaning: 'the module is damaged or does not validate' },
  ERR_MODULE_UNSUPPORTED: { status: 22, meaning: 'the module needs a feature or a calling convention that is not supported' },
  ERR_MODULE_NOT_FOUND: { status: 23, meaning: 'the module could not be had from any source' },
  ERR_MODULE_HASH_MISMATCH: { status: 24, meaning: 'the bytes do not match the hash that names them' },
  ERR_MODULE_TOO_LARGE: { status: 25, meaning: 'the module is over the size limit' },
  ERR_URL_REFUSED: { status: 26, meaning: 'policy does not allow this URL' },
  ERR_URL_FAILED: { status: 27, meaning: 'the URL could not be fetched' },
  ERR_STORE: { status: 28, meaning: 'the module store could not be read or written' },
  ERR_CID: { status: 29, meaning: 'the text is not the CID of a module' },
  ERR_BLOB_NOT_FOUND: { status: 30, meaning: 'a large input, output or file could not be had from the node that has it' },
  ERR_JOURNAL: { status: 31, meaning: 'the journal of tasks could not be read or written' },
  ERR_NO_EXPORT: { status: 40, meaning: 'the module does not export the function' },
  ERR_MISSING_IMPORT: { status: 41, meaning: 'the module called an import that the sandbox does not provide' },
  ERR_SIGNATURE: { status: 42, meaning: 'the function does not take the inputs that the definition declares' },
  ERR_VALUE_RANGE: { status: 43, meaning: 'a value does not fit the type of the parameter' },
  ERR_TRAP: { status: 44, meaning: 'the module trapped' },
  ERR_STACK_OVERFLOW: { status: 45, meaning: 'the module recursed too deeply' },
  ERR_MEMORY_LIMIT: { status: 46, meaning: 'the module needs more memory than the task may have' },
  ERR_TABLE_LIMIT: { status: 47, meaning: 'the module needs more or larger tables than allowed' },
  ERR_TIME_LIMIT: { status: 48, meaning: 'the task did not end within its time limit' },
  ERR_OUTPUT_LIMIT: { status: 49, meaning: 'the module wrote more output than allowed' },
  ERR_RESULT_TYPE: { status: 50, meaning: 'what the module returned is not of the declared output type' },
  ERR_EXIT_CODE: { status: 51, meaning: 'the program ended with an exit code other than 0' },
  ERR_POINTER: { status: 52, meaning: 'the module returned a pointer outside its memory' },
  ERR_SANDBOX_CRASHED: { status: 53, meaning: 'the sandbox process died' },
  ERR_EXECUTOR_STOPPED: { status: 54, meaning: 'the executor is not running' },
  ERR_FUEL_LIMIT: { status: 55, meaning: 'the module used up its fuel' },
  ERR_NETWORK_REFUSED: { status: 56, meaning: 'the program asked for a request that its grants or the worker do not allow' },
  ERR_CANCELLED: { status: 60, meaning: 'the task was cancelled' },
  ERR_ATTEMPTS: { status: 61, meaning: 'the task was started too often without a result' },
  ERR_DECLINED: { status: 62, meaning: 'the worker does not take this task' },
  ERR_QUEUE_FULL: { status: 63, meaning: 'the node holds as many tasks as it may' },
  ERR_DEADLINE: { status: 64, meaning: 'the task had not ended by its deadline' },
  ERR_NO_QUORUM: { status: 65, meaning: 'the workers did not agree on a result' },
  ERR_STEP: { status: 66, meaning: 'a step of the pipeline did not complete' },
  ERR_RECEIPT: { status: 67, meaning: 'a receipt is missing, damaged, or not signed by who it names' },
  ERR_PROTOCOL: { status: 80, meaning: 'a peer broke the rules of a protocol' },
  ERR_FRAME_TOO_LARGE: { status: 81, meaning: 'a frame is over the size limit' },
  ERR_STREAM_CLOSED: { status: 82, meaning: 'the stream to the peer is closed' },
  ERR_DIAL: { status: 83, meaning: 'the peer could not be reached' },
  ERR_PEER_TIMEOUT: { status: 84, meaning: 'the peer did not answer in time' },
} as const satisfies Record<string, { status: number, meaning: string }>

export type ErrorCode = keyof typeof ERRORS

const byStatus = new Map<number, ErrorCode>(
  Object.entries(ERRORS).map(([code, { status }]) => [status, code as ErrorCode]),
)

/** The code of a wire status; an unknown status, from a newer peer, reads as ERR_INTERNAL. */
export function codeOfStatus (status: number): ErrorCode {
  return byStatus.get(status) ?? 'ERR_INTERNAL'
}

export interface CorebrumErrorOptions {
  cause?: unknown
  /** One entry for each separate mistake, where an error reports several. */
  problems?: readonly string[]
}

/** An error with a code that programs can rely on and a message for people. */
export class CorebrumError extends Error {
  readonly code: ErrorCode
  readonly problems: readonly string[]

  constructor (code: ErrorCode, message: string, options: CorebrumErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'CorebrumError'
    this.code = code
    this.problems = options.problems ?? []
  }

  get status (): number {
    return ERRORS[this.code].status
  }
}

/** Any thrown value as a CorebrumError; what is not one already becomes `code`. */
export function toCorebrumError (thrown: unknown, code: ErrorCode = 'ERR_INTERNAL'): CorebrumError {
  if (thrown instanceof CorebrumError) return thrown
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  return new CorebrumError(code, message, { cause: thrown })
}
