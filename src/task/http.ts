/** An HTTP request that a program asks its worker for, what comes back, and their form in JSON, which programs use. */
import { CorebrumError } from '../errors.ts'
import { MAX_HTTP_BODY_BYTES, MAX_HTTP_HEADERS, MAX_URL_CHARS } from '../limits.ts'
import { utf8Text } from './utf8.ts'
import { describe, fromBase64, toBase64, type Mapping } from './values.ts'

const HTTP_METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const
type HttpMethod = typeof HTTP_METHODS[number]

export interface HttpRequest {
  method: HttpMethod
  url: string
  headers: Record<string, string>
  body: Uint8Array
}

export interface HttpResponse {
  status: number
  headers: Record<string, string>
  body: Uint8Array
}

/**
 * Reads a request: `{method?, url, headers?, body? | body_base64?}`; a method that is absent is GET.
 * Throws ERR_NETWORK_REFUSED with what is wrong.
 */
export function httpRequestFrom (value: unknown): HttpRequest {
  if (!isRecord(value)) throw refused('it is no object')
  const { method = 'GET', url, headers = {}, body, body_base64: base64 } = value
  const known = HTTP_METHODS.find((item) => item === method)
  if (known === undefined) throw refused(`the method is ${describe(method)}; ${HTTP_METHODS.join(', ')} are allowed`)
  if (typeof url !== 'string' || url.length > MAX_URL_CHARS) throw refused(`its url is no text of at most ${MAX_URL_CHARS} characters`)
  if (!isRecord(headers) || Object.keys(headers).length > MAX_HTTP_HEADERS) throw refused(`its headers are no object of at most ${MAX_HTTP_HEADERS} texts`)
  const pairs = Object.entries(headers).map(([name, text]): [string, string] => {
    if (typeof text !== 'string') throw refused(`its header ${JSON.stringify(name)} is no text`)
    return [name, text]
  })
  return { method: known, url, headers: Object.fromEntries(pairs), body: bodyFrom(body, base64) }
}

function bodyFrom (text: unknown, base64: unknown): Uint8Array {
  const bytes = typeof text === 'string' ? new TextEncoder().encode(text)
    : text instanceof Uint8Array ? text
      : typeof base64 === 'string' ? fromBase64(base64)
        : text === undefined && base64 === undefined ? new Uint8Array(0) : undefined
  if (bytes === undefined) throw refused('its body is neither text in "body" nor base64 in "body_base64"')
  if (bytes.length > MAX_HTTP_BODY_BYTES) throw refused(`its body has ${bytes.length} bytes; ${MAX_HTTP_BODY_BYTES} are allowed`)
  return bytes
}

/** `{status, headers, body}`, or `body_base64` where the body is not UTF-8. */
export function httpResponseView ({ status, headers, body }: HttpResponse): Mapping {
  return { status, headers, ...bodyView(body) }
}

function bodyView (body: Uint8Array): Mapping {
  const text = utf8Text(body)
  return text === undefined ? { body_base64: toBase64(body) } : { body: text }
}

function isRecord (value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)
}

function refused (what: string): CorebrumError {
  return new CorebrumError('ERR_NETWORK_REFUSED', `the program's HTTP request cannot be sent: ${what}`)
}
