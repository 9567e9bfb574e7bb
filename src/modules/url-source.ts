/** Modules from HTTP(S) servers: address policy, checked redirects, size caps, stall limit, resume by Range. */
import type { Agent, Dispatcher } from 'undici'
import { CorebrumError } from '../errors.ts'
import { MAX_MODULE_BYTES, MAX_TRANSFER_MS, MAX_URL_REDIRECTS } from '../limits.ts'
import { TRANSFER_STALL_MS } from './limits.ts'
import { abortError, paced, within } from './pace.ts'
import type { Transfer } from './transfer.ts'
import { checkUrl, publicLookup, shownUrl, type Resolve, type UrlPolicy } from '../web/url-policy.ts'

export interface UrlOptions {
  policy: UrlPolicy
  /** With policy `worker`: allows loopback, private and link-local addresses too. */
  allowPrivate?: boolean
  /** Largest module, default MAX_MODULE_BYTES. */
  maxBytes?: number
  signal?: AbortSignal
  /** Default TRANSFER_STALL_MS. */
  stallMs?: number
  /** Resolves host names; default node:dns. */
  resolve?: Resolve
}

export interface ResumeOptions extends UrlOptions {
  /** Bytes that are there already; the body begins behind them. Default 0. */
  offset?: number
  /** ETag of the earlier answer: the server sends the rest only of that very version, else all, of which the start is skipped. */
  etag?: string
}

export interface UrlTransfer extends Transfer { etag?: string }

type Answer = Dispatcher.ResponseData

/** The whole body of a URL. Rejects with ERR_URL_REFUSED, ERR_URL_FAILED, ERR_MODULE_TOO_LARGE, ERR_CANCELLED. */
export async function fetchUrl (url: string, options: UrlOptions): Promise<Uint8Array> {
  const deadline = AbortSignal.timeout(MAX_TRANSFER_MS)
  const signal = options.signal === undefined ? deadline : AbortSignal.any([options.signal, deadline])
  try {
    const chunks: Uint8Array[] = []
    for await (const chunk of (await openUrl(url, { ...options, signal })).body) chunks.push(chunk)
    return Buffer.concat(chunks)
  } catch (error) {
    if (deadline.aborted && options.signal?.aborted !== true) throw failed(url, `it took longer than ${MAX_TRANSFER_MS} ms`, error)
    throw error
  }
}

/** Opens a URL's body for reading once; leaving the loop, or the signal, ends the connection. Rejects as `fetchUrl`. */
export async function openUrl (url: string, options: ResumeOptions): Promise<UrlTransfer> {
  const publicOnly = options.policy === 'worker' && options.allowPrivate !== true
  const { offset = 0, stallMs = TRANSFER_STALL_MS } = options
  checkUrl(url, publicOnly)
  // The bundle gives a lazily imported CommonJS package its default export only.
  const { Agent: UndiciAgent } = (await import('undici')).default
  const agent = new UndiciAgent({
    connections: 1,
    maxResponseSize: -1,
    headersTimeout: stallMs,
    // The pace of the body is watched here.
    bodyTimeout: 0,
    connect: { timeout: stallMs, ...(publicOnly ? { lookup: publicLookup(options.resolve) } : {}) },
  })
  try {
    const late = (): CorebrumError => failed(url, `no answer for ${stallMs} ms`)
    const { answer, shown } = await follow(url, publicOnly, async (target) => {
      return await within(agent.request({ origin: target.origin, path: target.pathname + target.search, method: 'GET', headers: headersFor(options) }), stallMs, options.signal, late)
    })
    return transferOf(agent, answer, shown, { ...options, offset, stallMs })
  } catch (error) {
    abandon(agent, error)
    if (options.signal?.aborted === true) throw abortError(options.signal)
    throw asUrlError(url, error)
  }
}

function headersFor ({ offset = 0, etag }: ResumeOptions): Record<string, string> {
  const headers: Record<string, string> = { accept: 'application/wasm, */*;q=0.8', 'accept-encoding': 'identity', 'user-agent': 'corebrum' }
  if (offset > 0) headers.range = `bytes=${offset}-`
  // A weak tag does not promise the same bytes.
  if (offset > 0 && etag !== undefined && !etag.startsWith('W/')) headers['if-range'] = etag
  return headers
}

async function follow (url: string, publicOnly: boolean, get: (target: URL) => Promise<Answer>): Promise<{ answer: Answer, shown: string }> {
  let target = checkUrl(url, publicOnly)
  for (let redirects = 0; ; redirects++) {
    const answer = await get(target)
    const location = answer.headers.location
    if (answer.statusCode < 300 || answer.statusCode > 399 || typeof location !== 'string') return { answer, shown: shownUrl(target.href) }
    if (redirects === MAX_URL_REDIRECTS) throw new CorebrumError('ERR_URL_REFUSED', `${shownUrl(url)} redirects more than ${MAX_URL_REDIRECTS} times`)
    answer.body.on('error', () => {}).destroy()
    if (!URL.canParse(location, target.href)) throw failed(url, `it redirects to ${shownUrl(location)}, which is not a URL`)
    target = checkUrl(new URL(location, target.href).href, publicOnly)
  }
}

function transferOf (agent: Agent, answer: Answer, url: string, options: ResumeOptions & { offset: number, stallMs: number }): UrlTransfer {
  const { offset, stallMs, maxBytes = MAX_MODULE_BYTES } = options
  const { statusCode, headers } = answer
  if (statusCode === 416) throw new CorebrumError('ERR_MODULE_HASH_MISMATCH', `${url} has fewer than the ${offset} bytes that are there already`)
  if (statusCode !== 200 && statusCode !== 206) throw failed(url, `the server answered ${statusCode}`)
  const encoding = text(headers['content-encoding'])
  if (encoding !== undefined && encoding !== 'identity') throw failed(url, `the server compressed the answer with ${encoding}, though asked not to`)
  const start = statusCode === 206 ? startOfRange(url, text(headers['content-range']), offset) : 0
  const length = contentLength(text(headers['content-length']))
  const size = length === undefined ? undefined : start + length
  if (size !== undefined && size > maxBytes) throw tooLarge(url, `has ${size} bytes`, maxBytes)
  const onAbandon = (error: Error): void => abandon(agent, error)
  const stalled = (): CorebrumError => failed(url, `it sent next to nothing for ${stallMs} ms`)
  const chunks = paced(answer.body, { stallMs, signal: options.signal, onAbandon, stalled })
  const etag = text(headers.etag)
  return {
    ...(size === undefined ? {} : { size }),
    ...(etag === undefined ? {} : { etag }),
    body: bodyOf(agent, chunks, url, { skip: offset - start, left: maxBytes - start, maxBytes }),
  }
}

async function * bodyOf (agent: Agent, chunks: AsyncIterable<Uint8Array>, url: string, limits: { skip: number, left: number, maxBytes: number }): AsyncGenerator<Uint8Array> {
  let { skip, left } = limits
  try {
    for await (const chunk of chunks) {
      left -= chunk.length
      if (left < 0) throw tooLarge(url, 'sends more', limits.maxBytes)
      if (skip < chunk.length) yield skip === 0 ? chunk : chunk.subarray(skip)
      skip = Math.max(0, skip - chunk.length)
    }
  } catch (error) {
    throw asUrlError(url, error)
  } finally {
    abandon(agent)
  }
}

/** A 206 must begin where it was asked to. */
function startOfRange (url: string, range: string | undefined, offset: number): number {
  const start = /^bytes (\d+)-/.exec(range ?? '')?.[1]
  if (start === undefined || Number(start) !== offset) throw failed(url, `asked for the bytes from ${offset}, the server sent "${range ?? 'no range'}"`)
  return offset
}

function contentLength (value: string | undefined): number | undefined {
  return value !== undefined && /^\d{1,15}$/.test(value) ? Number(value) : undefined
}

function text (value: string | string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function abandon (agent: Agent, error?: unknown): void {
  // Nobody waits for the connection any more: how its end went is of no interest.
  agent.destroy(error instanceof Error ? error : null).catch(() => {})
}

function tooLarge (url: string, what: string, maxBytes: number): CorebrumError {
  return new CorebrumError('ERR_MODULE_TOO_LARGE', `${shownUrl(url)} ${what}; a module may have at most ${maxBytes}`)
}

function failed (url: string, why: string, cause?: unknown): CorebrumError {
  return new CorebrumError('ERR_URL_FAILED', `${shownUrl(url)}: ${why}`, { cause })
}

function asUrlError (url: string, error: unknown): CorebrumError {
  if (error instanceof CorebrumError) return error
  if (error instanceof Error && error.cause instanceof CorebrumError) return error.cause
  const reasons = error instanceof AggregateError ? error.errors.map(String).join(', ') : error instanceof Error ? error.message : String(error)
  return failed(url, reasons === '' ? 'the connection failed' : reasons, error)
}
