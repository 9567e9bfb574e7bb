/** How long a call took beyond its deadline, less how late this process's own timers were: a busy machine is not the sandbox's fault. */
import type { Call, CallResult, Executor } from '../../src/executor/executor.ts'
import { CorebrumError } from '../../src/errors.ts'

/** What a task may take beyond its deadline until it has failed. */
export const GRACE_MS = 100

export interface Ended {
  result: CallResult | CorebrumError
  /** Negative when the call ended before its deadline. */
  overdueMs: number
}

/** Runs a call to its end; rejects only with what is no CorebrumError. */
export async function timed (executor: Executor, call: Call): Promise<Ended> {
  const limit = call.program.timeLimitMs
  let begun = performance.now()
  let lateMs = 0
  let timer: NodeJS.Timeout | undefined
  const onStart = (): void => {
    begun = performance.now()
    timer = setTimeout(() => { lateMs = performance.now() - begun - limit }, limit)
  }
  const result = await executor.run(call, { onStart }).catch((error: unknown) => {
    if (error instanceof CorebrumError) return error
    throw error
  })
  clearTimeout(timer)
  return { result, overdueMs: performance.now() - begun - limit - lateMs }
}
