import assert from 'node:assert/strict'
import { Key } from 'interface-datastore'
import { MAX_DATASTORE_BYTES, MAX_DATASTORE_ENTRIES } from '../../../src/network/limits.ts'
import { createDatastore } from '../../../src/network/datastore.ts'

async function count (items: AsyncIterable<unknown> | Iterable<unknown>): Promise<number> {
  let found = 0
  for await (const item of items) if (item !== undefined) found++
  return found
}

describe('the datastore of the DHT', () => {
  it('keeps, lists, queries and deletes', async () => {
    const store = createDatastore()
    const [a, b] = [new Key('/x/a'), new Key('/y/b')]
    await store.put(a, Uint8Array.of(1))
    await store.put(b, Uint8Array.of(2))
    assert.deepEqual(await store.get(a), Uint8Array.of(1))
    assert.equal(await store.has(b), true)
    assert.equal(await count(store.query({ prefix: '/x' })), 1)
    assert.equal(await count(store.queryKeys({})), 2)
    await store.delete(a)
    assert.equal(await store.has(a), false)
    await assert.rejects(async () => { await store.get(a) }, { name: 'NotFoundError' })
  })

  it('may be changed while it is listed', async () => {
    const store = createDatastore()
    for (let i = 0; i < 10; i++) await store.put(new Key(`/x/${i}`), new Uint8Array(1))
    for await (const { key } of store.query({})) await store.delete(key)
    assert.equal(await count(store.queryKeys({})), 0)
  })

  it('holds no more entries than it may; the ones used last stay', async () => {
    const store = createDatastore()
    const first = new Key('/first')
    await store.put(first, new Uint8Array())
    for (let i = 0; i < MAX_DATASTORE_ENTRIES + 10; i++) {
      await store.put(new Key(`/k/${i}`), new Uint8Array())
      if (i % 1000 === 0) await store.get(first)
    }
    assert.equal(await count(store.queryKeys({})), MAX_DATASTORE_ENTRIES)
    assert.equal(await store.has(first), true)
    assert.equal(await store.has(new Key('/k/0')), false)
  })

  it('holds no more bytes than it may, and no single value over that', async () => {
    const store = createDatastore()
    const big = new Uint8Array(MAX_DATASTORE_BYTES / 4 - 100)
    for (let i = 0; i < 8; i++) await store.put(new Key(`/k/${i}`), big)
    assert.equal(await count(store.queryKeys({})), 4)
    await store.put(new Key('/huge'), new Uint8Array(MAX_DATASTORE_BYTES + 1))
    assert.equal(await store.has(new Key('/huge')), false)
  })
})
