/** The executor's port: what the rest of corebrum sees of the part that runs foreign code. */
import type { HttpRequest, HttpResponse } from '../task/http.ts'
import type { Program } from '../task/program.ts'
import type { Usage } from '../task/usage.ts'
import type { Value } from '../task/values.ts'

/** One call of a module's function. */
export interface Call {
  program: Program
  /** One value for each of `program.inputs`, in order; `undefined` where the user gave none. */
  values: Array<Value | undefined>
  /** Given to inputs named `task_id` that the user left out. */
  taskId: string
  /** Given to inputs named `worker_id` that the user left out. */
  workerId: string
  /** Files for its root, besides those that its program holds itself; default none. */
  files?: readonly CallFile[]
}

/** `path` is relative to the root, with `/` between its parts. */
export interface CallFile { path: string, bytes: Uint8Array }

export interface CallResult {
  outputs: Record<string, Value>
  /** stderr and console text, capped at MAX_LOG_BYTES. */
  logs: string
  usage: Usage
}

export interface RunOptions {
  /** Aborting ends the call: its sandbox is killed if it already runs. The promise rejects with ERR_CANCELLED. */
  signal?: AbortSignal
  /** Given at once a function that does what aborting does, on request only before a sandbox is at the call: for many small calls, a signal for each costs more than the rest. */
  onCancellable?: (cancel: (unlessBegun?: boolean) => void) => void
  /** Called once when the sandbox begins this call. */
  onStart?: () => void
  /** Given what the call writes to its log while it runs, in pieces; `logs` of the result holds all of it. */
  onLog?: (text: string) => void
}

export interface Executor {
  /** Number of sandboxes that run calls at the same time. */
  readonly slots: number
  /** Calls that run or wait now. */
  readonly load: number
  start (): Promise<void>
  stop (): Promise<void>
  /** Rejects with a CorebrumError; a failed call's error carries `logs` when there were any. */
  run (call: Call, options?: RunOptions): Promise<CallResult>
}

export interface ExecutorComponents {
  /** The verified bytes of a module; asked for only when a sandbox does not hold it compiled. */
  loadModule: (cid: string) => Promise<Uint8Array>
  /**
   * Sends an HTTP request of a program that may; `hosts` are those that its task names. Absent: none may.
   * Rejects with ERR_NETWORK_REFUSED, ERR_URL_FAILED or ERR_CANCELLED.
   */
  request?: (request: HttpRequest, hosts: readonly string[], signal: AbortSignal) => Promise<HttpResponse>
}

export interface ExecutorInit {
  /** Default 1 less than the number of processors, at least 1. */
  slots?: number
  /** Default DEFAULT_MEMORY_LIMIT_BYTES; a task may ask for less, never for more. */
  memoryLimitBytes?: number
}
