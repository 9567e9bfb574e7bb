/** The commands' side of the control socket. Loads little: how fast `submit` starts depends on it. */
import { request, type ClientRequest, type IncomingMessage } from 'node:http'
import { codeOf, describeSystemError } from '../config/system-error.ts'
import { CorebrumError, ERRORS, type ErrorCode } from '../errors.ts'
import { CONTROL_ANSWER_MS, MAX_CONTROL_ANSWER_BYTES, MAX_CONTROL_PATH_CHARS } from '../limits.ts'
import { formatJson } from '../task/json.ts'
import { isMapping, type Value } from '../task/values.ts'
import { parseAnswer } from './answer-json.ts'
import { textField, textsField } from './fields.ts'
import { readSubmitEvent, type SubmitEvent } from './submit-event.ts'
import { controlSocketPath } from './socket-path.ts'
import type { SubmissionText } from './submission.ts'
import type { View } from './views.ts'

export interface SubmitRequest extends SubmissionText {
  /** Absolute. */
  baseDir?: string
}

/** As the daemon takes it: its files are there already. */
export interface UploadedRequest extends Omit<SubmitRequest, 'files'> {
  files?: Array<{ name: string, cid: string }>
}

export interface ControlClient {
  /** All methods reject with ERR_NO_DAEMON when no daemon answers, else with the daemon's own error. */
  get (path: string): Promise<View>
  post (path: string): Promise<View>
  delete (path: string): Promise<View>
  addModule (bytes: Uint8Array): Promise<View>
  /** One output of a task: bytes as they are, text in UTF-8, else JSON. */
  output (id: string, name: string): AsyncIterable<Uint8Array>
  /** Submits and returns the id. */
  detach (body: SubmitRequest): Promise<{ id: string, warnings: string[] }>
  /** Submits and follows; leaving the iteration or aborting `signal` ends the following, not an accepted task. */
  follow (body: SubmitRequest, options?: { signal?: AbortSignal }): AsyncIterable<SubmitEvent>
  /** The log of a task as it grows, and its states, to its end; begins with what there is. */
  followLogs (id: string): AsyncIterable<SubmitEvent>
}

const NOBODY_LISTENS: ReadonlySet<string> = new Set(['ENOENT', 'ECONNREFUSED', 'ENOTDIR', 'ENOTSOCK', 'EINVAL', 'ENAMETOOLONG'])

/** True when there is no daemon at all, rather than one that cannot be reached or went away. */
export function isDaemonAbsent (error: unknown): boolean {
  return error instanceof CorebrumError && error.code === 'ERR_NO_DAEMON' && NOBODY_LISTENS.has(codeOf(error.cause) ?? '')
}

export function createControlClient ({ dataDir }: { dataDir: string }): ControlClient {
  const socketPath = controlSocketPath(dataDir)

  const send = (method: string, path: string, { type, body, timeoutMs, signal }: SendOptions = {}): Promise<IncomingMessage> => {
    return new Promise((resolve, reject) => {
      if (path.length > MAX_CONTROL_PATH_CHARS) throw new CorebrumError('ERR_USAGE', `the ids and names given take ${path.length} characters, allowed: ${MAX_CONTROL_PATH_CHARS}; see \`corebrum list\` for the ids of tasks`)
      const headers = body === undefined ? {} : { 'content-type': type, 'content-length': Buffer.byteLength(body) }
      const outgoing: ClientRequest = request({ socketPath, path, method, headers, agent: false, signal })
      if (timeoutMs !== undefined) {
        outgoing.setTimeout(timeoutMs, () => outgoing.destroy(new CorebrumError('ERR_NO_DAEMON', `the daemon did not answer within ${timeoutMs / 1000} s`)))
      }
      outgoing.once('error', (error) => reject(asClientError(error, dataDir)))
      outgoing.once('response', resolve)
      outgoing.end(body)
    })
  }

  const ask = async (method: string, path: string, options: SendOptions = {}): Promise<View> => {
    const response = await send(method, path, { timeoutMs: CONTROL_ANSWER_MS, ...options })
    return await readAnswer(response)
  }

  const events = async function * (method: string, path: string, options: SendOptions = {}): AsyncGenerator<SubmitEvent> {
    const response = await send(method, path, options)
    if (response.statusCode !== 200) await readAnswer(response)
    try {
      for await (const line of linesOf(response)) {
        const event = readSubmitEvent(parseAnswer(line))
        if (event !== undefined) yield event
      }
    } catch (error) {
      throw asClientError(error, dataDir)
    } finally {
      response.destroy()
    }
  }

  const json = (body: Value): SendOptions => ({ type: 'application/json', body: formatJson(body) })

  /** The body of a submission, whose files are handed over first. */
  const submission = async ({ files = [], ...text }: SubmitRequest, signal?: AbortSignal): Promise<View> => {
    const uploaded: NonNullable<UploadedRequest['files']> = []
    for (const { name, bytes } of files) {
      const answer = await ask('POST', '/v1/blobs', { type: 'application/octet-stream', body: bytes, signal })
      uploaded.push({ name, cid: textField(answer, 'cid') ?? '' })
    }
    return submitBody({ ...text, ...(uploaded.length === 0 ? {} : { files: uploaded }) })
  }

  return {
    get: (path) => ask('GET', path),
    post: (path) => ask('POST', path),
    delete: (path) => ask('DELETE', path),
    addModule: (bytes) => ask('POST', '/v1/modules', { type: 'application/wasm', body: bytes }),
    async * output (id, name) {
      const response = await send('GET', `/v1/tasks/${encodeURIComponent(id)}/output?name=${encodeURIComponent(name)}`)
      if (response.statusCode !== 200) await readAnswer(response)
      try {
        for await (const chunk of response) if (Buffer.isBuffer(chunk)) yield chunk
      } catch (error) {
        throw asClientError(error, dataDir)
      }
    },
    async detach (body) {
      const answer = await ask('POST', '/v1/tasks', { ...json({ ...await submission(body), detach: true }), timeoutMs: undefined })
      return { id: textField(answer, 'id') ?? '', warnings: textsField(answer, 'warnings') }
    },
    async * follow (body, { signal } = {}) {
      yield * events('POST', '/v1/tasks', { ...json(await submission(body, signal)), signal })
    },
    followLogs: (id) => events('GET', `/v1/tasks/${encodeURIComponent(id)}/logs?follow=true`),
  }
}

interface SendOptions {
  type?: string
  body?: string | Uint8Array
  timeoutMs?: number
  signal?: AbortSignal
}

function submitBody (body: UploadedRequest): View {
  const view: View = {}
  for (const [key, value] of Object.entries(body)) if (value !== undefined) view[key] = value
  return view
}

async function readAnswer (response: IncomingMessage): Promise<View> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of response) {
    if (!Buffer.isBuffer(chunk)) continue
    size += chunk.length
    if (size > MAX_CONTROL_ANSWER_BYTES) throw tooLong()
    chunks.push(chunk)
  }
  const value = parseAnswer(Buffer.concat(chunks).toString())
  const view = isMapping(value) ? value : {}
  if (response.statusCode === 200) return view
  const code = textField(view, 'code')
  throw new CorebrumError(isErrorCode(code) ? code : 'ERR_INTERNAL',
    textField(view, 'message') ?? `the daemon answered with HTTP status ${response.statusCode}`, { problems: textsField(view, 'problems') })
}

async function * linesOf (response: IncomingMessage): AsyncGenerator<string> {
  let pending: Buffer[] = []
  let size = 0
  for await (const chunk of response) {
    if (!Buffer.isBuffer(chunk)) continue
    let rest = chunk
    for (let end = rest.indexOf(0x0a); end >= 0; end = rest.indexOf(0x0a)) {
      yield Buffer.concat([...pending, rest.subarray(0, end)]).toString()
      pending = []
      size = 0
      rest = rest.subarray(end + 1)
    }
    size += rest.length
    if (size > MAX_CONTROL_ANSWER_BYTES) throw tooLong()
    if (rest.length > 0) pending.push(rest)
  }
}

function tooLong (): CorebrumError {
  return new CorebrumError('ERR_USAGE', `the answer of the daemon is over ${MAX_CONTROL_ANSWER_BYTES} bytes; write large outputs to files with --output-file`)
}

function isErrorCode (code: string | undefined): code is ErrorCode {
  return code !== undefined && Object.hasOwn(ERRORS, code)
}

function asClientError (error: unknown, dataDir: string): Error {
  if (error instanceof CorebrumError) return error
  const code = codeOf(error)
  if (code === 'ABORT_ERR') return new CorebrumError('ERR_CANCELLED', 'the request was given up', { cause: error })
  if (NOBODY_LISTENS.has(code ?? '')) {
    return new CorebrumError('ERR_NO_DAEMON',
      `no daemon runs on the data folder ${dataDir}; start one with \`corebrum daemon\`, or name its folder with --data-dir`, { cause: error })
  }
  if (code === 'ECONNRESET' || code === 'EPIPE') return new CorebrumError('ERR_NO_DAEMON', 'the daemon went away before it answered', { cause: error })
  return new CorebrumError('ERR_NO_DAEMON', `the daemon on the data folder ${dataDir} cannot be reached: ${describeSystemError(error)}`, { cause: error })
}
