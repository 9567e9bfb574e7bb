/** Routes for receipts: what an export holds, and what became of checking them against the tasks of this node. */
import type { FastifyInstance } from 'fastify'
import type { Node } from '../node.ts'
import { receiptFindings } from '../task/receipt-check.ts'
import type { Receipt } from '../task/receipt.ts'
import { sendJson } from './reply.ts'
import { findTask } from './task-lookup.ts'
import { findingViews, receiptView, type View } from './receipt-views.ts'

interface TaskParams { Params: { id: string } }

export function addReceiptRoutes (app: FastifyInstance, components: { node: Promise<Node> }): void {
  app.get<TaskParams>('/v1/tasks/:id/receipts', async (request, reply) => {
    const node = await components.node
    const { id } = await findTask(node, request.params.id)
    const receipts = (await node.receipts(id)).map(({ receipt }): Receipt => receipt)
    return await sendJson(reply, { id, receipts: receipts.map(receiptView) })
  })

  app.get<TaskParams>('/v1/tasks/:id/verify', async (request, reply) => {
    const node = await components.node
    const { id } = await findTask(node, request.params.id)
    const checked = (await node.receipts(id)).map(({ receipt, record }): View => findingViews(receipt, receiptFindings(receipt, record)))
    return await sendJson(reply, { id, receipts: checked, ok: checked.every(({ ok }) => ok === true) })
  })
}
