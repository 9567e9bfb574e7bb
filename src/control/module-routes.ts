/** Routes for the module store: what it holds, adding a module, dropping one. */
import type { FastifyInstance } from 'fastify'
import { CorebrumError } from '../errors.ts'
import { MAX_MODULE_BYTES } from '../limits.ts'
import type { Node } from '../node.ts'
import { sendJson } from './reply.ts'
import { moduleViews } from './views.ts'

const WASM_MAGIC = Buffer.from('\0asm')

export function addModuleRoutes (app: FastifyInstance, components: { node: Promise<Node> }): void {
  app.addContentTypeParser('application/wasm', { parseAs: 'buffer', bodyLimit: MAX_MODULE_BYTES }, (_request, body, done) => done(null, body))

  app.get('/v1/modules', async (_request, reply) => {
    return await sendJson(reply, { modules: moduleViews((await components.node).modules.list()) })
  })

  app.post('/v1/modules', { bodyLimit: MAX_MODULE_BYTES }, async (request, reply) => {
    const { body } = request
    if (!(body instanceof Uint8Array)) throw new CorebrumError('ERR_USAGE', 'the body must be of type application/wasm')
    if (!WASM_MAGIC.equals(body.subarray(0, WASM_MAGIC.length))) {
      throw new CorebrumError('ERR_NOT_WASM', 'the file is not a WebAssembly module: it does not begin with 00 61 73 6d')
    }
    const cid = await (await components.node).modules.put(body)
    return await sendJson(reply, { cid, size: body.byteLength })
  })

  app.delete<{ Params: { cid: string } }>('/v1/modules/:cid', async (request, reply) => {
    const { cid } = request.params
    const removed = await (await components.node).modules.remove(cid)
    if (!removed) throw new CorebrumError('ERR_MODULE_NOT_FOUND', `the store holds no module ${cid}; see \`corebrum modules list\``)
    return await sendJson(reply, { cid, removed })
  })
}
