/** Routes for tasks: submit and follow, look up, list, logs, cancel. */
import type { FastifyInstance } from 'fastify'
import { CorebrumError } from '../errors.ts'
import { CANCEL_WRITE_MS, MAX_UPLOADS } from './limits.ts'
import { MAX_LISTED_TASKS, MAX_REPLICAS } from '../limits.ts'
import type { Node } from '../node.ts'
import type { FileInput } from '../task/file-input.ts'
import { isFinal, TASK_STATES, type TaskState } from '../task/state.ts'
import { policySchema } from './policy-schema.ts'
import { sendJson, whileConnected } from './reply.ts'
import { readSubmission } from './submission.ts'
import type { UploadedRequest } from './client.ts'
import { eventStream } from './task-events.ts'
import { findTask } from './task-lookup.ts'
import type { Uploads } from './uploads.ts'
import { historyView, taskSummary, taskView } from './views.ts'

interface SubmitBody extends UploadedRequest {
  /** Answers with the id as soon as the task is accepted. */
  detach?: boolean
}

const submitSchema = {
  body: {
    type: 'object',
    required: ['definition'],
    additionalProperties: false,
    properties: {
      definition: { type: 'string' },
      fileName: { type: 'string' },
      baseDir: { type: 'string', pattern: '^/' },
      inputs: { type: 'string' },
      inputsName: { type: 'string' },
      set: { type: 'array', items: { type: 'string' } },
      files: {
        type: 'array',
        maxItems: MAX_UPLOADS,
        items: { type: 'object', required: ['name', 'cid'], properties: { name: { type: 'string' }, cid: { type: 'string' } } },
      },
      outputFiles: { type: 'array', items: { type: 'string' } },
      policy: policySchema,
      replicas: { type: 'integer', minimum: 1, maximum: MAX_REPLICAS },
      quorum: { type: 'integer', minimum: 1, maximum: MAX_REPLICAS },
      noCache: { type: 'boolean' },
      detach: { type: 'boolean' },
    },
  },
}

const listSchema = {
  querystring: {
    type: 'object',
    properties: {
      state: { type: 'string', enum: TASK_STATES },
      limit: { type: 'integer', minimum: 1, maximum: MAX_LISTED_TASKS },
    },
  },
}

const logsSchema = { querystring: { type: 'object', properties: { follow: { type: 'boolean' } } } }

const taskSchema = { querystring: { type: 'object', properties: { without: { type: 'array', items: { type: 'string' } } } } }

interface TaskParams { Params: { id: string } }

export function addTaskRoutes (app: FastifyInstance, components: { node: Promise<Node>, uploads: Uploads }): void {
  app.post<{ Body: SubmitBody }>('/v1/tasks', { schema: submitSchema }, async (request, reply) => {
    const { baseDir, detach = false, files: uploaded = [], policy, noCache = false, ...text } = request.body
    const files: FileInput[] = []
    for (const { name, cid } of uploaded) files.push({ name, bytes: await components.uploads.take(cid) })
    const { definition, inputs, warnings } = await readSubmission({ ...text, baseDir, files })
    // A command that goes away before its task has an id has not submitted it; afterwards the task is the daemon's.
    const handle = await whileConnected(reply, async (signal) => {
      const submitted = await (await components.node).submit(definition, inputs, { baseDir, signal, policy, noCache })
      if (signal.aborted) submitted.cancel()
      return submitted
    })
    if (detach) return await sendJson(reply, { type: 'accepted', id: handle.id, warnings })
    return await reply.header('content-type', 'application/x-ndjson').send(eventStream(handle, [{ type: 'accepted', id: handle.id, warnings }], { without: text.outputFiles ?? [], children: async (id, page) => await (await components.node).children(id, page) }))
  })

  app.get<{ Querystring: { state?: TaskState, limit?: number } }>('/v1/tasks', { schema: listSchema }, async (request, reply) => {
    const { state, limit = MAX_LISTED_TASKS } = request.query
    // One more than is shown tells whether there are more.
    const records = await (await components.node).tasks({ limit: limit + 1, ...(state === undefined ? {} : { state }) })
    return await sendJson(reply, { tasks: records.slice(0, limit).map(taskSummary), more: records.length > limit })
  })

  app.get<TaskParams & { Querystring: { without?: string[] } }>('/v1/tasks/:id', { schema: taskSchema }, async (request, reply) => {
    return await sendJson(reply, taskView((await findTask(await components.node, request.params.id)).record(), request.query))
  })

  app.get<TaskParams & { Querystring: { follow?: boolean } }>('/v1/tasks/:id/logs', { schema: logsSchema }, async (request, reply) => {
    const handle = await findTask(await components.node, request.params.id)
    if (request.query.follow === true) return await reply.header('content-type', 'application/x-ndjson').send(eventStream(handle))
    return await sendJson(reply, { logs: handle.record().logs })
  })

  app.get<TaskParams>('/v1/tasks/:id/history', async (request, reply) => {
    return await sendJson(reply, historyView((await findTask(await components.node, request.params.id)).record()))
  })

  app.post<TaskParams>('/v1/tasks/:id/cancel', async (request, reply) => {
    const handle = await findTask(await components.node, request.params.id)
    const wasOpen = !isFinal(handle.record().state)
    if (wasOpen) {
      handle.cancel()
      // What is called cancelled is on disk, and does not come back with a restart.
      await handle.done({ signal: AbortSignal.timeout(CANCEL_WRITE_MS) }).catch(() => {
        throw new CorebrumError('ERR_JOURNAL', `task ${handle.id} is being cancelled, but that could not be written to disk yet; see the log of the daemon`)
      })
    }
    const record = handle.record()
    return await sendJson(reply, { cancelled: wasOpen && record.state === 'cancelled', task: taskView(record) })
  })
}
