import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdir, readdir, readFile, rename, stat, truncate, utimes, writeFile, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { MODULE_CHUNK_BYTES } from '../../../src/modules/limits.ts'
import { createModuleStore } from '../../../src/modules/store.ts'
import { collect, sample, useStores } from '../../support/module-fixtures.ts'
import { rejectsWith } from '../../support/rejects.ts'

const partialsIn = async (dir: string): Promise<string[]> => await readdir(join(dir, 'partial'))

describe('module store', () => {
  const { tempDir, startedStore } = useStores()

  it('gives back what was put, whole and in chunks', async () => {
    const store = await startedStore()
    const { bytes, cid } = sample(3 * MODULE_CHUNK_BYTES + 7)
    assert.equal(store.has(cid), false)
    assert.equal(await store.put(bytes), cid)
    assert.equal(store.has(cid), true)
    assert.equal(store.size(cid), bytes.length)
    assert.deepEqual(Buffer.from(await store.read(cid)), Buffer.from(bytes))
    for (const offset of [0, 1, MODULE_CHUNK_BYTES, bytes.length - 1, bytes.length]) {
      assert.deepEqual(await collect(store.stream(cid, offset)), Buffer.from(bytes.subarray(offset)))
    }
    assert.deepEqual(store.list().map((module) => module.cid), [cid])
    assert.equal(await store.remove(cid), true)
    assert.equal(await store.remove(cid), false)
    await rejectsWith('ERR_MODULE_NOT_FOUND', store.read(cid))
    await rejectsWith('ERR_MODULE_NOT_FOUND', collect(store.stream(cid, 0)))
  })

  it('takes the empty module', async () => {
    const store = await startedStore()
    const cid = await store.put(new Uint8Array())
    assert.equal((await store.read(cid)).length, 0)
    assert.equal((await collect(store.stream(cid, 0))).length, 0)
  })

  it('refuses names that are no CIDs, so that no name leaves the folder', async () => {
    const store = await startedStore()
    for (const name of ['../x', 'x', '']) {
      await rejectsWith('ERR_CID', store.read(name))
      await rejectsWith('ERR_CID', store.writer(name))
      await rejectsWith('ERR_CID', store.remove(name))
    }
  })

  it('refuses a module over the limit or over the whole budget', async () => {
    const small = await startedStore({ maxModuleBytes: 999 })
    await rejectsWith('ERR_MODULE_TOO_LARGE', small.put(sample(1000).bytes))
    const tight = await startedStore({ maxBytes: 999 })
    await rejectsWith('ERR_MODULE_TOO_LARGE', tight.put(sample(1000).bytes))
    const writer = await tight.writer(sample().cid)
    await rejectsWith('ERR_MODULE_TOO_LARGE', writer.write(new Uint8Array(1000)))
    await writer.discard()
  })

  it('evicts what was used longest ago, never what is held or read', async () => {
    const dir = await tempDir()
    const store = await startedStore({ dir, maxBytes: 3000 })
    const [a, b, c, d, e] = await Promise.all([0, 1, 2, 3, 4].map(async () => sample()))
    assert(a && b && c && d && e)
    for (const { bytes } of [a, b, c]) await store.put(bytes)
    await store.read(a.cid)
    await store.put(d.bytes)
    assert.deepEqual([a, b, c, d].map(({ cid }) => store.has(cid)), [true, false, true, true])

    const release = store.hold(c.cid)
    const reading = store.stream(a.cid, 0)[Symbol.asyncIterator]()
    await reading.next()
    await store.put(b.bytes)
    assert.deepEqual([a, b, c, d].map(({ cid }) => store.has(cid)), [true, true, true, false])
    await store.put(e.bytes)
    assert.deepEqual([a, b, c, e].map(({ cid }) => store.has(cid)), [true, false, true, true])
    await reading.next()
    release()
    assert.equal((await readdir(dir)).filter((name) => name.endsWith('.wasm')).length, 3)
  })

  it('goes over the budget rather than evict what is held, and makes up for it at the release', async () => {
    const store = await startedStore({ maxBytes: 1500 })
    const [a, b] = [sample(), sample()]
    const release = store.hold(a.cid)
    await store.put(a.bytes)
    await store.put(b.bytes)
    assert.deepEqual([store.has(a.cid), store.has(b.cid)], [true, true])
    release()
    release()
    assert.deepEqual([store.has(a.cid), store.has(b.cid)], [false, true])
  })

  it('knows its modules and the order of their use after a restart', async () => {
    const dir = await tempDir()
    const first = await startedStore({ dir })
    const [a, b] = [sample(), sample()]
    await first.put(a.bytes)
    await first.put(b.bytes)
    // As if both had been used long ago, and `a` once more just now.
    for (const { cid } of [a, b]) await utimes(join(dir, `${cid}.wasm`), 1, 1)
    await first.read(a.cid)
    await first.stop()
    const second = await startedStore({ dir, maxBytes: 1999 })
    assert.deepEqual(second.list().map(({ cid }) => cid), [a.cid])
  })

  it('removes a damaged file at its first use, and takes the module anew', async () => {
    const dir = await tempDir()
    const first = await startedStore({ dir })
    const modules = [sample(), sample(), sample(), sample()]
    for (const { bytes } of modules) await first.put(bytes)
    await first.stop()
    const [flipped, cut, streamed, restored] = modules
    assert(flipped && cut && streamed && restored)
    const flip = async (cid: string): Promise<void> => {
      const path = join(dir, `${cid}.wasm`)
      const bytes = await readFile(path)
      bytes[500] = (bytes[500] ?? 0) ^ 1
      await writeFile(path, bytes)
    }
    for (const { cid } of [flipped, streamed, restored]) await flip(cid)
    const second = await startedStore({ dir })
    await truncate(join(dir, `${cut.cid}.wasm`), 10)
    await rejectsWith('ERR_MODULE_NOT_FOUND', second.read(flipped.cid))
    await rejectsWith('ERR_MODULE_NOT_FOUND', second.read(cut.cid))
    await rejectsWith('ERR_MODULE_NOT_FOUND', collect(second.stream(streamed.cid, 0)))
    await second.put(restored.bytes)
    await second.read(restored.cid)
    assert.deepEqual((await readdir(dir)).filter((name) => name.endsWith('.wasm')), [`${restored.cid}.wasm`])
    await second.put(flipped.bytes)
    assert.deepEqual(Buffer.from(await second.read(flipped.cid)), Buffer.from(flipped.bytes))
  })

  it('shares its folder: files that others add are found, files that others remove are missing', async () => {
    const dir = await tempDir()
    const [one, two] = [await startedStore({ dir }), await startedStore({ dir })]
    const { bytes, cid } = sample()
    await one.put(bytes)
    assert.equal(two.has(cid), false)
    assert.equal(await two.find(cid), true)
    assert.deepEqual(Buffer.from(await two.read(cid)), Buffer.from(bytes))
    await two.remove(cid)
    assert.equal(one.has(cid), true)
    await rejectsWith('ERR_MODULE_NOT_FOUND', one.read(cid))
    assert.equal(one.has(cid), false)
  })

  it('takes the same module from many at once', async () => {
    const dir = await tempDir()
    const store = await startedStore({ dir })
    const { bytes, cid } = sample(100_000)
    const receive = async (): Promise<void> => {
      const writer = await store.writer(cid)
      for (let i = 0; i < bytes.length; i += 1000) await writer.write(bytes.subarray(i, i + 1000))
      await writer.commit()
    }
    await Promise.all([store.put(bytes), receive(), store.put(bytes), receive()])
    assert.deepEqual(Buffer.from(await store.read(cid)), Buffer.from(bytes))
    assert.deepEqual(await partialsIn(dir), [])
    assert.equal(store.list().length, 1)
  })

  it('resumes a partial file, in this process and after a restart', async () => {
    const dir = await tempDir()
    const first = await startedStore({ dir })
    const { bytes, cid } = sample(300_000)
    const begun = await first.writer(cid)
    assert.equal(begun.offset, 0)
    await begun.write(bytes.subarray(0, 100_000))
    await begun.release()
    await begun.release()
    const again = await first.writer(cid)
    assert.equal(again.offset, 100_000)
    await again.write(bytes.subarray(100_000, 200_000))
    await again.release()
    await first.stop()

    const second = await startedStore({ dir })
    const last = await second.writer(cid)
    assert.equal(last.offset, 200_000)
    await last.write(bytes.subarray(200_000))
    await last.commit()
    assert.deepEqual(Buffer.from(await second.read(cid)), Buffer.from(bytes))
    assert.deepEqual(await partialsIn(dir), [])
    await rejectsWith('ERR_STORE', last.write(bytes))
    await rejectsWith('ERR_STORE', last.commit())
  })

  it('takes over what a killed process left, and leaves alone what a live one writes', async () => {
    const dir = await tempDir()
    const { bytes, cid } = sample(2000)
    const live = sample()
    const dead = spawnSync(process.execPath, ['-e', '']).pid
    await mkdir(join(dir, 'partial'), { recursive: true })
    await writeFile(join(dir, 'partial', `${cid}.${dead}-aaaa.0`), bytes.subarray(0, 900))
    await writeFile(join(dir, 'partial', `${live.cid}.${process.ppid}-aaaa.0`), live.bytes.subarray(0, 900))
    const store = await startedStore({ dir })
    const writer = await store.writer(cid)
    assert.equal(writer.offset, 900)
    await writer.write(bytes.subarray(900))
    await writer.commit()
    const other = await store.writer(live.cid)
    assert.equal(other.offset, 0)
    await other.discard()
    assert.deepEqual(await partialsIn(dir), [`${live.cid}.${process.ppid}-aaaa.0`])
  })

  it('drops bytes that do not match, and partial files that are discarded or old', async () => {
    const dir = await tempDir()
    const store = await startedStore({ dir })
    const [wanted, other] = [sample(), sample()]
    const wrong = await store.writer(wanted.cid)
    await wrong.write(other.bytes)
    await rejectsWith('ERR_MODULE_HASH_MISMATCH', wrong.commit())
    assert.equal(store.has(wanted.cid), false)
    const dropped = await store.writer(wanted.cid)
    assert.equal(dropped.offset, 0)
    await dropped.write(wanted.bytes)
    await dropped.discard()
    assert.deepEqual(await partialsIn(dir), [])

    const old = await store.writer(wanted.cid)
    await old.write(wanted.bytes)
    await old.release()
    await utimes(join(dir, 'partial', wanted.cid), 1, 1)
    await store.stop()
    await startedStore({ dir })
    assert.deepEqual(await partialsIn(dir), [])
  })

  it('says which path it cannot use', async () => {
    const dir = await tempDir()
    await writeFile(join(dir, 'file'), '')
    const error = await rejectsWith('ERR_STORE', createModuleStore({ dir: join(dir, 'file', 'modules') }).start())
    assert(error.message.includes(join(dir, 'file', 'modules')))

    const store = await startedStore({ dir: join(dir, 'modules') })
    await rename(join(dir, 'modules'), join(dir, 'moved'))
    await rejectsWith('ERR_STORE', store.put(sample().bytes))
    const writer = await store.writer(sample().cid)
    await rejectsWith('ERR_STORE', writer.write(new Uint8Array(8)).then(async () => await writer.commit()))
  })

  it('keeps its files from other users', async () => {
    const dir = join(await tempDir(), 'modules')
    const store = await startedStore({ dir })
    const cid = await store.put(sample().bytes)
    assert.equal((await stat(dir)).mode & 0o077, 0)
    assert.equal((await stat(join(dir, `${cid}.wasm`))).mode & 0o077, 0)
    await unlink(join(dir, `${cid}.wasm`))
    await rejectsWith('ERR_MODULE_NOT_FOUND', store.read(cid))
  })
})
