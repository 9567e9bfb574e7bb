/** Answers: exact JSON, in which integers of any size keep all their digits, and streams of it. */
import { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import { formatJson } from '../task/json.ts'
import type { Value } from '../task/values.ts'

export async function sendJson (reply: FastifyReply, value: Value): Promise<FastifyReply> {
  return await reply.header('content-type', 'application/json; charset=utf-8').send(formatJson(value))
}

/** What `read` gives, until the client has gone: without the signal, its reader would wait on. */
export function streamWhileRead (read: (signal: AbortSignal) => AsyncIterable<string | Uint8Array>): Readable {
  const gone = new AbortController()
  const stream = Readable.from(read(gone.signal), { objectMode: false })
  stream.once('close', () => { gone.abort() })
  return stream
}

/** `work` with a signal that aborts when the client goes away before it is done. */
export async function whileConnected<T> (reply: FastifyReply, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const gone = new AbortController()
  const onClose = (): void => { gone.abort() }
  reply.raw.once('close', onClose)
  try {
    return await work(gone.signal)
  } finally {
    reply.raw.off('close', onClose)
  }
}
