import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { gzipSync } from 'node:zlib'
import { fetchUrl, openUrl, type UrlOptions } from '../../../src/modules/url-source.ts'
import { publicLookup, refusedRange, type Resolve } from '../../../src/web/url-policy.ts'
import { closeServers, fileListener, serveHttp } from '../../support/http-server.ts'
import { collect, sample } from '../../support/module-fixtures.ts'
import { rejectsWith } from '../../support/rejects.ts'

const USER: UrlOptions = { policy: 'user' }
const WORKER: UrlOptions = { policy: 'worker' }

/** A resolver that knows one answer. */
function resolvesTo (...addresses: string[]): Resolve {
  const answers = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
  // Only the form with `all` is ever called.
  const resolve = (_name: string, _options: unknown, callback: (error: null, found: typeof answers) => void): void => callback(null, answers)
  return resolve as unknown as Resolve
}

describe('url source', () => {
  afterEach(closeServers)

  it('fetches a file', async () => {
    const { bytes } = sample(300_000)
    const { url, requests } = await serveHttp(fileListener(bytes))
    assert.deepEqual(await fetchUrl(`${url}/m.wasm?a=1`, USER), Buffer.from(bytes))
    assert.equal(requests[0]?.url, '/m.wasm?a=1')
    assert.equal(requests[0]?.headers['accept-encoding'], 'identity')
    assert.equal(requests[0]?.headers.range, undefined)
    assert.deepEqual(await fetchUrl(url, { ...WORKER, allowPrivate: true }), Buffer.from(bytes))
  })

  describe('resume', () => {
    const { bytes } = sample(1000)
    const rest = Buffer.from(bytes.subarray(400))

    it('asks for the rest only', async () => {
      const { url, requests } = await serveHttp(fileListener(bytes))
      const transfer = await openUrl(url, { ...USER, offset: 400 })
      assert.deepEqual(await collect(transfer.body), rest)
      assert.deepEqual([transfer.size, transfer.etag, requests[0]?.headers.range], [1000, '"one"', 'bytes=400-'])
      const again = await openUrl(url, { ...USER, offset: 400, etag: transfer.etag })
      assert.deepEqual(await collect(again.body), rest)
      assert.equal(requests[1]?.headers['if-range'], '"one"')
    })

    it('skips the start when the server sends all', async () => {
      const ignores = await serveHttp((_request, response) => void response.end(bytes))
      assert.deepEqual(await collect((await openUrl(ignores.url, { ...USER, offset: 400 })).body), rest)
      const changed = await serveHttp(fileListener(bytes, '"two"'))
      assert.deepEqual(await collect((await openUrl(changed.url, { ...USER, offset: 400, etag: '"one"' })).body), rest)
    })

    it('does not trust another range, nor a file that is shorter', async () => {
      const other = await serveHttp((_request, response) => {
        response.writeHead(206, { 'content-range': 'bytes 0-999/1000' }).end(bytes)
      })
      await rejectsWith('ERR_URL_FAILED', openUrl(other.url, { ...USER, offset: 400 }))
      const { url } = await serveHttp(fileListener(bytes.subarray(0, 100)))
      await rejectsWith('ERR_MODULE_HASH_MISMATCH', openUrl(url, { ...USER, offset: 400 }))
    })
  })

  describe('redirects', () => {
    const redirecting = (times: number) => (request: { url?: string }, response: ServerResponse): void => {
      const step = Number(request.url?.slice(1))
      if (step === times) response.end('done')
      else response.writeHead(302, { location: `/${step + 1}` }).end('x'.repeat(1000))
    }

    it('follows five', async () => {
      const { url, requests } = await serveHttp(redirecting(5))
      assert.equal(String(await fetchUrl(`${url}/0`, USER)), 'done')
      assert.equal(requests.length, 6)
    })

    it('refuses six, and circles', async () => {
      const { url, requests } = await serveHttp(redirecting(6))
      await rejectsWith('ERR_URL_REFUSED', fetchUrl(`${url}/0`, USER))
      assert.equal(requests.length, 6)
      const circle = await serveHttp((_request, response) => void response.writeHead(301, { location: '/' }).end())
      await rejectsWith('ERR_URL_REFUSED', fetchUrl(circle.url, USER))
    })

    it('checks where each one leads', async () => {
      for (const location of ['file:///etc/passwd', 'http://user:secret@example.com/', 'ftp://example.com/']) {
        const { url } = await serveHttp((_request, response) => void response.writeHead(302, { location }).end())
        await rejectsWith('ERR_URL_REFUSED', fetchUrl(url, USER))
      }
      const { url } = await serveHttp((_request, response) => void response.writeHead(302, { location: 'http://[' }).end())
      await rejectsWith('ERR_URL_FAILED', fetchUrl(url, USER))
    })
  })

  describe('for a worker', () => {
    const refused = [
      '127.0.0.1', '127.1', '2130706433', '0x7f.0.0.1', '0177.0.0.1', '0.0.0.0', '10.1.2.3', '172.16.0.1', '192.168.1.1', '169.254.169.254',
      '100.64.0.1', '224.0.0.1', '255.255.255.255', '192.0.2.1', '[::1]', '[::]', '[fe80::1]', '[fc00::1]', '[ff02::1]', '[::ffff:127.0.0.1]',
      '[::ffff:a00:1]', '[::127.0.0.1]', '[64:ff9b::7f00:1]', '[2002:7f00:1::]', '[2001:db8::1]', '[fec0::1]',
    ]
    for (const host of refused) {
      it(`refuses ${host}`, async () => {
        const error = await rejectsWith('ERR_URL_REFUSED', fetchUrl(`http://${host}:1/m.wasm`, WORKER))
        assert(error.message.includes('--allow-private-urls'))
      })
    }

    it('knows public addresses', () => {
      for (const address of ['8.8.8.8', '2606:4700:4700::1111', '::ffff:8.8.8.8']) assert.equal(refusedRange(address), undefined)
    })

    it('refuses a name that resolves to a private address, and never connects', async () => {
      const server = await serveHttp(fileListener(sample().bytes))
      const url = `http://localhost:${server.port}/m.wasm`
      const error = await rejectsWith('ERR_URL_REFUSED', fetchUrl(url, WORKER))
      assert(/localhost \((127\.0\.0\.1|::1)\) is a loopback address/.test(error.message), error.message)
      for (const address of ['127.0.0.1', '10.0.0.1', '::1', '::ffff:127.0.0.1', 'fd00::1']) {
        await rejectsWith('ERR_URL_REFUSED', fetchUrl('http://modules.example/m.wasm', { ...WORKER, resolve: resolvesTo(address, '127.0.0.1') }))
      }
      await rejectsWith('ERR_URL_FAILED', fetchUrl('http://modules.example/', { ...WORKER, resolve: resolvesTo() }))
      assert.equal(server.requests.length, 0)
      assert.equal((await fetchUrl(url, { ...WORKER, allowPrivate: true })).length, 1000)
    })

    it('gives the socket the public addresses only, of those that a name resolves to', () => {
      const lookup = publicLookup(resolvesTo('10.0.0.1', '8.8.8.8', '::1', '2606:4700:4700::1111'))
      const found: unknown[] = []
      lookup('modules.example', { all: true }, (error, addresses) => found.push(error, addresses))
      lookup('modules.example', {}, (error, address, family) => found.push(error, address, family))
      assert.deepEqual(found, [null, [{ address: '8.8.8.8', family: 4 }, { address: '2606:4700:4700::1111', family: 6 }], null, '8.8.8.8', 4])
    })
  })

  describe('refuses', () => {
    const urls = { 'no URL': 'm.wasm', 'a file': 'file:///etc/passwd', ftp: 'ftp://example.com/m.wasm', data: 'data:,x', credentials: 'http://user:secret@example.com/m.wasm' }
    for (const [what, url] of Object.entries(urls)) {
      it(what, async () => {
        const error = await rejectsWith('ERR_URL_REFUSED', fetchUrl(url, USER))
        assert(!error.message.includes('secret'))
        await rejectsWith('ERR_URL_REFUSED', fetchUrl(url, { ...WORKER, allowPrivate: true }))
      })
    }
  })

  describe('caps', () => {
    it('the size that the server announces', async () => {
      const { url } = await serveHttp(fileListener(sample(1001).bytes))
      await rejectsWith('ERR_MODULE_TOO_LARGE', fetchUrl(url, { ...USER, maxBytes: 1000 }))
      await rejectsWith('ERR_MODULE_TOO_LARGE', openUrl(url, { ...USER, maxBytes: 1000, offset: 500 }))
    })

    it('a flood without a size, and ends the connection', async () => {
      let closed: Promise<unknown> | undefined
      const { url } = await serveHttp((_request, response) => {
        closed = once(response, 'close')
        const flood = (): void => { while (!response.destroyed && response.write(Buffer.alloc(65_536)));  }
        response.on('drain', flood)
        flood()
      })
      await rejectsWith('ERR_MODULE_TOO_LARGE', fetchUrl(url, { ...USER, maxBytes: 1_000_000 }))
      await closed
    })

    it('the time without an answer', async () => {
      const { url } = await serveHttp(() => {})
      await rejectsWith('ERR_URL_FAILED', fetchUrl(url, { ...USER, stallMs: 30 }))
    })

    it('the time without a byte, and a trickle', async () => {
      const stalls = await serveHttp((_request, response) => void response.write('x'))
      await rejectsWith('ERR_URL_FAILED', fetchUrl(stalls.url, { ...USER, stallMs: 30 }))
      const trickles = await serveHttp((_request, response) => {
        const timer = setInterval(() => response.write('x'), 5)
        response.on('close', () => clearInterval(timer))
      })
      await rejectsWith('ERR_URL_FAILED', fetchUrl(trickles.url, { ...USER, stallMs: 60 }))
    })
  })

  describe('reports', () => {
    for (const status of [204, 304, 403, 404, 500]) {
      it(`status ${status}`, async () => {
        const { url } = await serveHttp((_request, response) => void response.writeHead(status).end())
        const error = await rejectsWith('ERR_URL_FAILED', fetchUrl(url, USER))
        assert(error.message.includes(String(status)))
      })
    }

    it('a body that is cut off', async () => {
      const { url } = await serveHttp((_request, response) => {
        response.writeHead(200, { 'content-length': 1000 })
        response.write('x', () => response.destroy())
      })
      await rejectsWith('ERR_URL_FAILED', fetchUrl(url, USER))
    })

    it('a compressed body', async () => {
      const { url } = await serveHttp((_request, response) => void response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('x')))
      await rejectsWith('ERR_URL_FAILED', fetchUrl(url, USER))
    })

    it('a server that is down, and a name that nobody knows', async () => {
      const server = await serveHttp(() => {})
      await server.close()
      await rejectsWith('ERR_URL_FAILED', fetchUrl(server.url, USER))
      const unknown = ((_name: string, _options: object, callback: (error: Error) => void) => callback(new Error('ENOTFOUND'))) as unknown as Resolve
      await rejectsWith('ERR_URL_FAILED', fetchUrl('http://nobody.example/', { ...WORKER, resolve: unknown }))
    })

    it('that the caller gave up, before and during', async () => {
      await rejectsWith('ERR_CANCELLED', fetchUrl('http://127.0.0.1:1/', { ...USER, signal: AbortSignal.abort() }))
      for (const begin of [false, true]) {
        const stop = new AbortController()
        const { url } = await serveHttp((_request, response) => {
          if (begin) response.write('x')
          setImmediate(() => stop.abort())
        })
        await rejectsWith('ERR_CANCELLED', fetchUrl(url, { ...USER, signal: stop.signal }))
      }
    })
  })
})
