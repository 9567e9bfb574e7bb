import assert from 'node:assert/strict'
import { MAX_HTTP_BODY_BYTES } from '../../../src/limits.ts'
import type { HttpRequest, HttpResponse } from '../../../src/task/http.ts'
import { createRequester, type RequesterInit } from '../../../src/web/requester.ts'
import { closeServers, serveHttp } from '../../support/http-server.ts'
import { rejectsWith } from '../../support/rejects.ts'

const never = new AbortController().signal

describe('requests of tasks', () => {
  afterEach(closeServers)

  function ask (url: string, hosts: string[], init: Partial<RequesterInit> = {}, more: Partial<HttpRequest> = {}, signal = never): Promise<HttpResponse> {
    return createRequester({ allowedHosts: hosts, ...init })({ method: 'GET', url, headers: {}, body: new Uint8Array(0), ...more }, hosts, signal)
  }

  it('go out as they are and come back whole', async () => {
    const server = await serveHttp((request, response) => {
      request.toArray().then((chunks) => {
        response.writeHead(201, { 'x-answer': 'yes' }).end(`${request.method} ${request.url} ${request.headers['x-question']} ${Buffer.concat(chunks).toString()}`)
      }, assert.ifError)
    })
    const response = await ask(`${server.url}/path?q=1`, [`127.0.0.1:${server.port}`], {}, { method: 'POST', headers: { 'X-Question': 'why' }, body: Buffer.from('body') })
    assert.equal(response.status, 201)
    assert.equal(response.headers['x-answer'], 'yes')
    assert.equal(Buffer.from(response.body).toString(), 'POST /path?q=1 why body')
  })

  it('hold no headers that name another host or length', async () => {
    const server = await serveHttp((request, response) => response.end(request.headers.host))
    const response = await ask(server.url, [`127.0.0.1:${server.port}`], {}, { headers: { Host: 'elsewhere', 'Content-Length': '7', Connection: 'upgrade' } })
    assert.equal(Buffer.from(response.body).toString(), `127.0.0.1:${server.port}`)
  })

  it('do not follow redirects', async () => {
    const server = await serveHttp((_request, response) => response.writeHead(302, { location: 'http://169.254.169.254/' }).end())
    const response = await ask(server.url, [`127.0.0.1:${server.port}`])
    assert.equal(response.status, 302)
    assert.equal(server.requests.length, 1)
  })

  const refused: Array<[string, string, string[], string[]]> = [
    ['a host that the task does not name', 'http://b.org/', ['a.org'], ['*']],
    ['a host that the owner does not allow', 'http://a.org/', ['a.org'], ['b.org']],
    ['any host, when the owner allows none', 'http://a.org/', ['a.org'], []],
    ['any host, when the task names none', 'http://a.org/', [], ['*']],
    ['another port', 'http://a.org:22/', ['a.org'], ['a.org']],
    ['a private address behind a star', 'http://127.0.0.1/', ['127.0.0.1'], ['*']],
    ['a link-local address behind a star', 'http://169.254.169.254/', ['*'], ['*']],
    ['a file', 'file:///etc/passwd', ['*'], ['*']],
    ['a URL with a password', 'http://u:p@a.org/', ['a.org'], ['a.org']],
    ['no URL', 'a.org', ['a.org'], ['a.org']],
  ]
  for (const [what, url, hosts, allowedHosts] of refused) {
    it(`are refused to ${what}`, async () => { await rejectsWith('ERR_NETWORK_REFUSED', ask(url, hosts, { allowedHosts })) })
  }

  it('are refused to a name behind a star that leads to a private address', async () => {
    const resolve: RequesterInit['resolve'] = Object.assign((_name: string, _options: object, callback: (error: null, found: Array<{ address: string, family: number }>) => void) => callback(null, [{ address: '10.0.0.1', family: 4 }]), {}) as never
    await rejectsWith('ERR_NETWORK_REFUSED', ask('http://rebind.example/', ['rebind.example'], { allowedHosts: ['*'], ...(resolve === undefined ? {} : { resolve }) }))
  })

  it('fail when nobody answers', async () => {
    const server = await serveHttp(() => {})
    const { port } = server
    await rejectsWith('ERR_URL_FAILED', ask(server.url, [`127.0.0.1:${port}`], { timeoutMs: 50 }))
    await server.close()
    await rejectsWith('ERR_URL_FAILED', ask(`http://127.0.0.1:${port}/`, [`127.0.0.1:${port}`]))
  })

  it('fail when the answer is too large', async () => {
    const server = await serveHttp((_request, response) => response.end(Buffer.alloc(MAX_HTTP_BODY_BYTES + 1)))
    await rejectsWith('ERR_URL_FAILED', ask(server.url, [`127.0.0.1:${server.port}`]))
  })

  it('end with the call that asked', async () => {
    const abort = new AbortController()
    const server = await serveHttp(() => abort.abort())
    await rejectsWith('ERR_CANCELLED', ask(server.url, [`127.0.0.1:${server.port}`], {}, {}, abort.signal))
  })
})
