/**
 * The HTTP function that programs with `allow_networking` get, as imports of the module `corebrum`:
 *
 *   http_request(ptr: i32, len: i32) -> i32    the request as JSON, see task/http.ts; returns the length of the answer in bytes
 *   http_answer(ptr: i32)                      writes that answer, JSON too, and forgets it
 *
 * What is not allowed ends the task with ERR_NETWORK_REFUSED; a host that cannot be reached is an answer with status 0 and `error`.
 */
import { CorebrumError, toCorebrumError } from '../../errors.ts'
import { MAX_HTTP_REQUESTS_PER_CALL } from '../limits.ts'
import { type HttpRequest, type HttpResponse, httpRequestFrom, httpResponseView } from '../../task/http.ts'
import type { Value } from '../../task/values.ts'
import type { HostFunction, ImportProvider } from './adapter.ts'
import { type Guest, GuestAbort } from './guest.ts'
import { takesNumbers } from './host-table.ts'
import { decodeText, fromJson, toJson } from './json.ts'

const MODULE = 'corebrum'
const encoder = new TextEncoder()
const answers = new WeakMap<Guest, Uint8Array>()
const counts = new WeakMap<Guest, number>()

/** Sends a request of a program. Throws ERR_NETWORK_REFUSED where the task has no such grant or asks too often, and what the node answers with. */
export function sendRequest (guest: Guest, request: HttpRequest): HttpResponse {
  if (guest.sendRequest === undefined) {
    throw new GuestAbort('ERR_NETWORK_REFUSED', 'the program sends an HTTP request and its definition does not allow it: set wasm_config.allow_networking to true and name the hosts in wasm_config.allowed_hosts')
  }
  const count = (counts.get(guest) ?? 0) + 1
  if (count > MAX_HTTP_REQUESTS_PER_CALL) throw new GuestAbort('ERR_NETWORK_REFUSED', `the program sent ${MAX_HTTP_REQUESTS_PER_CALL} HTTP requests; no more are allowed in one call`)
  counts.set(guest, count)
  guest.showLog()
  return guest.sendRequest(request)
}

function answerOf (guest: Guest, text: string): Value {
  try {
    return httpResponseView(sendRequest(guest, httpRequestFrom(fromJson(text, 'the HTTP request'))))
  } catch (thrown) {
    const { code, message } = toCorebrumError(thrown)
    if (code !== 'ERR_URL_FAILED') throw thrown instanceof CorebrumError ? new GuestAbort(code, message) : thrown
    return { status: 0, headers: {}, body: '', error: message }
  }
}

const FUNCTIONS: ReadonlyMap<string, (guest: Guest) => HostFunction> = new Map<string, (guest: Guest) => HostFunction>([
  ['http_request', (guest) => (pointer: number, length: number) => {
    const answer = encoder.encode(toJson(answerOf(guest, decodeText(guest.copy(pointer, length), 'the HTTP request'))))
    answers.set(guest, answer)
    return answer.length
  }],
  ['http_answer', (guest) => (pointer: number) => {
    const answer = answers.get(guest) ?? new Uint8Array(0)
    const start = pointer >>> 0
    if (start + answer.length > guest.memoryBytes) throw new GuestAbort('ERR_POINTER', `the program wants the HTTP answer of ${answer.length} bytes at ${start}; its memory ends at ${guest.memoryBytes}`)
    guest.bytes().set(answer, start)
    answers.delete(guest)
  }],
])

export const provideHttp: ImportProvider = (item) =>
  item.module === MODULE && takesNumbers(item) ? FUNCTIONS.get(item.name) : undefined
