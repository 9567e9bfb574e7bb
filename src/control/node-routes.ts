/** Routes about the node itself: status, peers, workers. */
import type { FastifyInstance } from 'fastify'
import type { Node } from '../node.ts'
import { sendJson, whileConnected } from './reply.ts'
import { nodeView, peerViews, workerViews } from './views.ts'

export function addNodeRoutes (app: FastifyInstance, components: { node: Promise<Node> }, { version }: { version: string }): void {
  const startedAtMs = Date.now()

  app.get('/v1/node', async (_request, reply) => {
    return await sendJson(reply, nodeView(await components.node, { version, startedAtMs }))
  })

  app.get('/v1/peers', async (_request, reply) => {
    return await sendJson(reply, { peers: peerViews(await components.node) })
  })

  const querystring = { type: 'object', properties: { discover: { type: 'boolean' } } }
  app.get<{ Querystring: { discover?: boolean } }>('/v1/workers', { schema: { querystring } }, async (request, reply) => {
    const workers = await whileConnected(reply, async (signal) => await (await components.node).workers({ discover: request.query.discover ?? false, signal }))
    return await sendJson(reply, { workers: workerViews(workers) })
  })
}
