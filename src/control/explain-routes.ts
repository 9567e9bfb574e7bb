/** Why a task is not running: GET /v1/tasks/:id/explain. */
import type { FastifyInstance } from 'fastify'
import type { Node } from '../node.ts'
import type { Explanation } from '../roles/offers/explain-task.ts'
import { sendJson, whileConnected } from './reply.ts'
import { findTask } from './task-lookup.ts'
import { compact, time, type View } from './views.ts'

export function addExplainRoutes (app: FastifyInstance, components: { node: Promise<Node> }): void {
  app.get<{ Params: { id: string } }>('/v1/tasks/:id/explain', async (request, reply) => {
    const explanation = await whileConnected(reply, async (signal) => {
      const node = await components.node
      return await node.explain((await findTask(node, request.params.id)).id, { signal })
    })
    return await sendJson(reply, explanationView(explanation))
  })
}

/** Times are ISO 8601, states upper case; keys without a value are left out. */
function explanationView ({ id, name, state, summary, backoffUntilMs, nextOfferAtMs, deadlineAtMs, workers, peers, declines, parts }: Explanation): View {
  return compact({
    id,
    name,
    state: state.toUpperCase(),
    summary,
    backoffUntil: time(backoffUntilMs),
    nextOfferAt: time(nextOfferAtMs),
    deadline: time(deadlineAtMs),
    workers: workers.map(({ peer, verdict, reason }) => compact({ peer, verdict, reason: reason === '' ? undefined : reason })),
    peers: peers.map(({ peer, verdict, reason, load, slots }) => compact({
      peer, verdict, reason: reason === '' ? undefined : reason, ...(verdict === 'silent' ? {} : { load, slots }),
    })),
    declines: declines.map(({ peer, code, reason, atMs }) => compact({ peer, code, reason, at: time(atMs) })),
    parts: parts?.map(explanationView),
  })
}
