/** Routes for bytes that do not go through JSON: files for a task to come, and single outputs. */
import type { FastifyInstance } from 'fastify'
import { CorebrumError } from '../errors.ts'
import { MAX_BLOB_BYTES } from '../limits.ts'
import type { Node } from '../node.ts'
import { outputBytes } from './output-bytes.ts'
import { sendJson } from './reply.ts'
import { findTask } from './task-lookup.ts'
import type { Uploads } from './uploads.ts'

const BYTES = 'application/octet-stream'

const outputSchema = { querystring: { type: 'object', required: ['name'], properties: { name: { type: 'string' } } } }

export function addBlobRoutes (app: FastifyInstance, components: { node: Promise<Node>, uploads: Uploads }): void {
  app.addContentTypeParser(BYTES, { parseAs: 'buffer', bodyLimit: MAX_BLOB_BYTES }, (_request, body, done) => done(null, body))

  app.post('/v1/blobs', { bodyLimit: MAX_BLOB_BYTES }, async (request, reply) => {
    const { body } = request
    if (!(body instanceof Uint8Array)) throw new CorebrumError('ERR_USAGE', `the body must be of type ${BYTES}`)
    return await sendJson(reply, { cid: await components.uploads.add(body), size: body.length })
  })

  app.get<{ Params: { id: string }, Querystring: { name: string } }>('/v1/tasks/:id/output', { schema: outputSchema }, async (request, reply) => {
    const record = (await findTask(await components.node, request.params.id)).record()
    const { buffer, byteOffset, length } = outputBytes(record.outputs ?? {}, request.query.name)
    return await reply.header('content-type', BYTES).send(Buffer.from(buffer, byteOffset, length))
  })
}
