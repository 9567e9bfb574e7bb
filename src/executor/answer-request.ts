/** Answers an HTTP request of a running call. The sandbox is not trusted: what the call may do is looked up here. */
import { CorebrumError, toCorebrumError } from '../errors.ts'
import { MAX_HTTP_REQUESTS_PER_CALL } from './limits.ts'
import { type HttpResponse, httpRequestFrom } from '../task/http.ts'
import type { ExecutorComponents } from './executor.ts'
import type { Job } from './job.ts'
import type { Failure } from './protocol.ts'

/** Never rejects. */
export async function answerRequest (request: ExecutorComponents['request'], job: Job, asked: unknown): Promise<HttpResponse | Failure> {
  const { grants } = job.call.program
  try {
    if (!grants.networking) throw new CorebrumError('ERR_NETWORK_REFUSED', 'the task may send no HTTP request: set wasm_config.allow_networking to true in its definition')
    if (request === undefined) throw new CorebrumError('ERR_NETWORK_REFUSED', 'the owner of this worker allows no HTTP requests; see --allow-host')
    if (++job.requests > MAX_HTTP_REQUESTS_PER_CALL) throw new CorebrumError('ERR_NETWORK_REFUSED', `the call sent ${MAX_HTTP_REQUESTS_PER_CALL} HTTP requests; no more are allowed`)
    return await request(httpRequestFrom(asked), grants.hosts ?? [], job.over)
  } catch (thrown) {
    const { code, message } = toCorebrumError(thrown)
    return { code, message }
  }
}
