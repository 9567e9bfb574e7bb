/** HTTP requests of plug-ins, sent as those of any other program: only where the task and the worker allow them. */
import { CorebrumError } from '../../../errors.ts'
import { httpRequestFrom } from '../../../task/http.ts'
import { type Guest, GuestAbort } from '../guest.ts'
import { sendRequest } from '../http.ts'
import { fromJson, isPlainObject, toJson } from '../json.ts'
import type { Kernel } from './kernel.ts'

const encoder = new TextEncoder()

/**
 * Sends the request that lies as JSON (`{url, method?, headers?}`) at `request`, with the body at `body` unless that is 0.
 * Returns where the answer's body lies. Throws ERR_NETWORK_REFUSED, ERR_URL_FAILED as a trap.
 */
export function sendFromKernel (kernel: Kernel, guest: Guest, request: number, body: number): number {
  try {
    const asked = fromJson(kernel.text(request), 'the HTTP request')
    const answer = sendRequest(guest, httpRequestFrom(isPlainObject(asked) ? { ...asked, body: kernel.read(body) } : asked))
    kernel.httpStatus = answer.status
    kernel.httpHeaders = kernel.store(encoder.encode(toJson(answer.headers)))
    return kernel.store(answer.body)
  } catch (thrown) {
    if (!(thrown instanceof CorebrumError) || thrown instanceof GuestAbort) throw thrown
    throw new GuestAbort(thrown.code, thrown.message)
  }
}
