import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CorebrumError } from '../../../src/errors.ts'
import type { ModuleStore, Retriever } from '../../../src/modules/modules.ts'
import { resolveModule, type ResolveOptions } from '../../../src/modules/resolve.ts'
import type { ModuleSource } from '../../../src/task/definition.ts'
import type { ModuleRef } from '../../../src/task/program.ts'
import { closeServers, fileListener, serveHttp } from '../../support/http-server.ts'
import { sample, useStores, WASM_HEADER } from '../../support/module-fixtures.ts'
import { rejectsWith } from '../../support/rejects.ts'

function checkBytes (bytes: Uint8Array): void {
  if (!WASM_HEADER.every((byte, i) => bytes[i] === byte)) throw new CorebrumError('ERR_NOT_WASM', 'it looks like something else')
}

describe('resolve module', () => {
  const { tempDir, startedStore } = useStores()
  afterEach(closeServers)

  let store: ModuleStore
  let baseDir: string
  beforeEach(async () => {
    store = await startedStore()
    baseDir = await tempDir()
  })

  const resolve = async (source: ModuleSource, options: Partial<ResolveOptions> = {}): Promise<ModuleRef> =>
    await resolveModule(source, { store, baseDir, checkBytes, ...options })

  /** A mesh in which peers have what is in `modules`. */
  function mesh (...modules: Uint8Array[]): Retriever & { asked: ModuleRef[] } {
    const asked: ModuleRef[] = []
    return {
      asked,
      ensure: async (ref) => {
        asked.push(ref)
        for (const bytes of modules) await store.put(bytes)
        if (!store.has(ref.cid)) throw new CorebrumError('ERR_MODULE_NOT_FOUND', 'nobody has it', { problems: ['peer a', 'peer b'] })
      },
    }
  }

  it('embedded bytes', async () => {
    const { bytes, cid } = sample()
    assert.deepEqual(await resolve({ kind: 'bytes', bytes }), { cid, size: 1000, urls: [] })
    assert.deepEqual(await resolve({ kind: 'bytes', bytes }, { cid }), { cid, size: 1000, urls: [] })
    assert.equal(store.has(cid), true)
    await rejectsWith('ERR_MODULE_HASH_MISMATCH', resolve({ kind: 'bytes', bytes }, { cid: sample().cid }))
    await rejectsWith('ERR_MODULE_TOO_LARGE', resolve({ kind: 'bytes', bytes }, { maxBytes: 999 }))
    await rejectsWith('ERR_NOT_WASM', resolve({ kind: 'bytes', bytes: Buffer.from('<html>') }))
  })

  describe('a file', () => {
    it('beside the definition, or anywhere', async () => {
      const { bytes, cid } = sample()
      await mkdir(join(baseDir, 'sub'))
      await writeFile(join(baseDir, 'sub', 'm.wasm'), bytes)
      for (const path of ['sub/m.wasm', './sub/../sub/m.wasm', join(baseDir, 'sub', 'm.wasm')]) {
        assert.deepEqual(await resolve({ kind: 'file', path }, { cid }), { cid, size: 1000, urls: [] })
      }
    })

    it('that cannot be read, with its absolute path', async () => {
      await writeFile(join(baseDir, 'file'), '')
      await mkdir(join(baseDir, 'folder'))
      execFileSync('mkfifo', [join(baseDir, 'pipe')])
      for (const path of ['missing.wasm', 'file/m.wasm', 'folder', 'pipe']) {
        const error = await rejectsWith('ERR_MODULE_NOT_FOUND', resolve({ kind: 'file', path }))
        assert(error.message.includes(join(baseDir, path)))
      }
    })

    it('that is no module, too large, or not the pinned one', async () => {
      await writeFile(join(baseDir, 'page'), '<!doctype html>')
      assert((await rejectsWith('ERR_NOT_WASM', resolve({ kind: 'file', path: 'page' }))).message.includes(join(baseDir, 'page')))
      const [module, other] = [sample(), sample()]
      await writeFile(join(baseDir, 'm.wasm'), module.bytes)
      await rejectsWith('ERR_MODULE_TOO_LARGE', resolve({ kind: 'file', path: 'm.wasm' }, { maxBytes: 999 }))
      const error = await rejectsWith('ERR_MODULE_HASH_MISMATCH', resolve({ kind: 'file', path: 'm.wasm' }, { cid: other.cid }))
      assert(error.message.includes(module.cid) && error.message.includes(other.cid))
      assert.equal(store.has(module.cid), false)
    })
  })

  it('a name: beside the definition, else in the store', async () => {
    const [module, stored] = [sample(), sample()]
    await writeFile(join(baseDir, 'm.wasm'), module.bytes)
    assert.equal((await resolve({ kind: 'name', name: 'm' })).cid, module.cid)
    assert.equal((await resolve({ kind: 'name', name: 'm.wasm' })).cid, module.cid)
    await store.put(stored.bytes)
    assert.deepEqual(await resolve({ kind: 'name', name: stored.cid }), { cid: stored.cid, size: 1000, urls: [] })
    assert.equal((await resolve({ kind: 'name', name: 'gone' }, { cid: stored.cid })).cid, stored.cid)
    const remote = sample()
    assert.equal((await resolve({ kind: 'name', name: 'gone' }, { cid: remote.cid, retriever: mesh(remote.bytes) })).cid, remote.cid)
    const error = await rejectsWith('ERR_MODULE_NOT_FOUND', resolve({ kind: 'name', name: 'gone' }))
    assert(error.message.includes(join(baseDir, 'gone.wasm')))
  })

  describe('a URL', () => {
    it('that answers, on a private address too, for the user names it', async () => {
      const { bytes, cid } = sample()
      const { url, requests } = await serveHttp(fileListener(bytes))
      for (const pin of [undefined, cid]) assert.deepEqual(await resolve({ kind: 'url', url }, { cid: pin }), { cid, size: 1000, urls: [url] })
      // The second time the pin named what was there already.
      assert.equal(requests.length, 1)
    })

    it('that gives other bytes than pinned, no module, or too many', async () => {
      const [module, other] = [sample(), sample()]
      const { url } = await serveHttp(fileListener(module.bytes))
      const error = await rejectsWith('ERR_MODULE_HASH_MISMATCH', resolve({ kind: 'url', url }, { cid: other.cid, retriever: mesh(other.bytes) }))
      assert(error.message.includes(module.cid) && error.message.includes(other.cid))
      await rejectsWith('ERR_MODULE_TOO_LARGE', resolve({ kind: 'url', url }, { maxBytes: 999 }))
      const page = await serveHttp((_request, response) => void response.end('<!doctype html>'))
      assert((await rejectsWith('ERR_NOT_WASM', resolve({ kind: 'url', url: page.url }))).message.includes(page.url))
      assert.equal(store.list().length, 0)
    })

    it('that is down: peers stand in when the module is pinned', async () => {
      const { bytes, cid } = sample()
      const server = await serveHttp(() => {})
      await server.close()
      const source: ModuleSource = { kind: 'url', url: server.url }
      await rejectsWith('ERR_URL_FAILED', resolve(source))
      await rejectsWith('ERR_URL_FAILED', resolve(source, { cid }))
      const nobody = mesh()
      await rejectsWith('ERR_URL_FAILED', resolve(source, { retriever: nobody }))
      assert.deepEqual(nobody.asked, [])
      const error = await rejectsWith('ERR_URL_FAILED', resolve(source, { cid, retriever: nobody }))
      assert.equal(error.problems.length, 3)
      assert.deepEqual(await resolve(source, { cid, retriever: mesh(bytes) }), { cid, size: 1000, urls: [server.url] })
    })

    it('that policy refuses is refused, whoever has the module', async () => {
      const { bytes, cid } = sample()
      await rejectsWith('ERR_URL_REFUSED', resolve({ kind: 'url', url: 'file:///m.wasm' }, { cid, retriever: mesh(bytes) }))
    })
  })

  it('a CID: in the store, else from peers', async () => {
    const [stored, remote] = [sample(), sample()]
    await store.put(stored.bytes)
    assert.deepEqual(await resolve({ kind: 'cid', cid: stored.cid }), { cid: stored.cid, size: 1000, urls: [] })
    await rejectsWith('ERR_MODULE_NOT_FOUND', resolve({ kind: 'cid', cid: remote.cid }))
    assert.deepEqual(await resolve({ kind: 'cid', cid: remote.cid }, { retriever: mesh(remote.bytes) }), { cid: remote.cid, size: 1000, urls: [] })
    await rejectsWith('ERR_MODULE_NOT_FOUND', resolve({ kind: 'cid', cid: sample().cid }, { retriever: mesh() }))
    await rejectsWith('ERR_MODULE_HASH_MISMATCH', resolve({ kind: 'cid', cid: stored.cid }, { cid: remote.cid }))
    await rejectsWith('ERR_CID', resolve({ kind: 'cid', cid: 'x' }))
  })

  it('ends when the caller gives up', async () => {
    const { url } = await serveHttp(() => {})
    const { bytes, cid } = sample()
    await writeFile(join(baseDir, 'm.wasm'), bytes)
    const signal = AbortSignal.abort()
    await rejectsWith('ERR_CANCELLED', resolve({ kind: 'file', path: 'm.wasm' }, { signal }))
    await rejectsWith('ERR_CANCELLED', resolve({ kind: 'url', url }, { cid, signal, retriever: mesh() }))
  })
})
