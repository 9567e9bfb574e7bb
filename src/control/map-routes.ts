/** Routes for maps: make one, give it its inputs, follow it, read its results, pause it and go on. */
import { Readable } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import { CorebrumError } from '../errors.ts'
import { MAX_MAP_ITEMS } from '../limits.ts'
import type { Node } from '../node.ts'
import { formatJson } from '../task/json.ts'
import { mapView, readMapSubmission, type MapSubmissionText } from './map-submission.ts'
import { policySchema } from './policy-schema.ts'
import { sendJson, streamWhileRead, whileConnected } from './reply.ts'
import type { View } from './views.ts'

const NDJSON = 'application/x-ndjson'

const text = { type: 'string' }
const folder = { type: 'string', pattern: '^/' }
const source = { definition: text, fileName: text, baseDir: folder }

const createSchema = {
  body: {
    type: 'object',
    required: ['definition'],
    additionalProperties: false,
    properties: {
      ...source,
      inputs: text,
      inputsName: text,
      set: { type: 'array', items: text },
      reduce: { type: 'object', required: ['definition'], additionalProperties: false, properties: source },
      failFast: { type: 'boolean' },
      noCache: { type: 'boolean' },
      policy: policySchema,
    },
  },
}

const markSchema = {
  querystring: {
    type: 'object',
    required: ['bytes', 'crc'],
    properties: { bytes: { type: 'integer', minimum: 0 }, crc: { type: 'integer', minimum: 0, maximum: 0xffffffff } },
  },
}

const resultsSchema = {
  querystring: {
    type: 'object',
    properties: { order: { type: 'string', enum: ['index', 'arrival'] }, from: { type: 'integer', minimum: 0, maximum: MAX_MAP_ITEMS } },
  },
}

interface MapParams { Params: { id: string } }

export function addMapRoutes (app: FastifyInstance, components: { node: Promise<Node> }): void {
  const maps = async (): Promise<Node['maps']> => (await components.node).maps
  // Handed on as it comes: no limit but those of a map.
  app.addContentTypeParser(NDJSON, { bodyLimit: Number.MAX_SAFE_INTEGER }, (_request, payload, done) => { done(null, payload) })

  app.post<{ Body: MapSubmissionText }>('/v1/maps', { schema: createSchema }, async (request, reply) => {
    const { request: map, warnings } = await readMapSubmission(request.body)
    const { id } = await whileConnected(reply, async (signal) => await (await maps()).create(map, { signal }))
    return await sendJson(reply, { id, warnings })
  })

  app.get<MapParams>('/v1/maps/:id', async (request, reply) => {
    return await sendJson(reply, mapView((await (await maps()).find(request.params.id)).status))
  })

  app.post<MapParams>('/v1/maps/:id/proceed', async (request, reply) => {
    const map = await (await maps()).proceed(request.params.id)
    return await sendJson(reply, { ...mapView(map.status), ...(map.isOver ? {} : { inputs: { ...map.inputs() } }) })
  })

  app.post<MapParams>('/v1/maps/:id/pause', async (request, reply) => {
    const map = await (await maps()).find(request.params.id)
    await map.pause()
    return await sendJson(reply, mapView(map.status))
  })

  app.post<MapParams & { Querystring: { bytes: number, crc: number } }>('/v1/maps/:id/inputs', { schema: markSchema, bodyLimit: Number.MAX_SAFE_INTEGER }, async (request, reply) => {
    const { body } = request
    if (!(body instanceof Readable)) throw new CorebrumError('ERR_USAGE', `the body must be of type ${NDJSON}`)
    const map = await (await maps()).find(request.params.id)
    const items = await map.addInputs(chunksOf(body), request.query)
    return await sendJson(reply, { items })
  })

  app.get<MapParams & { Querystring: { order?: string, from?: number } }>('/v1/maps/:id/results', { schema: resultsSchema }, async (request, reply) => {
    const { order = 'index', from = 0 } = request.query
    const map = await (await maps()).find(request.params.id)
    return await reply.header('content-type', NDJSON).send(streamWhileRead((signal) => map.results({ ordered: order === 'index', from, signal })))
  })

  app.get<MapParams>('/v1/maps/:id/events', async (request, reply) => {
    const map = await (await maps()).find(request.params.id)
    return await reply.header('content-type', NDJSON).send(streamWhileRead((signal) => lines(map.follow(signal))))
  })
}

async function * lines (statuses: ReturnType<Awaited<ReturnType<Node['maps']['find']>>['follow']>): AsyncGenerator<string> {
  for await (const status of statuses) yield `${formatJson(mapView(status) satisfies View)}\n`
}

async function * chunksOf (body: Readable): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) if (chunk instanceof Uint8Array) yield chunk
}
