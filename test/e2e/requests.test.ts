/** HTTP requests of a task: only on workers whose owner allows the host, and only to hosts that the definition names. */
import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ROOT, printedTask, startDaemon, stopDaemons, type Daemon } from '../support/daemon.ts'
import { closeServers, serveHttp, type TestServer } from '../support/http-server.ts'
import { removeTempDirs, tempDir } from '../support/temp-dir.ts'

const SHIPPED = join(ROOT, 'task_definitions', 'wasm')

describe('HTTP requests of tasks', () => {
  let server: TestServer
  let submitter: Daemon
  let allowing: Daemon
  let refusing: Daemon
  let definition: string

  before(async () => {
    server = await serveHttp((request, response) => {
      response.writeHead(200, { 'x-method': request.method ?? '' }).end(`hello from ${request.url}`)
    })
    submitter = await startDaemon({ args: ['--worker-count', '0'] })
    const peer = ['--peer', submitter.addresses[0] ?? '', '--worker-count', '1']
    refusing = await startDaemon({ args: peer })
    allowing = await startDaemon({ args: [...peer, '--allow-host', `127.0.0.1:${server.port}`] })
    definition = join(await tempDir(), 'fetch.yaml')
    const text = await readFile(join(SHIPPED, 'fetch.yaml'), 'utf8')
    await writeFile(definition, text.replace('path: fetch.wasm', `path: ${join(SHIPPED, 'fetch.wasm')}`).replaceAll('8765', String(server.port)))
  })
  after(async () => {
    await stopDaemons()
    await closeServers()
    await removeTempDirs()
  })

  const ask = async (url: string): ReturnType<Daemon['run']> =>
    await submitter.run(['submit', '--json', '--file', definition, '--input', JSON.stringify({ request: { url } })])

  it('run on the worker that allows them', async () => {
    const task = printedTask(await ask(`${server.url}/path`))
    assert.equal(task.worker, allowing.peerId)
    assert.equal((task.outputs as { body: string }).body, 'hello from /path')
    assert.equal(server.requests.length, 1)
  })

  it('end the task when they go elsewhere', async () => {
    const { code, stderr } = await ask('http://127.0.0.1:9/')
    assert.equal(code, 1)
    assert.match(stderr, /a request to 127\.0\.0\.1:9 is not allowed.*ERR_NETWORK_REFUSED/)
  })

  it('say why nobody takes the task, where all workers refuse', async () => {
    await allowing.kill('SIGKILL')
    const { code, stderr } = await submitter.run(['submit', '--timeout', '3', '--file', definition])
    assert.equal(code, 4)
    await refusing.logged(/declined an offer of .*the task sends HTTP requests, this node allows none/)
    assert.match(stderr, /no result after 3 s/)
  })
})
