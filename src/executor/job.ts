/** One call from the moment it is asked for until its promise settles. */
import { CallError } from './call-error.ts'
import type { CorebrumError } from '../errors.ts'
import type { Value } from '../task/values.ts'
import type { Call, CallResult, RunOptions } from './executor.ts'
import type { PreparedProgram } from './programs.ts'
import type { Report } from './protocol.ts'
import type { Sandbox } from './sandbox.ts'

export class Job {
  readonly call: Call
  readonly program: PreparedProgram
  readonly values: Array<Value | undefined>
  readonly done: Promise<CallResult>
  settled = false
  /** Sandboxes that died while they ran this call. */
  crashes = 0
  /** Where it is to run; it may still stand in the backlog of another one that gave it back. */
  sandbox: Sandbox | undefined
  private begun = false
  private readonly options: RunOptions
  private readonly onSettled: () => void
  private resolve: (result: CallResult) => void = () => {}
  private reject: (error: CorebrumError) => void = () => {}

  /** `onSettled` runs once, before the promise's own listeners. */
  constructor (call: Call, program: PreparedProgram, options: RunOptions, onSettled: () => void) {
    this.call = call
    this.program = program
    this.values = program.fillValues(call)
    this.options = options
    this.onSettled = onSettled
    this.done = new Promise((resolve, reject) => {
      this.resolve = resolve
      this.reject = reject
    })
  }

  begin (): void {
    if (this.begun || this.settled) return
    this.begun = true
    const { onStart } = this.options
    // Not from here: what the caller does in it must not run in the middle of reading reports.
    if (onStart !== undefined) queueMicrotask(onStart)
  }

  log (text: string): void {
    if (!this.settled) this.options.onLog?.(text)
  }

  /** Settles with what the sandbox reported. */
  report ({ outputs, failure, logs, usage }: Report): void {
    if (failure !== undefined) this.fail(new CallError(failure.code, failure.message, { logs, usage }))
    else if (this.settle()) this.resolve({ outputs: outputs ?? {}, logs, usage })
  }

  fail (error: CorebrumError): void {
    if (this.settle()) this.reject(error)
  }

  private settle (): boolean {
    if (this.settled) return false
    this.settled = true
    this.onSettled()
    return true
  }
}
