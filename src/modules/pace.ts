/** Watches a stream of bytes: ends it when it stalls, trickles or is no longer wanted. */
import { CorebrumError, toCorebrumError } from '../errors.ts'
import { MIN_BYTES_PER_STALL } from '../limits.ts'

export interface Pace {
  /** Waiting this long for MIN_BYTES_PER_STALL bytes is a stall. Only waiting counts, not the consumer's own time. */
  stallMs: number
  signal?: AbortSignal
  /** Called when the stream ends before its own end, so that its owner can close it. */
  onAbandon: (error: Error) => void
  stalled: () => CorebrumError
}

/** An aborted signal's reason as a CorebrumError. */
export function abortError (signal: AbortSignal): CorebrumError {
  if (signal.reason instanceof CorebrumError) return signal.reason
  return new CorebrumError('ERR_CANCELLED', 'the module is no longer wanted', { cause: signal.reason })
}

/** `promise`, or the signal's error when that is first; the work itself goes on. */
export async function unlessAborted<T> (promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return await promise
  let onAbort: (() => void) | undefined
  try {
    return await new Promise<T>((resolve, reject) => {
      promise.then(resolve, reject)
      onAbort = () => reject(abortError(signal))
      if (signal.aborted) onAbort()
      else signal.addEventListener('abort', onAbort, { once: true })
    })
  } finally {
    if (onAbort !== undefined) signal.removeEventListener('abort', onAbort)
  }
}

/** As `unlessAborted`, and `late()` after `timeoutMs`. */
export async function within<T> (promise: Promise<T>, timeoutMs: number, signal: AbortSignal | undefined, late: () => CorebrumError): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const timed = new Promise<T>((resolve, reject) => {
    promise.then(resolve, reject)
    timer = setTimeout(() => reject(late()), timeoutMs)
  })
  try {
    return await unlessAborted(timed, signal)
  } finally {
    clearTimeout(timer)
  }
}

/** The chunks of `source`, watched. Throws `stalled()`, ERR_CANCELLED, or what the source throws. */
export async function * paced (source: AsyncIterable<Uint8Array>, pace: Pace): AsyncGenerator<Uint8Array> {
  const iterator = source[Symbol.asyncIterator]()
  let waitedMs = 0
  let bytes = 0
  let ended = false
  let failure: Error = new CorebrumError('ERR_CANCELLED', 'the rest of the module is not wanted')
  try {
    while (true) {
      const since = performance.now()
      const item = await within(iterator.next(), Math.max(1, pace.stallMs - waitedMs), pace.signal, pace.stalled)
      if (item.done === true) {
        ended = true
        return
      }
      waitedMs += performance.now() - since
      bytes += item.value.length
      if (bytes >= MIN_BYTES_PER_STALL) waitedMs = bytes = 0
      if (item.value.length > 0) yield item.value
    }
  } catch (error) {
    failure = toCorebrumError(error)
    throw error
  } finally {
    if (!ended) pace.onAbandon(failure)
  }
}
