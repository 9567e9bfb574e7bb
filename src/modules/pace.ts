/** Watches a stream of bytes: ends it when it stalls, trickles or is no longer wanted. */
import { CorebrumError, toCorebrumError } from '../errors.ts'
import { MIN_BYTES_PER_STALL } from './limits.ts'

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
  const { stallMs, signal } = pace
  const iterator = source[Symbol.asyncIterator]()
  const watch = watchWaiting(stallMs, () => watch.fail(pace.stalled()))
  const onAbort = (): void => { if (signal !== undefined) watch.fail(abortError(signal)) }
  signal?.addEventListener('abort', onAbort, { once: true })
  let failure: Error | undefined = new CorebrumError('ERR_CANCELLED', 'the rest of the module is not wanted')
  try {
    while (true) {
      if (signal?.aborted === true) throw abortError(signal)
      const item = await watch.next(iterator)
      if (item.done === true) {
        failure = undefined
        return
      }
      if (item.value.length > 0) yield item.value
    }
  } catch (error) {
    failure = toCorebrumError(error)
    throw error
  } finally {
    watch.stop()
    signal?.removeEventListener('abort', onAbort)
    if (failure !== undefined) pace.onAbandon(failure)
  }
}

interface Watch {
  next (iterator: AsyncIterator<Uint8Array>): Promise<IteratorResult<Uint8Array>>
  /** Rejects the `next` that is waiting. */
  fail (error: Error): void
  stop (): void
}

/** Adds up the time spent waiting; its timer is not touched for each chunk, of which there are thousands a second. */
function watchWaiting (stallMs: number, onStall: () => void): Watch {
  let waitedMs = 0
  let bytes = 0
  let since: number | undefined
  let reject: (error: Error) => void = () => {}
  const check = (): void => {
    const leftMs = stallMs - waitedMs - (since === undefined ? 0 : performance.now() - since)
    if (since !== undefined && leftMs <= 0) onStall()
    else timer = setTimeout(check, Math.max(leftMs, stallMs / 10))
  }
  let timer = setTimeout(check, stallMs)
  return {
    next: async (iterator) => {
      const start = since = performance.now()
      const item = await new Promise<IteratorResult<Uint8Array>>((resolve, fail) => {
        reject = fail
        iterator.next().then(resolve, fail)
      })
      since = undefined
      waitedMs += performance.now() - start
      bytes += item.done === true ? 0 : item.value.length
      if (bytes >= MIN_BYTES_PER_STALL) waitedMs = bytes = 0
      return item
    },
    fail: (error) => reject(error),
    stop: () => clearTimeout(timer),
  }
}
