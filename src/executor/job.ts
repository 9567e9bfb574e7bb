/** One call from the moment it is asked for until its promise settles. */
import { CallError } from './call-error.ts'
import type { CorebrumError } from '../errors.ts'
import { MAX_LOG_BYTES } from '../limits.ts'
import type { Value } from '../task/values.ts'
import type { Call, CallResult, RunOptions } from './executor.ts'
import type { PreparedProgram } from './programs.ts'
import type { CallExtras, Report } from './protocol.ts'
import type { Sandbox } from './sandbox.ts'

const AGAIN = '\n[the sandbox died; the call begins again]\n'

export class Job {
  readonly call: Call
  readonly program: PreparedProgram
  readonly values: Array<Value | undefined>
  readonly extras?: CallExtras
  readonly done: Promise<CallResult>
  settled = false
  /** Sandboxes that died while they ran this call. */
  crashes = 0
  /** HTTP requests that it sent. */
  requests = 0
  /** Where it is to run; it may still stand in the backlog of another one that gave it back. */
  sandbox: Sandbox | undefined
  private begun = false
  /** What was reported of this run, and what those wrote whose sandboxes died. */
  private live = ''
  private before = ''
  private readonly options: RunOptions
  private readonly onSettled: () => void
  private ending: AbortController | undefined
  private resolve: (result: CallResult) => void = () => {}
  private reject: (error: CorebrumError) => void = () => {}

  /** `onSettled` runs once, before the promise's own listeners. */
  constructor (call: Call, program: PreparedProgram, options: RunOptions, onSettled: () => void) {
    this.call = call
    this.program = program
    this.values = program.fillValues(call)
    const extras = program.extras(call)
    if (options.onLog !== undefined) this.extras = { ...extras, live: true }
    else if (extras !== undefined) this.extras = extras
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

  /** No sandbox is at it, or gets ready for it. */
  get isWaiting (): boolean {
    return this.sandbox === undefined || (!this.sandbox.loading && this.sandbox.running !== this)
  }

  /** What the call has written so far, as far as it was reported; empty unless somebody listens. */
  get logs (): string {
    return this.before + this.live
  }

  /** Takes a part of the log that was written since the one before. */
  log (text: string): void {
    const { onLog } = this.options
    // A sandbox that is sane never reports more.
    if (onLog === undefined || text === '' || this.logs.length + text.length > MAX_LOG_BYTES) return
    this.live += text
    queueMicrotask(() => { onLog(text) })
  }

  /** The call is to run once more, in another sandbox. */
  again (): void {
    if (this.live === '') return
    this.log(AGAIN)
    this.before = this.logs
    this.live = ''
  }

  /** Settles with what the sandbox reported. */
  report ({ outputs, failure, logs: own, usage }: Report): void {
    const logs = this.before.length + own.length > MAX_LOG_BYTES ? own : this.before + own
    if (failure !== undefined) this.fail(new CallError(failure.code, failure.message, { logs, usage }))
    else if (this.settle()) this.resolve({ outputs: outputs ?? {}, logs, usage })
  }

  fail (error: CorebrumError): void {
    if (this.settle()) this.reject(error)
  }

  /** Aborts when the call has ended, however it did. */
  get over (): AbortSignal {
    this.ending ??= new AbortController()
    return this.ending.signal
  }

  private settle (): boolean {
    if (this.settled) return false
    this.settled = true
    this.ending?.abort()
    this.onSettled()
    return true
  }
}
