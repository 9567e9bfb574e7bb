import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { generateKeyPair } from '@libp2p/crypto/keys'
import type { PeerId } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { multiaddr, type Multiaddr } from '@multiformats/multiaddr'
import { MAX_REMEMBERED_PEERS } from '../../../src/limits.ts'
import { createAddressBook, type AddressBook, type AddressBookComponents } from '../../../src/network/address-book.ts'
import { useTempDirs } from '../../support/temp-dir.ts'

/** A peer store as far as the book uses it. */
class FakeStore extends EventTarget {
  readonly known = new Map<string, string[]>()
  readonly peerStore = {
    get: async (id: PeerId) => ({ addresses: (this.known.get(id.toString()) ?? []).map((address) => ({ multiaddr: multiaddr(address) })) }),
    merge: async (id: PeerId, { multiaddrs }: { multiaddrs: Multiaddr[] }) => { this.known.set(id.toString(), multiaddrs.map(String)) },
  }

  update (id: PeerId, addresses: string[]): void {
    const peer = { id, addresses: addresses.map((address) => ({ multiaddr: multiaddr(address) })) }
    this.dispatchEvent(new CustomEvent('peer:update', { detail: { peer } }))
  }
}

describe('address book', () => {
  const tempDir = useTempDirs()
  const [here, there] = ['/ip4/10.0.0.1/tcp/4001', '/ip4/10.0.0.2/tcp/4001']
  let path: string
  let log: string[]
  const books: AddressBook[] = []

  beforeEach(async () => {
    path = join(await tempDir(), 'data', 'addresses.json')
    log = []
  })
  afterEach(async () => { for (const book of books.splice(0)) await book.stop() })

  const peer = async (): Promise<PeerId> => peerIdFromPrivateKey(await generateKeyPair('Ed25519'))

  async function open (at?: string): Promise<{ book: AddressBook, store: FakeStore }> {
    const store = new FakeStore()
    const book = createAddressBook({ libp2p: store as unknown as AddressBookComponents['libp2p'], log: (message) => { log.push(message) } }, at)
    await book.start()
    books.push(book)
    return { book, store }
  }

  const recalled = async (id: PeerId, at = path): Promise<string[] | undefined> => {
    const { book, store } = await open(at)
    await book.recall(id.toString())
    return store.known.get(id.toString())
  }

  it('keeps where the peers are that it was told to keep, as they move', async () => {
    const [a, b] = [await peer(), await peer()]
    const { book, store } = await open(path)
    store.known.set(a.toString(), [here])
    book.keep(a.toString(), true)
    await new Promise((resolve) => { setImmediate(resolve) })
    store.update(b, [here])
    await book.stop()
    assert.deepEqual([await recalled(a), await recalled(b)], [[here], undefined])
    const again = await open(path)
    again.book.keep(a.toString(), true)
    again.store.update(a, [there, here])
    again.store.update(a, [])
    await again.book.stop()
    assert.deepEqual(await recalled(a), [there, here])
  })

  it('may be told of a peer before it has read its file', async () => {
    const a = await peer()
    const first = await open(path)
    first.book.keep(a.toString(), true)
    first.store.update(a, [here])
    await first.book.stop()
    const store = new FakeStore()
    const book = createAddressBook({ libp2p: store as unknown as AddressBookComponents['libp2p'], log: () => {} }, path)
    books.push(book)
    book.keep(a.toString(), true)
    await book.start()
    await book.recall(a.toString())
    assert.deepEqual(store.known.get(a.toString()), [here])
  })

  it('forgets those that need not be kept any more', async () => {
    const a = await peer()
    const { book, store } = await open(path)
    book.keep(a.toString(), true)
    store.update(a, [here])
    book.keep(a.toString(), false)
    await book.stop()
    assert.equal(await recalled(a), undefined)
  })

  it('holds so many and no more, the newest', async () => {
    const { book, store } = await open(path)
    const peers = await Promise.all(Array.from({ length: MAX_REMEMBERED_PEERS + 1 }, peer))
    for (const id of peers) {
      book.keep(id.toString(), true)
      store.update(id, [here])
    }
    await book.stop()
    const { peers: written } = JSON.parse(await readFile(path, 'utf8')) as { peers: Record<string, string[]> }
    assert.deepEqual(Object.keys(written).sort(), peers.slice(1).map(String).sort())
  })

  it('leaves out what is damaged in its file', async () => {
    const a = await peer()
    const { book, store } = await open(path)
    book.keep(a.toString(), true)
    book.keep('nobody', true)
    store.update(a, [here])
    await book.stop()
    const good = { version: 1, peers: { [a.toString()]: [here, 'nowhere', 5, null], nobody: [here], [(await peer()).toString()]: 'x' } }
    await writeFile(path, JSON.stringify(good))
    assert.deepEqual(await recalled(a), [here])
    for (const bad of ['', '[]', '{"version": 2, "peers": {}}', '{"version": 1, "peers": []}', '{"version": 1', '"' + 'x'.repeat(2 ** 20)]) {
      await writeFile(path, bad)
      assert.equal(await recalled(a), undefined)
    }
    assert.equal(log.length, 6)
  })

  it('may be without a file', async () => {
    const a = await peer()
    const { book, store } = await open()
    book.keep(a.toString(), true)
    store.update(a, [here])
    await book.recall(a.toString())
    assert.deepEqual(store.known.get(a.toString()), [here])
  })
})
