/** Answers as exact JSON: integers of any size keep all their digits. */
import type { FastifyReply } from 'fastify'
import { formatJson } from '../task/json.ts'
import type { Value } from '../task/values.ts'

export async function sendJson (reply: FastifyReply, value: Value): Promise<FastifyReply> {
  return await reply.header('content-type', 'application/json; charset=utf-8').send(formatJson(value))
}
