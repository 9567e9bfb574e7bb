/** The error of a call that ran and failed: what the module wrote until then comes with it. */
import { CorebrumError, type CorebrumErrorOptions, type ErrorCode } from '../errors.ts'
import type { Usage } from '../task/usage.ts'

export interface CallErrorOptions extends CorebrumErrorOptions {
  /** stderr and console text of the module, capped at MAX_LOG_BYTES; default empty. */
  logs?: string
  usage?: Usage
}

/** What `Executor.run` rejects with when the sandbox began the call. */
export class CallError extends CorebrumError {
  readonly logs: string
  readonly usage?: Usage

  constructor (code: ErrorCode, message: string, options: CallErrorOptions = {}) {
    super(code, message, options)
    this.logs = options.logs ?? ''
    if (options.usage !== undefined) this.usage = options.usage
  }
}
