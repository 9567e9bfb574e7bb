/** Sends the HTTP requests of tasks: only to hosts that both the task's author and the worker's owner named. */
import type { Agent, Dispatcher } from 'undici'
import { CorebrumError } from '../errors.ts'
import { HTTP_TIMEOUT_MS, MAX_HTTP_BODY_BYTES, MAX_HTTP_HEADERS } from '../limits.ts'
import type { HttpRequest, HttpResponse } from '../task/http.ts'
import { matchHost } from './host-patterns.ts'
import { checkUrl, publicLookup, shownUrl, type Resolve } from './url-policy.ts'

export interface RequesterInit {
  /** What the worker's owner allows; see `host-patterns.ts`. Empty: nothing. */
  allowedHosts: readonly string[]
  /** Resolves host names; default node:dns. */
  resolve?: Resolve
  /** Default HTTP_TIMEOUT_MS. */
  timeoutMs?: number
}

/**
 * Sends one request and reads the whole answer; redirects are answers like others. Rejects with ERR_NETWORK_REFUSED where the
 * request is not allowed, ERR_URL_FAILED where there is no answer or one that is too large, ERR_CANCELLED.
 */
export type Requester = (request: HttpRequest, hosts: readonly string[], signal: AbortSignal) => Promise<HttpResponse>

/** Headers that belong to the connection, or would say another host than the one that was checked. */
const OWN_HEADERS: ReadonlySet<string> = new Set(['host', 'connection', 'content-length', 'expect', 'keep-alive', 'proxy-authorization', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade'])

const PRIVATE = 'it leads to a private address, and the owner of this worker allows it by a * only, which means public hosts; see --allow-host'

export function createRequester ({ allowedHosts, resolve, timeoutMs = HTTP_TIMEOUT_MS }: RequesterInit): Requester {
  return async (request, hosts, signal) => {
    const url = checked(request.url, false)
    if (matchHost(url, hosts) === undefined) throw refused(url, `the task names ${hosts.length === 0 ? 'no hosts' : hosts.join(', ')} in allowed_hosts`)
    const owner = matchHost(url, allowedHosts)
    if (owner === undefined) throw refused(url, 'the owner of this worker does not allow it; see --allow-host')
    // A host that the owner named in full may be in the owner's own network; behind a star only public ones are meant.
    const publicOnly = !owner.exact
    if (publicOnly) checked(url, true)
    const { Agent: UndiciAgent } = (await import('undici')).default
    const agent = new UndiciAgent({
      connections: 1,
      maxResponseSize: MAX_HTTP_BODY_BYTES,
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
      connect: { timeout: timeoutMs, ...(publicOnly ? { lookup: publicLookup(resolve) } : {}) },
    })
    const within = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])
    try {
      return await responseOf(await agent.request({
        origin: url.origin, path: url.pathname + url.search, method: request.method, headers: headersOf(request), signal: within,
        ...(request.body.length === 0 ? {} : { body: request.body }),
      }))
    } catch (error) {
      if (signal.aborted) throw new CorebrumError('ERR_CANCELLED', 'the call that asked for the request ended')
      throw asFailure(url, error, within.aborted ? `no whole answer within ${timeoutMs} ms` : undefined)
    } finally {
      close(agent)
    }
  }
}

function checked (url: string | URL, publicOnly: boolean): URL {
  try {
    return checkUrl(String(url), publicOnly)
  } catch (cause) {
    if (typeof url !== 'string') throw refused(url, PRIVATE)
    throw new CorebrumError('ERR_NETWORK_REFUSED', cause instanceof Error ? cause.message : String(cause), { cause })
  }
}

function headersOf ({ headers }: HttpRequest): Record<string, string> {
  const sent: Record<string, string> = { 'user-agent': 'corebrum', 'accept-encoding': 'identity' }
  for (const [name, text] of Object.entries(headers)) if (!OWN_HEADERS.has(name.toLowerCase())) sent[name.toLowerCase()] = text
  return sent
}

async function responseOf ({ statusCode, headers, body }: Dispatcher.ResponseData): Promise<HttpResponse> {
  const bytes = new Uint8Array(await body.arrayBuffer())
  const pairs = Object.entries(headers).flatMap(([name, text]): Array<[string, string]> => (text === undefined ? [] : [[name, Array.isArray(text) ? text.join(', ') : text]]))
  return { status: statusCode, headers: Object.fromEntries(pairs.slice(0, MAX_HTTP_HEADERS)), body: bytes }
}

function close (agent: Agent): void {
  // The answer is whole or of no interest.
  agent.destroy().catch(() => {})
}

function refused (url: URL, why: string): CorebrumError {
  return new CorebrumError('ERR_NETWORK_REFUSED', `a request to ${url.host} is not allowed: ${why}`)
}

function asFailure (url: URL, error: unknown, why?: string): CorebrumError {
  const known = error instanceof Error && error.cause instanceof CorebrumError ? error.cause : error
  if (known instanceof CorebrumError) return known.code === 'ERR_URL_REFUSED' ? refused(url, PRIVATE) : known
  const reason = why ?? (error instanceof AggregateError ? error.errors.map(String).join(', ') : error instanceof Error ? error.message : String(error))
  return new CorebrumError('ERR_URL_FAILED', `${shownUrl(url.href)}: ${reason === '' ? 'the connection failed' : reason}`, { cause: error })
}
