// Serves one folder's files on 127.0.0.1, for definitions that take their module from a URL:
//   node scripts/serve.mjs [DIR] [--port 8765]      DIR is the current folder by default; port 0 picks a free one
// Prints its URL on stdout once it listens. Reads only, answers nothing outside DIR, and stops on SIGINT or SIGTERM.
import { createReadStream } from 'node:fs'
import { realpath, stat } from 'node:fs/promises'
import { createServer } from 'node:http'
import { extname, join, sep } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { parseArgs } from 'node:util'

const TYPES = { '.wasm': 'application/wasm', '.json': 'application/json', '.yaml': 'application/yaml', '.md': 'text/markdown; charset=utf-8' }

function fail (message) {
  console.error(`${message}\nusage: node scripts/serve.mjs [DIR] [--port 0..65535]`)
  process.exit(2)
}

function argumentsGiven () {
  try {
    return parseArgs({ allowPositionals: true, options: { port: { type: 'string', default: '8765' } } })
  } catch (error) {
    return fail(error.message)
  }
}

const { values, positionals } = argumentsGiven()
if (!/^\d{1,5}$/.test(values.port) || Number(values.port) > 65_535) fail(`--port ${values.port} is not a port`)
if (positionals.length > 1) fail('give one folder')
const port = Number(values.port)
const root = await realpath(positionals[0] ?? '.').catch((error) => fail(error.message))

/** The regular file that a request names, or undefined. Links are resolved first, so none leads out of the folder. */
async function fileOf (url) {
  try {
    const path = await realpath(join(root, decodeURIComponent(new URL(url, 'http://localhost').pathname)))
    const info = await stat(path)
    return path.startsWith(root + sep) && info.isFile() ? { path, size: info.size } : undefined
  } catch {
    return undefined
  }
}

const server = createServer(async (request, response) => {
  const allowed = request.method === 'GET' || request.method === 'HEAD'
  const file = allowed ? await fileOf(request.url) : undefined
  if (file === undefined) {
    response.writeHead(allowed ? 404 : 405, { 'content-type': 'text/plain' }).end(allowed ? 'not found\n' : 'only GET and HEAD\n')
    return
  }
  response.writeHead(200, { 'content-type': TYPES[extname(file.path)] ?? 'application/octet-stream', 'content-length': file.size })
  if (request.method === 'HEAD') response.end()
  // A client that goes away early ends its own download and nothing else.
  else await pipeline(createReadStream(file.path), response).catch(() => response.destroy())
})

server.on('error', (error) => {
  console.error(error.code === 'EADDRINUSE' ? `port ${port} is taken; choose another one with --port` : error.message)
  process.exitCode = 1
})
server.listen(port, '127.0.0.1', () => console.log(`serving ${root} at http://127.0.0.1:${server.address().port}/`))
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    server.close()
    server.closeAllConnections()
  })
}
