/** An HTTP server on loopback for one test; `closeServers` ends them all, with the connections that hang. */
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface TestServer {
  url: string
  port: number
  requests: IncomingMessage[]
  close: () => Promise<void>
}

const running: Server[] = []

export async function serveHttp (listener: RequestListener, host = '127.0.0.1'): Promise<TestServer> {
  const requests: IncomingMessage[] = []
  const server = createServer((request, response) => {
    requests.push(request)
    listener(request, response)
  })
  await new Promise<void>((resolve) => { server.listen(0, host, resolve) })
  running.push(server)
  const { port } = server.address() as AddressInfo
  return { url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`, port, requests, close: async () => await close(server) }
}

async function close (server: Server): Promise<void> {
  server.closeAllConnections()
  await new Promise<void>((resolve) => { server.close(() => resolve()) })
}

/** To be called after each test. */
export async function closeServers (): Promise<void> {
  await Promise.all(running.splice(0).map(close))
}

/** Serves `bytes` as file servers do: with an ETag and ranges. */
export function fileListener (bytes: Uint8Array, etag = '"one"'): RequestListener {
  return (request, response) => {
    const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0)
    const condition = request.headers['if-range']
    const whole = request.headers.range === undefined || (condition !== undefined && condition !== etag)
    if (!whole && start >= bytes.length) return void response.writeHead(416).end()
    const body = whole ? bytes : bytes.subarray(start)
    const range = whole ? {} : { 'content-range': `bytes ${start}-${bytes.length - 1}/${bytes.length}` }
    response.writeHead(whole ? 200 : 206, { etag, 'content-length': body.length, ...range })
    response.end(body)
  }
}
