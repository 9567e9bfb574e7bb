import assert from 'node:assert/strict'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createBlobs, type Blobs } from '../../../src/modules/blobs.ts'
import { cidOf } from '../../../src/modules/cid.ts'
import { PROCESS_NAME } from '../../../src/modules/process-token.ts'
import { rejectsWith } from '../../support/rejects.ts'
import { useTempDirs } from '../../support/temp-dir.ts'

describe('blobs', () => {
  const tempDir = useTempDirs()
  let dir: string
  let blobs: Blobs

  beforeEach(async () => {
    dir = join(await tempDir(), 'blobs')
    blobs = createBlobs({ dir, maxBytes: 1_000 })
    await blobs.start()
  })
  afterEach(async () => { await blobs.stop() })

  const bytes = (length: number, fill = 1): Uint8Array => new Uint8Array(length).fill(fill)

  async function files (): Promise<number> {
    const own = await readdir(dir)
    const lists = await Promise.all(own.map((name) => readdir(join(dir, name))))
    return lists.flat().filter((name) => name !== 'partial').length
  }

  it('are there until the last one who keeps them lets go', async () => {
    const [first, second] = [await blobs.put(bytes(10)), await blobs.put(bytes(10))]
    assert.equal(first.cid, cidOf(bytes(10)))
    assert.deepEqual([first.size, second.cid], [10, first.cid])
    first.release()
    first.release()
    assert.ok(await blobs.find(first.cid))
    assert.deepEqual(new Uint8Array(await blobs.read(first.cid)), bytes(10))
    second.release()
    assert.ok(!await blobs.find(first.cid))
    await rejectsWith('ERR_BLOB_NOT_FOUND', blobs.read(first.cid))
    const again = await blobs.put(bytes(10))
    assert.equal(await files(), 1)
    again.release()
    await blobs.put(bytes(1))
    assert.equal(await files(), 1)
  })

  it('let go and kept again at the same time are there', async () => {
    let kept = await blobs.put(bytes(10))
    for (let i = 0; i < 20; i++) {
      const [next] = await Promise.all([blobs.put(bytes(10)), Promise.resolve().then(() => { kept.release() })])
      kept = next
      assert.deepEqual(new Uint8Array(await blobs.read(kept.cid)), bytes(10))
    }
  })

  it('take so much room and no more; the same bytes take it once', async () => {
    const a = await blobs.put(bytes(600))
    const same = await blobs.put(bytes(300, 2))
    await rejectsWith('ERR_QUEUE_FULL', blobs.put(bytes(101, 3)))
    await rejectsWith('ERR_STORE', blobs.put(bytes(1_001)))
    a.release()
    const more = await blobs.put(bytes(300, 2))
    await blobs.put(bytes(700, 4))
    same.release()
    await rejectsWith('ERR_QUEUE_FULL', blobs.put(bytes(1, 5)))
    more.release()
    await blobs.put(bytes(300, 5))
  })

  it('are gone with their folder when the node stops', async () => {
    await blobs.put(bytes(10))
    await blobs.stop()
    assert.deepEqual(await readdir(dir), [])
    await rejectsWith('ERR_STORE', blobs.put(bytes(10)))
  })

  it('of a dead process are removed, those of a living one stay', async () => {
    const alive = `${PROCESS_NAME}.99`
    for (const name of ['999999999-abcdef012345.0', `${process.pid}-abcdef012345.0`, alive]) {
      await mkdir(join(dir, name), { recursive: true })
      await writeFile(join(dir, name, 'left'), 'x')
    }
    await createBlobs({ dir }).start()
    assert.deepEqual(await readdir(dir), [alive])
  })

  it('write nothing before the first one', async () => {
    await assert.rejects(readdir(dir))
  })

  describe('of a node with a journal', () => {
    const durable = (): Blobs => createBlobs({ dir, maxBytes: 1_000, durable: true })

    it('are there after a restart, for those who adopt them, and the others go', async () => {
      const first = durable()
      await first.start()
      const [a, b, c] = [await first.put(bytes(10, 1)), await first.put(bytes(20, 2)), await first.put(bytes(30, 3))]
      c.release()
      await first.stop()
      const second = durable()
      await second.start()
      const adopted = await second.adopt(a.cid)
      assert.equal(adopted.size, 10)
      assert.deepEqual(new Uint8Array(await second.read(a.cid)), bytes(10, 1))
      assert.ok(await second.find(a.cid) && !await second.find(b.cid))
      assert.equal(await second.sweep(), 20)
      await rejectsWith('ERR_BLOB_NOT_FOUND', second.adopt(b.cid))
      await rejectsWith('ERR_BLOB_NOT_FOUND', second.adopt(c.cid))
      adopted.release()
      assert.ok(!await second.find(a.cid))
      await second.put(bytes(1))
      assert.equal(await files(), 1)
      await second.stop()
    })

    it('count what is adopted, and keep what is put and adopted until both let go', async () => {
      const first = durable()
      await first.start()
      const { cid } = await first.put(bytes(600))
      await first.stop()
      const second = durable()
      await second.start()
      const adopted = await second.adopt(cid)
      await rejectsWith('ERR_QUEUE_FULL', second.put(bytes(401, 2)))
      const again = await second.adopt(cid)
      again.release()
      assert.deepEqual(new Uint8Array(await second.read(cid)), bytes(600))
      adopted.release()
      await second.put(bytes(1_000, 2))
      await second.stop()
    })

    it('have nothing to adopt at first, and write nothing before the first one', async () => {
      const first = durable()
      await first.start()
      await rejectsWith('ERR_BLOB_NOT_FOUND', first.adopt(cidOf(bytes(1))))
      assert.equal(await first.sweep(), 0)
      await first.stop()
      await assert.rejects(readdir(dir))
    })

    it('that are damaged are missing when they are read', async () => {
      const first = durable()
      await first.start()
      const { cid } = await first.put(bytes(10))
      await first.stop()
      await writeFile(join(dir, 'durable', `${cid}.wasm`), bytes(10, 9))
      const second = durable()
      await second.start()
      await second.adopt(cid)
      await assert.rejects(second.read(cid))
      await second.stop()
    })
  })
})
