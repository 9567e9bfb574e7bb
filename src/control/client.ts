/** The commands' side of the control socket. Loads little: how fast `submit` starts depends on it. */
import { request, type ClientRequest, type IncomingMessage } from 'node:http'
import { codeOf, describeSystemError } from '../config/system-error.ts'
import { CorebrumError, ERRORS, type ErrorCode } from '../errors.ts'
import { CONTROL_ANSWER_MS, MAX_CONTROL_ANSWER_BYTES, MAX_CONTROL_PATH_CHARS } from './limits.ts'
import type { TaskPolicy } from '../task/definition.ts'
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
  /** Goes before what the definition says. */
  policy?: Partial<TaskPolicy> | undefined
  /** Run it even when its result is known. */
  noCache?: boolean
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
  /** Waits as long as the answer takes. */
  postJson (path: string, body: View, signal?: AbortSignal): Promise<View>
  /** Hands over NDJSON as it comes, as fast as it is taken. */
  upload (path: string, chunks: AsyncIterable<Uint8Array>, signal?: AbortSignal): Promise<View>
  /** The bytes of an answer as they come. */
  read (path: string, signal?: AbortSignal): AsyncIterable<Uint8Array>
  /** The lines of an answer as they come, each an object. */
  lines (path: string, signal?: AbortSignal): AsyncIterable<View>
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
      const headers = body === undefined ? {} : isWhole(body) ? { 'content-type': type, 'content-length': Buffer.byteLength(body) } : { 'content-type': type, ...STREAMED }
      const outgoing: ClientRequest = request({ socketPath, path, method, headers, agent: false, signal })
      if (timeoutMs !== undefined) {
        outgoing.setTimeout(timeoutMs, () => outgoing.destroy(new CorebrumError('ERR_NO_DAEMON', `the daemon did not answer within ${timeoutMs / 1000} s`)))
      }
      outgoing.on('error', (error) => reject(asClientError(error, dataDir)))
      outgoing.once('response', resolve)
      if (body === undefined || isWhole(body)) outgoing.end(body)
      else writeAll(outgoing, body).catch((error: Error) => { outgoing.destroy(error) })
    })
  }

  const ask = async (method: string, path: string, options: SendOptions = {}): Promise<View> => {
    const response = await send(method, path, { timeoutMs: CONTROL_ANSWER_MS, ...options })
    return await readAnswer(response)
  }

  /** What `parts` makes of an answer while it comes. */
  const stream = async function * <T> (method: string, path: string, options: SendOptions, parts: (response: IncomingMessage) => AsyncIterable<T>): AsyncGenerator<T> {
    const response = await send(method, path, options)
    if (response.statusCode !== 200) await readAnswer(response)
    try {
      yield * parts(response)
    } catch (error) {
      throw asClientError(error, dataDir)
    } finally {
      response.destroy()
    }
  }

  const events = (method: string, path: string, options: SendOptions = {}): AsyncGenerator<SubmitEvent> => stream(method, path, options, eventsOf)

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
    postJson: (path, body, signal) => ask('POST', path, { ...json(body), timeoutMs: undefined, signal }),
    async upload (path, chunks, signal) {
      const response = await send('POST', path, { type: 'application/x-ndjson', body: chunks, signal })
      return await readAnswer(response).finally(() => { response.destroy() })
    },
    read: (path, signal) => stream('GET', path, { signal }, bytesOf),
    lines: (path, signal) => stream('GET', path, { signal }, viewsOf),
    output: (id, name) => stream('GET', `/v1/tasks/${encodeURIComponent(id)}/output?name=${encodeURIComponent(name)}`, {}, bytesOf),
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
  body?: string | Uint8Array | AsyncIterable<Uint8Array>
  timeoutMs?: number
  signal?: AbortSignal
}

/** A connection that stays open lets the daemon answer before it has read all. */
const STREAMED = { 'transfer-encoding': 'chunked', connection: 'keep-alive' }

function isWhole (body: string | Uint8Array | AsyncIterable<Uint8Array>): body is string | Uint8Array {
  return typeof body === 'string' || body instanceof Uint8Array
}

/** Ends early when the answer is there, or nobody reads. */
async function writeAll (outgoing: ClientRequest, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  let over = false
  let go: () => void = () => {}
  const end = (): void => { over = true; go() }
  outgoing.once('response', end).once('close', end)
  outgoing.on('drain', () => { go() })
  for await (const chunk of chunks) {
    if (over) return
    if (!outgoing.write(chunk)) await new Promise<void>((resolve) => { go = resolve; if (over) resolve() })
  }
  outgoing.end()
}

async function * bytesOf (response: IncomingMessage): AsyncGenerator<Uint8Array> {
  for await (const chunk of response) if (Buffer.isBuffer(chunk)) yield chunk
}

async function * viewsOf (response: IncomingMessage): AsyncGenerator<View> {
  for await (const line of linesOf(response)) {
    const value = parseAnswer(line)
    if (isMapping(value)) yield value
  }
}

async function * eventsOf (response: IncomingMessage): AsyncGenerator<SubmitEvent> {
  for await (const line of linesOf(response)) {
    const event = readSubmitEvent(parseAnswer(line))
    if (event !== undefined) yield event
  }
}

function submitBody (body: UploadedRequest): View {
  const view: View = {}
  for (const [key, value] of Object.entries(body)) if (value !== undefined) view[key] = value
  if (body.policy !== undefined) view['policy'] = policyView(body.policy)
  return view
}

function policyView ({ require, ...policy }: Partial<TaskPolicy>): View {
  const view: View = require === undefined ? {} : { require: { ...require } }
  for (const [key, value] of Object.entries(policy)) if (value !== undefined) view[key] = value
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
