/** Route for the tasks of a job: steps, runs, items, replicas, by number and page by page. */
import type { FastifyInstance } from 'fastify'
import { MAX_CHILDREN_PAGE } from './limits.ts'
import type { Node } from '../node.ts'
import type { TaskRecord } from '../task/state.ts'
import { MAX_CHILD_NUMBER, splitTaskId } from '../task/task-id.ts'
import { sendJson } from './reply.ts'
import { findTask } from './task-lookup.ts'
import { compact, taskView, type View } from './views.ts'

const schema = {
  querystring: {
    type: 'object',
    properties: {
      from: { type: 'integer', minimum: 0, maximum: MAX_CHILD_NUMBER },
      limit: { type: 'integer', minimum: 1, maximum: MAX_CHILDREN_PAGE },
      logs: { type: 'boolean' },
    },
  },
}

export function addChildRoutes (app: FastifyInstance, components: { node: Promise<Node> }): void {
  app.get<{ Params: { id: string }, Querystring: { from?: number, limit?: number, logs?: boolean } }>('/v1/tasks/:id/children', { schema }, async (request, reply) => {
    const node = await components.node
    const { id } = await findTask(node, request.params.id)
    const { from = 0, limit = MAX_CHILDREN_PAGE, logs = false } = request.query
    // One more than is shown tells whether there are more.
    const records = await node.children(id, { from, limit: limit + 1 })
    const next = records[limit]
    return await sendJson(reply, compact({ id, children: records.slice(0, limit).map((record) => childView(record, logs)), next: next && numberOf(next) }))
  })
}

function childView (record: TaskRecord, logs: boolean): View {
  return { number: numberOf(record), ...taskView(record), ...(logs ? { logs: record.logs } : {}) }
}

/** Its place among the tasks of its job. */
function numberOf ({ id }: TaskRecord): number {
  return splitTaskId(id)?.numbers.at(-1) ?? 0
}
