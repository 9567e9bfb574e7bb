/** The control API of a daemon: HTTP on a Unix socket in the data folder, so that file permissions guard it. */
import { createServer, type Server } from 'node:http'
import fastify, { type FastifyError, type FastifyInstance } from 'fastify'
import { CorebrumError, toCorebrumError, type ErrorCode } from '../errors.ts'
import { MAX_CONTROL_BODY_BYTES } from './limits.ts'
import type { Node } from '../node.ts'
import { addBlobRoutes } from './blob-routes.ts'
import { addExplainRoutes } from './explain-routes.ts'
import { addMapRoutes } from './map-routes.ts'
import { addChildRoutes } from './child-routes.ts'
import { addModuleRoutes } from './module-routes.ts'
import { addNodeRoutes } from './node-routes.ts'
import { addReceiptRoutes } from './receipt-routes.ts'
import { listenExclusively } from './socket.ts'
import { controlSocketPath } from './socket-path.ts'
import { addTaskRoutes } from './task-routes.ts'
import { createUploads, type Uploads } from './uploads.ts'

export interface ControlServerComponents {
  /** Requests wait for it, so that the socket can be claimed before the node starts. */
  node: Promise<Node>
}

export interface ControlServerInit {
  dataDir: string
  /** Of this program; shown in `status`. */
  version?: string
}

export interface ControlServer {
  readonly path: string
  /** Claims the socket. Rejects with ERR_DAEMON_RUNNING or ERR_CONFIG. */
  start (): Promise<void>
  /** Ends open requests and removes the socket. */
  stop (): Promise<void>
}

export function createControlServer (components: ControlServerComponents, init: ControlServerInit): ControlServer {
  return new UnixControlServer(components, init)
}

class UnixControlServer implements ControlServer {
  readonly path: string
  readonly #app: FastifyInstance
  readonly #server: Server
  readonly #uploads: Uploads

  constructor ({ node }: ControlServerComponents, { dataDir, version = 'unknown' }: ControlServerInit) {
    this.path = controlSocketPath(dataDir)
    // The inputs of a map may come for hours.
    this.#server = createServer({ requestTimeout: 0 })
    // The failure is reported by whoever starts the node; here it only answers requests.
    node.catch(() => {})
    this.#app = fastify({
      bodyLimit: MAX_CONTROL_BODY_BYTES,
      forceCloseConnections: true,
      serverFactory: (handler) => this.#server.on('request', handler),
    })
    this.#app.setErrorHandler(async (error: FastifyError | CorebrumError, _request, reply) => {
      const known = asCorebrumError(error)
      return await reply.code(httpStatus(known.code)).send({ code: known.code, message: known.message, problems: known.problems })
    })
    this.#app.setNotFoundHandler(async (request, reply) => {
      return await reply.code(404).send({ code: 'ERR_USAGE', message: `this daemon has no ${request.method} ${request.url}; is it of another version?`, problems: [] })
    })
    addNodeRoutes(this.#app, { node }, { version })
    this.#uploads = createUploads({ blobs: async () => (await node).blobs })
    addTaskRoutes(this.#app, { node, uploads: this.#uploads })
    addBlobRoutes(this.#app, { node, uploads: this.#uploads })
    addModuleRoutes(this.#app, { node })
    addChildRoutes(this.#app, { node })
    addReceiptRoutes(this.#app, { node })
    addMapRoutes(this.#app, { node })
    addExplainRoutes(this.#app, { node })
  }

  async start (): Promise<void> {
    await this.#app.ready()
    await listenExclusively(this.#server, this.path)
  }

  async stop (): Promise<void> {
    this.#server.closeAllConnections()
    if (this.#server.listening) await new Promise((resolve) => this.#server.close(resolve))
    await this.#app.close()
    this.#uploads.stop()
  }
}

function asCorebrumError (error: FastifyError | CorebrumError): CorebrumError {
  if (error instanceof CorebrumError) return error
  if (error.code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    return new CorebrumError('ERR_USAGE', `the request is larger than this daemon allows: ${MAX_CONTROL_BODY_BYTES} bytes; give large inputs with --file-input`, { cause: error })
  }
  const code: ErrorCode = error.validation !== undefined || (error.statusCode ?? 500) < 500 ? 'ERR_USAGE' : 'ERR_INTERNAL'
  return toCorebrumError(error, code)
}

function httpStatus (code: ErrorCode): number {
  if (code === 'ERR_TASK_UNKNOWN' || code === 'ERR_MODULE_NOT_FOUND') return 404
  if (code === 'ERR_QUEUE_FULL' || code === 'ERR_EXECUTOR_STOPPED') return 503
  return code === 'ERR_INTERNAL' ? 500 : 400
}
