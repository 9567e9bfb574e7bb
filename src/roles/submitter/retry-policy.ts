/**
 * What comes after an attempt that failed. Pure. A failure of the worker is no fault of the task: it is tried again elsewhere at
 * once, and there only after a while. A failure of the task itself is final unless its policy has retries left.
 */
import type { ErrorCode } from '../../errors.ts'
import {
  AVOID_WORKER_MAX_MS, AVOID_WORKER_MIN_MS, FAULT_BACKOFF_MAX_MS, FAULT_BACKOFF_MIN_MS, MAX_AVOIDED_PER_TASK, MAX_SANDBOX_CRASHES, RETRY_BACKOFF_MAX_MS, RETRY_BACKOFF_MIN_MS,
} from './limits.ts'
import { MAX_ATTEMPTS } from '../../limits.ts'
import type { HistoryEvent } from '../../task/history.ts'

/** What a task remembers of the attempts that failed; a task without any has none. */
export interface Trouble {
  /** Attempts that a worker failed. */
  faults: number
  /** Attempts that the task itself failed. */
  failures: number
  /** Attempts that ended with the death of the sandbox; they are among the faults. */
  crashes: number
  /** Workers that failed it, and until when (monotonic milliseconds) they do not get it; the newest last. */
  avoided: Array<{ peer: string, until: number }>
}

export type Next =
  /** It is tried again after `delayMs`; at the worker that failed it only after `avoidMs`. */
  | { again: true, delayMs: number, avoidMs: number }
  /** It ends with the failure itself, or because there were too many attempts. */
  | { again: false, because: 'failure' | 'attempts' }

/** The same program on the same inputs fails so every time. */
const ALWAYS_FAILS: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'ERR_DEFINITION', 'ERR_INPUT', 'ERR_NOT_WASM', 'ERR_MODULE_INVALID', 'ERR_MODULE_UNSUPPORTED', 'ERR_MODULE_TOO_LARGE', 'ERR_MODULE_HASH_MISMATCH',
  'ERR_NO_EXPORT', 'ERR_SIGNATURE', 'ERR_VALUE_RANGE', 'ERR_CANCELLED', 'ERR_DEADLINE'])
/** How the event of a retry begins that the history of its task keeps. */
const RETRY_WORD = 'retry '

export function newTrouble (): Trouble {
  return { faults: 0, failures: 0, crashes: 0, avoided: [] }
}

/** Counts an attempt that a worker failed, and says what to do. `random` is from 0 to 1. */
export function afterFault (trouble: Trouble, code: ErrorCode, random: () => number): Next {
  trouble.faults++
  if (code === 'ERR_SANDBOX_CRASHED') trouble.crashes++
  if (trouble.crashes >= MAX_SANDBOX_CRASHES) return { again: false, because: 'failure' }
  if (trouble.faults >= MAX_ATTEMPTS) return { again: false, because: 'attempts' }
  const delayMs = trouble.faults === 1 ? 0 : doubled(FAULT_BACKOFF_MIN_MS, trouble.faults - 2, FAULT_BACKOFF_MAX_MS)
  return { again: true, delayMs: spread(delayMs, random), avoidMs: doubled(AVOID_WORKER_MIN_MS, trouble.faults - 1, AVOID_WORKER_MAX_MS) }
}

/** Counts an attempt that the task itself failed, and says what to do. `retries` as its policy has them. */
export function afterFailure (trouble: Trouble, code: ErrorCode, retries: number, random: () => number): Next {
  if (ALWAYS_FAILS.has(code) || trouble.failures >= retries) return { again: false, because: 'failure' }
  trouble.failures++
  return { again: true, delayMs: spread(doubled(RETRY_BACKOFF_MIN_MS, trouble.failures - 1, RETRY_BACKOFF_MAX_MS), random), avoidMs: 0 }
}

/** Whether a failure of the task leads to another run: without counting it. */
export function isRetried (trouble: Trouble | undefined, code: ErrorCode, retries: number): boolean {
  return retries > (trouble?.failures ?? 0) && !ALWAYS_FAILS.has(code)
}

/** For the history of a task that failed itself and will be tried again. `recoveredTrouble` reads it. */
export function retryEvent ({ failures }: Trouble, { retries, delayMs, atMs }: { retries: number, delayMs: number, atMs: number }): HistoryEvent {
  return { atMs, kind: 'waiting', detail: `${RETRY_WORD}${failures} of ${retries} in ${Math.round(delayMs)} ms` }
}

/** The worker that failed a task does not get it until then, monotonic milliseconds. */
export function avoid (trouble: Trouble, peer: string, until: number): void {
  trouble.avoided = [...trouble.avoided.filter((other) => other.peer !== peer), { peer, until }].slice(-MAX_AVOIDED_PER_TASK)
}

/** Called for each worker in turn: it allocates nothing. */
export function avoids ({ avoided }: Trouble, peer: string, now: number): boolean {
  for (const other of avoided) if (other.peer === peer && other.until > now) return true
  return false
}

/**
 * What a task that was open when its node went down remembers, from its history; undefined when nothing had failed.
 * `readyAtMs` (Unix milliseconds) is when its back-off of `delayMs` ends: longer it is not to wait, should the clock have been set back. Of a long history the middle is left out: then it may be tried more often.
 */
export function recoveredTrouble (history: readonly HistoryEvent[]): { trouble: Trouble, readyAtMs: number, delayMs: number } | undefined {
  const trouble = newTrouble()
  let attempts = 0
  let readyAtMs = 0
  let delayMs = 0
  for (const { kind, detail = '', atMs } of history) {
    if (kind === 'failed-attempt') {
      attempts++
      if (detail.startsWith('ERR_SANDBOX_CRASHED')) trouble.crashes++
    } else if (kind === 'waiting' && detail.startsWith(RETRY_WORD)) {
      trouble.failures++
      delayMs = Number(/ in (\d{1,9}) ms$/.exec(detail)?.[1]) || 0
      readyAtMs = atMs + delayMs
    }
  }
  trouble.faults = Math.max(0, attempts - trouble.failures)
  return attempts === 0 && trouble.failures === 0 ? undefined : { trouble, readyAtMs, delayMs }
}

function doubled (ms: number, times: number, maxMs: number): number {
  return Math.min(maxMs, ms * 2 ** Math.min(times, 30))
}

/** From half of it to all of it, so that tasks that failed together do not come back together. */
function spread (ms: number, random: () => number): number {
  return ms * (0.5 + random() / 2)
}
